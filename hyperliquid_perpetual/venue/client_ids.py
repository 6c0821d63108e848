"""Client order ids: what the venue takes, with a constant prefix that marks an order as placed by this package.

Reference, section 3.1: a cloid is ``0x`` and 32 hex digits. The first eight digits of ours spell HBOT, so that orders
of a bot can be told from manual ones and from other programs' after a restart; the other 96 bits are random.
"""

PREFIX = "0x" + b"HBOT".hex()
RANDOM_BYTES = 12


def make_cloid(random_bytes: bytes) -> str:
    """A cloid of ours out of twelve random bytes."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"expected {RANDOM_BYTES} random bytes, got {len(random_bytes)}")
    return PREFIX + random_bytes.hex()


def is_ours(cloid: str | None) -> bool:
    """Whether an order with this cloid was placed by this package, by this bot or another one."""
    return cloid is not None and cloid.startswith(PREFIX)
