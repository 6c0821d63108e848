"""What the exchange sells and keeps beside trading: requests, slots of early data, settings, vaults of one's own."""

from decimal import Decimal

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    BidForGossip,
    CreateVault,
    DistributeVault,
    ModifyVault,
    ReserveRequestWeight,
    SetBigBlocks,
    SetMode,
    TransferToVault,
)
from hyperliquid_perpetual.sandbox.engine.commands import Deposit
from hyperliquid_perpetual.sandbox.engine.events import RequestsReserved
from hyperliquid_perpetual.sandbox.engine.gossip import Auction
from hyperliquid_perpetual.sandbox.engine.units import DAY
from tests.unit.sandbox.engine.cash import moves
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, Venue, money


def test_requests_are_paid_for_with_free_margin_of_the_first_dex() -> None:
    venue = Venue(deposits=100)
    assert venue.reply(ReserveRequestWeight(ALICE, 1_000)).error is None
    assert venue.house(ALICE).raw_usd == money("99.5")
    assert venue.exchange.deposited[""] == money("299.5")
    assert venue.account(ALICE).reserved_requests == 1_000
    assert RequestsReserved(venue.now, ALICE, ALICE, 1_000) in venue.events
    error = "Insufficient balance to reserve request weight."
    assert venue.reply(ReserveRequestWeight(ALICE, 200_000)).error == error
    assert venue.reply(ReserveRequestWeight(ALICE, 0)).error == "Request weight to reserve must be more than zero."
    venue.sell(BOB, "ETH", 4_000, "0.45")
    venue.buy(ALICE, "ETH", 4_000, "0.45")  # 1,800 at 20x hold a tenth of it
    assert venue.reply(ReserveRequestWeight(ALICE, 1)).error == error


def test_requests_can_be_paid_for_somebody_else_who_is_here() -> None:
    venue = Venue(deposits=100)
    assert venue.reply(ReserveRequestWeight(ALICE, 200, BOB)).error is None
    assert (venue.account(ALICE).reserved_requests, venue.account(BOB).reserved_requests) == (0, 200)
    assert venue.house(BOB).raw_usd == money(100)
    refused = venue.reply(ReserveRequestWeight(ALICE, 200, DAVE)).error
    assert refused == f"There is no account {DAVE} to reserve request weight for."
    assert venue.house(ALICE).raw_usd == money("99.9")


def test_unified_account_pays_for_requests_from_its_spot_wallet() -> None:
    venue = Venue(deposits=100)
    venue.reply(SetMode(ALICE, None, "unifiedAccount"))
    before = venue.account(ALICE).spot["USDC"]
    assert venue.reply(ReserveRequestWeight(ALICE, 10_000)).error is None
    assert venue.account(ALICE).spot["USDC"] == before - money(5)


def test_big_blocks_are_a_setting() -> None:
    venue = Venue()
    assert venue.reply(SetBigBlocks(ALICE, True)).error is None
    assert venue.account(ALICE).uses_big_blocks
    venue.reply(SetBigBlocks(ALICE, False))
    assert not venue.account(ALICE).uses_big_blocks


# ---------------------------------------------------------------------- slots


def bid(venue: Venue, account: str, slot: int, most: str) -> str | None:
    return venue.reply(BidForGossip(account, slot, "1.2.3.4", money(most))).error


def test_price_of_a_slot_falls_within_three_minutes_to_a_tenth_of_a_hype() -> None:
    venue = Venue()
    prices = []
    for second in range(180):
        auction = venue.exchange.gossip.auction(0, NOON + 1_000 * second)
        assert auction.start == NOON
        assert auction.price is not None
        prices.append(auction.price)
    assert prices == sorted(prices, reverse=True)
    assert prices[0] == money(1)
    assert money("0.1") <= prices[-1] < money("0.106")
    assert venue.exchange.gossip.auction(0, NOON + 180_000).start == NOON + 180_000


def test_slot_is_sold_once_per_auction_for_the_price_of_the_moment() -> None:
    venue = Venue()
    venue.apply(Deposit(ALICE, money(10), "spot", "HYPE"))
    venue.tick(NOON + 90_000)
    assert bid(venue, ALICE, 0, "0.54") == "Insufficient gas at current auction price."
    assert bid(venue, BOB, 0, "1") == "Insufficient balance for token transfer"
    assert bid(venue, ALICE, 0, "5") is None
    assert venue.account(ALICE).spot["HYPE"] == money("9.45")
    assert "is over" in str(bid(venue, ALICE, 0, "5"))
    assert bid(venue, ALICE, 1, "0.55") is None, "the other slot has an auction of its own"
    assert [slot.ip for slot in venue.exchange.gossip.slots] == ["1.2.3.4", "1.2.3.4"]
    assert "0 to 1" in str(bid(venue, ALICE, 2, "5"))
    venue.tick(NOON + 180_000)
    auction = venue.exchange.gossip.auction(0, venue.now)
    assert (auction.ip, auction.start_price) == ("1.2.3.4", money("2.75"))


def test_auction_that_is_over_tells_what_the_slot_went_for() -> None:
    venue = Venue()
    venue.apply(Deposit(ALICE, money(10), "spot", "HYPE"))
    venue.tick(NOON + 90_000)
    assert bid(venue, ALICE, 1, "1") is None  # half way from 1 to 0.1
    assert moves(venue.events) == [(ALICE, "spot", "HYPE", -money("0.55"))]
    auctions = venue.exchange.gossip
    over = Auction("1.2.3.4", NOON, money("2.75"), None, money("0.55"))
    assert auctions.auction(1, NOON + 179_999) == over
    assert auctions.auction(0, NOON + 90_000) == Auction(None, NOON, money(1), money("0.55"), None)
    # the next one starts at five times that price
    begun = Auction("1.2.3.4", NOON + 180_000, money("2.75"), money("2.75"), None)
    assert auctions.auction(1, NOON + 180_000) == begun
    assert bid(venue, ALICE, 1, "5") == "The auction of this slot is over; the next one begins within three minutes."
    for slot in (-1, 2):
        assert bid(venue, ALICE, slot, "5") == "There are 2 slots, 0 to 1."


def test_price_of_a_slot_is_rounded_up_to_what_the_wire_can_tell() -> None:
    # 0.9 HYPE in 180,000 ms are 0.000005 in each
    auction = Venue().exchange.gossip.auction
    assert auction(0, NOON + 1).price == money("0.999995")
    assert auction(0, NOON + 7).price == money("0.999965")
    venue = Venue()
    venue.exchange.gossip.slots[0].last_price = money("0.33333333")
    # from 1.66666665, 1.56666665 / 180,000 = 0.00000870370361.. lower after a millisecond: 1.66665794629639
    assert venue.exchange.gossip.auction(0, NOON + 1).price == money("1.66665795")
    # half way from a million and five wei to 0.1, which a float cannot tell from its neighbours
    venue.exchange.gossip.slots[0].last_price = money("200000.00000001")
    assert venue.exchange.gossip.auction(0, NOON + 90_000).price == money("500000.05000003")


def test_slot_may_cost_the_last_of_the_hype() -> None:
    venue = Venue()
    venue.apply(Deposit(ALICE, money(1) - 1, "spot", "HYPE"))
    assert bid(venue, ALICE, 0, "1") == "Insufficient balance for token transfer"
    venue.apply(Deposit(ALICE, 1, "spot", "HYPE"))
    assert bid(venue, ALICE, 0, "1") is None
    assert venue.account(ALICE).spot == {"HYPE": 0}


# ---------------------------------------------------------------------- vaults


def vault_with_followers() -> tuple[Venue, str]:
    venue = Venue(deposits=10_000)
    vault = venue.reply(CreateVault(ALICE, "vault", money(1_000))).created
    assert vault is not None
    for follower, amount in ((BOB, 2_000), (CAROL, 1_000)):
        assert venue.reply(TransferToVault(follower, vault, True, money(amount))).error is None
    return venue, vault


def test_only_the_leader_changes_a_vault_and_only_what_is_named() -> None:
    venue, vault = vault_with_followers()
    for command in (ModifyVault(BOB, vault, False, None), DistributeVault(BOB, vault, money(1))):
        assert venue.reply(command).error == "Only leader can perform this vault action"
    assert venue.reply(ModifyVault(ALICE, BOB, False, None)).error == "Only leader can perform this vault action"
    assert venue.reply(ModifyVault(ALICE, vault, False, None)).error is None
    state = venue.account(vault).vault
    assert state is not None
    assert (state.allow_deposits, state.always_close_on_withdraw) == (False, False)
    assert venue.reply(TransferToVault(BOB, vault, True, money(1))).error == "The vault takes no deposits."
    venue.reply(ModifyVault(ALICE, vault, None, True))
    assert (state.allow_deposits, state.always_close_on_withdraw) == (False, True)


@pytest.mark.parametrize("gain", ["0", "400"])
def test_distribution_goes_by_shares_and_the_leader_has_a_tenth_of_profits(gain: str) -> None:
    venue, vault = vault_with_followers()
    if Decimal(gain):
        venue.deposit(vault, gain)  # what the vault has won
    before = {who: venue.house(who).raw_usd for who in (ALICE, BOB, CAROL)}
    value = 4_000 + int(gain)
    assert venue.reply(DistributeVault(ALICE, vault, money(value) // 4)).error is None
    part = money(value) // 16
    profit = part - money(250)
    commission = profit // 10
    assert venue.house(BOB).raw_usd - before[BOB] == 2 * (part - commission)
    assert venue.house(CAROL).raw_usd - before[CAROL] == part - commission
    assert venue.house(ALICE).raw_usd - before[ALICE] == part + 3 * commission
    assert venue.house(vault).raw_usd == money(value) * 3 // 4
    state = venue.account(vault).vault
    assert state is not None
    assert state.stakes[BOB].basis == money(1_500)
    assert state.equity(BOB, venue.house(vault).raw_usd) == money(value) * 3 // 8


def test_vault_is_closed_when_it_is_empty_of_positions_and_pays_everything() -> None:
    venue, vault = vault_with_followers()
    venue.sell(BOB, "ETH", 4_000, "0.1")
    venue.buy(vault, "ETH", 4_000, "0.1")
    assert venue.reply(DistributeVault(ALICE, vault, 0)).error == "The vault still has positions or orders."
    venue.buy(BOB, "ETH", 4_000, "0.1")
    venue.sell(vault, "ETH", 4_000, "0.1")
    before = sum(venue.house(who).raw_usd for who in (ALICE, BOB, CAROL, vault))
    assert venue.reply(DistributeVault(ALICE, vault, 0)).error is None
    assert venue.house(vault).raw_usd == 0
    assert sum(venue.house(who).raw_usd for who in (ALICE, BOB, CAROL)) == before
    state = venue.account(vault).vault
    assert state is not None
    assert (state.is_closed, state.stakes) == (True, {})
    for command in (DistributeVault(ALICE, vault, 0), ModifyVault(ALICE, vault, True, None)):
        assert venue.reply(command).error == "The vault is closed."
    assert venue.reply(TransferToVault(BOB, vault, True, money(1))).error == "The vault takes no deposits."
    venue.tick(NOON + 2 * DAY)


def test_vault_cannot_distribute_what_holds_its_positions() -> None:
    venue, vault = vault_with_followers()
    venue.sell(BOB, "ETH", 4_000, 5)
    venue.buy(vault, "ETH", 4_000, 5)
    assert venue.reply(DistributeVault(ALICE, vault, money(3_000))).error == "Insufficient balance for withdrawal"
