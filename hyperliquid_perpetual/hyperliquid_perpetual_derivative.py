"""The connector as Hummingbot sees it: the contract of its perpetual base class, and nothing else.

It says what the connector is, builds its parts, starts and stops them. What Hummingbot asks about markets, orders and
the account is answered by the ``contract_`` modules of ``trading``; decisions, loops and caches live behind
those.
"""

import asyncio
import math
import time
from decimal import Decimal

from hummingbot.core.api_throttler.data_types import RateLimit
from hummingbot.core.data_type.in_flight_order import InFlightOrder
from hummingbot.core.network_iterator import NetworkStatus
from hummingbot.core.web_assistant.web_assistants_factory import WebAssistantsFactory

from . import hyperliquid_perpetual_constants as constants
from . import hyperliquid_perpetual_web_utils as web_utils
from .hyperliquid_perpetual_api_order_book_data_source import HyperliquidPerpetualAPIOrderBookDataSource
from .hyperliquid_perpetual_auth import HyperliquidPerpetualAuth
from .hyperliquid_perpetual_user_stream_data_source import HyperliquidPerpetualUserStreamDataSource
from .trading.account import AccountState
from .trading.account_reader import AccountReader
from .trading.account_watch import AccountWatch
from .trading.amendments import Amendments
from .trading.batches import OrderDesk
from .trading.bookmark import Bookmark
from .trading.bot_identity import BotIdentity
from .trading.budget import shared_budget
from .trading.builder import BuilderApproval
from .trading.cancels import Cancels
from .trading.collateral import PoolBudgetChecker, tell_rate_oracle
from .trading.contract_status import StatusContract
from .trading.contract_twap import TwapContract
from .trading.credential_check import CredentialCheck
from .trading.credentials import CredentialError, load_credentials, parse_flag
from .trading.dead_mans_switch import DeadMansSwitch
from .trading.dispatch import Dispatcher
from .trading.fee_book import FeeBook
from .trading.fills import FillBook
from .trading.funding_ledger import FundingLedger
from .trading.log_names import logger_of
from .trading.loop_watch import LoopWatch
from .trading.loops import LoopLock, leave_other_loops
from .trading.market_data import MarketData
from .trading.markets_source import MarketsSource
from .trading.metrics import Watched
from .trading.metrics_endpoint import MetricsEndpoint
from .trading.old_objects import OLD_OBJECTS
from .trading.order_flow import OrderFlow
from .trading.order_terms import TermsBook
from .trading.order_tracker import OrderTracker
from .trading.orphans import Orphans
from .trading.posts import Posts
from .trading.reconciliation import Reconciler
from .trading.recorded import Recorded
from .trading.request_allowance import RequestAllowance
from .trading.requests import Requests
from .trading.returned_orders import ReturnedOrders
from .trading.settings import Settings, load_settings
from .trading.sweep import Sweep
from .trading.threads import HomeLoop
from .trading.twap_follower import TwapFollower
from .trading.twaps import TwapFlow
from .venue import actions, client_ids
from .venue.actions import BuilderCode
from .venue.messages import Order
from .venue.networks import Network, network_for_rates
from .venue.nonces import shared_nonce_source
from .venue.signing import SecretText

STREAM_EXPECTED_SECONDS = 3.0
"""How long the first look at the account waits for its stream."""


