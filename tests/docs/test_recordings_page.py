"""The plans of docs/recordings.md can be made: of a recording, and of a venue that is there."""

from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.following.mirror import MirrorPlan
from hyperliquid_perpetual.sandbox.following.replay import ReplayPlan
from tests.docs.examples import run_example
from tests.docs.pages import ROOT, blocks_of
from tests.docs.shell import run

PAGE = ROOT / "docs" / "recordings.md"


async def test_sandboxes_of_the_page_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plans,) = (block.text for block in blocks_of(PAGE) if "await MirrorPlan" in block.text)
    with Sandbox.in_thread(seed=5, market="calm") as venue:
        run("hyperliquid-perpetual record btc.hlrec --from mainnet --coins BTC", tmp_path, venue.url)
        monkeypatch.chdir(tmp_path)
        names = {"Sandbox": Sandbox, "ReplayPlan": ReplayPlan, "MirrorPlan": MirrorPlan}
        await run_example(plans.replace('"testnet"', repr(venue.url)), names)
