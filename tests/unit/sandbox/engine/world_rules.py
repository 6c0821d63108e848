"""Rules for a machine of `exchange_machine`: prices, time, markets that come and go, and what is set from outside."""

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import rule

from hyperliquid_perpetual.sandbox.engine.commands import (
    OrderIntent,
    PlaceOrders,
    SetPrices,
    SetQuirk,
    Tick,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.events import Failed
from hyperliquid_perpetual.sandbox.engine.world_commands import (
    CutOrders,
    DelistMarket,
    LimitHistory,
    ListMarket,
    Restrict,
    SetManyPrices,
)
from tests.unit.sandbox.engine.account_rules import AccountRules
from tests.unit.sandbox.engine.exchange_machine import (
    LATER,
    LOTS,
    MARKETS,
    PERMILLES,
    STEPS,
    SUB_ACCOUNT,
    VAULT,
    assets,
)
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE

QUIRKS = [
    ("partial_gtc_reply", "filled"),
    ("partial_gtc_reply", "resting"),
    ("small_reduce_only_close", "refused"),
    ("refused_modify", "keeps_old"),
    ("refused_modify", "cancels_old"),
    ("asset_suffix", "absent"),
    ("leave_unified", "refused"),
    ("leave_unified", "when_flat"),
]


class WorldRules(AccountRules):
    """The world around the accounts, and the quotes that keep its books from being empty."""

    @rule(account=st.sampled_from([ALICE, BOB, BOB, CAROL]), asset=assets, lots=st.integers(1, 8))
    def quote(self, account: str, asset: int, lots: int) -> None:
        """A market maker's pair, so that books do not stay empty."""
        oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
        pair = tuple(
            OrderIntent(asset, is_buy, oracle + (-1 if is_buy else 1) * STEPS[asset] * 2, LOTS[asset] * lots)
            for is_buy in (True, False)
        )
        self.check_statuses(self.ask(PlaceOrders(account, pair)), 2, account)

    @rule(asset=assets, percent=st.sampled_from([-45, -20, *range(-8, 9), *range(-3, 4), 20, 60]))
    def move_oracle(self, asset: int, percent: int) -> None:
        oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
        self.run(SetPrices(asset, oracle * (100 + percent) // 100))

    @rule(step=st.sampled_from([0, 1, 70, 3_000, 30_000, 30_000, 60_000, 1_800_000, 9_000_000, 86_400_000]))
    def wait(self, step: int) -> None:
        self.now += step
        self.run(Tick())

    @rule(
        account=st.sampled_from([CAROL, DAVE, SUB_ACCOUNT, VAULT]),
        asset=st.sampled_from([0, 0, 0, 1]),
        is_buy=st.booleans(),
        moves=st.lists(
            st.sampled_from(PERMILLES),
            min_size=1,
            max_size=3,
        ),
        leaves_quotes=st.booleans(),
    )
    def gamble(self, account: str, asset: int, is_buy: bool, moves: list[int], leaves_quotes: bool) -> None:
        """All that an account has, at as much leverage as there is, and then the price moves."""
        state = self.exchange.markets[asset]
        px_now = state.oracle_px // STEPS[asset] * STEPS[asset]
        known = self.exchange.accounts.get(account)
        if state.market.is_delisted or known is None:
            return
        self.ask(UpdateLeverage(account, asset, True, state.market.max_leverage))
        cash = sum(house.raw_usd for house in known.clearinghouses.values() if not house.dex)
        lots = max(cash, 0) * state.market.max_leverage * 9 // 10 // (px_now * state.market.lot_value)
        if lots:
            self.ask(PlaceOrders(ALICE, (OrderIntent(asset, not is_buy, px_now, lots),)))
            self.ask(PlaceOrders(account, (OrderIntent(asset, is_buy, px_now, lots, tif="Ioc"),)))
            if leaves_quotes:
                self.quote(BOB, asset, 40)
            for permille in moves:
                self.run(SetPrices(asset, state.oracle_px * (1_000 + permille) // 1_000))

    @rule(asset=st.sampled_from([1, 110_000]), percent=st.integers(80, 120), chance=st.integers(0, 3))
    def delist(self, asset: int, percent: int, chance: int) -> None:
        """A market ends at whatever price; seldom, because nothing happens in it any more."""
        state = self.exchange.markets[asset]
        if chance == 0 and not state.market.is_delisted:
            self.run(DelistMarket(asset, state.mark_px * percent // 100))
            assert state.market.is_delisted
            assert not any(order.record.asset == asset for order in self.ledger.resting.values())
            held = [account.position(state.market) for account in self.exchange.accounts.values()]
            assert not any(position is not None and position.szi for position in held)

    @rule(moves=st.lists(st.tuples(assets, st.integers(-9, 9)), min_size=1, max_size=3))
    def move_many(self, moves: list[tuple[int, int]]) -> None:
        oracles = {market.asset: market.oracle_px for market in MARKETS}
        self.run(SetManyPrices(tuple((asset, oracles[asset] * (100 + percent) // 100) for asset, percent in moves)))

    @rule(pick=st.integers(0, 10**6), percent=st.sampled_from([10, 50, 90]))
    def cut(self, pick: int, percent: int) -> None:
        """A resting order becomes smaller where it stands."""
        resting = [order for order in self.ledger.resting.values() if order.remaining > 1]
        if resting:
            order = resting[pick % len(resting)]
            lots = max(1, order.remaining * percent // 100)
            self.ledger.cut_from_outside.add(order.record.oid)
            self.run(CutOrders(order.record.account, ((order.record.oid, lots),)))
            assert order.remaining == lots

    @rule(account=st.sampled_from([ALICE, BOB]), records=st.sampled_from([40, 400]))
    def keep_less(self, account: str, records: int) -> None:
        self.run(LimitHistory(account, records))
        assert len(self.exchange.accounts[account].history) <= records

    @rule(name_and_value=st.sampled_from(QUIRKS))
    def change_quirk(self, name_and_value: tuple[str, str]) -> None:
        self.run(SetQuirk(*name_and_value))

    @rule(post_only=st.booleans(), capped=st.lists(assets, max_size=1))
    def restrict(self, post_only: bool, capped: list[int]) -> None:
        """For a while; nobody takes anything meanwhile, so it does not last."""
        self.run(Restrict(post_only, tuple(capped)))
        intent = OrderIntent(0, True, MARKETS[0].oracle_px, LOTS[0], tif="Ioc")
        reply = self.ask(PlaceOrders(ALICE, (intent,)))
        assert not post_only or reply.error is not None or isinstance(reply.statuses[0], Failed)
        self.run(Restrict())

    @rule(lots=st.integers(1, 9), is_buy=st.booleans())
    def trade_what_is_new(self, lots: int, is_buy: bool) -> None:
        """A market that opens with the first trade in it."""
        if LATER.asset not in self.exchange.markets:
            self.run(ListMarket(LATER))
            self.ledger.markets[LATER.asset] = LATER
            self.ledger.oracle[LATER.asset] = Fraction(LATER.oracle_px, 10**6)
            self.ledger.mark[LATER.asset] = LATER.oracle_px
        for account, side in ((ALICE, not is_buy), (BOB, is_buy)):
            intent = OrderIntent(LATER.asset, side, LATER.oracle_px, LOTS[LATER.asset] * lots)
            self.check_statuses(self.ask(PlaceOrders(account, (intent,))), 1, account)