class HyperliquidPerpetualDerivative(TwapContract, StatusContract):
    """Hyperliquid perpetuals for Hummingbot."""

    _logger = logger_of(f"{__name__}.{__qualname__}")

    web_utils = web_utils
    _funding_fee_polling_task: "asyncio.Task[None] | None"

    SHORT_POLL_INTERVAL = 10.0
    LONG_POLL_INTERVAL = 120.0

    def __init__(
        self,
        balance_asset_limit: dict[str, dict[str, Decimal]] | None = None,
        rate_limits_share_pct: Decimal = Decimal(100),
        hyperliquid_perpetual_secret_key: str = "",
        hyperliquid_perpetual_address: str = "",
        use_vault: bool | str = False,
        hyperliquid_perpetual_mode: str = "arb_wallet",
        trading_pairs: list[str] | None = None,
        trading_required: bool = True,
        domain: str = constants.DOMAIN,
        enable_hip3_markets: bool = True,
        settings: Settings | None = None,
    ) -> None:
        """
        :param settings: what the connect keys cannot say; by default what the user's settings file says.
        :raises CredentialError: when keys are given that cannot work, or trading is required without keys.
        :raises SettingsError: when the settings file cannot be used.
        :raises ValueError: for an unknown domain.
        """
        # First of all: a traceback with locals, whatever it is about, shows the arguments as they are by then.
        secret_key = SecretText(hyperliquid_perpetual_secret_key)
        del hyperliquid_perpetual_secret_key
        self._domain = domain
        self._home = HomeLoop(domain)
        self._network = Network.from_domain(domain)
        self._settings = settings if settings is not None else load_settings(domain)
        self._trading_required = trading_required
        self._trading_pairs = trading_pairs if trading_pairs is not None else []
        self._credentials = credentials = load_credentials(
            self._network,
            hyperliquid_perpetual_address,
            secret_key,
            hyperliquid_perpetual_mode,
            parse_flag(use_vault),
            self._settings.vault_or_sub_account,
        )
        if trading_required and credentials is None:
            raise CredentialError(f"{domain} needs an account address and a private key to trade: run connect {domain}")
        if credentials is None and self._network is Network.MAINNET:
            self._network = network_for_rates()
        self._auth_holder = HyperliquidPerpetualAuth(credentials) if credentials is not None else None
        self._budget = shared_budget(self._network.rest_url)
        if rate_limits_share_pct < 100:
            self._budget.limit_to(int(self._budget.limit * rate_limits_share_pct / 100))
        signer = credentials.signer if credentials is not None else None
        self._posts = Posts() if self._settings.actions_over == "websocket" else None
        self._requests = Requests(
            self._network,
            self._budget,
            _now_ms,
            signer=signer,
            nonces=shared_nonce_source(self._network.value, signer.address, _now_ms) if signer is not None else None,
            vault_address=credentials.vault_address if credentials is not None else None,
            posts=self._posts,
        )
        self._account_address = credentials.account if credentials is not None else ""
        self._credential_check = (
            CredentialCheck(self._requests, credentials, self._settings.agent_warning_days) if credentials else None
        )
        self._credential_problem = ""
        self._told_empty: set[str] = set()
        self._reported_stale: set[str] = set()
        self._stream_expected_until = 0.0
        self._markets = MarketsSource(
            self._requests, with_hip3=enable_hip3_markets, spellings=lambda: self._trading_pairs
        )
        self._market_data = MarketData()
        self._account = AccountState()
        self._watch = AccountWatch(
            self._account_address, self._settings.liquidation_warning, self._market_data.reference_price
        )
        self._leverage_lock = LoopLock()
        self._modes_tried: set[str] = set()
        self._fills = FillBook()
        self._terms = TermsBook()
        self._identity = BotIdentity(self, self._settings.bot_id)
        self._recorded = Recorded(self, self._identity)
        account = f"{self._network.value} {self._account_address}"
        self._bookmark = Bookmark(lambda: self._identity.path("fills.json"), account)
        self._first_life = Bookmark(lambda: self._identity.path("since.json"), account)
        self._fee_book = FeeBook()
        self._funding_stamps: dict[float, str] = {}
        self._funding_ledger = FundingLedger(_now_ms())
        super().__init__(balance_asset_limit, rate_limits_share_pct)
        self._follow_pairs()

        self._reader = AccountReader(self._requests, self._account_address)
        self.request_allowance = RequestAllowance(
            self._reader, lambda: self._requests.items_sent, self._settings.requests_kept_for_cancels
        )
        self._desk = OrderDesk(self._requests, replaces_in_place=self._settings.replace_in_place)
        self._builder = BuilderApproval(
            self._requests,
            self._account_address,
            self._settings.builder.code if self._settings.builder is not None else None,
            credentials is not None and credentials.is_vault,
            self._use_builder,
        )
        self._desk.on_builder_refused = self._builder.refused
        self._flow = OrderFlow(self._desk, self._order_tracker, self._reader, time.time)
        self._cancels = Cancels(self._desk, self._order_tracker, self._flow, self._stream_is_live, time.time)
        self._amendments = Amendments(self._desk, self._order_tracker, self._reader, self._flow, time.time)
        self._follower = TwapFollower(
            self._reader,
            self._order_tracker,
            self._coin_of,
            lambda: self._user_stream_tracker.data_source.follow_twaps(),
            time.time,
        )
        self._twaps = TwapFlow(self._requests, self._order_tracker, self._follower, self._stream_is_live, time.time)
        self._dispatcher = Dispatcher(
            self._order_tracker,
            self._flow,
            self._follower,
            self._fills,
            self._account,
            self._watch,
            self._on_account_change,
            self._on_funding,
        )
        self._sweep = Sweep(
            self._reader,
            self._order_tracker,
            self._flow,
            self._follower,
            self._dispatcher,
            self._fills,
            self._account,
            self._dexs_to_ask,
            self._dex_of_pair,
            self._on_account_change,
            time.time,
            self._requests.venue_clock,
        )
        self._reconciler = Reconciler(
            self._sweep, self._order_tracker, self._flow, self._dispatcher, self._account, time.time
        )
        self._dead_mans_switch = DeadMansSwitch(
            self._requests,
            self._settings.dead_mans_switch_seconds if trading_required else None,
            self._why_blind,
            ticks=lambda: float(self.current_timestamp),
        )
        self._returned = ReturnedOrders(self._order_tracker, self._flow, self._execute_order_cancel)
        self._orphans = Orphans(
            self._identity,
            self._recorded,
            self._reader,
            self._order_tracker,
            self._flow,
            self._settings.orphans,
            markets_are_known=self._know_markets,
            pair_of=self._pair_of,
            leverage_of=self.get_leverage,
            cancel=self._execute_order_cancel,
        )
        self._find_unknown_orders()
        self._dispatcher.listen(self._dead_mans_switch.on_order_update)
        self._dispatcher.listen(self._on_order_status)
        self._dispatcher.on_charged = self._learn_from_fill
        self._dispatcher.on_venue_time = self._requests.venue_clock.note
        self._budget_checker = PoolBudgetChecker(self, self._pool_of, self._pool_amount)
        self._sweep.on_open_order = self._on_listed
        self._metrics = MetricsEndpoint(self._settings.metrics_host, self._settings.metrics_port, self._watched())
        # Positions and balances come by stream with every block: nothing has to be estimated in between.
        self.real_time_balance_update = True
        self._markets.on_change(self._on_markets)

    # --- What it is

    @property
    def name(self) -> str:
        return self._domain

    @property
    def domain(self) -> str:
        return self._domain

    @property
    def authenticator(self) -> HyperliquidPerpetualAuth | None:
        return self._auth_holder

    @property
    def rate_limits_rules(self) -> list[RateLimit]:
        return constants.RATE_LIMITS

    @property
    def client_order_id_max_length(self) -> int:
        return actions.CLOID_HEX_DIGITS + 2

    @property
    def client_order_id_prefix(self) -> str:
        return client_ids.PREFIX

    @property
    def trading_rules_request_path(self) -> str:
        return constants.INFO_PATH

    @property
    def trading_pairs_request_path(self) -> str:
        return constants.INFO_PATH

    @property
    def check_network_request_path(self) -> str:
        return constants.INFO_PATH

    @property
    def trading_pairs(self) -> list[str]:
        return self._trading_pairs

    @property
    def is_cancel_request_in_exchange_synchronous(self) -> bool:
        return True

    @property
    def is_trading_required(self) -> bool:
        return self._trading_required

    @property
    def funding_fee_poll_interval(self) -> int:
        return constants.FUNDING_POLL_SECONDS

    @property
    def current_timestamp(self) -> float:
        """Unix seconds by Hummingbot's clock; this machine's where no clock drives the connector."""
        timestamp: float = super().current_timestamp
        return time.time() if math.isnan(timestamp) else timestamp

    # --- Starting and stopping

    async def start_network(self) -> None:
        self._home.adopt()
        # Fills of an earlier life can be booked before the markets are known, and need a rate for their fees.
        tell_rate_oracle(self._collateral_tokens())
        # Known before the stream's snapshot of fills comes, which may be there before the first sweep.
        self._booked_until()
        if self.order_book_tracker._ev_loop is not asyncio.get_running_loop():
            self._move_in()
        self._stream_expected_until = time.monotonic() + STREAM_EXPECTED_SECONDS
        await super().start_network()
        self._requests.keep_open()
        self._flow.resolver.resume()
        # The first look at the account needs no clock, which those who embed a connector may not have.
        self._poll_notifier.set()
        self._follower.resolver.resume()
        self._metrics.start()

    def _move_in(self) -> None:
        """Makes everything anew that is bound to the event loop of an earlier life."""
        leave_other_loops(self)
        self._orderbook_ds = self._create_order_book_data_source()
        self._make_book_tracker()
        self._user_stream_tracker = self._create_user_stream_tracker()

    async def stop_network(self) -> None:
        # Hummingbot also comes here when it has lost the network: then the orders are left to the switch.
        is_over = self.network_status is NetworkStatus.STOPPED
        await self._dead_mans_switch.stop(clear=is_over)
        if is_over:
            self._metrics.stop()
            OLD_OBJECTS.give_back(self)
        reported = dict(self._last_funding_fee_payment_ts)
        # Only here because the base class leaves this task running (one more with each reconnect).
        if self._funding_fee_polling_task is not None:
            self._funding_fee_polling_task.cancel()
            self._funding_fee_polling_task = None
        await super().stop_network()
        # The base class forgets which payments it has reported; then those of an outage would never be.
        self._last_funding_fee_payment_ts.update(reported)
        await self._reconciler.stop()
        await self._flow.resolver.stop()
        await self._follower.resolver.stop()
        await self._amendments.stop()
        await self._cancels.stop()
        await self._orphans.stop()
        await self._returned.stop()
        if self._allowance_task is not None:
            self._allowance_task.cancel()
        await self._requests.close()

    # --- What the base class asks to be made

    def _create_web_assistants_factory(self) -> WebAssistantsFactory:
        return web_utils.build_api_factory(throttler=self._throttler, auth=self._auth)

    def _create_order_book_data_source(self) -> HyperliquidPerpetualAPIOrderBookDataSource:
        return HyperliquidPerpetualAPIOrderBookDataSource(
            trading_pairs=self._trading_pairs,
            connector=self,
            requests=self._requests,
            market_data=self._market_data,
            network=self._network,
            precision_of=self._settings.book.precision_of,
        )

    def _create_user_stream_data_source(self) -> HyperliquidPerpetualUserStreamDataSource:
        return HyperliquidPerpetualUserStreamDataSource(
            self._network,
            self._account_address,
            on_ready=self._on_stream_ready,
            on_lost=self._on_stream_lost,
            posts=self._posts,
            on_message=self._take_account_message,
        )

    def _watched(self) -> Watched:
        return Watched(
            connector=self._domain,
            account=self._account_address,
            host=self._requests.host,
            tally=self._requests.tally,
            budget=self._budget,
            allowance=self.request_allowance,
            market_data=self._market_data,
            pair_of=self._pair_of,
            streams=lambda: {"account": self._user_stream_tracker.data_source, "market": self._orderbook_ds},
            tracker=self._order_tracker,
            pending_outcomes=lambda: len(self._flow.resolver.pending) + len(self._follower.resolver.pending),
            differences=self._sweep.differences,
            passed_over=self._dispatcher.counters,
            loop=LoopWatch(lambda: self.ready),
        )

    def _use_builder(self, builder: BuilderCode | None) -> None:
        self._desk.builder = builder

    def _find_unknown_orders(self) -> None:
        self._orphans.book = self._dispatcher.on_fill
        self._orphans.dismiss = self._fills.remember
        self._dispatcher.on_unknown_fill = self._orphans.keep
        self._dispatcher.on_unknown_order = self._sweep.on_unknown_open = self._orphans.on_open
        self._dispatcher.on_named_open = lambda order: self._returned.on_open(order, is_listed=False)
        self._sweep.booked_until = self._booked_until
        self._reconciler.on_swept = lambda: self._orphans.start(self._dexs_to_ask())
        self._fills.on_swept = self._keep_bookmark

    def _on_listed(self, order: InFlightOrder, row: Order) -> None:
        self._on_open_order(order, row)
        self._cancels.on_listed(order)
        self._returned.on_open(order, is_listed=True)

    def _booked_until(self) -> int | None:
        if self._orphans.booked_until_ms is None:
            self._orphans.booked_until_ms = self._bookmark.read()
        return self._orphans.booked_until_ms

    def _keep_bookmark(self, until_ms: int) -> None:
        if not self._orphans.keeps_fills:
            self._bookmark.write(until_ms)

    def _on_stream_lost(self) -> None:
        self._reconciler.invalidate()
        self._account.unfollow()

    def _on_stream_ready(self) -> None:
        self._reconciler.start()
        # Here, because programs that embed the connector may start its stream without its network.
        self._dead_mans_switch.start()

    def _create_order_tracker(self) -> OrderTracker:
        return OrderTracker(self, fills_missing=lambda order: self._reconciler.fills_missing(order))


def _now_ms() -> int:
    return int(time.time() * 1000)
