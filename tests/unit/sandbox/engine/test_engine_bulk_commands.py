"""Prices of many markets in one command, and accounts of which little is kept."""

import pytest

from hyperliquid_perpetual.sandbox.engine.events import PriceChanged
from hyperliquid_perpetual.sandbox.engine.records import OrderStatus
from hyperliquid_perpetual.sandbox.engine.world_commands import LimitHistory, SetManyPrices
from tests.unit.sandbox.engine.venue import ALICE, BOB, Venue, make_market, money, oid_of, px


@pytest.fixture
def venue() -> Venue:
    return Venue(make_market("BTC", 0, 100), make_market("ETH", 1, 50))


def test_many_prices_are_what_as_many_commands_would_have_set(venue: Venue) -> None:
    one_by_one = Venue(make_market("BTC", 0, 100), make_market("ETH", 1, 50))
    one_by_one.oracle("BTC", 101)
    one_by_one.oracle("ETH", 49)
    events = venue.apply(SetManyPrices(((0, px(101)), (1, px(49)))))
    assert [event.asset for event in events if isinstance(event, PriceChanged)] == [0, 1]
    for asset in (0, 1):
        ours, theirs = venue.exchange.markets[asset], one_by_one.exchange.markets[asset]
        assert (ours.oracle_px, ours.external_px, ours.mark_px) == (
            theirs.oracle_px,
            theirs.external_px,
            theirs.mark_px,
        )


def test_of_many_prices_one_that_is_wrong_leaves_all_as_they_are(venue: Venue) -> None:
    for wrong, error in (((5, px(1)), "no asset 5"), ((1, 0), "more than zero")):
        with pytest.raises(ValueError, match=error):
            venue.apply(SetManyPrices(((0, px(101)), wrong)))
    assert venue.exchange.markets[0].oracle_px == px(100)


def test_an_account_with_a_limit_keeps_its_newest_records_and_its_money(venue: Venue) -> None:
    oids = []
    for _ in range(6):
        oids.append(oid_of(venue.sell(ALICE, "BTC", 100, 1)))
        venue.buy(BOB, "BTC", 100, 1)
    raw = venue.house(ALICE).raw_usd
    venue.apply(LimitHistory(ALICE, 3))
    account = venue.account(ALICE)
    assert [record.oid for record in account.history.newest_first()] == oids[:2:-1]
    assert [fill.oid for fill in account.fills] == oids[3:]
    assert venue.exchange.order(ALICE, oids[0]) is None
    later = oid_of(venue.sell(ALICE, "BTC", 100, 1))
    venue.buy(BOB, "BTC", 100, 1)
    assert venue.status(ALICE, later) is OrderStatus.FILLED
    assert [fill.oid for fill in account.fills] == [*oids[4:], later]
    assert len(venue.account(BOB).fills) == 7
    assert venue.house(ALICE).raw_usd != raw


def test_limit_holds_for_funding_and_the_ledger_as_well_and_is_marked(venue: Venue) -> None:
    venue.buy(BOB, "BTC", 100, 1)
    venue.sell(ALICE, "BTC", 100, 1)
    for _ in range(3):
        venue.tick(venue.now + 3_600_000)
        venue.deposit(ALICE, 1)
    account = venue.account(ALICE)
    fundings, ledger = list(account.fundings), list(account.ledger)
    assert (len(fundings), account.keeps_little) == (3, False)
    venue.apply(LimitHistory(ALICE, 2))
    assert account.keeps_little is True
    assert (list(account.fundings), list(account.ledger)) == (fundings[1:], ledger[-2:])
    venue.tick(venue.now + 3_600_000)
    venue.deposit(ALICE, 2)
    assert [payment.time for payment in account.fundings] == [fundings[2].time, venue.now]
    assert [line.amount for line in account.ledger] == [money(1), money(2)]
    assert len(venue.account(BOB).fundings) == 4


def test_a_limit_for_nobody_or_of_nothing_is_refused(venue: Venue) -> None:
    with pytest.raises(ValueError, match="there is no account 0xnobody"):
        venue.apply(LimitHistory("0xnobody", 3))
    with pytest.raises(ValueError, match="at least one record"):
        venue.apply(LimitHistory(ALICE, 0))
