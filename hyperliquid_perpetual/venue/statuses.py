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
