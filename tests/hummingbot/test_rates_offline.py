"""Hummingbot's rate oracle while the venue cannot be reached: an empty answer, no traceback every half minute."""

import logging
import socket

import pytest

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative


async def test_prices_of_a_venue_that_is_not_there_are_none_without_an_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HYPERLIQUID_SANDBOX_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        connector = HyperliquidPerpetualDerivative(
            domain="hyperliquid_perpetual_sandbox", trading_required=False, trading_pairs=[]
        )

        assert await connector.get_all_pairs_prices() == []

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    await connector.stop_network()
