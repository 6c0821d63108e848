"""Orders and fills of Hummingbot's shared suite in this venue's words: what is sent, answered and pushed."""

import json
from decimal import Decimal
from typing import Any

from aioresponses import CallbackResult, aioresponses
from hummingbot.core.data_type.common import PositionAction, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from hyperliquid_perpetual.sandbox import signatures
from hyperliquid_perpetual.sandbox.signed_requests import canonical_bytes, decode_request
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import Message
from tests.hummingbot.shared_suite import mocked_venue as venue
from tests.hummingbot.shared_suite.venue_words import ADDRESS, FEE, STARTED, Callback, nothing

GONE = "Order was never placed, already canceled, or filled. asset=0"


class OrderWords:
    """Part of the suite's test case: orders, cancels and fills."""

    base_asset: str
    exchange: Any
    expected_exchange_order_id: int
    expected_partial_fill_price: Decimal
    expected_partial_fill_amount: Decimal

    # ------------------------------------------------------------------ what was sent

    def validate_auth_credentials_present(self, request_call: Any) -> None:
        """Reads name the account; actions are signed by its key, as another implementation of the signature finds."""
        body = venue.body_of(request_call)
        if "action" not in body:
            assert body["user"] == ADDRESS
            return
        request = decode_request(json.dumps(body).encode())
        assert signatures.recover_l1(canonical_bytes(request.action), request, signatures.MAINNET_SOURCE) == ADDRESS

    def validate_order_creation_request(self, order: InFlightOrder, request_call: Any) -> None:
        action = venue.body_of(request_call)["action"]
        assert action == {
            "type": "order",
            "orders": [
                {
                    "a": 0,
                    "b": order.trade_type is TradeType.BUY,
                    "p": "10000",
                    "s": "100",
                    "r": order.position is PositionAction.CLOSE,
                    "t": {"limit": {"tif": "Gtc"}},
                    "c": order.client_order_id,
                }
            ],
            "grouping": "na",
        }

    def validate_order_cancelation_request(self, order: InFlightOrder, request_call: Any) -> None:
        action = venue.body_of(request_call)["action"]
        assert action == {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": order.client_order_id}]}

    def validate_order_status_request(self, order: InFlightOrder, request_call: Any) -> None:
        """An order is asked for by its client order id, when neither fills nor the list of open orders told enough."""
        body = venue.body_of(request_call)
        if body["type"] == "orderStatus":
            assert body["oid"] == order.client_order_id
        else:
            assert body["type"] in ("frontendOpenOrders", "userFillsByTime")

    def validate_trades_request(self, order: InFlightOrder, request_call: Any) -> None:
        body = venue.body_of(request_call)
        assert body["type"] == "userFillsByTime"
        assert body["startTime"] <= order.creation_timestamp * 1000

    # ------------------------------------------------------------------ cancels

    def configure_successful_cancelation_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.action_url("cancelByCloid")
        mock_api.post(url, body=json.dumps(venue.cancelled()), callback=callback)
        self._configure_status(order, "canceled", mock_api)
        return url

    def configure_erroneous_cancelation_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.action_url("cancelByCloid")
        mock_api.post(url, body=json.dumps(venue.refused("Trading is halted.")), callback=callback)
        return url

    def configure_order_not_found_error_cancelation_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.action_url("cancelByCloid")
        mock_api.post(url, body=json.dumps(venue.cancelled({"error": GONE})), callback=callback)
        return url

    def configure_one_successful_one_erroneous_cancel_all_response(
        self, successful_order: InFlightOrder, erroneous_order: InFlightOrder, mock_api: aioresponses
    ) -> list[str]:
        def answer(_url: Any, **request: Any) -> CallbackResult:
            cancels = json.loads(request["data"])["action"]["cancels"]
            return CallbackResult(
                payload=venue.cancelled(
                    *(
                        "success" if item["cloid"] == successful_order.client_order_id else {"error": "No."}
                        for item in cancels
                    )
                )
            )

        url = venue.action_url("cancelByCloid")
        mock_api.post(url, callback=answer)
        return [url]

    # ------------------------------------------------------------------ orders and fills, asked for

    def _configure_status(
        self, order: InFlightOrder, status: str, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        update = self._order_update(order, status, sz="0.0" if status == "filled" else str(order.amount))
        url = venue.read_url("orderStatus")
        mock_api.get(url, body=json.dumps({"status": "order", "order": update}), callback=callback)
        return url

    def configure_completely_filled_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> list[str]:
        """That an order is filled is told by its fills; only where they are not to be had its status is asked for."""
        self._configure_status(order, "filled", mock_api, callback)
        return [self.configure_full_fill_trade_response(order, mock_api, callback)]

    def configure_canceled_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        return self._configure_status(order, "canceled", mock_api, callback)

    def configure_open_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> list[str]:
        url = venue.read_url("frontendOpenOrders")
        mock_api.get(url, body=json.dumps([self._order_row(order)]), callback=callback)
        return [url]

    def configure_partially_filled_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.read_url("frontendOpenOrders")
        row = self._order_row(order, sz=str(order.amount - self.expected_partial_fill_amount))
        mock_api.get(url, body=json.dumps([row]), callback=callback)
        return url

    def configure_http_error_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.read_url("orderStatus")
        mock_api.get(url, status=404, callback=callback)
        return url

    def configure_order_not_found_error_order_status_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> list[str]:
        url = venue.read_url("orderStatus")
        mock_api.get(url, body=json.dumps({"status": "unknownOid"}), callback=callback)
        return [url]

    def configure_partial_fill_trade_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        fill = self._fill(order, px=str(self.expected_partial_fill_price), sz=str(self.expected_partial_fill_amount))
        return self._configure_fills([fill], mock_api, callback)

    def configure_full_fill_trade_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback | None = None
    ) -> str:
        return self._configure_fills([self._fill(order)], mock_api, callback or nothing)

    def configure_erroneous_http_fill_trade_response(
        self, order: InFlightOrder, mock_api: aioresponses, callback: Callback = nothing
    ) -> str:
        url = venue.read_url("userFillsByTime")
        mock_api.get(url, status=400, callback=callback)
        return url

    def _configure_fills(self, fills: list[dict[str, Any]], mock_api: aioresponses, callback: Callback) -> str:
        url = venue.read_url("userFillsByTime")
        mock_api.get(url, body=json.dumps(fills), callback=callback)
        return url

    # ------------------------------------------------------------------ orders and fills, pushed

    def _order_row(self, order: InFlightOrder, **changes: Any) -> dict[str, Any]:
        return {
            "coin": self.base_asset,
            "side": "B" if order.trade_type is TradeType.BUY else "A",
            "limitPx": str(order.price),
            "sz": str(order.amount),
            "oid": int(order.exchange_order_id or self.expected_exchange_order_id),
            "timestamp": STARTED,
            "origSz": str(order.amount),
            "cloid": order.client_order_id,
        } | changes

    def _order_update(self, order: InFlightOrder, status: str, **changes: Any) -> dict[str, Any]:
        return {"order": self._order_row(order, **changes), "status": status, "statusTimestamp": STARTED}

    def _fill(self, order: InFlightOrder, **changes: Any) -> dict[str, Any]:
        return {
            "coin": self.base_asset,
            "px": str(order.price),
            "sz": str(order.amount),
            "side": "B" if order.trade_type is TradeType.BUY else "A",
            "time": STARTED,
            "startPosition": "0.0",
            "dir": "Open Long",
            "closedPnl": "0.0",
            "hash": "0x00",
            "oid": int(order.exchange_order_id or self.expected_exchange_order_id),
            "crossed": False,
            "fee": str(FEE),
            "tid": 30_000,
            "cloid": order.client_order_id,
            "feeToken": "USDC",
        } | changes

    def _pushed_order(self, order: InFlightOrder, status: str, **changes: Any) -> Message:
        return decode_frame(venue.frame("orderUpdates", [self._order_update(order, status, **changes)]))

    def order_event_for_new_order_websocket_update(self, order: InFlightOrder) -> Message:
        return self._pushed_order(order, "open")

    def order_event_for_canceled_order_websocket_update(self, order: InFlightOrder) -> Message:
        return self._pushed_order(order, "canceled")

    def order_event_for_full_fill_websocket_update(self, order: InFlightOrder) -> Message:
        return self._pushed_order(order, "filled", sz="0.0")

    def trade_event_for_full_fill_websocket_update(self, order: InFlightOrder) -> Message:
        return decode_frame(venue.frame("userFills", {"user": ADDRESS, "fills": [self._fill(order)]}))

    def position_event_for_full_fill_websocket_update(self, order: InFlightOrder, unrealized_pnl: float) -> Message:
        signed = order.amount if order.trade_type is TradeType.BUY else -order.amount
        position = {
            "coin": self.base_asset,
            "szi": str(signed),
            "leverage": {"type": "cross", "value": order.leverage},
            "entryPx": str(order.price),
            "positionValue": str(order.amount * order.price),
            "unrealizedPnl": str(unrealized_pnl),
            "marginUsed": "1.0",
        }
        states = [["", venue.clearinghouse(position)]]
        return decode_frame(venue.frame("allDexsClearinghouseState", {"user": ADDRESS, "clearinghouseStates": states}))
