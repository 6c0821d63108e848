"""What Hummingbot's shared suite has to know about this venue: where things are asked, what is answered, and what
follows from that for Hummingbot."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from aioresponses import aioresponses
from hummingbot.connector.trading_rule import TradingRule
from hummingbot.core.data_type.common import OrderType, PositionAction, PositionMode
from hummingbot.core.data_type.trade_fee import (
    AddedToCostTradeFee,
    DeductedFromReturnsTradeFee,
    TokenAmount,
    TradeFeeBase,
)

from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import Message
from tests.hummingbot.shared_suite import mocked_venue as venue

SECRET_KEY = "0x" + "1".rjust(64, "0")
ADDRESS = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"
STARTED = 1_640_780_000_000
"""When the orders of the suite are placed, Unix milliseconds."""

NOW = 1_657_099_053
"""When market data comes in, Unix seconds."""

FEE = Decimal("0.1")

Callback = Callable[..., Any]


def nothing(*_arguments: Any, **_options: Any) -> None:
    """The callback of whoever does not want to be called."""


class VenueWords:
    """Part of the suite's test case: markets, prices, balances, funding and leverage."""

    base_asset: str
    trading_pair: str
    exchange: Any
    async_run_with_timeout: Callable[..., Any]
    target_funding_info_index_price: int
    target_funding_info_mark_price: int
    target_funding_info_rate: int
    target_funding_info_index_price_ws_updated: int
    target_funding_info_mark_price_ws_updated: int
    target_funding_info_rate_ws_updated: int
    target_funding_payment_funding_rate: int
    target_funding_payment_payment_amount: int

    @property
    def market(self) -> dict[str, Any]:
        """With the lot size and tick of the trading rules that the suite makes up."""
        return {"name": self.base_asset, "szDecimals": 2, "maxLeverage": 40}

    @property
    def metadata(self) -> dict[str, Any]:
        return venue.meta(self.market)

    @property
    def venue_at_rest(self) -> dict[str, Any]:
        """An account without anything, on a venue with one dex."""
        return {
            "perpDexs": [None],
            "spotMeta": {"universe": [], "tokens": [{"name": "USDC", "index": 0}]},
            "userRole": {"role": "user"},
            "userAbstraction": "portfolioMargin",
            "clearinghouseState": venue.clearinghouse(),
            "frontendOpenOrders": [],
            "userFillsByTime": [],
        }

    def exchange_symbol_for_tokens(self, base_token: str, quote_token: str) -> str:
        return base_token

    @property
    def all_symbols_url(self) -> str:
        return venue.read_url("allPerpMetas")

    @property
    def trading_rules_url(self) -> str:
        return venue.read_url("allPerpMetas")

    @property
    def network_status_url(self) -> str:
        return venue.read_url("exchangeStatus")

    @property
    def latest_prices_url(self) -> str:
        return venue.read_url("allMids")

    @property
    def balance_url(self) -> str:
        return venue.read_url("spotClearinghouseState")

    @property
    def order_creation_url(self) -> str:
        return venue.action_url("order")

    @property
    def funding_info_url(self) -> str:
        return venue.read_url("metaAndAssetCtxs")

    @property
    def funding_payment_url(self) -> str:
        return venue.read_url("userFunding")

    # ------------------------------------------------------------------ what the venue answers

    @property
    def all_symbols_request_mock_response(self) -> Any:
        return [self.metadata]

    @property
    def all_symbols_including_invalid_pair_mock_response(self) -> tuple[str, Any]:
        delisted = {"name": "GONE", "szDecimals": 2, "maxLeverage": 3, "isDelisted": True}
        return "GONE-USD", [venue.meta(self.market, delisted)]

    @property
    def trading_rules_request_mock_response(self) -> Any:
        return [self.metadata]

    @property
    def trading_rules_request_erroneous_mock_response(self) -> Any:
        return [venue.meta({"name": "BROKEN", "maxLeverage": 40}, self.market)]

    @property
    def latest_prices_request_mock_response(self) -> Any:
        return {self.base_asset: str(self.expected_latest_price)}

    @property
    def network_status_request_successful_mock_response(self) -> Any:
        return {"time": STARTED, "specialStatuses": None}

    @property
    def order_creation_request_successful_mock_response(self) -> Any:
        return venue.resting(self.expected_exchange_order_id)

    @property
    def balance_request_mock_response_for_base_and_quote(self) -> Any:
        return venue.wallet(COINALPHA=("15.0", "5.0"), USDC=("2000.0", "0.0"))

    @property
    def balance_request_mock_response_only_base(self) -> Any:
        return venue.wallet(COINALPHA=("15.0", "5.0"), USDC=("0.0", "0.0"))

    @property
    def balance_event_websocket_update(self) -> Message:
        return decode_frame(
            venue.frame("spotState", {"user": ADDRESS, "spotState": venue.wallet(COINALPHA=("15.0", "5.0"))})
        )

    @property
    def funding_info_mock_response(self) -> Any:
        context = {
            "funding": str(self.target_funding_info_rate),
            "oraclePx": str(self.target_funding_info_index_price),
            "markPx": str(self.target_funding_info_mark_price),
            "openInterest": "0.0",
        }
        return [self.metadata, [context]]

    @property
    def target_funding_info_next_funding_utc_timestamp(self) -> int:
        """The venue pays at every full hour and does not send the time along."""
        return (NOW // 3600 + 1) * 3600

    @property
    def empty_funding_payment_mock_response(self) -> Any:
        return []

    @property
    def funding_payment_mock_response(self) -> Any:
        payment = {
            "type": "funding",
            "coin": self.base_asset,
            "usdc": str(self.target_funding_payment_payment_amount),
            "szi": "1.0",
            "fundingRate": str(self.target_funding_payment_funding_rate),
            "nSamples": None,
        }
        return [{"time": self.target_funding_payment_timestamp * 1000, "hash": "0x00", "delta": payment}]

    @property
    def target_funding_payment_timestamp(self) -> int:
        """After the connector's start: what was paid before is not news."""
        return 4_000_000_000

    def _configure_balance_response(
        self, response: dict[str, Any], mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        mock_api.get(self.balance_url, body=json.dumps(response), callback=callback)
        return self.balance_url

    def funding_info_event_for_websocket_update(self) -> Message:
        # Contexts come only for pairs that are followed.
        self.async_run_with_timeout(self.exchange._orderbook_ds.subscribe_to_trading_pair(self.trading_pair))
        context = {
            "funding": str(self.target_funding_info_rate_ws_updated),
            "oraclePx": str(self.target_funding_info_index_price_ws_updated),
            "markPx": str(self.target_funding_info_mark_price_ws_updated),
        }
        return decode_frame(venue.frame("activeAssetCtx", {"coin": self.base_asset, "ctx": context}))

    def configure_successful_set_leverage(
        self, leverage: int, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.action_url("updateLeverage")
        mock_api.post(url, body=json.dumps({"status": "ok", "response": {"type": "default"}}), callback=callback)
        return url

    def configure_failed_set_leverage(
        self, leverage: int, mock_api: aioresponses, callback: Callback = nothing
    ) -> tuple[str, str]:
        url, message = venue.action_url("updateLeverage"), "Cannot decrease leverage with open positions."
        mock_api.post(url, body=json.dumps(venue.refused(message)), callback=callback)
        return url, message

    def configure_successful_set_position_mode(
        self, position_mode: PositionMode, mock_api: aioresponses, callback: Callback = nothing
    ) -> None:
        raise NotImplementedError("the venue has one mode and no request for it")

    def configure_failed_set_position_mode(
        self, position_mode: PositionMode, mock_api: aioresponses, callback: Callback = nothing
    ) -> tuple[str, str]:
        raise NotImplementedError("the venue has one mode and no request for it")

    # ------------------------------------------------------------------ what the suite expects

    @property
    def expected_latest_price(self) -> float:
        return 9999.5

    @property
    def expected_supported_order_types(self) -> list[OrderType]:
        return [OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET]

    @property
    def expected_supported_position_modes(self) -> list[PositionMode]:
        return [PositionMode.ONEWAY]

    @property
    def expected_trading_rule(self) -> TradingRule:
        return TradingRule(
            trading_pair=self.trading_pair,
            min_order_size=Decimal("0.01"),
            min_price_increment=Decimal("0.0001"),
            min_base_amount_increment=Decimal("0.01"),
            min_notional_size=Decimal(10),
            buy_order_collateral_token="USDC",
            sell_order_collateral_token="USDC",
        )

    @property
    def expected_logged_error_for_erroneous_trading_rule(self) -> str:
        raise NotImplementedError("the test that would ask for it is replaced")

    @property
    def expected_exchange_order_id(self) -> int:
        return 28

    @property
    def is_order_fill_http_update_included_in_status_update(self) -> bool:
        return True

    @property
    def is_order_fill_http_update_executed_during_websocket_order_event_processing(self) -> bool:
        return False

    @property
    def expected_partial_fill_price(self) -> Decimal:
        return Decimal(10_500)

    @property
    def expected_partial_fill_amount(self) -> Decimal:
        return Decimal("0.5")

    @property
    def expected_fill_trade_id(self) -> str:
        return f"30000-{STARTED}"

    @property
    def expected_fill_fee(self) -> TradeFeeBase:
        """Hummingbot adds the fee of an opening order to its cost, any other's it deducts."""
        opens = any(
            order.position is PositionAction.OPEN for order in self.exchange._order_tracker.all_fillable_orders.values()
        )
        fee_class = AddedToCostTradeFee if opens else DeductedFromReturnsTradeFee
        return fee_class(percent_token="USDC", flat_fees=[TokenAmount("USDC", FEE)])
