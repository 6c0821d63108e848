"""Orders and cancels that a strategy issues within one turn of the event loop leave as one signed action.

A batch costs one signature, one nonce and one weight whatever its length. Post-only orders travel apart from the rest,
because the venue ranks an action by the most aggressive order in it (reference, section 15); cancels travel in actions
of their own, and first. An order alone leaves at once: the turn it was placed in is the only wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from ..venue import actions
from ..venue.actions import BuilderCode, OrderRequest
from ..venue.replies import Outcome, RejectCode, Rejected, Unclear
from .budget import Priority
from .requests import ActionResult, Requests

MAX_BATCH = 40
"""Orders in one action. Up to 39 items cost one weight; a longer action also takes longer to fail as a whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one order or cancel, and until when (Unix milliseconds) it could still take effect."""

    outcome: Outcome
    expires_after: int | None


@dataclass(slots=True)
class _Waiting[Item]:
    item: Item
    answer: "asyncio.Future[Answer]"


class _Lane[Item]:
    """Collects items of one kind during a turn and sends them together when it ends."""

    def __init__(self, send: Callable[[Sequence[Item]], Awaitable[ActionResult]]) -> None:
        self._send = send
        self._waiting: list[_Waiting[Item]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, item: Item) -> "asyncio.Future[Answer]":
        """The answer to come for an item that leaves at the end of this turn."""
        loop = asyncio.get_running_loop()
        waiting = _Waiting(item, loop.create_future())
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(waiting)
        return waiting.answer

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), MAX_BATCH):
            task = asyncio.get_running_loop().create_task(self._deliver(waiting[start : start + MAX_BATCH]))
            # The loop keeps only a weak reference to a task.
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, batch: list[_Waiting[Item]]) -> None:
        try:
            result = await self._send([waiting.item for waiting in batch])
        except asyncio.CancelledError:
            # The loop is shutting down: what was handed to the socket may still take effect.
            self._settle(batch, [Unclear("cancelled while sending")] * len(batch), None)
            raise
        except Exception as error:
            for waiting in batch:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            return
        if len(batch) > 1 and _refused_as_a_whole(result.outcomes):
            # One bad item made the venue refuse all, before any took effect: each is told apart by going alone.
            for waiting in batch:
                await self._deliver([waiting])
            return
        self._settle(batch, result.outcomes, result.expires_after)

    @staticmethod
    def _settle(batch: list[_Waiting[Item]], outcomes: Sequence[Outcome], expires_after: int | None) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if not waiting.answer.done():
                waiting.answer.set_result(Answer(outcome, expires_after))


class OrderDesk:
    """Where orders and cancels are handed in, one at a time; each gets its own answer."""

    def __init__(self, requests: Requests, builder: BuilderCode | None = None) -> None:
        self._requests = requests
        self._builder = builder
        self._post_only = _Lane(self._send_orders)
        self._others = _Lane(self._send_orders)
        self._cancels = _Lane(self._send_cancels)

    async def place(self, order: OrderRequest) -> Answer:
        """Places an order: Resting, Filled, Waiting, Rejected or Unclear."""
        lane = self._post_only if order.tif == "Alo" and order.trigger is None else self._others
        return await lane.submit(order)

    async def cancel(self, asset_id: int, cloid: str) -> Answer:
        """Cancels an order by its client order id: Done, Rejected or Unclear."""
        return await self._cancels.submit((asset_id, cloid))

    async def _send_orders(self, orders: Sequence[OrderRequest]) -> ActionResult:
        action = actions.order(orders, builder=self._builder)
        return await self._requests.act(action, len(orders), Priority.ORDER)

    async def _send_cancels(self, cancels: Sequence[tuple[int, str]]) -> ActionResult:
        return await self._requests.act(actions.cancel_by_cloid(cancels), len(cancels), Priority.CANCEL)


# Refusals that no item can be to blame for: sending the items one by one would only repeat them.
_NOT_AN_ITEMS_FAULT = frozenset(
    {RejectCode.SIGNATURE, RejectCode.NONCE, RejectCode.RATE_LIMIT, RejectCode.EXPIRED, RejectCode.HALTED}
)


def _refused_as_a_whole(outcomes: Sequence[Outcome]) -> bool:
    return all(
        isinstance(outcome, Rejected) and outcome.whole_action and outcome.code not in _NOT_AN_ITEMS_FAULT
        for outcome in outcomes
    )
