"""Whatever is asked, in whatever order: nothing appears, nothing vanishes, and every index agrees with every other."""

from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from hyperliquid_perpetual.sandbox.engine.commands import (
    BuilderFee,
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
    SetPrices,
    SetQuirk,
    Tick,
    Tif,
    Trigger,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.events import Failed, Filled, Replied, Resting, TwapRunning
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap, PlaceTwap, TwapIntent, TwapTrigger
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket, ListMarket, Restrict
from tests.unit.sandbox.engine.account_rules import AccountRules
from tests.unit.sandbox.engine.exchange_machine import (
    CLOIDS,
    LATER,
    LOTS,
    MARKETS,
    PERMILLES,
    STEPS,
    SUB_ACCOUNT,
    VAULT,
    accounts,
    assets,
    builders,
    cloids,
)
from tests.unit.sandbox.engine.ledger import micro
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


@st.composite
def intents(draw: st.DrawFn) -> OrderIntent:
    """An order near the oracle, mostly well formed."""
    asset = draw(assets)
    oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
    price = oracle + draw(st.integers(-6, 6)) * STEPS[asset] * draw(st.sampled_from([1, 1, 1, 40]))
    if draw(st.integers(0, 30)) == 0:
        price += 1
    return OrderIntent(
        asset,
        draw(st.booleans()),
        price,
        LOTS[asset] * draw(st.sampled_from([0, 1, 1, 2, 3, 3, 10, 60])) + draw(st.integers(0, 3)),
        draw(st.integers(0, 3)) == 0,
        draw(st.sampled_from(["Gtc", "Gtc", "Gtc", "Alo", "Ioc", "FrontendMarket"])),
        draw(cloids),
        draw(builders),
    )


class AnyOrderOfCommands(AccountRules):
    """Random commands of every kind that there is."""

    @rule(account=accounts, batch=st.lists(intents(), min_size=1, max_size=4))
    def place(self, account: str, batch: list[OrderIntent]) -> None:
        self.check_statuses(self.ask(PlaceOrders(account, tuple(batch))), len(batch), account)

    @rule(account=st.sampled_from([ALICE, BOB, BOB, CAROL]), asset=assets, lots=st.integers(1, 8))
    def quote(self, account: str, asset: int, lots: int) -> None:
        """A market maker's pair, so that books do not stay empty."""
        oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
        pair = tuple(
            OrderIntent(asset, is_buy, oracle + (-1 if is_buy else 1) * STEPS[asset] * 2, LOTS[asset] * lots)
            for is_buy in (True, False)
        )
        self.check_statuses(self.ask(PlaceOrders(account, pair)), 2, account)

    @rule(
        account=st.sampled_from([ALICE, CAROL, DAVE]),
        asset=assets,
        is_buy=st.booleans(),
        lots=st.integers(1, 20),
        tif=st.sampled_from(["Gtc", "Ioc", "FrontendMarket"]),
    )
    def take(self, account: str, asset: int, is_buy: bool, lots: int, tif: Tif) -> None:
        """An order that crosses whatever is near."""
        oracle = self.exchange.markets[asset].oracle_px
        price = oracle * (106 if is_buy else 94) // 100 // STEPS[asset] * STEPS[asset]
        fee = BuilderFee(CAROL, 25) if lots % 2 and account == ALICE else None
        intent = OrderIntent(asset, is_buy, price, LOTS[asset] * lots, tif=tif, builder=fee)
        self.check_statuses(self.ask(PlaceOrders(account, (intent,))), 1, account)

    @rule(pick=st.integers(0, 10**6), ticks=st.integers(-2, 4), percent=st.sampled_from([30, 60, 100, 250]))
    def reduce(self, pick: int, ticks: int, percent: int) -> None:
        """A reduce-only order of somebody who has a position, cutting through the book or resting behind it."""
        held = self.held()
        if not held:
            return
        account, position = held[pick % len(held)]
        asset, is_buy = position.asset, position.szi < 0
        price = self.exchange.markets[asset].oracle_px // STEPS[asset] + (-ticks if is_buy else ticks)
        size = max(1, abs(position.szi) * percent // 100)
        intent = OrderIntent(asset, is_buy, price * STEPS[asset], size, reduce_only=True)
        self.check_statuses(self.ask(PlaceOrders(account, (intent,))), 1, account)

    def tpsl(self, asset: int, is_buy: bool, ticks: int, size: int, shape: int, cloid: str | None) -> OrderIntent:
        """A trigger order some ticks away from the mark, on the side where it waits; rarely one that is refused."""
        mark = self.exchange.markets[asset].mark_px // STEPS[asset]
        tpsl: Literal["tp", "sl"] = "tp" if shape & 1 else "sl"
        rises = (tpsl == "tp") is not is_buy
        trigger_px = (mark + ticks if rises else mark - ticks + 1) * STEPS[asset]
        away = (3 if is_buy else -3) * STEPS[asset] * (1 if shape & 2 else 20)
        return OrderIntent(
            asset, is_buy, trigger_px + away, size, True, "Gtc", cloid, None, Trigger(bool(shape & 4), trigger_px, tpsl)
        )

    @rule(
        pick=st.integers(0, 10**6),
        ticks=st.integers(0, 6),
        percent=st.sampled_from([30, 100, 250]),
        shape=st.integers(0, 7),
        cloid=cloids,
        grouping=st.sampled_from(["na", "na", "positionTpsl"]),
    )
    def protect(
        self,
        pick: int,
        ticks: int,
        percent: int,
        shape: int,
        cloid: str | None,
        grouping: Literal["na", "positionTpsl"],
    ) -> None:
        """TP/SL orders of somebody who has a position."""
        held = self.held()
        if not held:
            return
        account, position = held[pick % len(held)]
        size = max(1, abs(position.szi) * percent // 100)
        intents = tuple(
            self.tpsl(position.asset, position.szi < 0, ticks, size if grouping == "na" else 0, kind, cloid_of)
            for kind, cloid_of in ((shape, cloid), (shape ^ 1, None))
        )
        self.check_statuses(self.ask(PlaceOrders(account, intents, grouping)), 2, account)

    @rule(account=accounts, intent=intents(), ticks=st.integers(1, 6), shape=st.integers(0, 7), cloid=cloids)
    def bracket(self, account: str, intent: OrderIntent, ticks: int, shape: int, cloid: str | None) -> None:
        """Any order with a take profit and a stop."""
        children = tuple(
            self.tpsl(intent.asset, not intent.is_buy, ticks, max(1, intent.sz), kind, cloid_of)
            for kind, cloid_of in ((shape, cloid), (shape ^ 1, None))
        )
        self.check_statuses(self.ask(PlaceOrders(account, (intent, *children), "normalTpsl")), 3, account)

    @rule(
        account=accounts,
        asset=assets,
        is_buy=st.booleans(),
        lots=st.integers(0, 60),
        minutes=st.sampled_from([4, 5, 5, 5, 6, 60]),
        shape=st.integers(0, 31),
    )
    def slice_it(self, account: str, asset: int, is_buy: bool, lots: int, minutes: int, shape: int) -> None:
        """A TWAP order; a few of them wait for a trigger price or have a stop price."""
        mark = self.exchange.markets[asset].mark_px // STEPS[asset]
        trigger = TwapTrigger((mark + shape - 16) * STEPS[asset], bool(shape & 1)) if shape % 4 == 0 else None
        stop_px = (mark + (9 if is_buy else -9)) * STEPS[asset] if shape % 5 == 0 else None
        sz = LOTS[asset] * lots + shape % 3
        intent = TwapIntent(asset, is_buy, sz, shape % 7 == 0, minutes, bool(shape & 2), trigger, stop_px)
        reply = self.ask(PlaceTwap(account, intent))
        if reply.error is None:
            (status,) = reply.statuses
            assert isinstance(status, TwapRunning | Failed)

    @rule(pick=st.integers(0, 10**6))
    def stop_slicing(self, pick: int) -> None:
        """Somebody ends one, or tries to."""
        if not self.ledger.twaps:
            return
        state = list(self.ledger.twaps.values())[pick % len(self.ledger.twaps)]
        account = state.account if pick % 3 else BOB
        (status,) = self.ask(CancelTwap(account, state.asset, state.twap_id)).statuses
        assert isinstance(status, Failed) is (account != state.account)
        assert (state.twap_id in self.ledger.twaps) is (account != state.account)

    @rule(pick=st.integers(0, 10**6), has_takers=st.booleans())
    def reach(self, pick: int, has_takers: bool) -> None:
        """The world goes to where a trigger order waits for it, and mostly somebody is there to trade with."""
        if not self.ledger.waiting:
            return
        known = list(self.ledger.waiting.values())[pick % len(self.ledger.waiting)].record
        assert known.trigger is not None
        if has_takers:
            worst = known.limit_px // STEPS[known.asset] * STEPS[known.asset]
            other = OrderIntent(known.asset, not known.is_buy, worst, LOTS[known.asset] * (1 + pick % 9))
            account = BOB if known.account != BOB else ALICE
            self.check_statuses(self.ask(PlaceOrders(account, (other,))), 1, account)
        self.run(SetPrices(known.asset, known.trigger.px, known.trigger.px))

    @rule(account=st.sampled_from([ALICE, BOB, CAROL]), asset=assets, is_buy=st.booleans(), lots=st.integers(2, 9))
    def meet(self, account: str, asset: int, is_buy: bool, lots: int) -> None:
        """Two accounts trade at the mark, so that there are positions to protect."""
        price = self.exchange.markets[asset].mark_px // STEPS[asset] * STEPS[asset]
        other = ALICE if account != ALICE else BOB
        for who, side in ((other, not is_buy), (account, is_buy)):
            intent = OrderIntent(asset, side, price, LOTS[asset] * lots)
            self.check_statuses(self.ask(PlaceOrders(who, (intent,))), 1, who)

    @rule(
        maker=st.sampled_from([ALICE, BOB]),
        is_buy=st.booleans(),
        lots=st.integers(40_000, 90_000),
        day_passes=st.booleans(),
    )
    def trade_much(self, maker: str, is_buy: bool, lots: int, day_passes: bool) -> None:
        """There and back, so that fees, volumes and rewards are worth something."""
        if day_passes:
            self.now += 86_400_000
            self.run(Tick())
        taker = BOB if maker == ALICE else ALICE
        price = self.exchange.markets[0].mark_px // STEPS[0] * STEPS[0]
        for side in (is_buy, not is_buy):
            for who, is_bid in ((maker, not side), (taker, side)):
                reply = self.ask(PlaceOrders(who, (OrderIntent(0, is_bid, price, lots, tif="Gtc"),)))
                self.check_statuses(reply, 1, who)

    @rule(pick=st.integers(0, 10**6), ticks=st.integers(0, 6), shape=st.integers(0, 7))
    def modify_waiting(self, pick: int, ticks: int, shape: int) -> None:
        """Another trigger price for an order that waits."""
        if not self.ledger.waiting:
            return
        known = list(self.ledger.waiting.values())[pick % len(self.ledger.waiting)].record
        intent = self.tpsl(known.asset, known.is_buy, ticks, known.sz, shape, known.cloid)
        self.check_statuses(self.ask(ModifyOrders(known.account, (Modification(known.oid, intent),))), 1, known.account)

    @rule(account=accounts, pick=st.integers(0, 10**6), asset=assets)
    def cancel(self, account: str, pick: int, asset: int) -> None:
        oids = [*self.ledger.resting, *self.ledger.waiting, *list(self.ledger.ended)[-3:]]
        oid = oids[pick % len(oids)] if oids else pick
        known = self.ledger.resting.get(oid) or self.ledger.waiting.get(oid)
        if known is not None and pick % 4:
            account, asset = known.record.account, known.record.asset
        reply = self.ask(CancelOrders(account, ((asset, oid),), bool(pick & 1)))
        if reply.error is None:
            succeeds = known is not None and (known.record.account, known.record.asset) == (account, asset)
            assert isinstance(reply.statuses[0], Failed) is not succeeds
            still_open = {*self.ledger.resting, *self.ledger.waiting}
            assert (oid in still_open) is (known is not None and not succeeds)

    @rule(account=accounts, cloid=st.sampled_from(CLOIDS), asset=assets)
    def cancel_by_cloid(self, account: str, cloid: str, asset: int) -> None:
        self.ask(CancelOrdersByCloid(account, ((asset, cloid),)))

    @rule(account=accounts, pick=st.integers(0, 10**6), intent=intents())
    def modify(self, account: str, pick: int, intent: OrderIntent) -> None:
        target: int | str = CLOIDS[pick % len(CLOIDS)]
        if self.ledger.resting and pick % 3:
            known = list(self.ledger.resting.values())[pick % len(self.ledger.resting)]
            account, target = known.record.account, known.record.oid
        self.check_statuses(self.ask(ModifyOrders(account, (Modification(target, intent),))), 1, account)

    @rule(
        account=st.sampled_from([ALICE, BOB, SUB_ACCOUNT]),
        asset=st.sampled_from([0, 1]),
        is_buy=st.booleans(),
        ticks=st.integers(1, 2),
        lots=st.integers(1, 3),
        priority=st.sampled_from([1, 5_000, 80_000, 10**8 + 1]),
        tif=st.sampled_from(["Alo", "Alo", "Ioc", "Gtc"]),
        waits=st.booleans(),
    )
    def pay_for_priority(
        self, account: str, asset: int, is_buy: bool, ticks: int, lots: int, priority: int, tif: Tif, waits: bool
    ) -> None:
        """Behind another order of the same price, or not."""
        market = next(market for market in MARKETS if market.asset == asset)
        price = market.oracle_px + (-ticks if is_buy else ticks) * STEPS[asset]
        if waits:
            plain = OrderIntent(asset, is_buy, price, LOTS[asset], tif="Alo")
            self.check_statuses(self.ask(PlaceOrders(CAROL, (plain,))), 1, CAROL)
            self.now += 150
        before = dict(self.ledger.undelegated)
        mark = Fraction(self.exchange.markets[0].mark_px, 10**6)
        intent = OrderIntent(asset, is_buy, price, LOTS[asset] * lots, tif=tif)
        reply = self.run_priority(PlaceOrders(account, (intent,), priority=priority))
        payer = self.ledger.rates.payer(account)
        paid = before.get(payer, Fraction(0)) - self.ledger.undelegated.get(payer, Fraction(0))
        value = Fraction(0)
        for status in reply.statuses:
            if isinstance(status, Filled):
                value = Fraction(status.notional, 10**12)
            elif isinstance(status, Resting):
                value = Fraction(price * LOTS[asset] * lots, 10 ** (6 + market.sz_decimals))
        assert paid == micro(value * priority / 10**8 / mark)

    def run_priority(self, command: PlaceOrders) -> Replied:
        reply = self.ask(command)
        for status in reply.statuses:
            if isinstance(status, Resting):
                self.ledger.promote(status.oid, command.priority, self.now)
        return reply

    @rule(account=accounts, intent=intents(), oid=st.integers(1, 50))
    def amend_or_place(self, account: str, intent: OrderIntent, oid: int) -> None:
        """The new order is there whether or not there was an old one."""
        self.check_statuses(self.ask(ModifyOrders(account, (Modification(oid, intent),), True)), 1, account)

    # ------------------------------------------------------------------ the world

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


AnyOrderOfCommands.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestAnyOrderOfCommands = AnyOrderOfCommands.TestCase


def leaves(union: Any) -> list[type]:
    """The members of a union of unions."""
    found = get_args(union)
    return [leaf for member in found for leaf in leaves(member)] if found else [union]


def test_every_command_of_the_engine_takes_part() -> None:
    here = Path(__file__).parent
    files = ("exchange_machine.py", "account_rules.py", Path(__file__).name)
    source = "".join((here / name).read_text() for name in files)
    assert [command.__name__ for command in leaves(Command) if f"{command.__name__}(" not in source] == []
