"""The exchange: one object that takes a time and a command and returns what happened."""

from collections.abc import Sequence

from . import prices
from .account_commands import AccountDeskCommand
from .account_desk import AccountDesk, AccountWorldCommand
from .agents import AgentRegistry
from .bracket_placement import BracketPlacement
from .builders import builder_error
from .commands import (
    AccountCommand,
    ApproveAgent,
    CancelOrders,
    CancelOrdersByCloid,
    Command,
    Deposit,
    ModifyOrders,
    PlaceOrders,
    ScheduleCancel,
    SetPrices,
    SetQuirk,
    UpdateLeverage,
    WorldCommand,
)
from .config import ExchangeConfig
from .events import AgentApproved, AgentRemoved, CancelScheduled, Event, ItemStatus, LeverageChanged, Replied
from .fee_standing import FeeDesk
from .gossip import GossipAuctions
from .leverage import INVALID_LEVERAGE, change_leverage
from .liquidation import Liquidator
from .market_state import MarketState
from .markets import Market
from .matching import Matcher
from .orders import OrderDesk
from .outbox import Outbox
from .placement import Placement
from .pools import SPOT
from .priority import priority_error, take_priority
from .records import OrderRecord, OrderStatus
from .referrals import ReferralDesk
from .rules import must_deposit, pre_validation_error
from .schedule import CancelSchedule
from .settlement import delist
from .state import Account, Place
from .timeline import Timeline
from .treasury import Treasury
from .twap_commands import CancelTwap, PlaceTwap
from .twaps import TwapDesk
from .world_commands import CutOrders, DelistMarket, LimitHistory, ListMarket, Restrict, SetManyPrices


