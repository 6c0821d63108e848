"""What not every supported release of Hummingbot has: tests that need it are skipped elsewhere, for a stated reason."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "env.txt"

HAS_HBOT = find_spec("hummingbot.cli") is not None

needs_hbot = pytest.mark.skipif(not HAS_HBOT, reason="this release of Hummingbot has no `hbot` command")

needs_the_locked_release = pytest.mark.skipif(
    f"hummingbot=={version('hummingbot')} " not in LOCK.read_text(),
    reason="requirements/env.txt installs another release of Hummingbot than this one, and that is tested there",
)
