"""Fixtures of the sandbox's tests: an exchange on a real socket where nothing moves by itself, and clients on it."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from tests.unit.sandbox.client import Client, wallet


@pytest.fixture
async def exchange() -> AsyncIterator[Sandbox]:
    """A book in which nobody moves, every request done at once, and a time that stands still."""
    async with Sandbox(seed=1, market="still", clock="virtual", newcomers="welcome") as sandbox:
        yield sandbox


@pytest.fixture
async def alice(exchange: Sandbox) -> AsyncIterator[Client]:
    """A funded account."""
    async with Client(exchange, wallet(11)) as client:
        exchange.fund(client.address)
        yield client


@pytest.fixture
async def bob(exchange: Sandbox) -> AsyncIterator[Client]:
    """Another funded account."""
    async with Client(exchange, wallet(12)) as client:
        exchange.fund(client.address)
        yield client


@pytest.fixture(autouse=True)
def shapes(request: pytest.FixtureRequest) -> Iterator[None]:
    """With `CHECK_SHAPES=1` whatever any sandbox says in any test is held against the shapes of the reference."""
    if not os.environ.get("CHECK_SHAPES") or request.node.get_closest_marker("other_shapes"):
        yield
        return
    from tests.conformance.shapes.validator import Validator
    from tests.conformance.shapes.watch import watched

    with watched(Validator()) as validator:
        yield
    assert validator.errors == []
