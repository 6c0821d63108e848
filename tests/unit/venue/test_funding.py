"""Funding times and payments (reference, section 12)."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.funding import INTERVAL_SECONDS, next_funding_time, payment
from hyperliquid_perpetual.venue.messages import ActiveAssetContext, AssetContext, FundingRow


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "next_time"),
    [
        ("2026-11-22T10:00:00.001", "2026-11-22T11:00:00"),
        ("2026-11-22T10:59:59.999", "2026-11-22T11:00:00"),
        ("2026-11-22T11:00:00", "2026-11-22T12:00:00"),
        ("2026-12-31T23:30:00", "2027-01-01T00:00:00"),
    ],
)
def test_funding_is_next_paid_on_the_coming_whole_hour(now: str, next_time: str) -> None:
    assert next_funding_time(at(now)) == int(at(next_time))


@given(st.floats(0, 4e9))
def test_the_next_funding_time_lies_ahead_and_within_the_hour(now: float) -> None:
    due = next_funding_time(now)
    assert due % INTERVAL_SECONDS == 0
    assert 0 < due - now <= INTERVAL_SECONDS


@pytest.mark.parametrize(
    ("size", "rate", "cash_flow"),
    [
        ("2", "0.0000125", "-0.0750"),  # long at a positive rate pays
        ("-2", "0.0000125", "0.0750"),
        ("2", "-0.0000125", "0.0750"),
        ("0", "0.0000125", "0"),
    ],
)
def test_longs_pay_shorts_while_the_rate_is_positive(size: str, rate: str, cash_flow: str) -> None:
    assert payment(Decimal(size), Decimal(3000), Decimal(rate)) == Decimal(cash_flow)


def test_recorded_payments_have_the_sign_of_the_formula(recorded_bytes: Callable[[str], bytes]) -> None:
    rows = msgspec.json.decode(recorded_bytes("info_userFunding.json"), type=list[FundingRow])
    assert rows
    for row in rows:
        flow = row.payment()
        formula = payment(flow.szi, Decimal(1), flow.fundingRate)
        assert flow.usdc * formula >= 0, row
        # What the formula leaves open is the oracle price, and that is positive and the same for a coin at a time.
        assert flow.usdc == 0 or flow.usdc / formula > 0


def test_funding_rate_is_the_rate_and_never_the_open_interest(recorded: Callable[[str], Any]) -> None:
    """D60: the funding rate of ETH was reported as 605822.25, which is its open interest."""
    eth = recorded("ws_allDexsAssetCtxs.json")["data"]["ctxs"][0][1][1]
    assert eth["openInterest"] == "605822.2557999999"
    frame = msgspec.json.encode({"channel": "activeAssetCtx", "data": {"coin": "ETH", "ctx": eth}})

    message = decode_frame(frame)

    assert isinstance(message, ActiveAssetContext)
    assert message.coin == "ETH"
    assert message.ctx.funding == Decimal("0.0000125")
    assert message.ctx.openInterest == Decimal("605822.2557999999")


def test_a_context_without_a_funding_rate_is_no_context() -> None:
    """D60: a missing rate must not be filled with whatever else is there."""
    with pytest.raises(msgspec.ValidationError, match="funding"):
        msgspec.json.decode(b'{"openInterest":"605822.25","oraclePx":"1","markPx":"1"}', type=AssetContext)
