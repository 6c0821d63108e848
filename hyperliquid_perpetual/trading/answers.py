"""What the answer to a signed action says about its items, by its HTTP status and body, wherever it came from.

Reference, sections 1.4 and 8.4. Whatever is not the venue's own word about an item is ``Unclear``.
"""

import re

import msgspec

from ..venue.lists import CANNOT_READ
from ..venue.replies import Outcome, Rejected, Unclear, least_nonce, parse_action_reply

_UNREAD = (400, 405, 415, 422)
"""The venue could not even read the request: its own word that nothing of it was executed."""
_SHORT = 200
_LONGEST_PAGE = 4_000
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)

_http_error = re.compile(r"(\d{3})\b[^:]*:? ?(.*)", re.DOTALL).fullmatch
_decode = msgspec.json.Decoder().decode


def outcomes(status: int, body: bytes, items: int) -> list[Outcome]:
    """One outcome for each of so many items."""
    if status == 429:
        return [Unclear("the venue limits requests of this address (HTTP 429)")] * items
    if status in _UNREAD:
        return [Rejected(f"HTTP {status}: {short(body)}", whole_action=True)] * items
    if status != 200:
        return [Unclear(f"HTTP {status}: {short(body)}")] * items
    try:
        reply = _decode(body)
    except CANNOT_READ as error:
        return [Unclear(f"the reply cannot be read: {error}")] * items
    return parse_action_reply(reply, items)


def mirrored(payload: object) -> tuple[int, bytes] | None:
    """Status and body of the HTTP answer that an error over a socket mirrors as text: its status, the name of that, and
    the body (section 8.4). None when it is something else."""
    found = _http_error(payload) if isinstance(payload, str) else None
    return (int(found[1]), found[2].encode()) if found is not None else None


def of_second_copy(outcome: Outcome) -> Outcome:
    """What the answer to a second copy says about the action: that it is refused as a whole (its nonce is used, trading
    is halted, ...) says nothing about the first copy, which may have come in before."""
    if isinstance(outcome, Rejected) and outcome.whole_action:
        return Unclear(f"the second copy was refused, the first may have come in: {outcome.reason}")
    return outcome


def least_nonce_of(found: list[Outcome]) -> int | None:
    """What a refused nonce has to be larger than, if it was too low and the venue says by how much."""
    first = found[0]
    return least_nonce(first.reason) if isinstance(first, Rejected) and first.whole_action else None


def short(body: bytes) -> str:
    """The beginning of a body, for people; of a gateway's page its title."""
    if body.lstrip().startswith(b"<"):
        title = _TITLE.search(body[:_LONGEST_PAGE].decode(errors="replace"))
        return "a page without a title" if title is None else f"a page, {shortened(title[1])}"
    return shortened(body[:_SHORT].decode(errors="replace"))


def shortened(text: str) -> str:
    """The beginning of a text, for people."""
    return text[:_SHORT].strip() or "empty body"
