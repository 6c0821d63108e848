"""A request as it came in and the reply to it, whichever way: what the server, the sessions and the faults pass on."""

from typing import Any, Literal

import msgspec

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

RATE_LIMIT_BODIES = {
    "null": (b"null", JSON),
    "text": (b"Too many requests. Please slow down.", TEXT),
    "empty": (b"", TEXT),
}

Path = Literal["/info", "/exchange"]
Way = Literal["http", "ws"]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """An HTTP answer; `data` and `kind` are value and type of an info answer, which a WebSocket post wraps anew."""

    status: int
    body: bytes
    content_type: str = JSON
    kind: str = ""
    data: Any = None


class _InfoType(msgspec.Struct):
    type: str


class _ActionType(msgspec.Struct):
    action: _InfoType


_info_type = msgspec.json.Decoder(_InfoType)
_action_type = msgspec.json.Decoder(_ActionType)


class Captured(msgspec.Struct, frozen=True, gc=False):
    """A request as it came in, for tests and the end report. `time` is the exchange's, in Unix ms."""

    time: int
    path: Path
    body: bytes
    via: Way
    address: str

    @property
    def kind(self) -> str:
        """The `type` of the info request or of the action, "" where there is none; read when it is asked for."""
        try:
            if self.path == "/info":
                return _info_type.decode(self.body).type
            return _action_type.decode(self.body).action.type
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""

    @property
    def json(self) -> Any:
        """The decoded body."""
        return msgspec.json.decode(self.body)


class ConnectionBroken(Exception):
    """There is no answer, because the connection breaks here."""


class CutOff(ConnectionBroken):
    """The connection breaks in the middle of the answer; a WebSocket post has none then."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class NoAnswer(Exception):
    """There is no answer, and the connection stays open."""
