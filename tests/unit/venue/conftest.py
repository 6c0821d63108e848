"""What the tests of the venue's rules share: recorded payloads, and how thoroughly hypothesis looks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recorded"

# The same examples on every run, so that a failure can be repeated. `--hypothesis-profile=explore` looks further.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile("repeatable")


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    """Reads a recorded payload as plain JSON values."""
    return lambda name: json.loads((RECORDINGS / name).read_bytes())


@pytest.fixture
def recorded_bytes() -> Callable[[str], bytes]:
    """Reads a recorded payload as it travels."""
    return lambda name: (RECORDINGS / name).read_bytes()
