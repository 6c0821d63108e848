"""Whatever is asked, in whatever order: nothing appears, nothing vanishes, and every index agrees with every other."""

from fractions import Fraction
from typing import Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ApproveBuilder,
    ClassTransfer,
    CreateSubAccount,
    CreateVault,
    SendAsset,
    SetMode,
    TopUpIsolatedMargin,
    TransferToSubAccount,
    TransferToVault,
    UpdateIsolatedMargin,
)
from hyperliquid_perpetual.sandbox.engine.commands import (
    BuilderFee,
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Deposit,
    Modification,
    ModifyOrders,
    OrderIntent,
    PlaceOrders,
    ScheduleCancel,
    SetPrices,
    Tick,
    Tif,
    Trigger,
    UpdateLeverage,
)
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import (
    Event,
    Failed,
    Filled,
    Replied,
    Resting,
    TwapRunning,
    WaitingForFill,
    WaitingForTrigger,
)
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.family import derived_address
from hyperliquid_perpetual.sandbox.engine.pools import AccountMode
from hyperliquid_perpetual.sandbox.engine.state import Account, Clearinghouse, Position
from hyperliquid_perpetual.sandbox.engine.twap_commands import CancelTwap, PlaceTwap, TwapIntent, TwapTrigger
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket
from tests.unit.sandbox.engine.ledger import ShadowLedger
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, make_market, money, px

MARKETS = (
    make_market("AAA", 0, 100, sz_decimals=2, max_leverage=50),
    make_market("BBB", 1, "0.05", sz_decimals=0, max_leverage=10),
    make_market("dex:CCC", 110_000, 2_000, sz_decimals=4, max_leverage=5, dex="dex", margin_mode="strictIsolated"),
)
STEPS = {0: px("0.01"), 1: px("0.00001"), 110_000: px("0.1")}
LOTS = {0: 25, 1: 400, 110_000: 60}
CLOIDS = [f"0x{number:032x}" for number in range(1, 5)]

SUB_ACCOUNT, VAULT = derived_address("sub-account", ALICE, 0), derived_address("vault", BOB, 0)

