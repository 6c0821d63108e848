"""What the venue answers to a signed action, as typed outcomes.

Reference, section 1.3 and 3.1 to 3.12. An HTTP 200 is no success: errors stand at the top level (the whole action was
refused), per item, or in the single status of a TWAP. ``parse_action_reply`` is total: whatever arrives becomes
outcomes, and what is no answer of the venue becomes ``Unclear``, never a rejection.
"""

import enum
import re
import reprlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .numbers import to_decimal


@dataclass(frozen=True, slots=True)
class Resting:
    """The order is on the book."""

    oid: int


@dataclass(frozen=True, slots=True)
class Filled:
    """The order matched on arrival. ``size`` may be less than was asked for: the rest of an IOC is cancelled."""

    oid: int
    size: Decimal
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class Waiting:
    """A trigger order is armed or waits for its parent; the reply carries no oid."""

    status: str


@dataclass(frozen=True, slots=True)
class Done:
    """The action (a cancel, a leverage change...) took effect."""


@dataclass(frozen=True, slots=True)
class TwapRunning:
    """The TWAP was started."""

    twap_id: int


class RejectCode(enum.Enum):
    """Why the venue refused, as far as a trader or this package acts on it."""

    TICK = "price is not a multiple of the tick size"
    SIZE = "size is not valid"
    MIN_NOTIONAL = "order is below the minimum value"
    MARGIN = "not enough margin"
    REDUCE_ONLY = "a reduce-only order would increase the position"
    POST_ONLY_CROSSED = "a post-only order would have matched at once"
    NO_MATCH = "an immediate-or-cancel order found nothing to match"
    NO_LIQUIDITY = "no liquidity for a market order"
    PRICE_TOO_FAR = "price is too far from the market"
    OPEN_INTEREST = "open interest is capped"
    TRIGGER_PRICE = "trigger price is not valid"
    ORDER_GONE = "order was never placed, already canceled, or filled"
    TOO_MANY_ORDERS = "too many open orders"
    POST_ONLY_WINDOW = "only post-only orders are accepted right now"
    HALTED = "trading is halted"
    SIGNATURE = "the signature does not belong to the account"
    NONCE = "the nonce was refused"
    RATE_LIMIT = "the account's request budget is used up"
    EXPIRED = "the action arrived after its expiry"
    LEVERAGE = "leverage or margin mode is not allowed"
    BUILDER_FEE = "the builder fee was not approved"
    TRADED_VOLUME = "the account has not traded enough for this"
    SCHEDULED_CANCELS = "the dead man's switch has fired too often today"
    TWAP_DURATION = "a TWAP takes 5 to 1440 minutes"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rejected:
    """The venue refused the item, or the whole action: it did not take effect."""

    reason: str
    """The venue's own text."""
    whole_action: bool = False
    """The text stood for the whole action: none of its items took effect."""

    @property
    def code(self) -> RejectCode:
        """What kind of refusal the text is."""
        return classify_rejection(self.reason)


@dataclass(frozen=True, slots=True)
class Unclear:
    """No statement of the venue about the item: it may or may not have taken effect."""

    reason: str


Outcome = Resting | Filled | Waiting | Done | TwapRunning | Rejected | Unclear

