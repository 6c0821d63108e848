"""Actions key by key: their order is part of what is signed (reference, section 3)."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import BuilderCode, OrderRequest, Trigger, check_cloid

CLOID = "0x1234567890abcdef1234567890abcdef"
BUY = OrderRequest(0, True, Decimal("29000.0"), Decimal("0.010"), False)


def text(action: Any) -> str:
    """JSON as it is written: unlike a comparison of dicts, it shows the order of the keys."""
    return msgspec.json.encode(action).decode()


def read(action: Any) -> Any:
    return json.loads(text(action))


def test_order_of_the_reference() -> None:
    order = OrderRequest(0, True, Decimal("29000.0"), Decimal("0.010"), False, "Gtc", CLOID)
    action = actions.order([order], builder=BuilderCode("0xABCDEF0000000000000000000000000000000001", 10))
    assert text(action) == (
        '{"type":"order","orders":[{"a":0,"b":true,"p":"29000","s":"0.01","r":false,'
        '"t":{"limit":{"tif":"Gtc"}},"c":"0x1234567890abcdef1234567890abcdef"}],"grouping":"na",'
        '"builder":{"b":"0xabcdef0000000000000000000000000000000001","f":10}}'
    )


def test_what_the_user_did_not_ask_for_is_not_in_an_order() -> None:
    action = actions.order([BUY])
    assert list(action) == ["type", "orders", "grouping"]
    assert list(read(action)["orders"][0]) == ["a", "b", "p", "s", "r", "t"]


@pytest.mark.parametrize("tif", ["Gtc", "Ioc", "Alo", "FrontendMarket"])
def test_time_in_force(tif: actions.Tif) -> None:
    order = OrderRequest(3, False, Decimal("1.5"), Decimal(7), True, tif)
    assert text(order.to_wire()) == f'{{"a":3,"b":false,"p":"1.5","s":"7","r":true,"t":{{"limit":{{"tif":"{tif}"}}}}}}'


def test_a_trigger_takes_the_place_of_the_time_in_force() -> None:
    stop = OrderRequest(
        4, False, Decimal("1790.0"), Decimal(1), True, cloid=CLOID, trigger=Trigger(Decimal("1800.0"), True, "sl")
    )
    assert text(stop.to_wire()) == (
        '{"a":4,"b":false,"p":"1790","s":"1","r":true,'
        '"t":{"trigger":{"isMarket":true,"triggerPx":"1800","tpsl":"sl"}},"c":"0x1234567890abcdef1234567890abcdef"}'
    )


@pytest.mark.parametrize("grouping", ["na", "normalTpsl", "positionTpsl"])
def test_orders_of_a_batch_keep_their_order(grouping: actions.Grouping) -> None:
    orders = [OrderRequest(index, True, Decimal(10), Decimal(1), False) for index in (5, 3, 4)]
    action = actions.order(orders, grouping)
    assert [order["a"] for order in read(action)["orders"]] == [5, 3, 4]
    assert action["grouping"] == grouping


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (
            lambda: actions.cancel([(0, 123), (110_007, 5_000_000_000_00)]),
            '{"type":"cancel","cancels":[{"a":0,"o":123},{"a":110007,"o":500000000000}]}',
        ),
        (
            lambda: actions.cancel_by_cloid([(110_007, CLOID.upper().replace("0X", "0x"))]),
            f'{{"type":"cancelByCloid","cancels":[{{"asset":110007,"cloid":"{CLOID}"}}]}}',
        ),
        (
            lambda: actions.modify(123, BUY),
            '{"type":"modify","oid":123,"order":{"a":0,"b":true,"p":"29000","s":"0.01","r":false,'
            '"t":{"limit":{"tif":"Gtc"}}}}',
        ),
        (
            lambda: actions.batch_modify([(123, BUY), (CLOID, BUY)]),
            '{"type":"batchModify","modifies":['
            '{"oid":123,"order":{"a":0,"b":true,"p":"29000","s":"0.01","r":false,"t":{"limit":{"tif":"Gtc"}}}},'
            f'{{"oid":"{CLOID}","order":{{"a":0,"b":true,"p":"29000","s":"0.01","r":false,'
            '"t":{"limit":{"tif":"Gtc"}}}}]}',
        ),
        (lambda: actions.schedule_cancel(1790000000000), '{"type":"scheduleCancel","time":1790000000000}'),
        (lambda: actions.schedule_cancel(None), '{"type":"scheduleCancel"}'),
        (
            lambda: actions.update_leverage(110_000, is_cross=False, leverage=20),
            '{"type":"updateLeverage","asset":110000,"isCross":false,"leverage":20}',
        ),
        (
            lambda: actions.update_isolated_margin(1, Decimal("-12.345678")),
            '{"type":"updateIsolatedMargin","asset":1,"isBuy":true,"ntli":-12345678}',
        ),
        (
            lambda: actions.twap_order(0, True, Decimal("1.50"), False, 30, True),
            '{"type":"twapOrder","twap":{"a":0,"b":true,"s":"1.5","r":false,"m":30,"t":true}}',
        ),
        (lambda: actions.twap_cancel(0, 77738308), '{"type":"twapCancel","a":0,"t":77738308}'),
        (lambda: actions.noop(), '{"type":"noop"}'),
    ],
)
def test_other_actions_of_the_reference(build: Callable[[], actions.Action], expected: str) -> None:
    assert text(build()) == expected


@pytest.mark.parametrize("fee", [1, 10, 100])
def test_fee_that_a_builder_may_take(fee: int) -> None:
    assert BuilderCode("0x" + "1" * 40, fee).rate == Decimal(fee) / 100_000


@pytest.mark.parametrize("fee", [0, 101, -1, True, 1.5, "10", None])
def test_fee_that_no_builder_may_take(fee: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"1 to 100 tenths of a basis point, got {fee!r}")):
        BuilderCode("0x" + "1" * 40, fee)


@pytest.mark.parametrize(
    "cloid", ["", "0x", CLOID[:-1], CLOID + "0", CLOID[2:], CLOID[:-1] + "g", f" {CLOID}", CLOID + "\n", "HBOT-1"]
)
def test_an_id_that_is_no_client_order_id_never_reaches_an_action(cloid: str) -> None:
    order = OrderRequest(0, True, Decimal(10), Decimal(1), False, cloid=cloid)
    for build in (
        lambda: actions.order([order]),
        lambda: actions.cancel_by_cloid([(0, cloid)]),
        lambda: actions.modify(cloid, BUY),
        lambda: actions.batch_modify([(1, order)]),
    ):
        with pytest.raises(ValueError, match="0x and 32 hex digits"):
            build()


def test_client_order_ids_are_signed_in_lower_case() -> None:
    assert check_cloid("0xABCDEF7890ABCDEF1234567890ABCDEF") == "0xabcdef7890abcdef1234567890abcdef"


@pytest.mark.parametrize("field", ["price", "size", "trigger"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "0.000000001"])
def test_numbers_that_have_no_wire_form_never_reach_an_action(field: str, value: str) -> None:
    numbers = {"price": Decimal(10), "size": Decimal(1), "trigger": Decimal(9), field: Decimal(value)}
    order = OrderRequest(
        0, True, numbers["price"], numbers["size"], True, trigger=Trigger(numbers["trigger"], False, "tp")
    )
    with pytest.raises(ValueError, match="expected"):
        actions.order([order])
