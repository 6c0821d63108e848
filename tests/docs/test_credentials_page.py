"""docs/credentials.md: the keys of the sandbox are stored by the command as it stands."""

import shlex
from pathlib import Path

import pytest
import yaml

from hyperliquid_perpetual.homes.bot_home import BotHome
from tests.docs.pages import ROOT, blocks_of
from tests.hummingbot.features import needs_hbot
from tests.hummingbot.processes import hbot

PAGE = ROOT / "docs" / "credentials.md"


@needs_hbot
@pytest.mark.timeout(300)
def test_keys_are_taken_from_standard_input_and_stored(tmp_path: Path) -> None:
    (line,) = (line for block in blocks_of(PAGE) for line in block.lines if "--keys-stdin" in line)
    echo, _, command = line.partition(" | ")
    home = BotHome.create(tmp_path).path
    _, keys = shlex.split(echo)
    done = hbot(home, *shlex.split(command)[1:], stdin=keys)
    assert done.returncode == 0, done.stdout + done.stderr
    stored = yaml.safe_load((home / "conf" / "connectors" / "hyperliquid_perpetual_sandbox.yml").read_text())
    assert stored["use_vault"] is False
    assert stored["hyperliquid_perpetual_sandbox_mode"] == "arb_wallet"
