"""The fixture `sandbox` for pytest: an exchange of its own for each test, on a free port, in a thread.

Switch it on in the topmost `conftest.py`::

    pytest_plugins = ["hyperliquid_perpetual.sandbox.pytest_plugin"]

Settings of `Sandbox` go into a marker: ``@pytest.mark.sandbox(market="wild", seed=3)``.
"""

from collections.abc import Iterator

import pytest

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread

DEFAULTS = {"seed": 1, "market": "calm"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "sandbox(**settings): settings of the exchange that the fixture `sandbox` makes")


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[SandboxThread]:
    """A running exchange: `url`, `ws_url`, `address` and `private_key` for a client; see `SandboxThread`."""
    marker = request.node.get_closest_marker("sandbox")
    with Sandbox.in_thread(**{**DEFAULTS, **({} if marker is None else marker.kwargs)}) as thread:
        yield thread