# Matched as substrings, ignoring case: live texts carry prefixes, an " asset=N" suffix and figures. First match wins.
_REJECTIONS: tuple[tuple[str, RejectCode], ...] = (
    ("divisible by tick size", RejectCode.TICK),
    ("invalid price", RejectCode.TICK),
    ("invalid size", RejectCode.SIZE),
    ("zero size", RejectCode.SIZE),
    ("minimum value of", RejectCode.MIN_NOTIONAL),
    ("insufficient margin", RejectCode.MARGIN),
    ("insufficient spot balance", RejectCode.MARGIN),
    ("margin tier limit", RejectCode.MARGIN),
    ("must deposit before", RejectCode.SIGNATURE),
    ("reduce only order would increase", RejectCode.REDUCE_ONLY),
    ("post only order would have", RejectCode.POST_ONLY_CROSSED),
    ("only post-only orders allowed", RejectCode.POST_ONLY_WINDOW),
    ("could not immediately match", RejectCode.NO_MATCH),
    ("no liquidity available", RejectCode.NO_LIQUIDITY),
    ("too far from oracle", RejectCode.PRICE_TOO_FAR),
    ("away from the reference price", RejectCode.PRICE_TOO_FAR),
    ("open interest", RejectCode.OPEN_INTEREST),
    ("invalid tp/sl price", RejectCode.TRIGGER_PRICE),
    ("never placed, already canceled, or filled", RejectCode.ORDER_GONE),
    ("cannot modify canceled or filled", RejectCode.ORDER_GONE),
    ("too many open orders", RejectCode.TOO_MANY_ORDERS),
    ("trading is halted", RejectCode.HALTED),
    ("trigger order is not reduce only", RejectCode.TRIGGER_PRICE),
    ("trigger order has unexpected side", RejectCode.TRIGGER_PRICE),
    ("user or api wallet", RejectCode.SIGNATURE),
    ("unable to recover signer", RejectCode.SIGNATURE),
    ("vault not registered", RejectCode.SIGNATURE),
    ("invalid nonce", RejectCode.NONCE),
    ("too many cumulative requests", RejectCode.RATE_LIMIT),
    ("expired", RejectCode.EXPIRED),
    ("expiresafter", RejectCode.EXPIRED),
    ("leverage", RejectCode.LEVERAGE),
    ("cross margin is not allowed", RejectCode.LEVERAGE),
    ("builder fee has not been approved", RejectCode.BUILDER_FEE),
    ("until enough volume traded", RejectCode.TRADED_VOLUME),
    ("too many scheduled cancels", RejectCode.SCHEDULED_CANCELS),
    ("twap order value too small", RejectCode.MIN_NOTIONAL),
    ("invalid twap duration", RejectCode.TWAP_DURATION),
    ("max number of active twap", RejectCode.TOO_MANY_ORDERS),
    # The same refusals as order statuses (section 10), where an update of the order is all that is heard of them.
    ("tickrejected", RejectCode.TICK),
    ("mintradentlrejected", RejectCode.MIN_NOTIONAL),
    ("mintradespotntlrejected", RejectCode.MIN_NOTIONAL),
    ("perpmarginrejected", RejectCode.MARGIN),
    ("perpmaxpositionrejected", RejectCode.MARGIN),
    ("insufficientspotbalancerejected", RejectCode.MARGIN),
    ("reduceonlyrejected", RejectCode.REDUCE_ONLY),
    ("badalopxrejected", RejectCode.POST_ONLY_CROSSED),
    ("ioccancelrejected", RejectCode.NO_MATCH),
    ("marketordernoliquidityrejected", RejectCode.NO_LIQUIDITY),
    ("badtriggerpxrejected", RejectCode.TRIGGER_PRICE),
    ("oraclerejected", RejectCode.PRICE_TOO_FAR),
    ("openinterest", RejectCode.OPEN_INTEREST),
    ("toomanyopenordersrejected", RejectCode.TOO_MANY_ORDERS),
)

# Where the answer to an action stands, by the type of the response (section 1.3); other types have none beyond "ok".
_STATUS_LIST = frozenset({"order", "cancel"})
_SINGLE_STATUS = frozenset({"twapOrder", "twapCancel"})
_USED_NONCE = "duplicate nonce"
_WAITING = frozenset({"waitingForFill", "waitingForTrigger"})

# Bounded in depth and breadth: a reply of any size is quoted in constant time.
_repr = reprlib.Repr(maxlevel=6, maxdict=8, maxlist=8, maxstring=160, maxlong=40, maxother=80).repr


def classify_rejection(text: str) -> RejectCode:
    """What kind of refusal a text of section 3.12, or a rejected status of section 10, is; ``OTHER`` if not known."""
    lower = text.lower()
    for fragment, code in _REJECTIONS:
        if fragment in lower:
            return code
    return RejectCode.OTHER


