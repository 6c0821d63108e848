"""What an account is before it has done anything, and how much of what it does is kept."""

from hyperliquid_perpetual.sandbox.engine.account_commands import OpenAccount
from tests.unit.sandbox.engine.venue import ALICE, BOB, DAVE, Venue, money, oid_of, px

HOUR = 3_600_000


def test_account_that_was_only_opened_has_nothing_and_ordinary_settings() -> None:
    venue = Venue()
    venue.apply(OpenAccount(DAVE, "default"))
    account = venue.account(DAVE)
    assert (account.address, account.kind, account.mode) == (DAVE, "user", "default")
    assert (account.master, account.name) == (None, "")
    assert account.is_funded is account.keeps_little is account.uses_big_blocks is False
    assert account.cancel_at is None
    assert (account.vault, account.referral) == (None, None)
    assert (account.volume, account.reserved_requests, account.scheduled_cancels) == (0, 0, 0)
    assert [*account.pools, *account.spot, *account.clearinghouses, *account.agents, *account.builders] == []
    assert [*account.open_orders, *account.open_by_cloid, *account.sub_accounts] == []
    assert [*account.fills, *account.fundings, *account.ledger, *account.history.oldest_first()] == []


def test_market_that_was_only_looked_at_has_a_position_of_nothing() -> None:
    venue = Venue()
    venue.cancel(ALICE, "ETH", oid_of(venue.buy(ALICE, "ETH", 3_900, 1)))
    position = venue.position(ALICE, "ETH")
    assert (position.szi, position.cost, position.isolated_usd) == (0, 0, 0)
    assert (position.leverage, position.is_cross) == (20, True)
    assert (position.funding_all_time, position.funding_since_open, position.funding_since_change) == (0, 0, 0)
    assert (position.resting_buys, position.resting_sells, position.reduce_only_orders) == (0, 0, {})
    assert position.unrealized_pnl(px(4_000)) == 0


def test_only_the_newest_payments_and_ledger_lines_are_kept() -> None:
    venue = Venue(ledger_limit=2)
    venue.buy(BOB, "BTC", 100_000, "0.1")
    venue.sell(ALICE, "BTC", 100_000, "0.1")
    for number in range(1, 4):
        venue.tick(venue.now + HOUR)
        venue.deposit(ALICE, number)
    account = venue.account(ALICE)
    assert [payment.time for payment in account.fundings] == [venue.now - HOUR, venue.now]
    assert [line.amount for line in account.ledger] == [money(2), money(3)]
