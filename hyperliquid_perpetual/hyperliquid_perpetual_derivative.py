"""The connector as Hummingbot sees it: the contract of its perpetual base class, and nothing else.

Decisions, loops and caches live in ``trading``; Hummingbot's calls are handed to them and their results handed back.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from bidict import bidict
from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.connector.derivative.position import Position
from hummingbot.connector.perpetual_derivative_py_base import PerpetualDerivativePyBase
from hummingbot.connector.trading_rule import TradingRule
from hummingbot.core.api_throttler.data_types import RateLimit
from hummingbot.core.data_type.common import OrderType, PositionAction, PositionMode, PositionSide, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder, OrderUpdate, TradeUpdate
from hummingbot.core.data_type.trade_fee import TradeFeeBase
from hummingbot.core.utils.async_utils import safe_ensure_future
from hummingbot.core.utils.estimate_fee import build_perpetual_trade_fee
from hummingbot.core.web_assistant.web_assistants_factory import WebAssistantsFactory

from . import hyperliquid_perpetual_constants as constants
from . import hyperliquid_perpetual_web_utils as web_utils
from .hyperliquid_perpetual_api_order_book_data_source import HyperliquidPerpetualAPIOrderBookDataSource
from .hyperliquid_perpetual_auth import HyperliquidPerpetualAuth
from .hyperliquid_perpetual_user_stream_data_source import HyperliquidPerpetualUserStreamDataSource
from .trading import order_checks
from .trading.account import AccountState, hummingbot_token
from .trading.account_reader import AccountReader
from .trading.batches import OrderDesk
from .trading.budget import Priority, shared_budget
from .trading.credentials import CredentialError, check_credentials, load_credentials, parse_flag
from .trading.dispatch import Dispatcher
from .trading.fills import FillBook
from .trading.funding_ledger import FundingLedger
from .trading.market_data import MarketData
from .trading.markets_source import MarketsSource
from .trading.order_flow import OrderFlow, VenueRejection
from .trading.order_tracker import OrderTracker
from .trading.reconciliation import Reconciler
from .trading.requests import Requests, VenueUnavailable
from .venue import actions, client_ids, prices
from .venue.actions import OrderRequest
from .venue.markets import FIRST_DEX, Market, MarketTable
from .venue.messages import FundingPayment, UserFees
from .venue.networks import Network
from .venue.nonces import shared_nonce_source
from .venue.replies import Rejected, Unclear


class HyperliquidPerpetualDerivative(PerpetualDerivativePyBase):
    """Hyperliquid perpetuals for Hummingbot."""

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
    ) -> None:
        """
        :raises CredentialError: when keys are given that cannot work, or trading is required without keys.
        :raises ValueError: for an unknown domain.
        """
        self._domain = domain
        self._network = Network.from_domain(domain)
        self._trading_required = trading_required
        self._trading_pairs = trading_pairs if trading_pairs is not None else []
        credentials = load_credentials(
            self._network,
            hyperliquid_perpetual_address,
            hyperliquid_perpetual_secret_key,
            hyperliquid_perpetual_mode,
            parse_flag(use_vault),
        )
        if trading_required and credentials is None:
            raise CredentialError(f"{domain} needs an account address and a private key to trade: run connect {domain}")
        self._auth_holder = HyperliquidPerpetualAuth(credentials) if credentials is not None else None
        self._budget = shared_budget(self._network.rest_url)
        if rate_limits_share_pct < 100:
            self._budget.limit_to(int(self._budget.limit * rate_limits_share_pct / 100))
        signer = credentials.signer if credentials is not None else None
        self._requests = Requests(
            self._network,
            self._budget,
            _now_ms,
            signer=signer,
            nonces=shared_nonce_source(self._network.value, signer.address, _now_ms) if signer is not None else None,
            vault_address=credentials.vault_address if credentials is not None else None,
        )
        self._account_address = credentials.account if credentials is not None else ""
        self._credentials_checked = False
        self._markets = MarketsSource(self._requests, with_hip3=enable_hip3_markets)
        self._market_data = MarketData()
        self._account = AccountState()
        self._fills = FillBook()
        self._fees: UserFees | None = None
        self._funding_ledger = FundingLedger(_now_ms())
        super().__init__(balance_asset_limit, rate_limits_share_pct)

        self._reader = AccountReader(self._requests, self._account_address)
        self._flow = OrderFlow(
            OrderDesk(self._requests), self._order_tracker, self._reader, self._stream_is_live, time.time
        )
        self._dispatcher = Dispatcher(
            self._account_address,
            self._order_tracker,
            self._flow,
            self._fills,
            self._account,
            self._on_account_change,
            self._on_funding,
        )
        self._reconciler = Reconciler(
            self._reader,
            self._order_tracker,
            self._flow,
            self._dispatcher,
            self._fills,
            self._account,
            self._dexs_in_use,
            self._on_account_change,
            time.time,
        )
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
    def status_dict(self) -> dict[str, bool]:
        status: dict[str, bool] = super().status_dict
        if self._trading_required:
            status["account_reconciled"] = self._reconciler.is_reconciled
        return status

    def supported_order_types(self) -> list[OrderType]:
        return [OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET]

    def supported_position_modes(self) -> list[PositionMode]:
        return [PositionMode.ONEWAY]

    def get_buy_collateral_token(self, trading_pair: str) -> str:
        return str(self._trading_rules[trading_pair].buy_order_collateral_token)

    def get_sell_collateral_token(self, trading_pair: str) -> str:
        return str(self._trading_rules[trading_pair].sell_order_collateral_token)

    # --- Starting and stopping

    async def start_network(self) -> None:
        await super().start_network()
        self._requests.keep_open()
        self._flow.resolver.resume()

    async def stop_network(self) -> None:
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
        await self._requests.close()

    async def _make_network_check_request(self) -> None:
        if time.time() - self._user_stream_tracker.last_recv_time > 30:
            await self._requests.info({"type": "exchangeStatus"})

    # --- Markets

    async def _update_trading_rules(self) -> None:
        await self._markets.refresh(max_age=5.0)

    async def _make_trading_rules_request(self) -> MarketTable:
        return await self._markets.refresh(max_age=5.0)

    async def _make_trading_pairs_request(self) -> MarketTable:
        return await self._markets.refresh(max_age=5.0)

    async def _initialize_trading_pair_symbol_map(self) -> None:
        try:
            await self._markets.refresh(max_age=5.0)
        except VenueUnavailable as error:
            self.logger().network(f"The markets of {self._domain} cannot be read yet: {error}")

    async def _format_trading_rules(self, exchange_info_dict: MarketTable) -> list[TradingRule]:
        return [_trading_rule(market) for market in exchange_info_dict.by_trading_pair.values()]

    def _initialize_trading_pair_symbols_from_exchange_info(self, exchange_info: MarketTable) -> None:
        self._set_trading_pair_symbol_map(
            bidict({market.coin: pair for pair, market in exchange_info.by_trading_pair.items()})
        )

    def _on_markets(self, table: MarketTable) -> None:
        # In place, because strategies keep a reference to the dictionary; there is no await in between.
        self._trading_rules.clear()
        self._trading_rules.update({pair: _trading_rule(market) for pair, market in table.by_trading_pair.items()})
        self._initialize_trading_pair_symbols_from_exchange_info(table)

    def _market(self, trading_pair: str) -> Market:
        market = self._markets.table.by_trading_pair.get(trading_pair)
        if market is not None:
            return market
        if not self._markets.table.by_coin:
            raise order_checks.OrderRefused(f"the markets of {self._domain} are not loaded yet")
        known = ", ".join(list(self._markets.table.by_trading_pair)[:5])
        raise order_checks.OrderRefused(
            f"{trading_pair} is no market of {self._domain}; pairs look like {known} (case matters)"
        )

    def _dexs_in_use(self) -> Sequence[str]:
        table = self._markets.table
        coins = [market.coin for pair in self._trading_pairs if (market := table.by_trading_pair.get(pair)) is not None]
        return list(dict.fromkeys([FIRST_DEX, *table.dexs_of(coins)]))

    def get_order_price_quantum(self, trading_pair: str, price: Decimal) -> Decimal:
        market = self._markets.table.by_trading_pair.get(trading_pair)
        if market is None:
            return Decimal(self._trading_rules[trading_pair].min_price_increment)
        return prices.price_tick(price, market.sz_decimals)

    def quantize_order_price(self, trading_pair: str, price: Decimal) -> Decimal:
        """The highest valid price not above ``price``; NaN stays NaN."""
        if not price.is_finite():
            return price
        rule = self._trading_rules[trading_pair]
        tick = self.get_order_price_quantum(trading_pair, price)
        return ((price // tick) * tick).quantize(rule.min_price_increment)

    async def get_all_pairs_prices(self) -> list[dict[str, Any]]:
        """Mid prices of all markets: ``[{"symbol": coin, "price": Decimal}]``, in one request per dex."""
        table = await self._markets.refresh(max_age=self.TRADING_RULES_INTERVAL)
        found: list[dict[str, Any]] = []
        for dex in dict.fromkeys(market.dex for market in table.by_trading_pair.values()):
            mids = await self._requests.info({"type": "allMids", "dex": dex}, dict[str, Decimal])
            found += [
                {"symbol": coin, "price": mid}
                for coin, mid in mids.items()
                if coin in table.by_coin and not table.by_coin[coin].is_delisted
            ]
        return found

    async def _get_last_traded_price(self, trading_pair: str) -> float:
        return (await self._orderbook_ds.get_last_traded_prices([trading_pair]))[trading_pair]

    async def get_last_traded_prices(self, trading_pairs: list[str]) -> dict[str, float]:
        """The last prices of all pairs asked for, in one go."""
        last_prices: dict[str, float] = await self._orderbook_ds.get_last_traded_prices(trading_pairs)
        return last_prices

    # --- Orders

    def buy(
        self,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal = s_decimal_NaN,
        **kwargs: Any,
    ) -> str:
        return self._start_order(TradeType.BUY, trading_pair, amount, order_type, price, **kwargs)

    def sell(
        self,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType = OrderType.LIMIT,
        price: Decimal = s_decimal_NaN,
        **kwargs: Any,
    ) -> str:
        return self._start_order(TradeType.SELL, trading_pair, amount, order_type, price, **kwargs)

    def _start_order(
        self,
        trade_type: TradeType,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        **kwargs: Any,
    ) -> str:
        order_id = client_ids.make_cloid(os.urandom(client_ids.RANDOM_BYTES))
        safe_ensure_future(self._create_order(trade_type, order_id, trading_pair, amount, order_type, price, **kwargs))
        return order_id

    async def _create_order(
        self,
        trade_type: TradeType,
        order_id: str,
        trading_pair: str,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal | None = None,
        position_action: PositionAction = PositionAction.NIL,
        **kwargs: Any,
    ) -> None:
        if position_action not in self.VALID_POSITION_ACTIONS:
            raise ValueError(f"position action {position_action} is not valid: use OPEN or CLOSE")
        asked_price = price if price is not None else s_decimal_NaN
        problem: order_checks.OrderRefused | None = None
        quantized_amount, quantized_price = amount, asked_price
        try:
            quantized_amount, quantized_price = self._check_order(
                trading_pair, trade_type, amount, order_type, asked_price, position_action
            )
        except order_checks.OrderRefused as error:
            problem = error
        self.start_tracking_order(
            order_id=order_id,
            exchange_order_id=None,
            trading_pair=trading_pair,
            trade_type=trade_type,
            price=quantized_price,
            amount=quantized_amount if quantized_amount.is_finite() else Decimal(0),
            order_type=order_type,
            position_action=position_action,
            **kwargs,
        )
        order = self._order_tracker.active_orders[order_id]
        if problem is not None:
            self.logger().warning(f"Order not sent: {problem}")
            self._update_order_after_failure(order_id, trading_pair, problem)
            return
        try:
            await self._place_order_and_process_update(order, position_action=position_action, **kwargs)
        except VenueRejection as error:
            self.logger().network(
                f"Error submitting {trade_type.name.lower()} {order_type.name.upper()} order to {self.name_cap} for "
                f"{quantized_amount} {trading_pair} {quantized_price}.",
                app_warning_msg=f"{self.name_cap} refused the {trade_type.name.lower()} order: {error}",
            )
            self._update_order_after_failure(order_id, trading_pair, error)

    def _check_order(
        self,
        trading_pair: str,
        trade_type: TradeType,
        amount: Decimal,
        order_type: OrderType,
        price: Decimal,
        position_action: PositionAction,
    ) -> tuple[Decimal, Decimal]:
        """Amount and price as they can be sent.

        :raises OrderRefused: when they cannot.
        """
        market = self._market(trading_pair)
        if order_type not in self.supported_order_types():
            names = ", ".join(kind.name for kind in self.supported_order_types())
            raise order_checks.OrderRefused(f"order type {order_type} is not supported: use {names}")
        quantized_amount = self.quantize_order_amount(trading_pair, amount) if amount.is_finite() else amount
        order_checks.check_amount(market, amount, quantized_amount)
        is_buy = trade_type is TradeType.BUY
        if order_type is OrderType.MARKET:
            touch = self._touch(trading_pair, is_buy)
            price = order_checks.market_order_price(market, is_buy, touch, order_checks.DEFAULT_SLIPPAGE)
        elif price.is_finite():
            price = prices.passive_price(price, market.sz_decimals, is_buy)
        order_checks.check_price(market, price, self._market_data.reference_price(market.coin))
        reduces = position_action is PositionAction.CLOSE
        order_checks.check_notional(market, price, quantized_amount, reduces)
        return quantized_amount, price.quantize(self._trading_rules[trading_pair].min_price_increment)

    def _touch(self, trading_pair: str, is_buy: bool) -> Decimal:
        try:
            touch: Decimal = self.get_price(trading_pair, is_buy)
        except (ValueError, OSError):
            touch = s_decimal_NaN
        if touch.is_finite() and touch > 0:
            return touch
        return self._market_data.reference_price(self._market(trading_pair).coin) or s_decimal_NaN

    async def _place_order_and_process_update(self, order: InFlightOrder, **kwargs: Any) -> str | None:
        await self._flow.place(order, self._order_request(order))
        exchange_order_id: str | None = order.exchange_order_id
        return exchange_order_id

    def _order_request(self, order: InFlightOrder) -> OrderRequest:
        tif: actions.Tif = "Gtc"
        if order.order_type is OrderType.LIMIT_MAKER:
            tif = "Alo"
        elif order.order_type is OrderType.MARKET:
            tif = "FrontendMarket"
        return OrderRequest(
            asset_id=self._market(order.trading_pair).asset_id,
            is_buy=order.trade_type is TradeType.BUY,
            price=order.price,
            size=order.amount,
            reduce_only=order.position is PositionAction.CLOSE,
            tif=tif,
            cloid=order.client_order_id,
        )

    async def _place_order(
        self,
        order_id: str,
        trading_pair: str,
        amount: Decimal,
        trade_type: TradeType,
        order_type: OrderType,
        price: Decimal,
        position_action: PositionAction = PositionAction.NIL,
        **kwargs: Any,
    ) -> tuple[str | None, float]:
        order = self._order_tracker.active_orders[order_id]
        return await self._place_order_and_process_update(order), time.time()

    async def _execute_order_cancel(self, order: InFlightOrder) -> str | None:
        try:
            cancelled = await self._place_cancel(order.client_order_id, order)
        except (VenueRejection, order_checks.OrderRefused, VenueUnavailable) as error:
            self.logger().error(f"Failed to cancel order {order.client_order_id}: {error}")
            return None
        return order.client_order_id if cancelled else None

    async def _place_cancel(self, order_id: str, tracked_order: InFlightOrder) -> bool:
        if not self._markets.table.by_coin:
            # After a restart a cancel can come before the markets are known.
            await self._markets.refresh(max_age=5.0)
        return await self._flow.cancel(tracked_order, self._asset_id(tracked_order.trading_pair))

    def _asset_id(self, trading_pair: str) -> int:
        for market in self._markets.table:
            # Delisted ones too: their orders can still be cancelled.
            if market.trading_pair == trading_pair:
                return market.asset_id
        return self._market(trading_pair).asset_id

    # --- The account

    async def _user_stream_event_listener(self) -> None:
        async for message in self._iter_user_event_queue():
            try:
                self._dispatcher.on_message(message)
            except Exception:
                self.logger().exception("An account message could not be applied; the next ones are not affected")

    async def _status_polling_loop_fetch_updates(self) -> None:
        await self._ensure_credentials()
        await self._reconciler.sweep()

    async def _update_order_status(self) -> None:
        await self._reconciler.sweep_orders()

    async def _update_balances(self) -> None:
        await self._ensure_credentials()
        if not self._markets.table.by_coin:
            await self._markets.refresh()
        await self._reconciler.sweep_state()

    async def _update_positions(self) -> None:
        if not self._account.is_known:
            await self._update_balances()

    async def _ensure_credentials(self) -> None:
        if self._auth_holder is not None and not self._credentials_checked:
            await check_credentials(self._requests, self._auth_holder.credentials)
            self._credentials_checked = True

    def _on_account_change(self) -> None:
        if not self._account.is_known:
            return
        balances = self._account.balances(self._markets.table)
        for known, getter in (
            (self._account_balances, lambda balance: balance.total),
            (self._account_available_balances, lambda balance: balance.available),
        ):
            known.clear()
            known.update({token: getter(balance) for token, balance in balances.items()})
        self._show_positions()

    def _show_positions(self) -> None:
        positions: dict[str, Position] = {}
        for data in self._account.positions():
            market = self._markets.table.by_coin.get(data.coin)
            pair = market.trading_pair if market is not None else f"{data.coin}-USD"
            side = PositionSide.LONG if data.szi > 0 else PositionSide.SHORT
            positions[self._perpetual_trading.position_key(pair, side)] = Position(
                trading_pair=pair,
                position_side=side,
                unrealized_pnl=data.unrealizedPnl,
                entry_price=data.entryPx or Decimal(0),
                amount=data.szi,
                leverage=Decimal(data.leverage.value),
            )
        for key in [key for key in self.account_positions if key not in positions]:
            self._perpetual_trading.remove_position(key)
        for key, position in positions.items():
            self._perpetual_trading.set_position(key, position)

    def _stream_is_live(self) -> bool:
        return bool(self._user_stream_tracker.data_source.is_live)

    def _is_user_stream_initialized(self) -> bool:
        return not self._trading_required or self._stream_is_live()

    # --- Orders asked for one by one, as the base class and embedders do

    async def _request_order_status(self, tracked_order: InFlightOrder) -> OrderUpdate:
        status = await self._reader.order_status(tracked_order.client_order_id)
        if status.order is not None:
            self._flow.apply_update(tracked_order, status.order)
        elif tracked_order.client_order_id not in self._flow.resolver.pending:
            self._flow.resolver.watch(tracked_order.client_order_id, None)
        return OrderUpdate(
            trading_pair=tracked_order.trading_pair,
            update_timestamp=time.time(),
            new_state=tracked_order.current_state,
            client_order_id=tracked_order.client_order_id,
            exchange_order_id=tracked_order.exchange_order_id,
        )

    async def _all_trade_updates_for_order(self, order: InFlightOrder) -> list[TradeUpdate]:
        await self._reconciler.sweep_fills()
        return list(order.order_fills.values())

    def _is_request_exception_related_to_time_synchronizer(self, request_exception: Exception) -> bool:
        return False

    def _is_order_not_found_during_status_update_error(self, status_update_exception: Exception) -> bool:
        return False

    def _is_order_not_found_during_cancelation_error(self, cancelation_exception: Exception) -> bool:
        return False

    # --- Leverage, position mode, funding, fees

    async def _fetch_account_position_mode(self) -> PositionMode:
        return PositionMode.ONEWAY

    async def _trading_pair_position_mode_set(self, mode: PositionMode, trading_pair: str) -> tuple[bool, str]:
        if mode is PositionMode.ONEWAY:
            return True, ""
        return False, "Hyperliquid has one position per market: only ONEWAY is possible"

    async def _set_trading_pair_leverage(self, trading_pair: str, leverage: int) -> tuple[bool, str]:
        try:
            if not self._markets.table.by_coin:
                await self._markets.refresh(max_age=5.0)
            market = self._market(trading_pair)
        except (order_checks.OrderRefused, VenueUnavailable) as error:
            return False, str(error)
        if leverage != int(leverage) or not 1 <= leverage <= market.max_leverage:
            return False, f"leverage {leverage} is not valid for {trading_pair}: use 1 to {market.max_leverage}"
        action = actions.update_leverage(market.asset_id, self._is_cross(market), int(leverage))
        outcome = (await self._requests.act(action, 1, Priority.ORDER)).outcomes[0]
        if isinstance(outcome, Rejected | Unclear):
            return False, outcome.reason
        return True, ""

    def _is_cross(self, market: Market) -> bool:
        """Whether a market's margin is shared: as the account has it, else wherever the venue allows it."""
        for data in self._account.positions():
            if data.coin == market.coin:
                return data.leverage.type == "cross"
        return not market.only_isolated

    def _on_funding(self, payments: list[FundingPayment]) -> None:
        for payment in self._funding_ledger.take_new(payments):
            market = self._markets.table.by_coin.get(payment.coin)
            if market is not None and market.trading_pair in self._trading_pairs:
                self._emit_funding_payment_event(
                    market.trading_pair, payment.time / 1000, payment.fundingRate, payment.usdc, True
                )

    async def _update_all_funding_payments(self, fire_event_on_new: bool) -> None:
        try:
            payments = await self._reader.fundings_since(self._funding_ledger.gap_start())
        except VenueUnavailable as error:
            self.logger().network(f"Funding payments cannot be asked for now: {error}")
            return
        self._on_funding(payments)

    async def _fetch_last_fee_payment(self, trading_pair: str) -> tuple[float, Decimal, Decimal]:
        await self._update_all_funding_payments(fire_event_on_new=True)
        newest = self._funding_ledger.newest(self._market(trading_pair).coin)
        if newest is None:
            return 0, Decimal(-1), Decimal(-1)
        return newest.time / 1000, newest.fundingRate, newest.usdc

    async def _update_trading_fees(self) -> None:
        self._fees = await self._reader.fees()

    def _get_fee(
        self,
        base_currency: str,
        quote_currency: str,
        order_type: OrderType,
        order_side: TradeType,
        position_action: PositionAction,
        amount: Decimal,
        price: Decimal = s_decimal_NaN,
        is_maker: bool | None = None,
    ) -> TradeFeeBase:
        maker = is_maker if is_maker is not None else order_type is OrderType.LIMIT_MAKER
        market = self._markets.table.by_trading_pair.get(f"{base_currency}-{quote_currency}")
        if self._fees is None or market is None:
            return build_perpetual_trade_fee(
                self.name, maker, position_action, base_currency, quote_currency, order_type, order_side, amount, price
            )
        rate = self._fees.userAddRate if maker else self._fees.userCrossRate
        return TradeFeeBase.new_perpetual_fee(
            fee_schema=self.trade_fee_schema(),
            position_action=position_action,
            percent=rate * market.fee_multiplier if rate > 0 else rate,
            percent_token=hummingbot_token(market.collateral_token),
        )

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
        )

    def _create_user_stream_data_source(self) -> HyperliquidPerpetualUserStreamDataSource:
        return HyperliquidPerpetualUserStreamDataSource(
            self._network,
            self._account_address,
            on_ready=lambda: self._reconciler.start(),
            on_lost=lambda: self._reconciler.invalidate(),
        )

    def _create_order_tracker(self) -> OrderTracker:
        return OrderTracker(self, fills_missing=lambda order: self._reconciler.fills_missing(order))


def _trading_rule(market: Market) -> TradingRule:
    lot = prices.lot_size(market.sz_decimals)
    token = hummingbot_token(market.collateral_token)
    return TradingRule(
        trading_pair=market.trading_pair,
        min_order_size=lot,
        min_price_increment=prices.finest_tick(market.sz_decimals),
        min_base_amount_increment=lot,
        min_notional_size=prices.MIN_NOTIONAL,
        buy_order_collateral_token=token,
        sell_order_collateral_token=token,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
