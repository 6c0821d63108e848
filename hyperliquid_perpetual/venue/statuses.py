"""What an order status of the venue means, for every status it has and for those it may add.

Reference, section 10. The mapping is a rule, not a list: new ``...Canceled`` and ``...Rejected`` statuses appear over
time and must neither stop a stream nor end an order wrongly.
"""

import enum


class OrderPhase(enum.Enum):
    """What is left to expect of an order."""

    LIVE = "live"
    """It can still fill (resting, or a trigger that waits or has fired)."""
    FILLED = "filled"
    CANCELED = "canceled"
    """It ended with a remainder; what filled before stays filled."""
    REJECTED = "rejected"
    """It never traded."""
    UNKNOWN = "unknown"
    """Not a status this package knows: nothing may be concluded from it, the order has to be asked for."""


_LIVE = frozenset({"open", "triggered", "resting", "waitingForFill", "waitingForTrigger"})


def phase_of(status: str) -> OrderPhase:
    """The phase behind a status of ``orderStatus``, ``historicalOrders`` or ``orderUpdates``. Never raises."""
    if status in _LIVE:
        return OrderPhase.LIVE
    if status == "filled":
        return OrderPhase.FILLED
    if status == "rejected" or status.endswith("Rejected"):
        return OrderPhase.REJECTED
    # "ancel" covers canceled, marginCanceled, scheduledCancel and internalCancel.
    if "ancel" in status:
        return OrderPhase.CANCELED
    return OrderPhase.UNKNOWN


# Section 3.12 pairs its texts with statuses; what a text says of one order (prices, asset) a status cannot know.
_REJECTION_TEXTS = {
    "tickRejected": "Price must be divisible by tick size.",
    "minTradeNtlRejected": "Order must have minimum value of $10.",
    "minTradeSpotNtlRejected": "Order must have minimum value of 10 of the quote token.",
    "perpMarginRejected": "Insufficient margin to place order.",
    "reduceOnlyRejected": "Reduce only order would increase position.",
    "badAloPxRejected": "Post only order would have immediately matched.",
    "iocCancelRejected": "Order could not immediately match against any resting orders.",
    "badTriggerPxRejected": "Invalid TP/SL price.",
    "marketOrderNoLiquidityRejected": "No liquidity available for market order.",
    "positionIncreaseAtOpenInterestCapRejected": "Order would increase open interest while open interest is capped",
    "positionFlipAtOpenInterestCapRejected": "Order would increase open interest while open interest is capped",
    "tooAggressiveAtOpenInterestCapRejected": (
        "Order rejected due to price more aggressive than oracle while at open interest cap"
    ),
    "openInterestIncreaseRejected": "Order would increase open interest too quickly",
    "insufficientSpotBalanceRejected": "Order has insufficient spot balance to trade",
    "oracleRejected": "Order price too far from oracle",
    "perpMaxPositionRejected": "Order would cause position to exceed margin tier limit at current leverage",
    "tooManyOpenOrdersRejected": "Too many open orders",
}


def rejection_text(status: str) -> str:
    """What a status of a refused order says, in the venue's words for it and with the status itself at the end.

    A reply to an order has the text, a stream only the status: either may be all that is heard of a refusal.
    """
    text = _REJECTION_TEXTS.get(status)
    return status if text is None else f"{text} ({status})"


_CANCEL_REASONS = {
    "marginCanceled": "there was not enough margin left for it when it would have matched",
    "vaultWithdrawalCanceled": "a withdrawal from the vault needed its margin",
    "openInterestCapCanceled": "the market's open interest has reached its cap, and its price was too aggressive",
    "selfTradeCanceled": "it would have matched with another order of the same account",
    "reduceOnlyCanceled": "it was reduce-only, and there was nothing left to reduce",
    "delistedCanceled": "the market was delisted",
    "liquidatedCanceled": "the account was liquidated",
    "scheduledCancel": "the dead man's switch has fired",
    "internalCancel": "of an error inside the venue",
    "perpMaxPositionCanceled": "the position would have become larger than the market allows",
}
_ASKED_FOR = frozenset({"canceled", "siblingFilledCanceled"})


def cancel_reason(status: str) -> str | None:
    """Why the venue cancelled an order by itself, as the rest of a sentence; None when that was asked for.

    The other leg of a bracket is asked for when the bracket is placed.
    """
    if status in _ASKED_FOR or phase_of(status) is not OrderPhase.CANCELED:
        return None
    return _CANCEL_REASONS.get(status, "for a reason that this package does not know")
