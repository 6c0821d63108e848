"""What is refused for a while: all but post-only orders after an upgrade, growth where open interest is capped."""

from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.engine.commands import Tif
from hyperliquid_perpetual.sandbox.engine.events import Filled, Resting, WaitingForTrigger
from hyperliquid_perpetual.sandbox.engine.world_commands import Restrict
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, Venue, error_of

POST_ONLY = "Only post-only orders allowed immediately after network upgrade asset=1"
CAPPED = "Order would increase open interest while open interest is capped asset=1"
INCREASE = "positionIncreaseAtOpenInterestCapRejected"
FLIP = "positionFlipAtOpenInterestCapRejected"


def holding(size: int = 2) -> Venue:
    """Alice is long (short, with a negative size) ETH at 4,000, and Bob is there for more on both sides."""
    venue = Venue()
    if size:
        sides = ("buy", "sell") if size > 0 else ("sell", "buy")
        for account, side in zip((CAROL, ALICE), reversed(sides), strict=True):
            venue.place(account, venue.intent(side, "ETH", 4_000, abs(size)))
    venue.buy(BOB, "ETH", 3_999, 50)
    venue.sell(BOB, "ETH", 4_001, 50)
    return venue


def test_only_post_only_orders_are_taken_while_others_are_not() -> None:
    venue = holding()
    venue.apply(Restrict(post_only=True))
    assert isinstance(venue.buy(ALICE, "ETH", 4_000, 1, "Alo"), Resting)
    tifs: tuple[Tif, ...] = ("Gtc", "Ioc", "FrontendMarket")
    for tif in tifs:
        assert error_of(venue.buy(ALICE, "ETH", 4_000, 1, tif)) == POST_ONLY
        assert [name for _, name in venue.updates()] == ["rejected"]
    stop = venue.place(ALICE, venue.trigger("sell", "ETH", "sl", 3_900, 1))[0]
    assert isinstance(stop, WaitingForTrigger), "what waits for a price matches nothing yet"
    venue.apply(Restrict())
    assert isinstance(venue.buy(ALICE, "ETH", 4_001, 1), Filled)


@pytest.mark.parametrize(
    ("held", "side", "size", "status"),
    [
        (2, "sell", 1, None),
        (2, "sell", 2, None),
        (2, "sell", 3, FLIP),
        (2, "buy", 1, INCREASE),
        (-2, "buy", 1, None),
        (-2, "buy", 2, None),
        (-2, "buy", 3, FLIP),
        (-2, "sell", 1, INCREASE),
        (0, "buy", 1, INCREASE),
        (0, "sell", 1, INCREASE),
    ],
)
def test_position_may_shrink_and_close_but_not_grow_or_turn_while_open_interest_is_capped(
    held: int, side: str, size: int, status: str | None
) -> None:
    venue = holding(held)
    venue.apply(Restrict(capped=(1,)))
    answer: Any = venue.place(ALICE, venue.intent(side, "ETH", 4_001 if side == "buy" else 3_999, size, "Ioc"))[0]
    if status is None:
        assert isinstance(answer, Filled)
        assert answer.total_sz == size * 10_000
    else:
        assert error_of(answer) == CAPPED
        assert [name for _, name in venue.updates()] == [status]
        assert venue.szi(ALICE, "ETH") == held


def test_reduce_only_order_is_taken_for_what_it_closes_while_open_interest_is_capped() -> None:
    venue = holding(2)
    venue.apply(Restrict(capped=(1,)))
    assert isinstance(venue.sell(ALICE, "ETH", 3_999, 3, "Ioc", reduce_only=True), Filled)
    assert venue.szi(ALICE, "ETH") == 0


def test_other_markets_are_open_while_one_is_capped() -> None:
    venue = holding(0)
    venue.apply(Restrict(capped=(1,)))
    assert isinstance(venue.buy(ALICE, "BTC", 99_000, "0.1"), Resting)
