"""Faults that happen to requests, between the record of requests and the exchange.

What will happen to a request is decided when it arrives, in the order in which the faults were asked for: what comes
before its effect, then what comes after. The first that ends it (no answer, or another one) is the last.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec

from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.faults.armed import Armed
from hyperliquid_perpetual.sandbox.faults.corruption import corrupted
from hyperliquid_perpetual.sandbox.faults.facts import RequestFacts
from hyperliquid_perpetual.sandbox.faults.specification import Fault
from hyperliquid_perpetual.sandbox.traffic import (
    HTML,
    RATE_LIMIT_BODIES,
    TEXT,
    Captured,
    ConnectionBroken,
    CutOff,
    NoAnswer,
    Reply,
)

ENDS = frozenset(("refuse_before", "drop_reply", "status"))
_STATUSES = {status.value: status.phrase for status in HTTPStatus}

Perform = Callable[[], Awaitable[Reply]]


def error_reply(status: int, quirks: VenueQuirks) -> Reply:
    """An HTTP error as the venue gives it (reference, section 1.4); the page of 502 to 504 is unconfirmed."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Reply(status, *RATE_LIMIT_BODIES[quirks.rate_limit_body])
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Reply(status, b"null")
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        title = f"{status} {_STATUSES.get(status, 'Error')}"
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n"
        return Reply(status, page.encode(), HTML)
    return Reply(status, b"", TEXT)


class RequestFaults:
    """Carries requests to the exchange, or not."""

    def __init__(
        self,
        quirks: VenueQuirks,
        look: Callable[[Captured], RequestFacts],
        strike: Callable[[Armed], bool],
    ) -> None:
        self._quirks = quirks
        self._look = look
        self._strike = strike
        self.open: list[Armed] = []
        """The faults whose time it is, in the order in which they were asked for."""
        self.outage: str | None = None
        """While the exchange cannot be reached, how: `gateway` answers 502, with `refused` nobody does."""

    @property
    def is_active(self) -> bool:
        """Whether anything can happen to a request now."""
        return self.outage is not None or bool(self.open)

    def refuse(self) -> Reply | None:
        """The answer to everything during an outage.

        :raises ConnectionBroken: when there is none.
        """
        if self.outage == "refused":
            raise ConnectionBroken
        return None if self.outage is None else error_reply(HTTPStatus.BAD_GATEWAY, self._quirks)

    async def carry(self, request: Captured, perform: Perform, record: Callable[[Captured], None]) -> Reply:
        """Have a request performed, with all that happens to it on the way.

        :raises ConnectionBroken, NoAnswer: when it stays unanswered.
        """
        refusal = self.refuse()
        if refusal is not None:
            return refusal
        before, after, twin = self._take(request)
        for armed in before:
            fault = armed.fault
            if fault.fault == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.fault == "refuse_before":
                raise _unanswered(fault)
            else:
                return self._error(fault)
        if twin is None:
            reply = await perform()
        else:
            record(request)
            both = await asyncio.gather(perform(), perform())
            reply = both[twin.fault.reply == "second"]
        for armed in after:
            fault = armed.fault
            if fault.fault == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.fault == "drop_reply":
                raise _unanswered(fault)
            elif fault.how == "cut_off":
                raise CutOff(reply)
            elif fault.fault == "corrupt_reply":
                body = corrupted(reply.body, fault.how, armed.random)
                content_type = HTML if fault.how == "html" else reply.content_type
                reply = Reply(reply.status, body, content_type, reply.kind, msgspec.Raw(body))
            else:
                return self._error(fault)
        return reply

    def _take(self, request: Captured) -> tuple[list[Armed], list[Armed], Armed | None]:
        """The faults that happen to a request, the first of each kind: before its effect, after it, and a twin."""
        facts = self._look(request)
        candidates = [armed for armed in self.open if facts.match(armed.fault)]
        before = self._chosen([armed for armed in candidates if _is_before(armed.fault)])
        if before and before[-1].fault.fault in ENDS:
            return before, [], None
        after = self._chosen([armed for armed in candidates if _is_after(armed.fault)])
        twins = self._chosen([armed for armed in candidates if armed.fault.fault == "duplicate"])
        return before, after, twins[0] if twins else None

    def _chosen(self, candidates: list[Armed]) -> list[Armed]:
        chosen: list[Armed] = []
        kinds: set[str] = set()
        for armed in candidates:
            name = armed.fault.fault
            if name not in kinds and self._strike(armed):
                kinds.add(name)
                chosen.append(armed)
                if name in ENDS:
                    break
        return chosen

    def _error(self, fault: Fault) -> Reply:
        if fault.body is None:
            return error_reply(fault.code, self._quirks)
        return Reply(fault.code, fault.body.encode(), TEXT)


def _is_before(fault: Fault) -> bool:
    return fault.fault == "refuse_before" or (fault.fault in ("delay", "status") and not fault.after)


def _is_after(fault: Fault) -> bool:
    return fault.fault in ("drop_reply", "corrupt_reply") or (fault.fault in ("delay", "status") and fault.after)


def _unanswered(fault: Fault) -> Exception:
    return NoAnswer() if fault.hang else ConnectionBroken()
