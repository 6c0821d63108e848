"""Builder codes: who may charge a fee on top, how much it is, and where it goes."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import ApproveBuilder
from hyperliquid_perpetual.sandbox.engine.builders import NOT_APPROVED
from hyperliquid_perpetual.sandbox.engine.commands import BuilderFee, Deposit, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.events import BalanceChanged, Filled
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, Venue, money, oid_of

TOO_POOR = "Builder must have at least $100 in its perpetuals account."


def approve(venue: Venue, builder: str, fee: int, account: str = ALICE) -> str | None:
    return venue.reply(ApproveBuilder(account, builder, fee)).error


def order_error(venue: Venue, builder: BuilderFee) -> str | None:
    intent = venue.intent("buy", "ETH", 3_900, 1)
    with_fee = venue.intent("buy", "ETH", 3_900, 1, builder=builder)
    reply = venue.reply(PlaceOrders(ALICE, (intent, with_fee)))
    assert (reply.error is None) == (len(reply.statuses) == 2)
    assert not reply.pre_validation
    return reply.error


def test_taker_pays_the_fee_on_top_and_the_builder_has_it() -> None:
    venue = Venue(deposits=100_000)
    approve(venue, CAROL, 50)
    venue.sell(BOB, "ETH", 4_000, 1)
    before = {name: venue.house(name).raw_usd for name in (ALICE, BOB, CAROL)}
    status = venue.place(ALICE, venue.intent("buy", "ETH", 4_000, 1, builder=BuilderFee(CAROL, 50)))[0]
    assert isinstance(status, Filled)
    made, took = venue.fills()
    assert (took.fee, took.builder_fee, took.builder) == (money("1.8") + money(2), money(2), CAROL)
    assert (made.fee, made.builder_fee, made.builder) == (money("0.6"), 0, None)
    assert venue.house(CAROL).raw_usd == before[CAROL] + money(2)
    assert venue.house(ALICE).raw_usd == before[ALICE] - money(4_000) - money("3.8")
    assert venue.exchange.fees_collected("") == money("2.4")
    assert {event.account for event in venue.events if isinstance(event, BalanceChanged)} == {ALICE, BOB, CAROL}


def test_fee_of_a_builder_is_cut_to_whole_micro_dollars() -> None:
    venue = Venue(deposits=100_000)
    approve(venue, CAROL, 1)
    venue.sell(BOB, "ETH", "4000.1", "0.0123")
    venue.place(ALICE, venue.intent("buy", "ETH", "4000.1", "0.0123", builder=BuilderFee(CAROL, 1)))
    # a hundred thousandth of 49.20123 is 0.0004920123
    assert venue.fills()[1].builder_fee == money("0.000492")


def test_resting_order_pays_its_builder_when_it_is_hit_on_its_own_dex() -> None:
    venue = Venue(deposits=100_000)
    approve(venue, CAROL, 10)
    venue.place(ALICE, venue.intent("buy", "xyz:TSLA", 400, 5, "Alo", builder=BuilderFee(CAROL, 10)))
    before = venue.house(CAROL, "xyz").raw_usd
    venue.sell(BOB, "xyz:TSLA", 400, 5)
    made, took = venue.fills()
    assert made.builder_fee == money("0.2")
    assert took.builder_fee == 0
    assert venue.house(CAROL, "xyz").raw_usd == before + money("0.2")


def test_replacement_of_an_order_has_no_builder() -> None:
    venue = Venue(deposits=100_000)
    approve(venue, CAROL, 10)
    status = venue.place(ALICE, venue.intent("buy", "ETH", 3_900, 1, builder=BuilderFee(CAROL, 10)))[0]
    venue.modify(ALICE, oid_of(status), venue.intent("buy", "ETH", 3_950, 1))
    venue.sell(BOB, "ETH", 3_950, 1)
    assert [fill.builder_fee for fill in venue.fills()] == [0, 0]


@pytest.mark.parametrize("approved", [None, 9])
def test_fee_beyond_what_was_approved_refuses_the_whole_action(approved: int | None) -> None:
    venue = Venue()
    if approved is not None:
        assert approve(venue, CAROL, approved) is None
    assert order_error(venue, BuilderFee(CAROL, 10)) == NOT_APPROVED
    assert venue.account(ALICE).open_orders == {}
    assert approve(venue, CAROL, 10) is None
    assert order_error(venue, BuilderFee(CAROL, 10)) is None


def test_approval_can_be_taken_back() -> None:
    venue = Venue()
    approve(venue, CAROL, 10)
    approve(venue, CAROL, 0)
    assert venue.account(ALICE).builders == {}
    assert approve(venue, CAROL, 0) is None, "there is nothing left to take back"
    assert order_error(venue, BuilderFee(CAROL, 1)) == NOT_APPROVED


def test_perpetuals_have_a_lower_limit_than_approvals() -> None:
    venue = Venue()
    assert approve(venue, CAROL, 1_000) is None
    assert "at most 100 tenths" in str(order_error(venue, BuilderFee(CAROL, 101)))
    assert order_error(venue, BuilderFee(CAROL, 100)) is None
    assert approve(venue, CAROL, 1_001) == "Builder fee must be at most 1%."


def test_builder_needs_a_hundred_dollars() -> None:
    venue = Venue()
    approve(venue, DAVE, 10)
    assert order_error(venue, BuilderFee(DAVE, 10)) == TOO_POOR
    venue.apply(Deposit(DAVE, money("99.99")))
    assert order_error(venue, BuilderFee(DAVE, 10)) == TOO_POOR
    venue.apply(Deposit(DAVE, money("0.01")))
    assert order_error(venue, BuilderFee(DAVE, 10)) is None


def test_open_loss_of_a_builder_counts() -> None:
    venue = Venue()
    approve(venue, DAVE, 10)
    venue.deposit(DAVE, "110.018")  # a fee of 0.018 is to come
    venue.sell(BOB, "ETH", 4_000, "0.01")
    venue.buy(DAVE, "ETH", 4_000, "0.01")
    venue.oracle("ETH", 3_000)
    assert venue.exchange.markets[venue.of("ETH").asset].mark_px == 3_000 * 10**6
    assert order_error(venue, BuilderFee(DAVE, 10)) is None, "110 - 10 are a hundred still"
    venue.oracle("ETH", 2_999)
    assert order_error(venue, BuilderFee(DAVE, 10)) == TOO_POOR


def test_ten_builders_are_the_most() -> None:
    venue = Venue()
    for number in range(10):
        assert approve(venue, f"0x{number:040x}", 10) is None
    assert approve(venue, CAROL, 10) == "Too many approved builders: at most 10."
    assert approve(venue, f"0x{3:040x}", 20) is None, "one that is approved already may change"
    assert approve(venue, f"0x{3:040x}", 0) is None
    assert approve(venue, CAROL, 10) is None
