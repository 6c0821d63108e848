"""The whole exchange in one object: for a test, a notebook, or the command line.

    async with Sandbox(seed=7, market="calm") as exchange:
        ...  # any client of the venue, pointed at exchange.url and exchange.ws_url

Everything runs in the event loop that starts it; `Sandbox.in_thread` gives it a thread of its own, for clients that
block.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast

from hyperliquid_perpetual.sandbox.account_interventions import AccountSetup as AccountSetup
from hyperliquid_perpetual.sandbox.account_interventions import address_of, money_of
from hyperliquid_perpetual.sandbox.address_budget import ALLOWANCE, AddressBudget
from hyperliquid_perpetual.sandbox.api import Api
from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.clock import Clock, RealClock, Timer, VirtualClock
from hyperliquid_perpetual.sandbox.control import Control
from hyperliquid_perpetual.sandbox.daily_actions import ACTIONS_PER_DAY, DailyActions
from hyperliquid_perpetual.sandbox.driver import DriverPlan, MarketDriver, OutsideDriver
from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import Event, TradeMade
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import quirks_of
from hyperliquid_perpetual.sandbox.engine.units import PRICE_SCALE
from hyperliquid_perpetual.sandbox.equity_history import EquityHistory
from hyperliquid_perpetual.sandbox.faults import FaultPlan, Faults
from hyperliquid_perpetual.sandbox.faults.world import World
from hyperliquid_perpetual.sandbox.following.mirror import MirrorPlan
from hyperliquid_perpetual.sandbox.following.replay import ReplayPlan
from hyperliquid_perpetual.sandbox.gatekeeper import Gatekeeper
from hyperliquid_perpetual.sandbox.inspection import (
    Inspector,
)
from hyperliquid_perpetual.sandbox.interventions import Interventions
from hyperliquid_perpetual.sandbox.listings import Listings
from hyperliquid_perpetual.sandbox.looking import Looking
from hyperliquid_perpetual.sandbox.maintenance import Maintenance
from hyperliquid_perpetual.sandbox.market_set import MarketSet, standard_markets
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.page.files import PageFiles
from hyperliquid_perpetual.sandbox.page.summary import Summary
from hyperliquid_perpetual.sandbox.register import Newcomers, Register
from hyperliquid_perpetual.sandbox.server import Server
from hyperliquid_perpetual.sandbox.socket_limits import Gate, SessionSettings
from hyperliquid_perpetual.sandbox.speech import speak
from hyperliquid_perpetual.sandbox.state.keeper import StateKeeper
from hyperliquid_perpetual.sandbox.state.outside import Parts
from hyperliquid_perpetual.sandbox.state.snapshot import Header
from hyperliquid_perpetual.sandbox.tape import Tape
from hyperliquid_perpetual.sandbox.traders import REGIMES, Regime, Traders
from hyperliquid_perpetual.sandbox.weights import WEIGHT_PER_MINUTE, WeightMeter

if TYPE_CHECKING:
    from hyperliquid_perpetual.sandbox.thread import SandboxThread

DEMO_PRIVATE_KEY = "0x" + "00" * 31 + "01"
"""The key of the account that every sandbox has. It is public: never use it on a real network."""
DEMO_ADDRESS = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
BLOCK_MS = 70
READERS_BACKLOG = 100
DEFAULT_DEPOSIT = Decimal(100_000)


class Sandbox(Interventions, Looking):
    """A local exchange. Use it as an asynchronous context manager, or call `start` and `stop`.

    :param seed: makes the synthetic traders repeatable; None takes a random one.
    :param market: how they behave: `calm`, `trending`, `wild`, `gappy`, `illiquid`, `still` (a book in which nobody
        moves) or `empty`; None for what a state file says, and `calm` without one.
    :param coins: the markets in which they trade; None for all that are not delisted. Of a mirror, those that it
        follows; None for a few.
    :param replay: a recording to play instead of synthetic traders.
    :param mirror: a live venue to follow instead: `mainnet`, `testnet` or a URL. It is asked at once what it lists, so
        inside an event loop `driver=await MirrorPlan.of(...)` is better.
    :param driver: a `ReplayPlan` or `MirrorPlan` with options of its own, or another plan.
    :param port: where to listen; 0 takes a free port.
    :param deposit: collateral of every new account, on the first dex and on each HIP-3 dex that lists something.
    :param accounts: addresses that exist from the start, if wanted each with its `AccountSetup`: mode and money.
        Strangers are refused when there are any (see `register`).
    :param newcomers: whether an account opens when a client first asks about it (`welcome`) or never (`refuse`).
    :param block_ms: block time; 0 does every request at once.
    :param clock: `real`, `virtual` (stands still until `clock.advance`; every request is done at once), or a clock.
    :param limit_weights: whether an address that used up its 1200 weights a minute is answered with 429.
    :param allowance: requests that every account may send before it has traded, beside one for each USD that it has;
        None for no limit.
    :param actions_per_day: how many actions a unified or portfolio margin account may send in a UTC day.
    :param sockets: rules of WebSocket connections; by default without the limits per address.
    :param cadence: how often streams send what they send at intervals.
    :param market_set: what is listed; `many_markets(200)` for many.
    :param quirks: how it behaves where the reference is unconfirmed, by name (`engine.quirks.VenueQuirks`).
    :param fault_plan: what goes wrong, and when after the start (docs/faults.md).
    :param state: a file that keeps everything: resumed if it is there, written from then on (docs/state.md). What it
        says about `seed` and `market_set` counts; a `market` that is given counts from now on.
    :param engine: further settings of the engine, by their names in `ExchangeConfig`.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        market: Regime | None = None,
        coins: Collection[str] | None = None,
        replay: Path | str | None = None,
        mirror: str | None = None,
        driver: DriverPlan | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        deposit: Decimal | int = DEFAULT_DEPOSIT,
        accounts: Iterable[str] | Mapping[str, AccountSetup] = (),
        newcomers: Newcomers = "welcome",
        block_ms: int = BLOCK_MS,
        clock: Literal["real", "virtual"] | Clock = "real",
        limit_weights: bool = False,
        weight_per_minute: int = WEIGHT_PER_MINUTE,
        actions_per_day: int = ACTIONS_PER_DAY,
        allowance: int | None = ALLOWANCE,
        sockets: SessionSettings | None = None,
        cadence: Cadence | None = None,
        market_set: MarketSet | None = None,
        quirks: dict[str, str] | None = None,
        fault_plan: FaultPlan | None = None,
        state: Path | str | None = None,
        **engine: object,
    ) -> None:
        self.keeper = None if state is None else StateKeeper(Path(state))
        saved = None if self.keeper is None else self.keeper.saved
        self.notices: tuple[str, ...] = ()
        """What was asked for and is otherwise, because a state was resumed."""
        agreed = None if self.keeper is None else self.keeper.agree(seed, market, market_set, engine)
        if saved is not None and agreed is not None:
            seed, market, self.notices = agreed.seed, cast(Regime, agreed.market), agreed.notices
            market_set = saved.snapshot.market_set
        market = market or "calm"
        if market not in REGIMES:
            raise ValueError(f"there is no market {market!r}: choose one of {', '.join(REGIMES)}")
        self.seed = secrets.randbits(32) if seed is None else seed
        self.deposit = Decimal(deposit)
        money_of(self.deposit, "the deposit", at_least_zero=True)
        self._host = host
        self._port = port
        plan = _plan(replay, mirror, driver, coins)
        if plan is not None and market_set is not None and saved is None:
            raise ValueError("a replay or mirror lists what its venue lists: give no market_set")
        if plan is not None and saved is None:
            market_set = plan.market_set
        self.market_set = standard_markets() if market_set is None else market_set
        ended = None if saved is None else saved.time
        self.clock: Clock = VirtualClock(ended) if clock == "virtual" else RealClock() if clock == "real" else clock
        if self.keeper is not None:
            self.keeper.check_clock(self.clock.now())
        if block_ms < 0:
            raise ValueError(f"a block takes 0 or more milliseconds, got {block_ms}")
        block_ms = 0 if isinstance(self.clock, VirtualClock) else block_ms

        chosen = quirks_of(quirks)
        config = ExchangeConfig(
            markets=self.market_set.markets,
            fees=VenueFees(chosen),
            hash_seed=str(self.seed),
            quirks=chosen,
            outside_accounts=frozenset() if plan is None else plan.addresses,
        )
        self.engine = Exchange(replace(config, **engine)) if saved is None else saved.snapshot.engine  # type: ignore[arg-type]
        if self.keeper is not None and plan is not None:
            self.keeper.check_outside(plan.addresses - self.engine.config.outside_accounts)
        self.register = Register(self.engine, self._open_account, newcomers)
        self.gatekeeper = Gatekeeper(
            self.engine.markets,
            self.register,
            DailyActions(self.engine, actions_per_day),
            AddressBudget(self.engine, allowance),
        )
        self.chain = Chain(self.engine, self.clock, self.gatekeeper, block_ms)
        self.register.note = self.gatekeeper.note = self.chain.note

        opening = self.clock.now() if saved is None else saved.snapshot.outside.opening
        tape = Tape(self.market_set.markets, opening, self.seed)
        market_view = MarketView(self.engine, self.market_set, tape)
        self._equity = EquityHistory(self.engine)
        self._parts = Parts(
            self.chain, self.gatekeeper, self.register, self.market_set, market_view, tape, self._equity
        )
        if self.keeper is not None:
            self.keeper.restore(self._parts)
        regime: Regime = market if plan is None else "empty"
        self.traders = Traders(self.chain, regime, self.seed, coins, self.market_set.characters)
        self.driver: MarketDriver = self.traders if plan is None else plan.driver(self.chain)
        """What moves the market: the traders, or a replay or mirror in their place."""
        meter = WeightMeter(weight_per_minute)
        self.gate = Gate(SessionSettings.unlimited() if sockets is None else sockets)
        self.maintenance = Maintenance(self.engine, self.chain)
        info, self._streams = speak(
            self.engine, market_view, self.gatekeeper.budget, self._equity, cadence or Cadence(), self._name_account
        )
        world = World(self.engine, self.chain, self.register, self.maintenance, self.gate, self._streams.still_books)
        self.faults = Faults(self.clock, self.seed, world)
        self.api = Api(self.chain, self.gatekeeper, info, meter, self.faults, limit_weights)
        self.chain.listen(_TapeListener(tape))
        self.chain.listen(self._equity)
        self.chain.listen(self._streams)
        self.inspect = Inspector(self.engine)
        self.listings = Listings(self.engine, self.chain, self.market_set, market_view, tape, self.driver)
        setups = accounts if isinstance(accounts, Mapping) else {address: AccountSetup() for address in accounts}
        self._accounts = {address_of(address): setup for address, setup in setups.items()}
        if fault_plan is not None:
            self.faults.follow(fault_plan)
        self._quirks = quirks or {}
        self._server: Server | None = None
        self._timers: list[Timer] = []
        self._bound_port = 0

    # ------------------------------------------------------------------ life

    async def start(self) -> Self:
        """Open the markets and listen.

        :raises OSError: when the port is taken.
        :raises StateError: when the state file cannot be written.
        """
        header = None if self.keeper is None else self.keeper.header
        if header is not None:
            self._take_up(header)
            self._keep_state()
        for address, setup in self._accounts.items():
            if header is None or not self.register.is_account(address):
                self.open_account(address, setup.mode, setup.dexs, setup.spot)
        self.register.open(DEMO_ADDRESS)
        if header is None:
            self.driver.open()
            self._keep_state()
        elif self.driver is self.traders:
            self.traders.carry_on()
        else:
            self.driver.open()
        if isinstance(self.clock, VirtualClock):
            self.clock.pause = self._wait_for_readers
        self._server = Server(self.api, self._streams, self.gate)
        Control(self).add_routes(self._server.app)
        Summary(self, DEMO_ADDRESS).add_routes(self._server.app)
        PageFiles(self._host).add_routes(self._server.app)
        try:
            self._bound_port = await self._server.start(self._host, self._port)
        except OSError:
            await self._close_state()
            raise
        self.chain.start()
        self._timers = [
            *self.driver.start(self.clock),
            *self._streams.start(self.clock),
            *self._equity.start(self.clock),
        ]
        self.faults.start(self._server)
        return self

    async def stop(self) -> None:
        """Close every connection and stop; harmless when it is stopped already."""
        for timer in self._timers:
            timer.cancel()
        self._timers = []
        await self.faults.stop()
        if isinstance(self.driver, OutsideDriver):
            await self.driver.stop()
        self.chain.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None
        await self._close_state()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @classmethod
    @contextlib.contextmanager
    def in_thread(cls, **settings: object) -> Iterator["SandboxThread"]:
        """A sandbox with a thread and an event loop of its own, for clients that block."""
        from hyperliquid_perpetual.sandbox.thread import SandboxThread

        with SandboxThread(cls(**settings)) as thread:  # type: ignore[arg-type]
            yield thread

    @property
    def url(self) -> str:
        """Base URL of the REST API."""
        host = "127.0.0.1" if self._host in ("0.0.0.0", "::", "") else self._host  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self._bound_port}" if ":" in host else f"http://{host}:{self._bound_port}"

    @property
    def ws_url(self) -> str:
        """URL of the WebSocket API."""
        return "ws" + self.url.removeprefix("http") + "/ws"

    # ------------------------------------------------------------------ inside

    def _name_account(self, address: str) -> None:
        with self.chain.own_block():
            self.register.name(address)

    def _open_account(self, address: str) -> None:
        with self.chain.own_block():
            for deposit in self._opening_deposits(address, "default"):
                self.chain.apply_now(deposit)

    def _all_synthetic(self) -> frozenset[str]:
        """The accounts that trade by themselves, those of a life before this one among them."""
        header = None if self.keeper is None else self.keeper.header
        return frozenset(self.driver.addresses) | frozenset(() if header is None else header.synthetic)

    def _take_up(self, header: Header) -> None:
        """Go on with a state that was resumed: whoever moves the markets takes them up where they are."""
        assert self.keeper is not None
        for choice in self.quirks.choices:
            if self._quirks.get(choice.name, choice.value) != choice.value:
                self.set_quirk(choice.name, self._quirks[choice.name])
        # A replay or mirror puts up its own books; what its accounts had before is no longer the outside's.
        afresh = self.driver is not self.traders or self.driver.regime != header.market
        if afresh:
            for address in header.synthetic:
                orders = self.engine.open_orders(address)
                if orders:
                    self.chain.apply_now(CancelOrders(address, tuple((order.asset, order.oid) for order in orders)))
        prices = {state.market.coin: state.oracle_px / PRICE_SCALE for state in self.engine.markets.values()}
        if self.driver is self.traders:
            self.keeper.drive_on(self.traders, prices, afresh)

    def _keep_state(self) -> None:
        if self.keeper is not None:
            self.keeper.begin(self._parts, self.driver, self.seed, self.driver.regime, self._all_synthetic)

    async def _close_state(self) -> None:
        if self.keeper is not None:
            await self.keeper.close()

    async def _wait_for_readers(self) -> None:
        """Under a virtual clock: let clients read what has been sent before more happens."""
        while any(session.backlog > READERS_BACKLOG for session in self.gate.sessions):  # noqa: ASYNC110 - others empty it
            await asyncio.sleep(0.001)


def _plan(
    replay: Path | str | None, mirror: str | None, driver: DriverPlan | None, coins: Collection[str] | None
) -> DriverPlan | None:
    """What replaces the synthetic traders, None when nothing does."""
    if sum(given is not None for given in (replay, mirror, driver)) > 1:
        raise ValueError("give one of replay, mirror and driver")
    if replay is not None:
        return ReplayPlan(replay)
    return driver if mirror is None else MirrorPlan.fetched(mirror, None if coins is None else tuple(coins))


class _TapeListener:
    """Puts every trade on the tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def on_events(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is TradeMade:
                self._tape.add(event.trade)

    def on_block(self, now: int) -> None:
        pass
