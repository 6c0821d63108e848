"""Client order ids: what the venue takes, with a constant prefix that marks an order as placed by this package.

Reference, section 3.1: a cloid is ``0x`` and 32 hex digits. The first eight digits of ours spell HBOT, so that orders
of a bot can be told from manual ones and from other programs'. The next eight are the bot's own tag, so that it knows
its orders after a restart, and from those of another bot on the same account. The other 64 bits are random.
"""

import re
from dataclasses import dataclass

PREFIX = "0x" + b"HBOT".hex()
TAG_BYTES = 4
RANDOM_BYTES = 8
_TAG = slice(len(PREFIX), len(PREFIX) + 2 * TAG_BYTES)


def make_cloid(tag: bytes, random_bytes: bytes) -> str:
    """A cloid of ours out of the four bytes of a bot's tag and eight random ones."""
    if len(tag) != TAG_BYTES or len(random_bytes) != RANDOM_BYTES:
        raise ValueError(
            f"expected a tag of {TAG_BYTES} bytes and {RANDOM_BYTES} random, got {len(tag)} and {len(random_bytes)}"
        )
    return PREFIX + tag.hex() + random_bytes.hex()


def is_ours(cloid: str | None) -> bool:
    """Whether an order with this cloid was placed by this package, by this bot or another one."""
    return cloid is not None and cloid.startswith(PREFIX)


def has_tag(cloid: str | None, tag: bytes) -> bool:
    """Whether an order with this cloid was placed by the bot with this tag, in this life or an earlier one."""
    return cloid is not None and cloid.startswith(PREFIX) and cloid[_TAG] == tag.hex()


TWAP_RANDOM_BYTES = 5
_twap_id = re.compile(r"twap-(\d{1,4})(r?)-([0-9a-f]{1,12})-[0-9a-f]{10}").fullmatch


@dataclass(frozen=True, slots=True)
class TwapId:
    """What the id of a TWAP of ours says. The venue takes no id for a TWAP (section 3.9), so that one whose reply was
    lost can only be found by its terms: those that Hummingbot does not keep are in the id, which it does."""

    minutes: int
    randomize: bool
    created_ms: int
    """Unix milliseconds."""


def make_twap_id(random_bytes: bytes, terms: TwapId) -> str:
    """An id of ours for a TWAP, out of five random bytes."""
    if len(random_bytes) != TWAP_RANDOM_BYTES:
        raise ValueError(f"expected {TWAP_RANDOM_BYTES} random bytes, got {len(random_bytes)}")
    return f"twap-{terms.minutes}{'r' if terms.randomize else ''}-{terms.created_ms:x}-{random_bytes.hex()}"


def read_twap_id(order_id: str) -> TwapId | None:
    """What an id of ours says about its TWAP; None when it is not one of a TWAP."""
    found = _twap_id(order_id)
    if found is None:
        return None
    minutes, randomize, created = found.groups()
    return TwapId(int(minutes), bool(randomize), int(created, 16))


def is_twap(order_id: str) -> bool:
    """Whether an id of ours is that of a TWAP."""
    return order_id.startswith("twap-") and _twap_id(order_id) is not None
