"""Holds what an exchange says against the shapes of the reference, and keeps account of what it has shown."""

import base64
import zlib
from typing import Any

import msgspec

from tests.conformance.shapes.exchange_shapes import ACTIONS, REFUSED
from tests.conformance.shapes.info_shapes import INFO
from tests.conformance.shapes.language import Findings, Shape, all_branches
from tests.conformance.shapes.stream_shapes import CHANNELS

PLAIN_TEXT = "text/plain; charset=utf-8"
NOT_SHAPED = "Failed to deserialize the JSON body into the target type"
HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: (PLAIN_TEXT, "Failed to parse the request body as JSON"),
    415: (PLAIN_TEXT, "Expected request with `Content-Type: application/json`"),
    422: (PLAIN_TEXT, NOT_SHAPED),
    500: ("application/json", "null"),
    429: ("application/json", "null"),
}
"""Content type and beginning of the body of an HTTP error (section 1.4)."""


def every_shape() -> list[tuple[str, Shape]]:
    """All shapes, each with a name that says where it stands."""
    return [
        *((f"info {kind}", shape) for kind, shape in INFO.items()),
        *((f"action {kind}", shape) for kind, shape in ACTIONS.items()),
        *((f"channel {kind}", shape) for kind, shape in CHANNELS.items()),
    ]


class Validator:
    """Everything that is wrong, and everything that was seen, in the life of an exchange."""

    def __init__(self) -> None:
        self._shapes = dict(every_shape())
        self.errors: list[str] = []
        self.seen: set[str] = set()
        self.checked = 0

    def check(self, name: str, value: Any) -> None:
        """Hold a value against the shape of a name."""
        self.checked += 1
        shape = self._shapes.get(name)
        if shape is None and isinstance(value, dict) and "does not do" in str(value.get("response")):
            shape = REFUSED
        if shape is None:
            self.errors.append(f"{name}: there is no shape for this")
            return
        found = Findings()
        shape.check(value, name, found)
        self.errors += found.errors
        if not found.errors:
            self.seen |= found.seen | {f"{name} seen"}

    def on_reply(self, path: str, kind: str, status: int, content_type: str, body: bytes) -> None:
        """An HTTP reply, or what a WebSocket post wraps."""
        if status == 200:
            self.check(f"{'info' if path == '/info' else 'action'} {kind}", msgspec.json.decode(body))
            return
        wanted, text = HTTP_ERRORS.get(status, ("", ""))
        said = body.decode()
        if content_type != wanted or not (said.startswith(text) or (status == 422 and "does not do" in said)):
            self.errors.append(f"{path} {kind}: HTTP {status} as {content_type}: {said}")

    def on_frame(self, data: bytes) -> None:
        """A WebSocket frame."""
        if data == b"Websocket connection established.":
            return
        frame = msgspec.json.decode(data)
        if frame == {"channel": "pong"}:
            return
        if list(frame) != ["channel", "data"]:
            self.errors.append(f"a frame has the keys {list(frame)}")
            return
        channel, value = frame["channel"], frame["data"]
        if channel == "fastAssetCtxs":
            value = msgspec.json.decode(zlib.decompress(base64.b64decode(value), wbits=-15))
        self.check(f"channel {channel}", value)

    @property
    def unseen(self) -> set[str]:
        """What the shapes have and nothing has shown."""
        return all_branches(every_shape()) - self.seen
