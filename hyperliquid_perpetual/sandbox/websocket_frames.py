"""WebSocket frames as a server writes them (RFC 6455): text, unmasked, uncompressed, as many at a time as wait."""

from collections import deque
from struct import Struct

_TEXT = 0x81
"""Final frame of a message, opcode text."""
_MEDIUM = Struct("!BBH").pack
_LONG = Struct("!BBQ").pack


def text_frame(payload: bytes) -> tuple[bytes, bytes]:
    """Header and payload of one message."""
    length = len(payload)
    if length < 126:
        return bytes((_TEXT, length)), payload
    if length < 1 << 16:
        return _MEDIUM(_TEXT, 126, length), payload
    return _LONG(_TEXT, 127, length), payload


def take_text_frames(queue: deque[bytes], at_most: int) -> bytes:
    """Take messages off a queue, `at_most` bytes of them but at least one: their frames, to be written at once."""
    parts: list[bytes] = []
    size = 0
    while queue and (not parts or size + len(queue[0]) <= at_most):
        payload = queue.popleft()
        size += len(payload)
        parts += text_frame(payload)
    return b"".join(parts)
