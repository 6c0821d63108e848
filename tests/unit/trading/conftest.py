"""What several tests of this folder start from."""

from collections.abc import AsyncIterator

import pytest

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE


@pytest.fixture
async def exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=3, market="still", block_ms=0) as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox
