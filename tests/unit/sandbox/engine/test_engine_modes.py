"""Account modes: where cash is, what shares margin, and what may change when."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ClassTransfer,
    CreateSubAccount,
    CreateVault,
    OpenAccount,
    SendAsset,
    SetMode,
)
from hyperliquid_perpetual.sandbox.engine.builders import builder_error
from hyperliquid_perpetual.sandbox.engine.commands import BuilderFee, Deposit, SetQuirk
from hyperliquid_perpetual.sandbox.engine.events import CashMoved, Filled, ModeChanged, Resting
from hyperliquid_perpetual.sandbox.engine.margin import (
    clearinghouse_margin,
    liquidation_px,
    maintenance_margin,
    pool_margin,
)
from hyperliquid_perpetual.sandbox.engine.pools import AccountMode
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails
from tests.unit.sandbox.engine.cash import lines, moves
from tests.unit.sandbox.engine.venue import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    DAVE,
    ETH,
    TSLA,
    Number,
    Venue,
    error_of,
    make_market,
    money,
    oid_of,
)

UNIFIED = "Action disabled when unified account is active"
US500 = make_market("km:US500", 130_000, 6_000, sz_decimals=3, max_leverage=20, dex="km", collateral="USDH")
USDC = "USDC"


def venue_in(mode: AccountMode, deposits: Number = 100_000) -> Venue:
    """Dave has nothing yet and is in a mode; the others are standard accounts with money on every dex."""
    venue = Venue(BTC, ETH, TSLA, US500, deposits=deposits)
    venue.apply(OpenAccount(DAVE, mode))
    return venue


def give(venue: Venue, amount: Number, dex: str = "", token: str = USDC, account: str = DAVE) -> None:
    venue.apply(Deposit(account, money(amount), dex, token))


def total(venue: Venue, token: str, account: str = DAVE) -> int:
    pool = venue.account(account).pool(token)
    assert pool is not None
    return pool_margin(pool, venue.exchange.markets).total


def set_mode(venue: Venue, mode: AccountMode, account: str = DAVE, by_agent: bool = False) -> str | None:
    return venue.reply(SetMode(account, None, mode, by_agent)).error


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_money_of_a_unified_account_is_in_the_spot_wallet_wherever_it_is_paid_in(mode: AccountMode) -> None:
    venue = venue_in(mode)
    give(venue, 100)
    give(venue, 20, "xyz")
    give(venue, 3, "spot")
    give(venue, 7, "km")
    assert venue.account(DAVE).spot == {"USDC": money(123), "USDH": money(7)}
    assert venue.exchange.deposited[""] == money(300_000), "the three standard accounts'"


def test_dexs_of_one_collateral_share_cross_margin() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 1_000)
    venue.leverage(DAVE, "xyz:TSLA", 10)
    venue.sell(BOB, "ETH", 4_000, 10)
    venue.sell(BOB, "xyz:TSLA", 400, 100)
    assert isinstance(venue.buy(DAVE, "ETH", 4_000, "2.5"), Filled)  # 500 of margin at 20x
    assert "Insufficient margin" in error_of(venue.buy(DAVE, "xyz:TSLA", 400, "12.4"))  # 496, and fees were paid
    assert isinstance(venue.buy(DAVE, "xyz:TSLA", 400, 12), Filled)
    assert "Insufficient margin" in error_of(venue.buy(DAVE, "ETH", 4_000, "0.2"))
    assert "Insufficient margin" in error_of(venue.buy(DAVE, "km:US500", 6_000, "0.01")), "USDH is another pool"


def test_profit_on_one_dex_backs_orders_on_another() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 500)
    venue.sell(BOB, "ETH", 4_000, 2)
    venue.buy(DAVE, "ETH", 4_000, 2)  # 400 of margin
    assert "Insufficient margin" in error_of(venue.buy(DAVE, "xyz:TSLA", 400, 3))  # 120 at 10x
    venue.oracle("ETH", 4_200)
    assert isinstance(venue.buy(DAVE, "xyz:TSLA", 400, 3), Resting)


def test_total_is_everything_there_is_of_a_token() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 5_000)
    venue.leverage(DAVE, "ETH", 10, is_cross=False)
    venue.sell(BOB, "ETH", 4_000, 2)
    venue.buy(DAVE, "ETH", 4_000, 2)
    venue.sell(BOB, "xyz:TSLA", 400, 5)
    venue.buy(DAVE, "xyz:TSLA", 400, 5)
    fees = sum(fill.fee for fill in venue.account(DAVE).fills)
    assert total(venue, USDC) == money(5_000) - fees
    venue.oracle("ETH", 4_100)
    venue.oracle("xyz:TSLA", 390)
    marks = {coin: venue.exchange.markets[venue.of(coin).asset].mark_px for coin in ("ETH", "xyz:TSLA")}
    profit = sum(venue.position(DAVE, coin).unrealized_pnl(mark) for coin, mark in marks.items())
    assert profit != 0
    assert total(venue, USDC) == money(5_000) - fees + profit
    venue.buy(BOB, "ETH", 4_100, 2)
    venue.sell(DAVE, "ETH", 4_100, 2)
    assert venue.szi(DAVE, "ETH") == 0
    fees = sum(fill.fee for fill in venue.account(DAVE).fills)
    closed = sum(fill.closed_pnl for fill in venue.account(DAVE).fills)
    open_profit = venue.position(DAVE, "xyz:TSLA").unrealized_pnl(marks["xyz:TSLA"])
    assert closed == money(200)
    assert total(venue, USDC) == money(5_000) - fees + closed + open_profit


def test_liquidation_price_counts_the_money_and_the_needs_of_the_whole_pool() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 1_000)
    venue.sell(BOB, "ETH", 4_000, 2)
    venue.buy(DAVE, "ETH", 4_000, 2)
    alone = liquidation_px(venue.position(DAVE, "ETH"), venue.house(DAVE), venue.exchange.markets)
    venue.sell(BOB, "xyz:TSLA", 400, 5)
    venue.buy(DAVE, "xyz:TSLA", 400, 5)
    both = liquidation_px(venue.position(DAVE, "ETH"), venue.house(DAVE), venue.exchange.markets)
    assert alone is not None
    assert both is not None
    assert both > alone
    # at that price the pool has exactly what both positions need
    venue.exchange.markets[1].mark_px = both
    pool = venue.account(DAVE).pool(USDC)
    assert pool is not None
    margin = pool_margin(pool, venue.exchange.markets)
    needs = maintenance_margin(ETH, 2 * 10**4 * both * ETH.lot_value) + maintenance_margin(TSLA, money(2_000))
    assert margin.maintenance == needs
    assert abs(margin.cross_value - needs) < money("0.05")


def test_going_unified_gathers_the_cash_of_all_dexs_and_keeps_the_positions() -> None:
    venue = venue_in("default")
    for dex in ("", "xyz", "km"):
        give(venue, 1_000, dex)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(DAVE, "ETH", 4_000, 1)
    venue.oracle("ETH", 4_100)
    worth = sum(
        clearinghouse_margin(venue.house(DAVE, dex), venue.exchange.markets).summary.account_value
        for dex in ("", "xyz")
    )
    assert set_mode(venue, "unifiedAccount") is None
    assert any(isinstance(event, ModeChanged) for event in venue.events)
    moved: dict[str, int] = {}
    for event in venue.events:
        if isinstance(event, CashMoved):
            moved[event.token] = moved.get(event.token, 0) + event.amount
    assert set(moved.values()) == {0}, "what leaves one place comes to another"
    assert venue.szi(DAVE, "ETH") == 1
    assert total(venue, USDC) == worth
    assert total(venue, "USDH") == money(1_000)
    assert venue.account(DAVE).spot[USDC] == money(2_000) - venue.account(DAVE).fills[0].fee
    assert set_mode(venue, "unifiedAccount") is None, "again is nothing new"


def test_way_back_is_closed_by_positions_and_orders() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 1_000)
    busy = "The account mode cannot be changed with open positions or orders."
    order = venue.buy(DAVE, "ETH", 3_900, 1)
    assert set_mode(venue, "disabled") == busy
    venue.cancel(DAVE, "ETH", oid_of(order))
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(DAVE, "ETH", 4_000, 1)
    assert set_mode(venue, "disabled") == busy
    assert set_mode(venue, "portfolioMargin") is None, "that keeps the cash where it is"
    venue.buy(BOB, "ETH", 3_990, 1)
    venue.sell(DAVE, "ETH", 3_990, 1)
    fills = venue.account(DAVE).fills
    left = money(1_000) + sum(fill.closed_pnl - fill.fee for fill in fills)
    assert set_mode(venue, "disabled") is None
    assert venue.account(DAVE).spot[USDC] == left
    assert {house.raw_usd for house in venue.account(DAVE).clearinghouses.values()} == {0}
    assert "Insufficient margin" in error_of(venue.buy(DAVE, "ETH", 3_900, 1)), "nothing is on the dex"


def test_cash_that_is_gathered_is_told_and_what_short_and_isolated_positions_hold_stays() -> None:
    venue = venue_in("default")
    for dex in ("", "xyz"):
        give(venue, 1_000, dex)
    venue.leverage(DAVE, "BTC", 10, is_cross=False)
    venue.buy(BOB, "ETH", 4_000, 1)
    venue.sell(DAVE, "ETH", 4_000, 1)  # its 4,000 of proceeds are no cash; the fee was 1.8
    venue.sell(BOB, "BTC", 100_000, "0.01")
    venue.buy(DAVE, "BTC", 100_000, "0.01")  # 100 of margin and a fee of 0.45
    assert set_mode(venue, "unifiedAccount") is None
    cash = money("897.75")
    assert moves(venue.events) == [
        (DAVE, "", USDC, -cash),
        (DAVE, "spot", USDC, cash),
        (DAVE, "xyz", USDC, -money(1_000)),
        (DAVE, "spot", USDC, money(1_000)),
    ]
    assert lines(venue.events) == [
        (
            DAVE,
            "send",
            amount,
            dex,
            LedgerDetails(user=DAVE, destination=DAVE, token=USDC, source_dex=dex, destination_dex="spot"),
        )
        for dex, amount in (("", cash), ("xyz", money(1_000)))
    ]
    assert [event for event in venue.events if isinstance(event, ModeChanged)] == [
        ModeChanged(venue.now, DAVE, "unifiedAccount")
    ]


def test_debt_of_a_dex_is_paid_by_the_pool_without_a_line_in_the_ledger() -> None:
    venue = venue_in("dexAbstraction")
    give(venue, 1_000)
    venue.sell(BOB, "xyz:TSLA", 400, 1)
    venue.buy(DAVE, "xyz:TSLA", 400, 1)
    venue.buy(BOB, "xyz:TSLA", 390, 1)
    venue.sell(DAVE, "xyz:TSLA", 390, 1)
    lost = money(10) + sum(fill.fee for fill in venue.account(DAVE).fills)
    assert venue.house(DAVE, "xyz").raw_usd == -lost
    assert set_mode(venue, "default") is None
    assert moves(venue.events) == [(DAVE, "xyz", USDC, lost), (DAVE, "", USDC, -lost)]
    assert lines(venue.events) == []


@pytest.mark.parametrize(
    ("before", "after", "may"),
    [
        ("default", "disabled", True),
        ("disabled", "default", True),
        ("default", "dexAbstraction", True),
        ("dexAbstraction", "unifiedAccount", False),
        ("dexAbstraction", "disabled", False),
        ("unifiedAccount", "dexAbstraction", False),
        ("portfolioMargin", "default", False),
        ("portfolioMargin", "unifiedAccount", True),
    ],
)
def test_busy_account_changes_its_mode_as_long_as_its_cash_need_not_be_divided(
    before: AccountMode, after: AccountMode, may: bool
) -> None:
    venue = venue_in(before)
    give(venue, 1_000)
    venue.buy(DAVE, "ETH", 3_900, 1)
    assert set_mode(venue, before) is None
    busy = "The account mode cannot be changed with open positions or orders."
    assert set_mode(venue, after) == (None if may else busy)
    assert venue.account(DAVE).mode == (after if may else before)


def test_unified_account_cannot_go_back_where_the_venue_refuses_that() -> None:
    venue = venue_in("unifiedAccount")
    venue.apply(SetQuirk("leave_unified", "refused"))
    give(venue, 1_000)
    refusal = "A unified account cannot go back to another mode."
    assert set_mode(venue, "default") == refusal
    assert set_mode(venue, "dexAbstraction") == refusal
    assert set_mode(venue, "portfolioMargin") is None
    assert set_mode(venue, "disabled") == refusal
    assert set_mode(venue, "disabled", account=ALICE) is None
    assert set_mode(venue, "unifiedAccount", account=ALICE) is None


def test_mode_of_a_vault_is_nobodys_to_set() -> None:
    venue = venue_in("default")
    vault = venue.reply(CreateVault(ALICE, "pool", money(100))).created
    assert vault is not None
    assert venue.reply(SetMode(ALICE, vault, "unifiedAccount")).error == "The mode of a vault cannot be set."


def test_agent_sets_the_mode_once() -> None:
    venue = venue_in("default")
    give(venue, 100)
    assert set_mode(venue, "unifiedAccount", by_agent=True) is None
    assert set_mode(venue, "disabled", by_agent=True) == "An agent can set the mode of an account only once."
    assert set_mode(venue, "disabled") is None


def test_nobody_sets_the_mode_of_another() -> None:
    venue = venue_in("default")
    refusal = "Only the mode of this account or of its sub-accounts can be set."
    assert venue.reply(SetMode(ALICE, BOB, "unifiedAccount")).error == refusal
    assert venue.reply(SetMode(ALICE, "0x" + "9" * 40, "unifiedAccount")).error == refusal


def test_master_sets_the_mode_of_a_sub_account() -> None:
    venue = venue_in("default")
    sub_account = venue.reply(CreateSubAccount(ALICE, "one")).created
    assert sub_account is not None
    assert venue.reply(SetMode(ALICE, sub_account, "unifiedAccount")).error is None
    assert [event for event in venue.events if isinstance(event, ModeChanged)] == [
        ModeChanged(venue.now, sub_account, "unifiedAccount")
    ]
    assert (venue.account(sub_account).mode, venue.account(ALICE).mode) == ("unifiedAccount", "default")


# ---------------------------------------------------------------------- transfers


def classes(venue: Venue, amount: Number, to_perp: bool, account: str = DAVE) -> str | None:
    return venue.reply(ClassTransfer(account, money(amount), to_perp)).error


def send(venue: Venue, amount: Number, source: str, destination: str, token: str = USDC, **more: object) -> str | None:
    to = str(more.pop("to", DAVE))
    sender = str(more.pop("sender", DAVE))
    return venue.reply(SendAsset(sender, to, source, destination, token, money(amount), **more)).error  # type: ignore[arg-type]


def test_standard_account_moves_usdc_between_spot_and_perps() -> None:
    venue = venue_in("default")
    give(venue, 100)
    assert classes(venue, "40.5", to_perp=False) is None
    assert venue.account(DAVE).spot == {USDC: money("40.5")}
    assert venue.house(DAVE).raw_usd == money("59.5")
    assert classes(venue, 41, to_perp=True) == "Insufficient balance for token transfer"
    assert classes(venue, 60, to_perp=False) == "Insufficient balance for withdrawal"
    assert classes(venue, "40.5", to_perp=True) is None
    assert classes(venue, 0, to_perp=True) == "Transfer amount must be more than zero."


def test_margin_in_use_does_not_leave() -> None:
    venue = venue_in("default")
    give(venue, 1_000)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(DAVE, "ETH", 4_000, 1)  # a tenth of the notional: 400
    assert classes(venue, "598.3", to_perp=False) == "Insufficient balance for withdrawal"
    assert classes(venue, "598.2", to_perp=False) is None


def test_unified_account_has_no_classes_to_move_between() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 100)
    assert classes(venue, 1, to_perp=True) == UNIFIED
    assert send(venue, 1, "spot", "") == UNIFIED
    assert send(venue, 1, "", "xyz") == UNIFIED


def test_unified_account_sends_to_others_what_its_margin_does_not_hold() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 1_000)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(DAVE, "ETH", 4_000, 1)
    before = venue.house(CAROL).raw_usd
    assert send(venue, 599, "", "", to=CAROL) == "Insufficient balance for withdrawal"
    assert send(venue, 500, "", "", to=CAROL) is None
    assert venue.house(CAROL).raw_usd == before + money(500)
    assert send(venue, 10, "", "spot", sender=CAROL) is None
    assert venue.account(DAVE).spot[USDC] == money(510)


def test_only_its_collateral_enters_a_dex() -> None:
    venue = venue_in("default")
    give(venue, 100)
    assert send(venue, 1, "", "km") == "The collateral of dex 'km' is USDH, not USDC."
    assert send(venue, 1, "", "nowhere") == "There is no dex 'nowhere'."
    assert send(venue, 1, "", "") == "Nothing would move: source and destination are the same."
    assert send(venue, 60, "", "xyz") is None
    assert (venue.house(DAVE).raw_usd, venue.house(DAVE, "xyz").raw_usd) == (money(40), money(60))
    give(venue, 5, "spot", "USDH")
    assert send(venue, 5, "spot", "km", "USDH") is None
    assert venue.house(DAVE, "km").raw_usd == money(5)


def test_address_that_is_sent_money_has_an_account() -> None:
    venue = venue_in("default")
    stranger = "0x" + "9" * 40
    assert send(venue, 5, "", "", to=stranger, sender=ALICE) is None
    assert venue.account(stranger).is_funded
    assert venue.leverage(stranger, "ETH", 5) is None


def test_agent_sends_only_within_the_family() -> None:
    venue = venue_in("default")
    give(venue, 100)
    refusal = "An agent can only send to the account itself and to its sub-accounts."
    assert send(venue, 1, "", "", to=BOB, by_agent=True) == refusal
    assert send(venue, 1, "", "spot", by_agent=True) is None


# ---------------------------------------------------------------------- other modes


def test_account_without_money_is_unknown_to_the_venue() -> None:
    venue = venue_in("unifiedAccount")
    error = venue.reply(SetMode(DAVE, None, "disabled")).error
    assert error == f"Must deposit before performing actions. User: {DAVE}"


def test_dex_abstraction_keeps_usdc_on_the_first_dex_and_the_rest_in_spot() -> None:
    venue = venue_in("dexAbstraction")
    give(venue, 300)
    give(venue, 200, "xyz")
    give(venue, 70, "km")
    assert venue.house(DAVE).raw_usd == money(500)
    assert venue.account(DAVE).spot == {"USDH": money(70)}
    give(venue, 9, "spot")
    assert venue.account(DAVE).spot == {"USDH": money(70), USDC: money(9)}, "that is no collateral in this mode"
    venue.sell(BOB, "xyz:TSLA", 400, 12)
    assert isinstance(venue.buy(DAVE, "xyz:TSLA", 400, 12), Filled), "480 of margin from the first dex"
    assert clearinghouse_margin(venue.house(DAVE), venue.exchange.markets).withdrawable < money(20)
    assert clearinghouse_margin(venue.house(DAVE, "xyz"), venue.exchange.markets).withdrawable == 0
    assert isinstance(venue.buy(DAVE, "km:US500", 5_900, "0.2"), Resting)


def test_builder_has_to_be_a_standard_account() -> None:
    venue = venue_in("unifiedAccount")
    give(venue, 1_000)
    venue.account(ALICE).builders[DAVE] = 10
    intent = venue.intent("buy", "ETH", 3_900, 1, builder=BuilderFee(DAVE, 10))
    exchange = venue.exchange
    assert "Builder must have" in str(
        builder_error(venue.account(ALICE), (intent,), exchange.accounts, exchange.markets)
    )
    venue.apply(OpenAccount(DAVE, "default"))
    give(venue, 100)
    assert builder_error(venue.account(ALICE), (intent,), exchange.accounts, exchange.markets) is None