class Exchange:
    """A perpetuals exchange without clock, entropy or I/O: the same commands give the same events.

    All state can be read between two commands (`accounts`, `markets`, and the methods below) and belongs to the engine:
    readers change nothing.
    """

    def __init__(self, config: ExchangeConfig) -> None:
        self.config = config
        self.now = 0
        """The time of the last command, Unix ms."""
        self.markets: dict[int, MarketState] = {}
        """By asset id, in the order of the configuration."""
        self._by_coin: dict[str, MarketState] = {}
        for market in config.markets:
            self._list(market)
        self._outbox = Outbox(config.hash_seed)
        self.treasury = Treasury(config, self.markets, self._outbox)
        self.accounts = self.treasury.accounts
        """By lowercase address, in the order of their first deposit."""
        self._desk = OrderDesk(config.first_oid, config.quirks, self.markets, self._outbox)
        self.fee_desk = FeeDesk(self.accounts, config.outside_daily_volume, self._outbox)
        self.referrals = ReferralDesk(self.treasury, self._outbox)
        self._matcher = Matcher(
            self.markets, self.accounts, config.fees, self.fee_desk, self.referrals, self._desk, self._outbox
        )
        self._placement = Placement(config, self.markets, self._desk, self._matcher)
        self._brackets = BracketPlacement(config, self.markets, self._desk, self._placement)
        self._agents = AgentRegistry(self.accounts)
        self.gossip = GossipAuctions(self.treasury, self._outbox)
        self._account_desk = AccountDesk(
            self.markets, self.treasury, self.fee_desk, self.referrals, self.gossip, self._outbox, config.quirks
        )
        self._schedule = CancelSchedule(config, self.accounts)
        self._timeline = Timeline(self.markets, self.accounts, self._desk, self._schedule, self._outbox)
        self.twaps = TwapDesk(config, self.markets, self._desk, self._placement, self._outbox)
        self._timeline.agendas += [self.twaps, self.fee_desk]
        self.liquidator = config.liquidator
        """The account that takes over what the book does not, from its first time on."""
        self._liquidator = Liquidator(
            config.liquidator, self.markets, self.treasury, self._desk, self._matcher, self._outbox
        )

    def apply(self, now: int, command: Command) -> list[Event]:
        """Do what `command` asks at `now` (Unix ms).

        Raises `ValueError`, with nothing done, when `now` is before the last command or a world command makes no sense.
        """
        self._timeline.check(now)
        if isinstance(command, AccountCommand):
            return self._apply_for_account(now, command)
        self._check(command)
        self.now = now
        self._outbox.begin(now)
        self._timeline.advance(now)
        if isinstance(command, Deposit):
            self._deposit(command)
        elif isinstance(command, AccountWorldCommand):
            self._account_desk.apply_world(command)
        elif isinstance(command, SetQuirk):
            self.config.quirks.set(command.name, command.value)
        elif isinstance(command, ListMarket):
            self._timeline.add(self._list(command.market))
        elif isinstance(command, Restrict):
            self.config.restrictions.post_only = command.post_only
            self.config.restrictions.capped = set(command.capped)
        elif isinstance(command, DelistMarket):
            state = self.markets[command.asset]
            delist(state, command.settlement_px or state.mark_px, self.accounts, self._desk, self._outbox)
            self._timeline.remove(state)
        elif isinstance(command, CutOrders):
            for oid, sz in command.cuts:
                self._desk.cut(self.accounts[command.account].open_orders[oid], sz)
        elif isinstance(command, SetPrices):
            self._set_prices(command.asset, command.oracle_px, command.external_px)
        elif isinstance(command, SetManyPrices):
            for asset, oracle_px in command.prices:
                self._set_prices(asset, oracle_px, None)
        elif isinstance(command, LimitHistory):
            self.accounts[command.account].limit_history(command.records)
        self._follow_marks()
        return self._outbox.finish()

    def apply_block(self, now: int, commands: Sequence[Command]) -> list[tuple[int, list[Event]]]:
        """Apply what arrived for one block, in the venue's order (reference, section 15).

        World commands first, then account commands without Gtc/Ioc orders, cancels, and commands with any Gtc/Ioc;
        within a class those that pay for it or are marked as fast, then in the order given. Returns (index in
        `commands`, its events) in the order of execution.
        """
        order = sorted(range(len(commands)), key=lambda index: block_rank(commands[index]))
        return [(index, self.apply(now, commands[index])) for index in order]

    def market(self, coin: str) -> MarketState | None:
        """A market by its full coin name."""
        return self._by_coin.get(coin)

    def account(self, address: str) -> Account | None:
        """An account by its lowercase address, None before its first deposit."""
        return self.accounts.get(address)

    def order(self, address: str, key: int | str) -> OrderRecord | None:
        """An order of an account by oid or cloid, open or finished; of a reused cloid the open or newest one."""
        account = self.accounts.get(address)
        if account is None:
            return None
        found = account.find_open(key, self.config.quirks)
        return account.history.find(key) if found is None else found.record(OrderStatus.OPEN, found.timestamp)

    def open_orders(self, address: str, dex: str | None = None) -> list[OrderRecord]:
        """An account's open orders, resting and waiting, oldest first, on one dex or (None) on all."""
        account = self.accounts.get(address)
        if account is None:
            return []
        return [
            order.record(OrderStatus.OPEN, order.timestamp)
            for order in account.open_orders.values()
            if dex is None or order.position.market.dex == dex
        ]

    @property
    def is_quiet(self) -> bool:
        """Whether time alone changes nothing that anybody has: no order waits or rests, nobody holds a position."""
        if self.twaps.unfinished or self._desk.triggers:
            return False
        return not any(state.open_interest or state.book.bids or state.book.asks for state in self.markets.values())

    @property
    def deposited(self) -> dict[str, int]:
        """Money that came to a dex so far less what left it; raw USD + fees - net funding always add up to it."""
        return self.treasury.deposited

    def master_of(self, agent: str, now: int) -> str | None:
        """The account for which an agent's address may sign at `now`, if any."""
        return self._agents.master_of(agent, now)

    def was_agent(self, address: str) -> bool:
        """Whether an address is or ever was somebody's agent."""
        return address in self._agents.ever

    def fees_collected(self, dex: str) -> int:
        """Fees that all accounts have paid on a dex, less the rebates, in money."""
        return self._matcher.fees_collected.get(dex, 0)

    def funding_paid(self, dex: str) -> int:
        """Funding that all accounts of a dex have received on balance, in money; not quite zero because of rounding."""
        return self._timeline.funding_paid.get(dex, 0)

    def _set_prices(self, asset: int, oracle_px: int, external_px: int | None) -> None:
        state = self.markets[asset]
        oracle_before = state.oracle_px
        prices.set_outside_prices(state, oracle_px, external_px)
        self._timeline.update_mark(state, oracle_before)

    def _list(self, market: Market) -> MarketState:
        self._check_is_new(market)
        state = MarketState(market, self.config.trade_limit, self.config.funding_limit)
        self.markets[market.asset] = self._by_coin[market.coin] = state
        return state

    def _check_is_new(self, market: Market) -> None:
        if market.asset in self.markets or market.coin in self._by_coin:
            raise ValueError(f"market {market.coin} (asset {market.asset}) is there already")

    def _check(self, command: WorldCommand) -> None:
        if isinstance(command, Deposit):
            if command.amount <= 0:
                raise ValueError(f"a deposit must be more than zero, not {command.amount}")
            if command.dex != SPOT and self.treasury.collateral(command.dex) is None:
                raise ValueError(f"there is no dex {command.dex!r} to deposit to")
        elif isinstance(command, SetPrices):
            self._check_prices(command.asset, command.oracle_px, command.external_px)
        elif isinstance(command, SetManyPrices):
            for asset, oracle_px in command.prices:
                self._check_prices(asset, oracle_px, None)
        elif isinstance(command, LimitHistory):
            if command.account not in self.accounts:
                raise ValueError(f"there is no account {command.account}")
            if command.records < 1:
                raise ValueError(f"at least one record is kept, not {command.records}")
        elif isinstance(command, CutOrders):
            account = self.accounts.get(command.account)
            for oid, sz in command.cuts:
                order = None if account is None else account.open_orders.get(oid)
                if order is None or order.place is not Place.BOOK or not 0 < sz < order.sz:
                    raise ValueError(f"{command.account} has no resting order {oid} to cut to {sz} lots")
        elif isinstance(command, SetQuirk):
            self.config.quirks.check(command.name, command.value)
        elif isinstance(command, AccountWorldCommand):
            self._account_desk.check(command)
        elif isinstance(command, ListMarket):
            self._check_is_new(command.market)
        elif isinstance(command, DelistMarket):
            found = self.markets.get(command.asset)
            if found is None or found.market.is_delisted:
                raise ValueError(f"there is no asset {command.asset} to delist")
            if command.settlement_px is not None and command.settlement_px <= 0:
                raise ValueError("prices must be more than zero")

    def _check_prices(self, asset: int, oracle_px: int, external_px: int | None) -> None:
        if asset not in self.markets:
            raise ValueError(f"there is no asset {asset}")
        if oracle_px <= 0 or (external_px is not None and external_px <= 0):
            raise ValueError("prices must be more than zero")

    def _deposit(self, command: Deposit) -> None:
        treasury = self.treasury
        account = treasury.open(command.account)
        token = command.token if command.dex == SPOT else treasury.collateral(command.dex) or command.token
        treasury.credit(account, command.dex, token, command.amount)
        treasury.note(account, "deposit", command.amount, command.dex)

    def _apply_for_account(self, now: int, command: AccountCommand) -> list[Event]:
        outbox = self._outbox
        self.now = now
        outbox.begin(now)
        outbox.emit(Replied(now, command.account))
        self._timeline.advance(now)
        self._follow_marks()
        account = self.accounts.get(command.account)
        statuses: tuple[ItemStatus, ...] = ()
        error: str | None = None
        created: str | None = None
        pre_validation = False
        if account is None or not account.is_funded:
            error = must_deposit(command.account)
        elif isinstance(command, PlaceOrders):
            restates = account.address in self.config.outside_accounts
            error = pre_validation_error(command.orders, self.markets, self.config, command.grouping, restates)
            pre_validation = error is not None
            if error is None:
                error = builder_error(account, command.orders, self.accounts, self.markets)
            if error is None and command.priority:
                error = priority_error(account, command, self.markets)
            if error is None and command.grouping != "na":
                statuses = self._brackets.place(account, command)
            elif error is None:
                statuses = tuple([self._placement.place(account, intent) for intent in command.orders])
                if command.priority:
                    take_priority(account, command, statuses, self.markets, outbox)
        elif isinstance(command, CancelOrders | CancelOrdersByCloid):
            statuses = self._placement.cancel(account, command)
        elif isinstance(command, ModifyOrders):
            intents = tuple(modification.intent for modification in command.modifications)
            error = pre_validation_error(intents, self.markets, self.config, None)
            pre_validation = error is not None
            if error is None:
                statuses = tuple(
                    [self._placement.modify(account, item, command.always_place) for item in command.modifications]
                )
        elif isinstance(command, UpdateLeverage):
            error = self._update_leverage(account, command)
        elif isinstance(command, ScheduleCancel):
            error = self._schedule.set(now, account, command.time)
            if error is None:
                self._timeline.plan()
                outbox.emit(CancelScheduled(now, account.address, command.time))
        elif isinstance(command, ApproveAgent):
            approval = self._agents.approve(now, account, command)
            if isinstance(approval, str):
                error = approval
            else:
                outbox.emit(AgentApproved(now, account.address, *approval))
        elif isinstance(command, AccountDeskCommand):
            error, created = self._account_desk.apply(account, command)
            for agent in self._agents.prune(account):
                outbox.emit(AgentRemoved(now, account.address, agent))
        elif isinstance(command, PlaceTwap):
            statuses = (self.twaps.place(account, command),)
            self._timeline.plan()
        elif isinstance(command, CancelTwap):
            statuses = (self.twaps.cancel(account, command),)
        self._follow_marks()
        outbox.events[0] = Replied(now, command.account, statuses, error, pre_validation, created)
        return outbox.finish()

    def _follow_marks(self) -> None:
        """Do what waits for the mark prices as they are now."""
        if self.twaps.unfinished and self.twaps.follow_marks():
            self._timeline.plan()
        if self._desk.triggers:
            self._placement.fire_triggers()
        if self._timeline.marks_moved:
            self._timeline.marks_moved = False
            self._liquidator.look()
            # What a liquidation has filled may have armed children that are met already.
            self._placement.fire_triggers()

    def _update_leverage(self, account: Account, command: UpdateLeverage) -> str | None:
        state = self.markets.get(command.asset)
        if state is None:
            return INVALID_LEVERAGE
        house = account.clearinghouse(state.market.dex)
        position = self._placement.position(account, state)
        raw_usd = house.raw_usd
        error = change_leverage(house, position, command.is_cross, command.leverage, self.markets)
        if error is None:
            now, outbox = self.now, self._outbox
            outbox.emit(LeverageChanged(now, account.address, command.asset, command.is_cross, command.leverage))
            outbox.touch_position(account, position)
            if house.raw_usd != raw_usd:
                outbox.touch_cash(account, house)
        return error


def block_rank(command: Command) -> tuple[int, int]:
    """Where a command belongs in its block: by its class, and in it by what it pays or asks to come first."""
    first = 0
    if isinstance(command, PlaceOrders):
        first = command.priority
    elif isinstance(command, CancelOrders | CancelOrdersByCloid):
        first = int(command.is_fast)
    return block_class(command), -first


def block_class(command: Command) -> int:
    """The class of a command in the order of a block: 0 the world, then 1 to 3 as the venue counts them.

    Modifications count by their new orders; trigger orders have no time in force.
    """
    if isinstance(command, WorldCommand):
        return 0
    if isinstance(command, CancelOrders | CancelOrdersByCloid):
        return 2
    if isinstance(command, PlaceOrders):
        intents = command.orders
    elif isinstance(command, ModifyOrders):
        intents = tuple(modification.intent for modification in command.modifications)
    else:
        return 1
    return 1 if all(intent.tif == "Alo" or intent.trigger is not None for intent in intents) else 3
