"""Positions that the book does not take: the liquidator has them, or the greatest winners give up theirs."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import SetMode
from hyperliquid_perpetual.sandbox.engine.events import CashMoved, FillMade, Liquidated
from hyperliquid_perpetual.sandbox.engine.matching import trade_id
from hyperliquid_perpetual.sandbox.engine.records import Fill, LedgerDetails, LedgerUpdate, Liquidation
from hyperliquid_perpetual.sandbox.engine.world_commands import ListMarket
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Venue, make_market, money, oid_of, px

# One lot is one coin: positions of a single lot can be. 25x at most, so that 2 % is maintenance margin.
GOLD = make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25)
LIQUIDATOR = "0x" + "f1" * 20
TAKER_FEE, MAKER_FEE = money("1.8"), money("0.6")  # 0.045 % and 0.015 % of 4,000


def gold(**deposits: int | str) -> Venue:
    """A venue with nothing but gold, and what each has paid in."""
    venue = Venue(GOLD, deposits=0)
    for name, amount in deposits.items():
        venue.deposit({"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE}[name], amount)
    return venue


def trade(venue: Venue, buyer: str, seller: str, price: int = 4_000, size: int = 1) -> None:
    """One that is not in the book before or after; the seller is the taker."""
    venue.buy(buyer, "GOLD", price, size)
    venue.sell(seller, "GOLD", price, size)
    assert (venue.bids("GOLD"), venue.asks("GOLD")) == ([], [])


def given_up(venue: Venue) -> list[tuple[str, int]]:
    """Who was deleveraged besides Alice, by how many lots, in that order."""
    return [(fill.account, fill.sz) for fill in venue.fills() if fill.account != ALICE]


@pytest.mark.parametrize("is_long", [True, False])
def test_liquidator_takes_position_and_margin_over_at_the_mark(is_long: bool) -> None:
    venue = gold(alice=250, carol=100_000)
    trade(venue, *((ALICE, CAROL) if is_long else (CAROL, ALICE)))
    fee = MAKER_FEE if is_long else TAKER_FEE
    left = money(50) - fee  # 250 less a loss of 200: below two thirds of the 76 (or 84) that have to stay
    oid = venue.exchange.progress[1]
    mark = 3_800 if is_long else 4_200
    venue.now += 7
    venue.oracle("GOLD", mark)
    given, taken = venue.fills()
    side = 1 if is_long else -1
    liquidation = Liquidation(ALICE, px(mark), "backstop")
    tid = trade_id(oid + 1, oid) if is_long else trade_id(oid, oid + 1)  # the buyer's order comes first
    word = "Long" if is_long else "Short"
    assert len(given.hash) == 66
    assert given == Fill(
        ALICE, 7, "GOLD", px(mark), 1, not is_long, NOON + 7, side, f"Liquidated Cross {word}", money(-200), given.hash,
        oid, False, 0, "USDC", tid, None, liquidation=liquidation,
    )  # fmt: skip
    assert taken == Fill(
        LIQUIDATOR, 7, "GOLD", px(mark), 1, is_long, NOON + 7, 0, f"Open {word}", 0, given.hash,
        oid + 1, False, 0, "USDC", tid, None, liquidation=liquidation,
    )  # fmt: skip
    assert [event for event in venue.events if isinstance(event, FillMade)] == [
        FillMade(NOON + 7, given),
        FillMade(NOON + 7, taken),
    ]
    assert venue.account(ALICE).fills[-1] == given
    assert venue.account(LIQUIDATOR).fills[-1] == taken
    assert [event for event in venue.events if isinstance(event, CashMoved)] == [
        CashMoved(NOON + 7, ALICE, "", "USDC", -left),
        CashMoved(NOON + 7, LIQUIDATOR, "", "USDC", left),
    ]
    assert venue.house(ALICE).raw_usd == 0
    assert venue.house(LIQUIDATOR).raw_usd == left - side * money(mark)
    held = venue.position(LIQUIDATOR, "GOLD")
    assert (held.szi, held.is_cross, held.leverage) == (side, True, 1)
    assert venue.exchange.markets[7].open_interest == 1
    details = LedgerDetails(notional=money(mark), account_value=left, leverage_type="Cross", positions=((7, side),))
    assert venue.account(ALICE).ledger[-1] == LedgerUpdate(NOON + 7, given.hash, "liquidation", 0, "", details)
    assert [event for event in venue.events if isinstance(event, Liquidated)] == [
        Liquidated(NOON + 7, ALICE, LIQUIDATOR, 1, money(mark), left)
    ]


def test_liquidator_adds_to_what_it_has_and_liquidations_are_numbered() -> None:
    venue = gold(alice=250, bob=410, carol=100_000)
    trade(venue, ALICE, CAROL)
    trade(venue, BOB, CAROL, size=2)
    venue.oracle("GOLD", 3_800)
    assert venue.szi(LIQUIDATOR, "GOLD") == 3
    told = [event for event in venue.events if isinstance(event, Liquidated)]
    assert [(event.account, event.number) for event in told] == [(ALICE, 1), (BOB, 2)]
    taken = [fill for fill in venue.fills() if fill.account == LIQUIDATOR]
    assert [(fill.start_position, fill.dir) for fill in taken] == [(0, "Open Long"), (1, "Open Long")]
    assert venue.exchange.markets[7].open_interest == 3


def test_liquidator_gets_an_isolated_position_with_what_is_left_of_its_margin() -> None:
    venue = gold(alice=1_000, carol=100_000)
    venue.leverage(ALICE, "GOLD", 20, is_cross=False)
    trade(venue, ALICE, CAROL)
    venue.oracle("GOLD", 3_840)  # 200 of margin less 160
    assert venue.house(ALICE).raw_usd == money(800) - MAKER_FEE
    assert venue.house(LIQUIDATOR).raw_usd == money(40 - 3_840)
    line = venue.account(ALICE).ledger[-1]
    assert line.details == LedgerDetails(
        notional=money(3_840), account_value=money(40), leverage_type="Isolated", positions=((7, 1),)
    )
    assert venue.fills()[0].dir == "Liquidated Isolated Long"


# ---------------------------------------------------------------------- deleveraging


def test_winner_loses_its_position_at_the_mark_of_before_in_two_fills_of_one_id() -> None:
    venue = gold(alice=500, bob=10_000)
    trade(venue, BOB, ALICE)
    venue.oracle("GOLD", 4_050)
    oid = venue.exchange.progress[1]
    venue.oracle("GOLD", 5_000)
    given, other = venue.fills()
    tid = trade_id(oid, oid + 1)
    assert given == Fill(
        ALICE, 7, "GOLD", px(4_050), 1, True, NOON, -1, "Auto-Deleveraging", money(-50), given.hash,
        oid, False, 0, "USDC", tid, None,
    )  # fmt: skip
    assert other == Fill(
        BOB, 7, "GOLD", px(4_050), 1, False, NOON, 1, "Auto-Deleveraging", money(50), given.hash,
        oid + 1, False, 0, "USDC", tid, None,
    )  # fmt: skip
    assert venue.exchange.markets[7].open_interest == 0
    assert venue.house(BOB).raw_usd == money(10_050) - MAKER_FEE
    assert venue.house(LIQUIDATOR).raw_usd == money(450) - TAKER_FEE, "what the account had at that price"
    assert LIQUIDATOR not in {fill.account for fill in venue.fills()}


@pytest.mark.parametrize(("margin", "order"), [(10, [CAROL, BOB]), (2, [BOB, CAROL])])
def test_isolated_winner_counts_with_the_leverage_of_its_own_margin(margin: int, order: list[str]) -> None:
    """At 5,100 Bob has 2,100 for his 5,100; Carol 1,500 for hers at 10x and 3,100 at 2x, whatever else she has."""
    venue = gold(alice=700, bob=1_000, carol=30_000)
    venue.leverage(CAROL, "GOLD", margin, is_cross=False)
    trade(venue, BOB, ALICE)
    trade(venue, CAROL, ALICE)
    venue.oracle("GOLD", 5_100)
    assert given_up(venue) == [(who, 1) for who in order]


def test_greater_leverage_goes_before_the_larger_position_which_gives_only_what_is_missing() -> None:
    """At 5,100 Bob has 5,100 for 5,100 and Carol 33,300 for 15,300."""
    venue = gold(alice=800, bob=4_000, carol=30_000, dave=100_000)
    trade(venue, BOB, ALICE)
    trade(venue, CAROL, ALICE)
    trade(venue, CAROL, DAVE, size=2)
    venue.oracle("GOLD", 5_100)
    assert given_up(venue) == [(BOB, 1), (CAROL, 1)]
    assert [venue.szi(who, "GOLD") for who in (ALICE, BOB, CAROL, DAVE)] == [0, 0, 2, -2]
    assert venue.exchange.markets[7].open_interest == 2


def test_greater_profit_goes_before_the_greater_leverage_and_nobody_else_is_touched() -> None:
    """At 5,100: Bob 5,100 / 4,000 at 5,100 / 6,100 makes 1.07, Carol 5,100 / 4,400 at 5,100 / 5,600 makes 1.06."""
    venue = gold(alice=900, bob=5_000, carol=4_900, dave=100_000)
    trade(venue, CAROL, DAVE, price=4_400)
    trade(venue, BOB, ALICE)
    venue.oracle("GOLD", 5_100)
    assert given_up(venue) == [(BOB, 1)]
    assert venue.szi(CAROL, "GOLD") == 1


def test_greater_profit_goes_first_among_shorts_as_well() -> None:
    """At 3,000: Bob 4,000 / 3,000 at 3,000 / 6,000 makes 0.67, Carol 3,600 / 3,000 at 6,000 / 11,400 makes 0.63."""
    venue = gold(alice=900, bob=5_000, carol=10_200, dave=100_000)
    trade(venue, DAVE, CAROL, price=3_600, size=2)
    trade(venue, ALICE, BOB)
    venue.oracle("GOLD", 3_000)
    assert given_up(venue) == [(BOB, 1)]
    assert venue.szi(CAROL, "GOLD") == -2


def test_who_is_flat_or_on_the_same_side_gives_nothing() -> None:
    venue = gold(alice=800, bob=10_000, carol=100_000, dave=2_000)  # Dave has the greatest leverage by far
    venue.cancel(BOB, "GOLD", oid_of(venue.buy(BOB, "GOLD", 3_000, 1)))
    trade(venue, ALICE, CAROL)
    trade(venue, DAVE, CAROL)
    venue.oracle("GOLD", 3_000)
    assert given_up(venue) == [(CAROL, 1)]
    assert [venue.szi(who, "GOLD") for who in (BOB, CAROL, DAVE)] == [0, -1, 1]


def test_what_nobody_can_give_goes_to_the_liquidator_which_is_never_deleveraged_itself() -> None:
    venue = gold(alice=250, bob=210, carol=100_000)
    trade(venue, ALICE, CAROL)
    venue.oracle("GOLD", 3_800)
    assert venue.szi(LIQUIDATOR, "GOLD") == 1
    venue.deposit(ALICE, 400)
    trade(venue, CAROL, ALICE)  # Carol is flat, the liquidator long against Alice
    venue.oracle("GOLD", 4_500)
    given, taken = venue.fills()
    assert (given.account, given.dir, given.px) == (ALICE, "Liquidated Cross Short", px(4_500))
    assert (taken.account, taken.dir, taken.start_position) == (LIQUIDATOR, "Close Long", 1)
    assert taken.closed_pnl == money(700)
    assert venue.exchange.markets[7].open_interest == 0
    assert venue.house(ALICE).raw_usd == 0, "no debt is left"


def test_cash_beside_a_bankrupt_isolated_position_stays_when_one_winner_of_two_is_enough() -> None:
    venue = gold(alice=1_000, bob=2_000, carol=100_000, dave=100_000)
    venue.leverage(ALICE, "GOLD", 20, is_cross=False)
    trade(venue, BOB, ALICE)
    trade(venue, CAROL, DAVE)
    venue.oracle("GOLD", 5_000)
    assert given_up(venue) == [(BOB, 1)]
    assert (venue.house(ALICE).raw_usd, venue.position(ALICE, "GOLD").isolated_usd) == (money(800) - TAKER_FEE, 0)
    assert venue.house(LIQUIDATOR).raw_usd == money(200), "the margin, of which nothing was lost at the mark of before"


def test_margin_of_a_dex_with_another_collateral_is_taken_in_that() -> None:
    index = make_market("km:GOLD", 130_000, 4_000, sz_decimals=0, max_leverage=25, dex="km", collateral="USDH")
    venue = Venue(GOLD, index, deposits=0)
    venue.deposit(ALICE, 250, "km")
    venue.deposit(CAROL, 100_000, "km")
    venue.buy(ALICE, "km:GOLD", 4_000, 1)
    venue.sell(CAROL, "km:GOLD", 4_000, 1)
    for step in range(1, 7):  # a mark of such a dex moves by one percent at a time
        venue.oracle("km:GOLD", 4_000 - 40 * step)
    moved = [event for event in venue.events if isinstance(event, CashMoved)]
    assert [(event.account, event.place, event.token) for event in moved] == [
        (ALICE, "km", "USDH"),
        (LIQUIDATOR, "km", "USDH"),
    ]
    assert venue.szi(LIQUIDATOR, "km:GOLD") == 1


def test_in_a_market_without_a_mark_of_before_the_present_one_counts() -> None:
    venue = gold(alice=500, bob=10_000)
    silver = make_market("SILVER", 8, 4_000, sz_decimals=0, max_leverage=25)
    venue.markets += (silver,)
    venue.apply(ListMarket(silver))
    venue.buy(BOB, "SILVER", 4_000, 1)
    venue.sell(ALICE, "SILVER", 4_000, 1)
    venue.oracle("SILVER", 5_000)
    assert [(fill.account, fill.px) for fill in venue.fills()] == [(ALICE, px(5_000)), (BOB, px(5_000))]


def test_liquidator_gets_the_spot_cash_of_a_unified_account() -> None:
    venue = gold(alice=250, carol=100_000)
    assert venue.reply(SetMode(ALICE, None, "unifiedAccount")).error is None
    trade(venue, ALICE, CAROL)
    before = sum(house.raw_usd for house in venue.account(ALICE).clearinghouses.values())
    cash = venue.account(ALICE).spot["USDC"]
    assert cash + before == money(250 - 4_000) - MAKER_FEE
    venue.oracle("GOLD", 3_800)
    assert venue.account(ALICE).spot["USDC"] == venue.house(ALICE).raw_usd == 0
    assert venue.account(LIQUIDATOR).spot == {"USDC": cash}
    assert venue.house(LIQUIDATOR).raw_usd + cash == money(50 - 3_800) - MAKER_FEE
