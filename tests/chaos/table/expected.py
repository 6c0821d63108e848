"""What is expected in each cell of the fault table: rules by class of fault and class of command, and exceptions.

The words of a command's cell: what a strategy is told after 0.4 s where that is not the end already, what it is in the
end, and what was sent to find out. Those of a question's: whether the bot became ready, and whether it asked again.
Those of a stream's: whether what the stream tells was known after 0.4 s, and in the end, and whether a socket was
replaced for it.
"""

from tests.chaos.table.cell import Column
from tests.chaos.table.rows import Row

ELSE = "else"

_NEVER_ARRIVED = "pending, then FAILED; asked for; nonce used up"
_NOT_DONE, _DONE = "told that it did not, or that it is not known, not {0}", "told that it worked, {0}"
_DONE_UNKNOWN = "told that it did not, or that it is not known, {0}"

_TWICE = "; sent 2 times"
"""A socket that is lost has the same bytes sent over HTTP: the nonce lets them take effect once."""

_PLACE = {
    ELSE: "OPEN",
    "before and gone": "OPEN" + _TWICE,
    "after and gone": "OPEN" + _TWICE,
    "mute": "OPEN; asked for",
    "unread": "FAILED; asked for; nonce used up",
    "before": _NEVER_ARRIVED,
    "too late": _NEVER_ARRIVED,
    "outage": _NEVER_ARRIVED,
    "late": "pending, then OPEN",
    "refused": "FAILED",
    "far ahead": "FAILED",
    "upgrade": "pending, then FAILED",
}
_CANCEL_ASKED = "PENDING_CANCEL, then CANCELED; asked for"
_REPLACE_ASKED = "PENDING_CANCEL, OPEN, then CANCELED, OPEN; asked for"
_REPLACE_LOST = "PENDING_CANCEL, pending, then CANCELED, FAILED; asked for; nonce used up"

