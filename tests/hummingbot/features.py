"""What not every supported release of Hummingbot has: tests that need it are skipped elsewhere, for a stated reason."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

HAS_HBOT = find_spec("hummingbot.cli") is not None

needs_hbot = pytest.mark.skipif(not HAS_HBOT, reason="this release of Hummingbot has no `hbot` command")


def lock_file(requirements: Path) -> Path:
    """The lock file that the Hummingbot of these tests was installed from."""
    of_release = requirements / f"hummingbot-{version('hummingbot')}.txt"
    return of_release if of_release.exists() else requirements / "env.txt"
