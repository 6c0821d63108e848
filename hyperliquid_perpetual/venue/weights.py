"""What each request costs of the budgets the venue gives an IP address and an account.

Reference, section 9.
"""

IP_WEIGHT_PER_MINUTE = 1200

MAX_WS_CONNECTIONS = 10
MAX_WS_CONNECTS_PER_MINUTE = 30
MAX_WS_SUBSCRIPTIONS = 1000
MAX_WS_USERS = 10
MAX_WS_MESSAGES_PER_MINUTE = 2000
MAX_WS_POSTS_IN_FLIGHT = 100

_LIGHT = frozenset(
    {"l2Book", "allMids", "clearinghouseState", "orderStatus", "spotClearinghouseState", "exchangeStatus"}
)
_ITEMS_PER_EXTRA_WEIGHT = dict.fromkeys(
    (
        "recentTrades",
        "historicalOrders",
        "userFills",
        "userFillsByTime",
        "fundingHistory",
        "userFunding",
        "userNonFundingLedgerUpdates",
        "twapHistory",
        "userTwapSliceFills",
        "userTwapSliceFillsByTime",
        "delegatorHistory",
        "delegatorRewards",
        "validatorStats",
    ),
    20,
) | {"candleSnapshot": 60}

_MOST_ITEMS = {"candleSnapshot": 5000, "fundingHistory": 500, "userFunding": 500}
_MOST_ITEMS_ELSEWHERE = 2000


def info_weight(request_type: str) -> int:
    """What an info request costs before its answer is known."""
    if request_type in _LIGHT:
        return 2
    return 60 if request_type == "userRole" else 20


def extra_weight(request_type: str, items: int) -> int:
    """What the answer costs on top, by the number of items in it."""
    per = _ITEMS_PER_EXTRA_WEIGHT.get(request_type)
    return items // per if per else 0


def most_extra_weight(request_type: str) -> int:
    """The most that an answer can cost on top: every kind has a largest number of items (section 2)."""
    return extra_weight(request_type, _MOST_ITEMS.get(request_type, _MOST_ITEMS_ELSEWHERE))


def action_weight(batch_length: int) -> int:
    """What one signed action costs an IP address, however many orders or cancels it carries."""
    return 1 + batch_length // 40