COMMANDS: dict[str, dict[str, str]] = {
    "place": _PLACE,
    "take": {
        **_PLACE,
        ELSE: "FILLED",
        "before and gone": "FILLED" + _TWICE,
        "after and gone": "FILLED" + _TWICE,
        "mute": "FILLED; asked for",
        "late": "pending, then FILLED",
        "all lost": "OPEN, then FILLED",
        "fills lost": "OPEN, then FILLED",
        "held": "OPEN, then FILLED",
    },
    "cancel": {
        ELSE: "CANCELED",
        **dict.fromkeys(("before and gone", "after and gone", "unread"), "CANCELED; asked for"),
        "before": _CANCEL_ASKED,
        "outage": _CANCEL_ASKED,
        "too late": _CANCEL_ASKED,
        "lost": _CANCEL_ASKED,
        "all lost": _CANCEL_ASKED,
        "held": _CANCEL_ASKED,
        "broken": _CANCEL_ASKED,
        "late": "PENDING_CANCEL, then CANCELED",
        "frames late": "PENDING_CANCEL, then CANCELED",
        "upgrade": "PENDING_CANCEL, then CANCELED",
        "silent": "CANCELED; asked for",
        "gone": "CANCELED; asked for",
        "refused": "OPEN",
        "far ahead": "OPEN",
    },
    "replace": {
        ELSE: "CANCELED, OPEN",
        **dict.fromkeys(("before and gone", "after and gone"), "CANCELED, OPEN; asked for" + _TWICE),
        "unread": "CANCELED, FAILED; asked for; nonce used up",
        "before": _REPLACE_LOST,
        "too late": _REPLACE_LOST,
        "outage": _REPLACE_LOST,
        "late": "PENDING_CANCEL, pending, then CANCELED, OPEN",
        "lost": _REPLACE_ASKED,
        "all lost": _REPLACE_ASKED,
        "held": _REPLACE_ASKED,
        "broken": _REPLACE_ASKED,
        "frames late": "PENDING_CANCEL, OPEN, then CANCELED, OPEN",
        "silent": "CANCELED, OPEN; asked for",
        "gone": "CANCELED, OPEN; asked for",
        "far ahead": "OPEN, FAILED",
        "upgrade": "PENDING_CANCEL, pending, then CANCELED, FAILED",
    },
    "modify": {
        ELSE: "OPEN at the new price",
        **dict.fromkeys(("before and gone", "after and gone"), "OPEN at the new price" + _TWICE),
        "mute": "OPEN at the new price; asked for",
        **dict.fromkeys(("before", "refused", "far ahead", "upgrade", "outage"), "OPEN at the old price; asked for"),
        "late": "OPEN at the old price, then OPEN at the new price",
        "too late": "OPEN at the old price, then OPEN at the new price; asked for",
    },
    "setting": {
        ELSE: _DONE,
        **dict.fromkeys(("before", "refused", "far ahead", "outage"), _NOT_DONE),
        "too late": _DONE_UNKNOWN,
        **dict.fromkeys(("after", "wrong", "twice, second answer", "after and silent", "mute"), _DONE_UNKNOWN),
        "before and gone": _DONE + _TWICE,
        "after and gone": _DONE_UNKNOWN + _TWICE,
    },
    "noop": {
        ELSE: "pending, then FAILED; asked for",
        "silent": "FAILED; asked for",
        "gone": "FAILED; asked for",
    },
    "switch": {ELSE: "OPEN, armed"},
    "twap": {
        ELSE: "PARTIALLY_FILLED",
        **dict.fromkeys(("before and gone", "after and gone"), "PARTIALLY_FILLED; asked for" + _TWICE),
        "unread": "FAILED; asked for",
        "before": "pending, then FAILED; asked for",
        "outage": "pending, then FAILED; asked for",
        "after and silent": "pending, then PARTIALLY_FILLED; asked for",
        "too late": "pending, then PARTIALLY_FILLED; asked for",
        "late": "pending, then PARTIALLY_FILLED",
        "late answer": "pending, then PARTIALLY_FILLED",
        "upgrade": "pending, then PARTIALLY_FILLED",
        "all lost": "OPEN, then PARTIALLY_FILLED",
        "held": "OPEN, then PARTIALLY_FILLED",
        "silent": "PARTIALLY_FILLED; asked for",
        "gone": "PARTIALLY_FILLED; asked for",
        "refused": "FAILED",
        "far ahead": "FAILED",
    },
    "stop": {
        ELSE: "CANCELED",
        "before and gone": "CANCELED; asked for" + _TWICE,
        "after and gone": _CANCEL_ASKED + _TWICE,
        "unread": "PARTIALLY_FILLED; asked for",
        "before": "PENDING_CANCEL, then PARTIALLY_FILLED; asked for",
        "outage": "PENDING_CANCEL, then PARTIALLY_FILLED; asked for",
        "late": "PENDING_CANCEL, then CANCELED",
        "upgrade": "PENDING_CANCEL, then CANCELED",
        "too late": _CANCEL_ASKED,
        "all lost": _CANCEL_ASKED,
        "held": _CANCEL_ASKED,
        "silent": "CANCELED; asked for",
        "gone": "CANCELED; asked for",
        "refused": "PARTIALLY_FILLED",
        "far ahead": "PARTIALLY_FILLED",
    },
}

_UNANSWERED = ("before", "after", "too late", "refused", "wrong")
_ANSWERED = ("late", "late answer", "twice", "twice, second answer")

QUESTIONS: dict[str, dict[str, str]] = {
    "start": {
        ELSE: "ready",
        **dict.fromkeys(_UNANSWERED, "ready; asked again"),
        **dict.fromkeys(_ANSWERED, "ready; not asked again"),
    },
    "start without": {ELSE: "ready", **dict.fromkeys((*_UNANSWERED, *_ANSWERED), "ready; not asked again")},
    "asked": {
        ELSE: "right, when asked again right",
        **dict.fromkeys((*_UNANSWERED, "outage"), "none, when asked again right"),
    },
    "asked until known": {ELSE: "FAILED"},
    "swept": {ELSE: "all slices"},
    "candles": {ELSE: "ready"},
}

_LATE = dict.fromkeys(("lost", "all lost", "fills lost", "held", "frames late", "broken"), "behind, then right")
_REPLACED = {"silent": "right; reconnected", "gone": "right; reconnected"}
_BY_CHANCE = dict.fromkeys(("still books", "skew", "far ahead", "outage"), "right")

