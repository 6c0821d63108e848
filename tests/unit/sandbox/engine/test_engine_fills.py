"""What a fill says of itself, beside its money: the word for it, its market."""

import pytest

from hyperliquid_perpetual.sandbox.engine.world_commands import ListMarket
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, make_market

GOLD = make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25)


@pytest.mark.parametrize(
    ("side", "dirs"), [("buy", ["Open Short", "Short > Long"]), ("sell", ["Open Long", "Long > Short"])]
)
def test_single_lot_that_turns_into_one_on_the_other_side_is_a_turn(side: str, dirs: list[str]) -> None:
    venue = Venue(GOLD)
    other = "sell" if side == "buy" else "buy"
    told = []
    for taking, making, size in ((other, side, 1), (side, other, 2)):
        venue.place(BOB, venue.intent(making, "GOLD", 4_000, size))
        venue.place(ALICE, venue.intent(taking, "GOLD", 4_000, size, "Ioc"))
        told += [fill.dir for fill in venue.fills() if fill.account == ALICE]
    assert told == dirs
    assert venue.szi(ALICE, "GOLD") == (1 if side == "buy" else -1)


def test_fills_in_a_market_that_was_listed_later_name_it() -> None:
    venue = Venue()
    listed = make_market("xyz:GOLD", 110_001, 4_000, dex="xyz", sz_decimals=2, max_leverage=10)
    venue.markets += (listed,)
    venue.apply(ListMarket(listed))
    venue.sell(BOB, "xyz:GOLD", 4_000, 1)
    venue.buy(ALICE, "xyz:GOLD", 4_000, 1)
    assert [(fill.account, fill.coin, fill.asset) for fill in venue.fills()] == [
        (BOB, "xyz:GOLD", 110_001),
        (ALICE, "xyz:GOLD", 110_001),
    ]
