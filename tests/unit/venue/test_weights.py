"""What requests cost (reference, section 9)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue import weights
from hyperliquid_perpetual.venue.weights import action_weight, extra_weight, info_weight, most_extra_weight

LIGHT = ["l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus"]
ORDINARY = [
    "meta",
    "metaAndAssetCtxs",
    "allPerpMetas",
    "perpDexs",
    "spotMeta",
    "openOrders",
    "frontendOpenOrders",
    "userFills",
    "userFillsByTime",
    "userFunding",
    "userFees",
    "userRateLimit",
    "userAbstraction",
    "activeAssetData",
    "extraAgents",
    "maxBuilderFee",
    "candleSnapshot",
    "a request of tomorrow",
]
ONE_PER_TWENTY = [
    "recentTrades",
    "historicalOrders",
    "userFills",
    "userFillsByTime",
    "fundingHistory",
    "userFunding",
    "userNonFundingLedgerUpdates",
    "twapHistory",
    "userTwapSliceFills",
    "userTwapSliceFillsByTime",
    "delegatorHistory",
    "delegatorRewards",
    "validatorStats",
]


def test_base_weights_of_info_requests() -> None:
    assert {kind: info_weight(kind) for kind in LIGHT} == dict.fromkeys(LIGHT, 2)
    assert {kind: info_weight(kind) for kind in ORDINARY} == dict.fromkeys(ORDINARY, 20)
    assert info_weight("userRole") == 60


@pytest.mark.parametrize("kind", ONE_PER_TWENTY)
def test_long_answers_cost_one_more_for_every_twenty_items(kind: str) -> None:
    assert [extra_weight(kind, items) for items in (0, 19, 20, 39, 40, 2000)] == [0, 0, 1, 1, 2, 100]


def test_candles_cost_one_more_for_every_sixty() -> None:
    assert [extra_weight("candleSnapshot", items) for items in (0, 59, 60, 5000)] == [0, 0, 1, 83]


@pytest.mark.parametrize("kind", [*LIGHT, "meta", "openOrders", "userRole", "a request of tomorrow"])
def test_other_answers_cost_nothing_more(kind: str) -> None:
    assert extra_weight(kind, 5000) == 0


def test_a_full_page_of_fills_costs_what_the_reference_says() -> None:
    assert info_weight("userFills") + extra_weight("userFills", 2000) == 120


@pytest.mark.parametrize(("orders", "weight"), [(0, 1), (1, 1), (39, 1), (40, 2), (79, 2), (80, 3)])
def test_actions_cost_by_the_forty(orders: int, weight: int) -> None:
    assert action_weight(orders) == weight


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_batch_never_costs_more_than_its_parts(one: int, other: int) -> None:
    assert action_weight(one + other) <= action_weight(one) + action_weight(other)


def test_limits_of_an_address() -> None:
    assert weights.IP_WEIGHT_PER_MINUTE == 1200
    assert weights.MAX_WS_CONNECTIONS == 10
    assert weights.MAX_WS_CONNECTS_PER_MINUTE == 30
    assert weights.MAX_WS_SUBSCRIPTIONS == 1000
    assert weights.MAX_WS_MESSAGES_PER_MINUTE == 2000
    assert weights.MAX_WS_POSTS_IN_FLIGHT == 100


@pytest.mark.parametrize(
    ("kind", "most"),
    [("userFillsByTime", 100), ("historicalOrders", 100), ("userFunding", 25), ("candleSnapshot", 83), ("l2Book", 0)],
)
def test_most_that_an_answer_can_cost_on_top(kind: str, most: int) -> None:
    assert most_extra_weight(kind) == most