@dataclass(frozen=True, slots=True)
class RequiredVolume:
    """What an account must have traded for something, and what it has, in USD."""

    required: Decimal
    traded: Decimal


_too_low = re.compile(r"nonce too low (\d{1,20}) < (\d{1,20})", re.IGNORECASE).search


def least_nonce(text: str) -> int | None:
    """What a nonce has to be larger than, by a refusal of one that is too low (section 3.12); None when it says
    nothing of that kind."""
    found = _too_low(text)
    return int(found[2]) if found is not None else None


_volumes = re.compile(r"required: \$([\d.,]*\d)\D* traded: \$([\d.,]*\d)", re.IGNORECASE).search


def required_volume(text: str) -> RequiredVolume | None:
    """The figures in a refusal for want of traded volume (section 3.4); None when it has none."""
    found = _volumes(text)
    if found is None:
        return None
    try:
        required, traded = (to_decimal(figure.replace(",", "")) for figure in found.groups())
    except ValueError:
        return None
    return RequiredVolume(required, traded)


def parse_action_reply(reply: Any, items: int) -> list[Outcome]:
    """The outcome of each item of an action, in order.

    :param reply: the decoded body of an ``/exchange`` reply, or the payload of a WebSocket post.
    :param items: how many orders or cancels the action carried; 1 for actions without items.
    """
    if not isinstance(reply, dict):
        return [Unclear(f"expected an object, got {_short(reply)}")] * items
    response = reply.get("response")
    if reply.get("status") == "err" and isinstance(response, str):
        if _USED_NONCE in response.lower():
            # Something with this nonce was carried out. It may have been this very action, of which a gateway has
            # delivered a second copy and hands back the second answer.
            return [Unclear(response)] * items
        return [Rejected(response, whole_action=True)] * items
    if reply.get("status") != "ok" or not isinstance(response, dict):
        return [Unclear(f"neither ok nor an error with a text: {_short(reply)}")] * items
    kind, data = response.get("type"), response.get("data")
    if not isinstance(kind, str):
        return [Unclear(f"no type: {_short(reply)}")] * items
    fields = data if isinstance(data, dict) else {}
    if kind in _SINGLE_STATUS:
        return [_parse_item(fields.get("status"))] * items
    if kind not in _STATUS_LIST and "statuses" not in fields:
        return [Done()] * items
    statuses = fields.get("statuses")
    if not isinstance(statuses, list):
        return [Unclear(f"no list of statuses: {_short(reply)}")] * items
    outcomes = [_parse_item(status) for status in statuses]
    if len(outcomes) == 1 < items and isinstance(outcomes[0], Rejected):
        # Pre-validation refuses a batch with a single error that stands for all of it (section 3.1).
        return [Rejected(outcomes[0].reason, whole_action=True)] * items
    if len(outcomes) != items:
        return [Unclear(f"{len(outcomes)} statuses for {items} items: {_short(reply)}")] * items
    return outcomes


def _parse_item(status: Any) -> Outcome:
    if isinstance(status, str):
        if status == "success":
            return Done()
        return Waiting(status) if status in _WAITING else Unclear(f"unknown status {_short(status)}")
    if isinstance(status, dict):
        try:
            # Anything but a text is no statement of the venue.
            if isinstance(status.get("error"), str):
                return Rejected(status["error"])
            if "resting" in status:
                return Resting(_oid(status["resting"]))
            if "filled" in status:
                filled = status["filled"]
                return Filled(_oid(filled), to_decimal(filled["totalSz"]), to_decimal(filled["avgPx"]))
            if "running" in status:
                return TwapRunning(_number(status["running"]["twapId"]))
        except (KeyError, TypeError, ValueError):
            pass
    return Unclear(f"unknown status {_short(status)}")


def _oid(placed: Any) -> int:
    return _number(placed["oid"])


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected an id, got {_short(value)}")
    return value


def _short(value: Any) -> str:
    text = _repr(value)
    return text if len(text) <= 200 else text[:200] + "…"
