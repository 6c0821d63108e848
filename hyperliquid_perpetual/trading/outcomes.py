"""Orders whose fate is not known yet, asked for until the venue has said it.

An order gets here when the reply to it was none: a time-out, an HTTP 5xx or 429, a broken body, a crash before the
answer. It stays pending. The venue is asked by client order id, more and more slowly. The order is final when the venue
says so, or when it does not know the order although everything we sent for it can no longer be executed, and no fill
of it either. That is so when its ``expiresAfter`` has passed, or at once when the venue takes a ``noop`` with the nonce
of the order: then the order had not come in, and cannot any more (reference, sections 3.10 and 5).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from .log_names import logger_of

FIRST_QUESTION_SECONDS = 0.5
SLOWEST_QUESTION_SECONDS = 5.0
AFTER_EXPIRY_SECONDS = 3.0
"""How long after its expiry an order must stay unknown: covers the distance of the clocks and of a status from its
block."""

logger = logger_of(__name__)


@dataclass(slots=True)
class _Question:
    final_after: float
    """Unix seconds from which on "unknown" is a final answer."""
    next_at: float
    wait: float
    nonce: int | None = None
    """Of the action that carried the order; None when it is not known, or was tried to be taken away already."""


class Answer[Known](Protocol):
    """What the venue says when it is asked for an order."""

    @property
    def status(self) -> str:
        """``unknownOid`` when it does not know the order."""
        ...

    @property
    def order(self) -> Known | None:
        """What it knows."""
        ...


class OutcomeResolver[Known]:
    """Asks for orders until each has an answer."""

    def __init__(
        self,
        ask: Callable[[str], Awaitable[Answer[Known]]],
        on_known: Callable[[str, Known], None],
        on_never_arrived: Callable[[str], None],
        still_open: Callable[[str], bool],
        clock: Callable[[], float],
        slowest_seconds: float = SLOWEST_QUESTION_SECONDS,
    ) -> None:
        """
        :param ask: gets the venue's status of an order by cloid; raises when the venue cannot be asked.
        :param on_known: takes the status of an order the venue knows.
        :param on_never_arrived: takes the cloid of an order that the venue does not know and never will.
        :param still_open: whether anybody still waits for the answer.
        :param clock: Unix seconds.
        :param slowest_seconds: how slow the questions about one order may become.
        """
        self._slowest = slowest_seconds
        self._ask = ask
        self._on_known = on_known
        self._on_never_arrived = on_never_arrived
        self._still_open = still_open
        self._clock = clock
        self.read_fills: Callable[[], Awaitable[None]] = _nothing
        """Books all fills there are. Done before an order is called unknown for good, for the venue may forget orders
        that have ended; raises when the venue cannot be asked."""
        self.kill: Callable[[int], Awaitable[bool]] = _cannot_kill
        """Uses up the nonce of an action that may be on its way; says whether the venue has confirmed that this nonce
        was free until then, so that the action can never be carried out."""
        self._questions: dict[str, _Question] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False

    @property
    def pending(self) -> list[str]:
        """Client order ids whose outcome is being asked for."""
        return list(self._questions)

    def watch(
        self,
        cloid: str,
        expires_after_ms: int | None,
        first_wait: float = FIRST_QUESTION_SECONDS,
        nonce: int | None = None,
    ) -> None:
        """Starts asking for an order, first after ``first_wait`` seconds.

        :param expires_after_ms: the latest expiry (Unix milliseconds) of what was sent; None if it had none or
            is not known, as after a restart: then it is taken from now.
        :param nonce: of the only action that can still bring the order, if there is just one; it may be used up.
        """
        now = self._clock()
        expiry = expires_after_ms / 1000 if expires_after_ms is not None else now
        known = self._questions.get(cloid)
        final_after = max(expiry + AFTER_EXPIRY_SECONDS, known.final_after if known else 0.0)
        if known is not None:
            # Of two actions that can still bring it, using up the nonce of one proves nothing.
            nonce = known.nonce if nonce is None else None
        self._questions[cloid] = _Question(
            final_after, now + first_wait, max(first_wait, FIRST_QUESTION_SECONDS), nonce
        )
        self._ask_on()

    def forget(self, cloid: str) -> None:
        """Stops asking: the answer came another way."""
        self._questions.pop(cloid, None)

    async def stop(self) -> None:
        """Stops asking for all; the questions are kept and asked again after ``resume``."""
        self._is_stopped = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def resume(self) -> None:
        """Takes up the questions that were left when asking was stopped."""
        self._is_stopped = False
        self._ask_on()

    def _ask_on(self) -> None:
        if self._questions and not self._is_stopped and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._questions:
            now = self._clock()
            due = [cloid for cloid, question in self._questions.items() if question.next_at <= now]
            for cloid in due:
                await self._settle(cloid)
            if self._questions:
                next_at = min(question.next_at for question in self._questions.values())
                await asyncio.sleep(min(max(next_at - self._clock(), 0.05), SLOWEST_QUESTION_SECONDS))

    async def _settle(self, cloid: str) -> None:
        question = self._questions.get(cloid)
        if question is None or not self._still_open(cloid):
            self._questions.pop(cloid, None)
            return
        asked_at = self._clock()
        try:
            answer = await self._ask(cloid)
        except Exception as error:
            logger.debug("The status of order %s could not be asked for: %s", cloid, error)
            answer = None
        if answer is not None and answer.order is not None:
            self._questions.pop(cloid, None)
            self._on_known(cloid, answer.order)
        elif (
            answer is not None
            and answer.status == "unknownOid"
            and asked_at >= question.final_after
            and await self._fills_are_read()
        ):
            self._questions.pop(cloid, None)
            if self._still_open(cloid):
                self._on_never_arrived(cloid)
        elif answer is not None and answer.status == "unknownOid" and await self._is_killed(question):
            # Asked once more, as the order could still come in while the last answer travelled.
            question.final_after = question.next_at = self._clock()
        else:
            question.wait = min(question.wait * 2, self._slowest)
            question.next_at = self._clock() + question.wait

    async def _is_killed(self, question: _Question) -> bool:
        nonce, question.nonce = question.nonce, None
        return nonce is not None and await self.kill(nonce)

    async def _fills_are_read(self) -> bool:
        try:
            await self.read_fills()
        except Exception as error:
            logger.debug("The fills could not be asked for: %s", error)
            return False
        return True


async def _nothing() -> None:
    """Reads no fills."""


async def _cannot_kill(_nonce: int) -> bool:
    """Uses up no nonce."""
    return False