STREAMS: dict[str, dict[str, str]] = {
    "account": {ELSE: "right", **_LATE, **_REPLACED},
    "told twice": {
        ELSE: "right",
        "all lost": "behind, then right",
        "fills lost": "behind, then right",
        "held": "behind, then right",
        **_REPLACED,
    },
    "market": {ELSE: "right", **_LATE, **_REPLACED},
    "now and then": {ELSE: "behind, then right", **_REPLACED, **_BY_CHANCE},
    "market, now and then": {ELSE: "behind, then right", **_REPLACED, **_BY_CHANCE},
}

_ONE_SOURCE = "a trade is told once: the last price stays the one before it until the next trade"
_PASSED_OVER = "what cannot be read is passed over, and here it is nothing that counts"
_CHANCE = "the next socket, whose sweep tells it, comes after a delay that is drawn by chance"
_CUT = "corrupt_reply how=cut_off"
_FIRST_DEX = "a venue that refuses to list its dexs has its first one all the same"

EXCEPTIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("place post-only", "upgrade"): ("pending, then OPEN", "post-only orders are what is taken"),
    **dict.fromkeys(
        (("place limit", _CUT), ("place post-only", _CUT)),
        ("pending, then OPEN; asked for" + _TWICE, _CHANCE),
    ),
    ("cancel by oid", _CUT): (_CANCEL_ASKED, _CHANCE),
    ("stop TWAP", _CUT): ("CANCELED; asked for" + _TWICE, _CHANCE),
    ("TWAP", "duplicate reply=second"): (
        "pending, then PARTIALLY_FILLED; asked for",
        "the answer of the second copy says nothing of a TWAP, whose start is seen in its history alone",
    ),
    ("batch of 3", "refused"): ("OPEN; sent 4 times", "a batch that was refused as a whole is sent one by one"),
    ("dead man's switch", "mute lasts=40"): (
        "CANCELED, armed; asked for",
        "a bot that has been blind for longer than the switch waits counts as dead, which is what the user chose",
    ),
    ("dead man's switch", "far ahead"): (
        "OPEN, armed, then CANCELED, armed",
        "the venue's time is past that of the switch at once",
    ),
    ("perpDexs", "refused"): ("ready; not asked again", _FIRST_DEX),
    ("allPerpMetas", "refused"): ("ready; not asked again", _FIRST_DEX),
    ("trades", "lost"): ("behind", _ONE_SOURCE),
    ("trades", "broken"): ("behind", _ONE_SOURCE),
    ("trades", "mute lasts=40"): ("behind; reconnected", _ONE_SOURCE),
    ("spotState", "corrupt_frames how=wrong_type"): ("right", _PASSED_OVER),
    **{
        (name, "wrong"): ("ready; not asked again", _PASSED_OVER)
        for name in (
            "perpDexs",
            "allPerpMetas",
            "meta",
            "userFillsByTime",
            "frontendOpenOrders",
            "spotClearinghouseState",
            "extraAgents",
            "vaultDetails",
        )
    },
    **{
        (name, "wrong"): ("right, when asked again right", _PASSED_OVER)
        for name in ("metaAndAssetCtxs", "allMids", "exchangeStatus")
    },
}
"""By column and class or name of the fault: what comes of it instead, and why."""


_NEAREST = {
    "before and gone": "before",
    "after and gone": "after",
    "after and silent": "after",
    "mute": "silent",
    "unread": "before",
}
"""The class whose rule holds where there is none for a class."""


def expected(row: Row, column: Column) -> str:
    """The words of a cell."""
    about = row.over_socket if column.over_socket and row.over_socket else row.about
    for key in (row.name, about):
        if (column.name, key) in EXCEPTIONS:
            return EXCEPTIONS[column.name, key][0]
    rules = {"command": COMMANDS, "question": QUESTIONS, "stream": STREAMS}[column.group][column.about]
    found = rules.get(about) or rules.get(_NEAREST.get(about, ELSE)) or rules[ELSE]
    if column.name == "cancel by oid" and "asked for" not in found:
        found += "; asked for"
    return found.format("moved" if column.name == "isolated margin" else "set")
