"""What `POST /exchange` answers: the engine's reply in the venue's envelopes (reference, sections 1.3 and 3)."""

from collections.abc import Mapping
from typing import Any

from hyperliquid_perpetual.sandbox.account_requests import CreateSubAccountAction
from hyperliquid_perpetual.sandbox.action_base import Action
from hyperliquid_perpetual.sandbox.engine.events import (
    Failed,
    Filled,
    ItemStatus,
    Replied,
    Resting,
    TwapRunning,
    WaitingForFill,
    WaitingForTrigger,
)
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.refusals import NotPrevalidated, Refused
from hyperliquid_perpetual.sandbox.service_requests import CreateVaultAction
from hyperliquid_perpetual.sandbox.signed_requests import (
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    ModifyAction,
    OrderAction,
)
from hyperliquid_perpetual.sandbox.twap_requests import TwapCancelAction, TwapOrderAction
from hyperliquid_perpetual.sandbox.wire import price_text, size_text


def refusal(text: str, quirks: VenueQuirks) -> dict[str, Any]:
    """The whole action is refused."""
    prefix = "L1 error: " if quirks.error_prefix == "present" else ""
    return {"status": "err", "response": prefix + text}


def reply_to(
    action: Action, outcome: Replied | Refused, markets: Mapping[int, MarketState], quirks: VenueQuirks
) -> dict[str, Any]:
    """The JSON answer to an action, given what came of it. `markets` are by asset id."""
    if isinstance(outcome, NotPrevalidated):
        return _pre_validation(action, outcome.text, quirks)
    if isinstance(outcome, Refused):
        return refusal(outcome.text, quirks)
    if outcome.error is not None:
        is_early = outcome.pre_validation
        return _pre_validation(action, outcome.error, quirks) if is_early else refusal(outcome.error, quirks)
    if isinstance(action, OrderAction):
        assets = [order.a for order in action.orders]
    elif isinstance(action, BatchModifyAction):
        assets = [item.order.a for item in action.modifies]
    elif isinstance(action, CancelAction | CancelByCloidAction):
        return _items("cancel", [_cancel_status(status) for status in outcome.statuses])
    else:
        if isinstance(action, ModifyAction) and isinstance(outcome.statuses[0], Failed):
            return refusal(outcome.statuses[0].error, quirks)
        if isinstance(action, TwapOrderAction | TwapCancelAction):
            return _twap(action, outcome.statuses[0])
        if isinstance(action, CreateSubAccountAction):
            return {"status": "ok", "response": {"type": "createSubAccount", "data": outcome.created}}
        if isinstance(action, CreateVaultAction):
            return {"status": "ok", "response": {"type": "createVault", "data": outcome.created}}
        return {"status": "ok", "response": {"type": "default"}}
    decimals = (markets[asset].market.sz_decimals for asset in assets)
    return _items("order", [_order_status(*pair) for pair in zip(outcome.statuses, decimals, strict=True)])


def _pre_validation(action: Action, text: str, quirks: VenueQuirks) -> dict[str, Any]:
    """One error for the whole batch: a list of one status where there are statuses, whatever the batch's length."""
    if isinstance(action, TwapOrderAction):
        return _twap(action, Failed(text))
    if isinstance(action, OrderAction | BatchModifyAction) and quirks.pre_validation_reply == "one_status":
        return _items("order", [{"error": text}])
    return refusal(text, quirks)


def _items(kind: str, statuses: list[Any]) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}}


def _twap(action: TwapOrderAction | TwapCancelAction, status: ItemStatus) -> dict[str, Any]:
    """The third place of errors: one `status`, not in a list."""
    kind = "twapOrder" if isinstance(action, TwapOrderAction) else "twapCancel"
    found: Any = "success"
    if isinstance(status, Failed):
        found = {"error": status.error}
    elif isinstance(status, TwapRunning):
        found = {"running": {"twapId": status.twap_id}}
    return {"status": "ok", "response": {"type": kind, "data": {"status": found}}}


def _cancel_status(status: ItemStatus) -> Any:
    return {"error": status.error} if isinstance(status, Failed) else "success"


def _order_status(status: ItemStatus, sz_decimals: int) -> Any:
    if isinstance(status, Failed):
        return {"error": status.error}
    if isinstance(status, WaitingForTrigger):
        return "waitingForTrigger"
    if isinstance(status, WaitingForFill):
        return "waitingForFill"
    found: dict[str, Any]
    if isinstance(status, Resting):
        found = {"oid": status.oid}
        word = "resting"
    elif isinstance(status, Filled):
        found = {
            "totalSz": size_text(status.total_sz, sz_decimals),
            "avgPx": price_text(status.avg_px),
            "oid": status.oid,
        }
        word = "filled"
    else:
        raise TypeError(f"{status} is no status of an order")
    if status.cloid is not None:
        found["cloid"] = status.cloid
    return {word: found}
