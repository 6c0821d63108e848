"""The terms that strategies give as keyword arguments."""

from decimal import Decimal
from typing import Any

import pytest
from hummingbot.core.data_type.common import OrderType, PositionAction
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.order_checks import OrderRefused
from hyperliquid_perpetual.trading.order_terms import OrderTerms, TermsBook, read_terms
from hyperliquid_perpetual.venue.actions import Trigger


@pytest.mark.parametrize(
    ("order_type", "given_terms", "tif"),
    [
        (OrderType.LIMIT, {}, "Gtc"),
        (OrderType.LIMIT, {"time_in_force": "ioc"}, "Ioc"),
        (OrderType.LIMIT, {"time_in_force": "IOC "}, "Ioc"),
        (OrderType.LIMIT, {"time_in_force": "post_only"}, "Alo"),
        (OrderType.LIMIT_MAKER, {}, "Alo"),
        (OrderType.LIMIT_MAKER, {"time_in_force": "ALO"}, "Alo"),
        (OrderType.MARKET, {}, "FrontendMarket"),
        (OrderType.MARKET, {"time_in_force": "IOC"}, "FrontendMarket"),
    ],
)
def test_time_in_force_follows_the_type_and_the_word(
    order_type: OrderType, given_terms: dict[str, Any], tif: str
) -> None:
    assert read_terms(order_type, PositionAction.OPEN, given_terms).tif == tif


def test_close_is_reduce_only_unless_told_otherwise() -> None:
    assert read_terms(OrderType.LIMIT, PositionAction.CLOSE, {}).reduce_only
    assert not read_terms(OrderType.LIMIT, PositionAction.CLOSE, {"reduce_only": False}).reduce_only
    assert not read_terms(OrderType.LIMIT, PositionAction.OPEN, {}).reduce_only


def test_trigger_is_always_reduce_only() -> None:
    terms = read_terms(OrderType.MARKET, PositionAction.OPEN, {"trigger_price": 5, "trigger_kind": "stop_loss"})
    assert terms.reduce_only
    assert terms.trigger(OrderType.MARKET) == Trigger(Decimal(5), is_market=True, tpsl="sl")
    assert terms.trigger(OrderType.LIMIT) == Trigger(Decimal(5), is_market=False, tpsl="sl")


def test_arguments_of_other_connectors_are_passed_over() -> None:
    assert read_terms(OrderType.LIMIT, PositionAction.OPEN, {"tag": "x", "leverage": 3}) == OrderTerms("Gtc", False)


@given(
    st.sampled_from(list(OrderType)),
    st.sampled_from(list(PositionAction)),
    st.dictionaries(
        st.sampled_from(["time_in_force", "reduce_only", "slippage", "trigger_price", "trigger_kind"]),
        st.none() | st.booleans() | st.text(max_size=8) | st.floats() | st.decimals() | st.integers(),
    ),
)
def test_whatever_is_given_becomes_terms_or_one_refusal(
    order_type: OrderType, action: PositionAction, terms: dict[str, Any]
) -> None:
    try:
        found = read_terms(order_type, action, terms)
    except OrderRefused:
        pass
    else:
        assert found.slippage is None or 0 < found.slippage <= Decimal("0.5")
        assert (found.trigger_price is None) == (found.trigger_kind is None)


def test_terms_of_a_restored_order_are_those_of_its_type() -> None:
    book = TermsBook()
    assert book.of("0x1", OrderType.LIMIT_MAKER, PositionAction.CLOSE) == OrderTerms("Alo", True)
    assert not book.knows("0x1")
    book.note("0x1", OrderTerms("Ioc", False))
    assert book.of("0x1", OrderType.LIMIT_MAKER, PositionAction.CLOSE) == OrderTerms("Ioc", False)


def test_memory_of_terms_is_bounded() -> None:
    book = TermsBook()
    for number in range(6000):
        book.note(str(number), OrderTerms("Gtc", False))
    assert not book.knows("0")
    assert book.knows("5999")
