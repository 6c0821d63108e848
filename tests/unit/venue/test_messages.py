"""What the typed messages accept and refuse, beyond what is on record (reference, sections 2, 8 and 11)."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue import frames, messages
from hyperliquid_perpetual.venue.messages import (
    AllDexsClearinghouseState,
    AssetContext,
    AssetPosition,
    Bbo,
    ClearinghouseState,
    ExtraAgent,
    Fill,
    FundingPayment,
    L2Book,
    Level,
    MarginSummary,
    Order,
    OrderStatus,
    PositionData,
    SpotBalance,
    SpotClearinghouseState,
    Trade,
    UserFees,
    UserRateLimit,
    UserRole,
)

FILL: dict[str, Any] = {
    "coin": "kPEPE",
    "px": "0.012345",
    "sz": "1000",
    "side": "A",
    "time": 1769940855551,
    "startPosition": "0.0",
    "dir": "Open Short",
    "closedPnl": "0.0",
    "hash": "0x5f8b",
    "oid": 508254271324,
    "crossed": False,
    "fee": "-0.0012",
    "tid": 404237815023429,
    "cloid": "0x50663504b0f4fedea00080176229d94f",
    "feeToken": "USDC",
    "twapId": None,
}
ORDER: dict[str, Any] = {
    "coin": "ETH",
    "side": "A",
    "limitPx": "2412.7",
    "sz": "0.0",
    "oid": 1,
    "timestamp": 1724361546645,
    "triggerCondition": "N/A",
    "isTrigger": False,
    "triggerPx": "0.0",
    "children": [],
    "isPositionTpsl": False,
    "reduceOnly": True,
    "orderType": "Market",
    "origSz": "0.0076",
    "tif": "FrontendMarket",
    "cloid": None,
}
CONTEXT: dict[str, Any] = {
    "funding": "0.0000125",
    "openInterest": "36585.3",
    "oraclePx": "84198.0",
    "markPx": "84148.0",
}
SUMMARY = {"accountValue": "1.5", "totalNtlPos": "0.0", "totalRawUsd": "1.5", "totalMarginUsed": "0.0"}


def decode(value: Any, kind: Any) -> Any:
    return msgspec.json.decode(json.dumps(value), type=kind)


def test_a_coin_with_lower_case_letters_stays_as_the_venue_writes_it() -> None:
    """D28: the coin of a fill was upper-cased before it was compared, so kPEPE orders never saw their fills."""
    assert decode(FILL, Fill).coin == "kPEPE"
    assert decode({**FILL, "coin": "xyz:TSLA"}, Fill).coin == "xyz:TSLA"


def test_a_rebate_is_a_negative_fee() -> None:
    fill = decode(FILL, Fill)
    assert fill.fee == Decimal("-0.0012")
    assert fill.signed_size == Decimal(-1000)


def test_fields_that_the_venue_adds_are_ignored() -> None:
    assert decode({**FILL, "deployerFee": "0.1", "priorityGas": 5, "feeTrialEscrow": {}}, Fill) == decode(FILL, Fill)


@pytest.mark.parametrize("mark", ["66607.0", 66607.0, 66607])
def test_a_liquidation_is_read_with_its_mark_as_text_or_number(mark: Any) -> None:
    fill = decode({**FILL, "liquidation": {"liquidatedUser": "0x36", "markPx": mark, "method": "market"}}, Fill)
    assert fill.liquidation.liquidatedUser == "0x36"
    assert Decimal(fill.liquidation.markPx) == 66607
    assert (
        decode({**FILL, "liquidation": {"markPx": mark, "method": "backstop"}}, Fill).liquidation.method == "backstop"
    )


def test_order_status_of_the_reference() -> None:
    found = decode(
        {"status": "order", "order": {"order": ORDER, "status": "filled", "statusTimestamp": 1724361546645}},
        OrderStatus,
    )
    assert (found.order.status, found.order.order.origSz, found.order.order.sz) == ("filled", Decimal("0.0076"), 0)
    assert found.order.order.cloid is None
    assert decode({"status": "unknownOid"}, OrderStatus) == OrderStatus("unknownOid", None)


def test_an_account_without_anything_is_all_zeros() -> None:
    state = {
        "marginSummary": SUMMARY,
        "crossMarginSummary": SUMMARY,
        "crossMaintenanceMarginUsed": "0.0",
        "withdrawable": "1.5",
        "assetPositions": [],
        "time": 1708622398623,
    }
    typed = decode(state, ClearinghouseState)
    assert typed.assetPositions == []
    both = decode({"user": "0x1", "clearinghouseStates": [["", state], ["xyz", state]]}, AllDexsClearinghouseState)
    assert both.clearinghouseStates == [("", typed), ("xyz", typed)]


def test_isolated_position_of_the_reference() -> None:
    position = {
        "coin": "ETH",
        "szi": "0.0335",
        "leverage": {"type": "isolated", "value": 20, "rawUsd": "-95.059824"},
        "entryPx": None,
        "positionValue": "100.02765",
        "unrealizedPnl": "-0.0134",
        "returnOnEquity": "-0.0026789",
        "liquidationPx": None,
        "marginUsed": "4.967826",
        "maxLeverage": 50,
        "cumFunding": {"allTime": "514.085417", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
    state = {
        "marginSummary": SUMMARY,
        "crossMarginSummary": SUMMARY,
        "withdrawable": "0.0",
        "assetPositions": [{"type": "oneWay", "position": position}],
    }
    typed = decode(state, ClearinghouseState).assetPositions[0].position
    assert typed.leverage.rawUsd == Decimal("-95.059824")
    assert (typed.entryPx, typed.liquidationPx) == (None, None)


def test_a_market_without_a_two_sided_book_has_no_mid() -> None:
    context = decode({**CONTEXT, "midPx": None, "premium": None, "impactPxs": None}, AssetContext)
    assert (context.midPx, context.premium) == (None, None)
    assert context.funding == Decimal("0.0000125")


@pytest.mark.parametrize(("bid", "ask"), [(True, True), (True, False), (False, True), (False, False)])
def test_a_side_of_the_book_may_be_empty(bid: bool, ask: bool) -> None:
    level = {"px": "84143.0", "sz": "10.2", "n": 36}
    best = decode({"coin": "BTC", "time": 1, "bbo": [level if bid else None, level if ask else None]}, Bbo)
    expected = Level("84143.0", "10.2", 36)
    assert best.bbo == (expected if bid else None, expected if ask else None)


def test_roles_of_the_reference() -> None:
    assert decode({"role": "missing"}, UserRole).data is None
    assert decode({"role": "agent", "data": {"user": "0x5e"}}, UserRole).data == {"user": "0x5e"}


NUMBERS = [
    (Fill, FILL, ["px", "sz", "fee", "startPosition", "closedPnl"]),
    (Order, ORDER, ["limitPx", "sz", "origSz", "triggerPx"]),
    (AssetContext, CONTEXT, ["funding", "openInterest", "oraclePx", "markPx"]),
    (MarginSummary, SUMMARY, list(SUMMARY)),
    (
        FundingPayment,
        {"time": 1, "coin": "BTC", "usdc": "-1.0", "szi": "2.0", "fundingRate": "0.0000125"},
        ["usdc", "szi", "fundingRate"],
    ),
    (UserFees, {"userCrossRate": "0.00045", "userAddRate": "-0.00001"}, ["userCrossRate", "userAddRate"]),
]


@pytest.mark.parametrize("text", ["NaN", "-NaN", "sNaN", "Infinity", "-inf", "", "abc", "1,5", None, True, [], {}])
@pytest.mark.parametrize(
    ("kind", "sample", "field"), [(kind, sample, field) for kind, sample, fields in NUMBERS for field in fields]
)
def test_what_is_no_number_is_refused_in_every_field(kind: Any, sample: dict[str, Any], field: str, text: Any) -> None:
    """A NaN that got in would make every later sum and comparison of the account a NaN, or raise."""
    if text is None and field in ("origSz", "triggerPx"):
        assert getattr(decode({**sample, field: text}, kind), field) is None
        return
    with pytest.raises(msgspec.ValidationError):
        decode({**sample, field: text}, kind)


def test_a_wallet_with_a_row_that_is_no_number_is_no_wallet() -> None:
    """Leaving the row out would look like money gone: the whole state is refused, and the old one stays."""
    rows = [{"coin": "USDC", "total": "1.0", "hold": "0.0"}, {"coin": "HYPE", "total": "NaN", "hold": "0.0"}]
    with pytest.raises(msgspec.ValidationError):
        decode({"balances": rows}, SpotClearinghouseState)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_arrive_exactly_as_text_and_as_numbers(value: Decimal) -> None:
    """Nothing passes through a float on its way in."""
    text = format(value, "f")
    assert msgspec.json.decode(f'{{"accountValue":"{text}"}}', type=MarginSummary).accountValue == value
    assert msgspec.json.decode(f'{{"accountValue":{text}}}', type=MarginSummary).accountValue == value


POSITION = {"coin": "BTC", "szi": "-1.5", "leverage": {"type": "cross", "value": 20}}
OLDEST: list[tuple[Any, dict[str, Any], dict[str, Any]]] = [
    (Level, {"px": "1.0", "sz": "2.0"}, {"n": 0}),
    (Trade, {"coin": "BTC", "side": "A", "px": "1.0", "sz": "2.0", "time": 1, "tid": 2}, {"hash": ""}),
    (L2Book, {"coin": "BTC", "time": 1, "levels": [[], []]}, {"fast": None}),
    (
        AssetContext,
        {"funding": "0.1", "oraclePx": "1.0", "markPx": "1.0"},
        {"openInterest": 0, "midPx": None, "premium": None, "prevDayPx": None, "dayNtlVlm": None},
    ),
    (
        Order,
        {"coin": "BTC", "side": "B", "limitPx": "1.0", "sz": "2.0", "oid": 1, "timestamp": 2},
        {
            "origSz": None,
            "cloid": None,
            "reduceOnly": False,
            "orderType": None,
            "tif": None,
            "isTrigger": False,
            "triggerPx": None,
            "triggerCondition": None,
            "isPositionTpsl": False,
        },
    ),
    (
        Fill,
        {"coin": "BTC", "px": "1.0", "sz": "2.0", "side": "B", "time": 1, "oid": 2, "fee": "0.0"},
        {
            "startPosition": 0,
            "dir": "",
            "closedPnl": 0,
            "hash": "",
            "crossed": True,
            "tid": None,
            "cloid": None,
            "feeToken": "USDC",
            "builderFee": None,
            "liquidation": None,
            "twapId": None,
        },
    ),
    (
        PositionData,
        POSITION,
        {
            "positionValue": 0,
            "unrealizedPnl": 0,
            "marginUsed": 0,
            "entryPx": None,
            "liquidationPx": None,
            "maxLeverage": None,
        },
    ),
    (AssetPosition, {"position": POSITION}, {"type": "oneWay"}),
    (MarginSummary, {"accountValue": "1.0"}, {"totalNtlPos": 0, "totalRawUsd": 0, "totalMarginUsed": 0}),
    (
        ClearinghouseState,
        {"marginSummary": SUMMARY, "crossMarginSummary": SUMMARY, "withdrawable": "1.0", "assetPositions": []},
        {"time": 0, "crossMaintenanceMarginUsed": 0, "unread": ()},
    ),
    (SpotBalance, {"coin": "USDC", "total": "1.0"}, {"hold": 0, "token": None, "ltv": None}),
    (UserFees, {"userCrossRate": "0.1", "userAddRate": "0.1"}, {"activeReferralDiscount": 0}),
    (UserRole, {"role": "user"}, {"data": None}),
    (ExtraAgent, {"address": "0x1"}, {"name": "", "validUntil": None}),
    (UserRateLimit, {"cumVlm": "1.0", "nRequestsUsed": 1, "nRequestsCap": 2}, {"nRequestsSurplus": 0}),
    (OrderStatus, {"status": "unknownOid"}, {"order": None}),
]


@pytest.mark.parametrize(("kind", "payload", "defaults"), OLDEST, ids=lambda value: getattr(value, "__name__", ""))
def test_fields_that_were_added_later_may_be_missing(
    kind: Any, payload: dict[str, Any], defaults: dict[str, Any]
) -> None:
    """Each default says "nothing known", and nothing that was not said is made up."""
    typed = decode(payload, kind)
    assert {name: getattr(typed, name) for name in defaults} == defaults
    assert set(payload) | set(defaults) == {field.name for field in msgspec.structs.fields(kind)}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, payload, _ in OLDEST for field in payload])
def test_what_a_message_is_about_may_not_be_missing(kind: Any, field: str) -> None:
    (payload,) = (payload for other, payload, _ in OLDEST if other is kind)
    with pytest.raises(msgspec.ValidationError, match=field):
        decode({name: value for name, value in payload.items() if name != field}, kind)


def test_messages_cannot_be_changed() -> None:
    """They are handed to several listeners."""
    kinds = [
        kind
        for module in (messages, frames)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    ]
    assert len(kinds) > 30
    assert [kind.__name__ for kind in kinds if not kind.__struct_config__.frozen] == []
