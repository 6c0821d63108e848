"""The life of an order: which of Hummingbot's states follows on which, and on what evidence.

The evidence is what the venue said (mapped from its statuses by ``venue.statuses``) or what was booked; silence,
time-outs and HTTP errors are no evidence and appear nowhere in the table. A state that the table does not name for an
evidence stays.

| evidence      | PENDING_CREATE             | OPEN             | PARTIALLY_FILLED | PENDING_CANCEL |
| ------------- | -------------------------- | ---------------- | ---------------- | -------------- |
| LIVE          | OPEN (created)             |                  |                  |                |
| FILL          | PARTIALLY_FILLED (created) | PARTIALLY_FILLED |                  |                |
| FILLED        | FILLED (created)           | FILLED           | FILLED           | FILLED         |
| CANCEL_SENT   |                            | PENDING_CANCEL   | PENDING_CANCEL   |                |
| CANCEL_FAILED |                            |                  |                  | OPEN           |
| CANCELED      | CANCELED (created)         | CANCELED         | CANCELED         | CANCELED       |
| REJECTED      | FAILED                     | FAILED           | CANCELED         | CANCELED       |
| NEVER_ARRIVED | FAILED                     |                  |                  |                |

FILLED, CANCELED and FAILED are ends: no evidence leads out of them.

Events: a state marked (created) fires Buy/SellOrderCreated; each FILL fires OrderFilled, whatever the state; FILLED
fires Buy/SellOrderCompleted, CANCELED OrderCancelled, FAILED OrderFailure. FILLED and CANCELED are applied only when
all fills that the venue counted before them are booked. A late LIVE never reopens an order. A cancel that is sent
before the venue has acknowledged the order leaves it PENDING_CREATE, so that its created event is not lost; and a
cancellation that is the first that is heard of an order tells its creation before its end, because Hummingbot's
recorder saves only what happens to orders whose creation it was told.

FILL is a fill that leaves a remainder; one that completes the order counts as FILLED. A rejection after a fill (an IOC
whose remainder the venue names rejected) ends as CANCELED, since the order did trade.
"""

import enum

from hummingbot.core.data_type.in_flight_order import OrderState


class Evidence(enum.Enum):
    """What is known to have happened to an order."""

    LIVE = "the venue has it, open"
    FILL = "a part was booked as filled"
    FILLED = "filled completely, all fills booked"
    CANCEL_SENT = "a cancel is on its way"
    CANCEL_FAILED = "the cancel had no effect and no longer can have one"
    CANCELED = "ended by a cancel, all fills booked"
    REJECTED = "the venue refused it"
    NEVER_ARRIVED = "the venue does not know it and can no longer get to know it"


_ENDING = {Evidence.FILLED: OrderState.FILLED, Evidence.CANCELED: OrderState.CANCELED}

TRANSITIONS: dict[OrderState, dict[Evidence, OrderState]] = {
    OrderState.PENDING_CREATE: {
        **_ENDING,
        Evidence.LIVE: OrderState.OPEN,
        Evidence.FILL: OrderState.PARTIALLY_FILLED,
        Evidence.REJECTED: OrderState.FAILED,
        Evidence.NEVER_ARRIVED: OrderState.FAILED,
    },
    OrderState.OPEN: {
        **_ENDING,
        Evidence.FILL: OrderState.PARTIALLY_FILLED,
        Evidence.CANCEL_SENT: OrderState.PENDING_CANCEL,
        Evidence.REJECTED: OrderState.FAILED,
    },
    OrderState.PARTIALLY_FILLED: {
        **_ENDING,
        Evidence.CANCEL_SENT: OrderState.PENDING_CANCEL,
        Evidence.REJECTED: OrderState.CANCELED,
    },
    OrderState.PENDING_CANCEL: {
        **_ENDING,
        Evidence.CANCEL_FAILED: OrderState.OPEN,
        Evidence.REJECTED: OrderState.CANCELED,
    },
}


def next_state(state: OrderState, evidence: Evidence) -> OrderState | None:
    """The state that follows, or None when the evidence changes nothing."""
    return TRANSITIONS.get(state, {}).get(evidence)