accounts = st.sampled_from([ALICE, BOB, CAROL, DAVE, ALICE, BOB, CAROL, DAVE, SUB_ACCOUNT, VAULT])
amounts = st.sampled_from([0, 1, 999_999, 10**12, 10**14 + 1, 10**15, 10**20])
places = st.sampled_from(["", "dex", "spot", "nowhere"])
modes = st.sampled_from(
    ["default", "disabled", "unifiedAccount", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
)
assets = st.sampled_from([0, 0, 1, 110_000])
builders = st.sampled_from([*[None] * 8, BuilderFee(CAROL, 25), BuilderFee(DAVE, 100), BuilderFee(BOB, 0)])
cloids = st.sampled_from([None, None, None, *CLOIDS])


PERMILLES = [-400, -60, -20, -16, -13, -12, -11, -9, 9, 11, 12, 13, 16, 20, 60, 600]


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


class AnyOrderOfCommands(RuleBasedStateMachine):
    """Random commands by six accounts (a sub-account and a vault among them) in three markets on two dexs."""

    def __init__(self) -> None:
        super().__init__()
        config = ExchangeConfig(
            markets=MARKETS, scheduled_cancel_volume=0, open_orders_base=20, open_orders_max=22, first_oid=1
        )
        self.exchange = Exchange(config)
        self.ledger = ShadowLedger({market.asset: market for market in MARKETS})
        self.ledger.oracle = {market.asset: Fraction(market.oracle_px, 10**6) for market in MARKETS}
        self.ledger.mark = {market.asset: market.oracle_px for market in MARKETS}
        self.now = NOON
        self.paid_in = Fraction(0)

    def run(self, command: Command) -> list[Event]:
        before = {
            (address, asset): abs(position.szi)
            for address, account in self.exchange.accounts.items()
            for house in account.clearinghouses.values()
            for asset, position in house.positions.items()
        }
        fees_before = dict(self.ledger.fees)
        marks_before = {asset: state.mark_px for asset, state in self.exchange.markets.items()}
        deleveraged_before = self.ledger.deleveraged
        events = self.exchange.apply(self.now, command)
        self.ledger.follow(events)
        if isinstance(command, SetPrices | Tick) and self.ledger.deleveraged == deleveraged_before:
            moved = any(state.mark_px != marks_before[asset] for asset, state in self.exchange.markets.items())
            if moved:
                self.check_liquidations()
        self.check_margin(before, fees_before)
        self.check_total(command)
        return events

    def check_total(self, command: Command) -> None:
        """Transfers change where the money is, and nothing but deposits how much of it there is."""
        if isinstance(command, Deposit):
            self.paid_in += Fraction(command.amount, 10**12)
        assert self.paid_in == sum(self.ledger.deposited.values()) + sum(self.ledger.deposited_spot.values())

    def check_margin(self, before: dict[tuple[str, int], int], fees_before: dict[str, Fraction]) -> None:
        """Whoever has only grown in this command has initial margin for it, but for the command's fees."""
        for address, account in self.exchange.accounts.items():
            if address == self.exchange.liquidator:
                continue
            for houses, cash in self.margined_together(account):
                held = [(asset, position) for house in houses for asset, position in house.positions.items()]
                grown = [abs(position.szi) - before.get((address, asset), 0) for asset, position in held]
                if not grown or min(grown) < 0 or max(grown) == 0:
                    continue
                equity = cash + sum(Fraction(house.raw_usd, 10**12) for house in houses)
                needed = Fraction(0)
                for asset, position in held:
                    if position.is_cross:
                        mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                        size = Fraction(position.szi, 10**position.market.sz_decimals)
                        equity += size * mark
                        needed += abs(size) * mark / position.leverage - Fraction(1, 10**6)
                paid = sum(
                    self.ledger.fees.get(house.dex, Fraction(0)) - fees_before.get(house.dex, Fraction(0))
                    for house in houses
                )
                assert equity + paid >= needed

    def check_liquidations(self) -> None:
        """When a mark price has moved, nobody is left with less than two thirds of the maintenance margin."""
        for address, account in self.exchange.accounts.items():
            if address == self.exchange.liquidator:
                continue
            for houses, cash in self.margined_together(account):
                equity = cash + sum(Fraction(house.raw_usd, 10**12) for house in houses)
                needed = Fraction(0)
                for house in houses:
                    for asset, position in house.positions.items():
                        if not position.szi:
                            continue
                        mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                        value = Fraction(position.szi, 10**position.market.sz_decimals) * mark
                        needs = abs(value) / (2 * position.market.max_leverage) - Fraction(1, 10**6)
                        if position.is_cross:
                            equity += value
                            needed += needs
                        else:
                            assert Fraction(position.isolated_usd, 10**12) + value >= needs * 2 / 3
                assert not needed or equity >= needed * 2 / 3

    def margined_together(self, account: Account) -> list[tuple[list[Clearinghouse], Fraction]]:
        """Each group of dexs that share margin (all are of one collateral here), with what the spot wallet adds."""
        houses = list(account.clearinghouses.values())
        if account.mode in ("default", "disabled"):
            return [([house], Fraction(0)) for house in houses]
        in_spot = account.mode != "dexAbstraction"
        return [(houses, self.ledger.spot.get((account.address, "USDC"), Fraction(0)) if in_spot else Fraction(0))]

    def ask(self, command: Command) -> Replied:
        reply = self.run(command)[0]
        assert isinstance(reply, Replied)
        return reply

    @initialize()
    def fund(self) -> None:
        for account, amount in ((ALICE, 50_000), (BOB, 50_000), (CAROL, 500), (DAVE, 50)):
            for dex in ("", "dex"):
                self.run(Deposit(account, money(amount), dex))
            if account == ALICE:
                self.ask(CreateSubAccount(ALICE, "sub"))
                self.ask(TransferToSubAccount(ALICE, SUB_ACCOUNT, True, money(4_000)))
            if account == BOB:
                self.ask(CreateVault(BOB, "vault", money(2_000)))
            for builder in (CAROL, DAVE)[: amount // 20_000]:
                self.ask(ApproveBuilder(account, builder, 100))

    @rule(account=accounts, amount=st.integers(1, 10**15), dex=places.filter(lambda place: place != "nowhere"))
    def deposit(self, account: str, amount: int, dex: str) -> None:
        self.run(Deposit(account, amount, dex))

    @rule(account=accounts, batch=st.lists(intents(), min_size=1, max_size=4))
    def place(self, account: str, batch: list[OrderIntent]) -> None:
        self.check_statuses(self.ask(PlaceOrders(account, tuple(batch))), len(batch), account)

    @rule(account=accounts, builder=st.sampled_from([CAROL, DAVE]), fee=st.sampled_from([0, 25, 100, 100, 1001]))
    def approve_builder(self, account: str, builder: str, fee: int) -> None:
        self.ask(ApproveBuilder(account, builder, fee))

    @rule(account=st.sampled_from([ALICE, BOB, BOB, CAROL]), asset=assets, lots=st.integers(1, 8))
    def quote(self, account: str, asset: int, lots: int) -> None:
        """A market maker's pair, so that books do not stay empty."""
        oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
        pair = tuple(
            OrderIntent(asset, is_buy, oracle + (-1 if is_buy else 1) * STEPS[asset] * 2, LOTS[asset] * lots)
            for is_buy in (True, False)
        )
        self.check_statuses(self.ask(PlaceOrders(account, pair)), 2, account)

    def check_statuses(self, reply: Replied, count: int, account: str) -> None:
        assert (reply.error is None) == (len(reply.statuses) == count)
        for status in reply.statuses:
            if isinstance(status, Resting | Filled | WaitingForFill | WaitingForTrigger):
                record = self.exchange.order(account, status.oid)
                assert record is not None
                assert record.cloid == status.cloid
                assert (record.trigger is not None) is isinstance(status, WaitingForFill | WaitingForTrigger)
                filled = self.ledger.filled.get(status.oid, 0)
                assert not isinstance(status, Filled) or status.total_sz == filled
            else:
                assert isinstance(status, Failed)

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

    def held(self) -> list[tuple[str, Position]]:
        return [
            (account.address, position)
            for account in self.exchange.accounts.values()
            for house in account.clearinghouses.values()
            for position in house.open_positions()
        ]

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
        reply = self.ask(CancelOrders(account, ((asset, oid),)))
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

    @rule(account=accounts, asset=assets, leverage=st.integers(0, 51), is_cross=st.booleans())
    def set_leverage(self, account: str, asset: int, leverage: int, is_cross: bool) -> None:
        self.ask(UpdateLeverage(account, asset, is_cross, leverage))

    @rule(is_deposit=st.booleans(), amount=amounts)
    def transfer_to_sub_account(self, is_deposit: bool, amount: int) -> None:
        self.ask(TransferToSubAccount(ALICE, SUB_ACCOUNT, is_deposit, amount))

    @rule(account=accounts, mode=modes, by_agent=st.booleans())
    def set_mode(self, account: str, mode: AccountMode, by_agent: bool) -> None:
        self.ask(SetMode(account, None, mode, by_agent))

    @rule(account=accounts, amount=amounts, to_perp=st.booleans())
    def transfer_between_classes(self, account: str, amount: int, to_perp: bool) -> None:
        self.ask(ClassTransfer(account, amount, to_perp))

    @rule(account=accounts, to=accounts, amount=amounts, source=places, destination=places)
    def send(self, account: str, to: str, amount: int, source: str, destination: str) -> None:
        """Nobody can send away what margins his positions."""
        reply = self.ask(SendAsset(account, to, source, destination, "USDC", amount))
        if reply.error is not None:
            return
        sender = self.exchange.accounts[account]
        for houses, cash in self.margined_together(sender):
            if source in (house.dex for house in houses) or sender.mode not in ("default", "disabled"):
                equity, used = cash, Fraction(0)
                for house in houses:
                    equity += Fraction(house.raw_usd, 10**12)
                    for asset, position in house.positions.items():
                        if position.is_cross:
                            mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                            size = Fraction(position.szi, 10**position.market.sz_decimals)
                            equity += size * mark
                            used += abs(size) * mark / 10
                assert equity >= used or (sender.mode == "dexAbstraction" and source == "spot")

    @rule(account=accounts, is_deposit=st.booleans(), amount=amounts)
    def transfer_to_vault(self, account: str, is_deposit: bool, amount: int) -> None:
        if account not in (SUB_ACCOUNT, VAULT):
            self.ask(TransferToVault(account, VAULT, is_deposit, amount))

    @rule(account=accounts, asset=assets, amount=st.integers(-(10**14), 10**14))
    def move_isolated_margin(self, account: str, asset: int, amount: int) -> None:
        self.ask(UpdateIsolatedMargin(account, asset, amount))

    @rule(account=accounts, asset=assets, leverage=st.integers(0, 5 * 10**6))
    def top_up_isolated_margin(self, account: str, asset: int, leverage: int) -> None:
        self.ask(TopUpIsolatedMargin(account, asset, leverage))

    @rule(asset=assets, percent=st.sampled_from([-45, -20, *range(-8, 9), *range(-3, 4), 20, 60]))
    def move_oracle(self, asset: int, percent: int) -> None:
        oracle = next(market.oracle_px for market in MARKETS if market.asset == asset)
        self.run(SetPrices(asset, oracle * (100 + percent) // 100))

    @rule(step=st.sampled_from([0, 1, 70, 3_000, 30_000, 30_000, 60_000, 1_800_000, 9_000_000]))
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

    @rule(account=accounts, ahead=st.sampled_from([None, 4_000, 60_000, 3_600_000]))
    def schedule_cancel(self, account: str, ahead: int | None) -> None:
        self.ask(ScheduleCancel(account, None if ahead is None else self.now + ahead))

    @invariant()
    def books_agree(self) -> None:
        self.ledger.compare(self.exchange)


AnyOrderOfCommands.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestAnyOrderOfCommands = AnyOrderOfCommands.TestCase
