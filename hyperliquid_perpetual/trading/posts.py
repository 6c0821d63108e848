"""Signed actions over the socket of the account stream, which is open, warm and watched over anyway.

Reference, section 8.4. What is posted is written in the same step of the event loop, so actions arrive in the order in
which they were signed, and as many as there are can be under way at once. An answer names its request. A lost socket
takes the answers with it: whoever waited sends the same bytes over HTTP, which take effect only if the first ones did
not. Whoever gets None here uses HTTP. The setting ``actions_over`` turns it off.
"""

import asyncio
import re
import time
from collections.abc import Callable
from itertools import count

from ..venue.frames import PostResponse
from ..venue.weights import MAX_WS_POSTS_IN_FLIGHT

MAX_IN_FLIGHT = MAX_WS_POSTS_IN_FLIGHT // 2
"""Half of what the venue allows an address (section 9.2): other programs may share it."""
PAUSE_SECONDS = 30.0
"""How long HTTP is used after a request that had no answer in time."""
_TOO_MANY = "too many pending post requests id="
_is_number = re.compile(r"[0-9]{1,18}").fullmatch

Write = Callable[[bytes], bool]
"""Sends a frame at once; False when it cannot, and then it was not sent."""


class PostLost(OSError):
    """The socket is gone, and the answer with it."""


class PostAbandoned(OSError):
    """The socket was closed at this end: what is under way is not followed any more."""


class PostRefused(Exception):
    """The venue did not look at the request, because too many were under way."""


class Posts:
    """What is under way on the socket that is open at present."""

    def __init__(self) -> None:
        self._write: Write | None = None
        self._replace: Callable[[str], None] = lambda _reason: None
        self._silence: Callable[[], float] = lambda: 0.0
        self._not_before = float("-inf")
        self._waiting: dict[int, asyncio.Future[PostResponse]] = {}
        self._ids = count(1)
        self.sent = 0
        """How many were sent, over all sockets."""

    # --- What the connection tells

    def open(self, write: Write, replace: Callable[[str], None], silence: Callable[[], float]) -> None:
        """There is a new socket.

        :param replace: drops the socket for another one.
        :param silence: seconds since anything was heard on it.
        """
        self._write, self._replace, self._silence = write, replace, silence
        self._not_before = float("-inf")

    def lose(self, reason: str) -> None:
        """The socket is gone."""
        self._write = None
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(PostLost(reason) if reason else PostAbandoned("the connection was closed"))

    def take(self, response: PostResponse) -> None:
        """An answer has come. One that nobody waits for any more is dropped."""
        answer = self._waiting.pop(response.id, None)
        if answer is not None and not answer.done():
            answer.set_result(response)

    def take_error(self, text: str) -> bool:
        """Whether an error frame was the answer to a request, and is dealt with."""
        if not text.startswith(_TOO_MANY) or not _is_number(text.removeprefix(_TOO_MANY)):
            return False
        answer = self._waiting.pop(int(text.removeprefix(_TOO_MANY)), None)
        if answer is None or answer.done():
            return False
        answer.set_exception(PostRefused(text))
        return True

    # --- What requests ask

    def post(self, action: bytes) -> "asyncio.Future[PostResponse] | None":
        """Sends the body of an exchange request, now.

        :returns: what becomes its answer, or raises ``PostLost``, ``PostAbandoned`` or ``PostRefused``; None when it
            was not sent.
        """
        if self._write is None or len(self._waiting) >= MAX_IN_FLIGHT or time.monotonic() < self._not_before:
            return None
        number = next(self._ids)
        frame = b'{"method":"post","id":%d,"request":{"type":"action","payload":%b}}' % (number, action)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        if not self._write(frame):
            del self._waiting[number]
            return None
        self.sent += 1
        return answer

    def doubt(self, waited: float) -> None:
        """An answer has not come for so many seconds: HTTP has its turn. A socket on which nothing at all was heard
        meanwhile is dropped for another one; else it is the venue that is slow."""
        self._not_before = time.monotonic() + PAUSE_SECONDS
        if self._silence() >= waited:
            self._replace(f"an action had no answer, and nothing else was heard, for {waited:g} s")
