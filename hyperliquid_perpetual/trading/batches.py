"""Orders, cancels and amendments that a strategy issues within one turn of the event loop leave as few signed actions.

A batch costs one signature, one nonce and one weight whatever its length. Post-only orders travel apart from the rest,
because the venue ranks an action by the most aggressive order in it (reference, section 15); cancels travel in actions
of their own. A cancel and a new order of the same side that come in the same turn leave as one replacement
(``replacements``). An order alone leaves at once: the turn it was placed in is the only wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from ..venue import actions
from ..venue.actions import BuilderCode, Grouping, OrderRequest
from ..venue.replies import Done, Outcome, RejectCode, Rejected, Unclear
from .budget import Priority
from .replacements import Answer, Cancel, Replacement, Waiting, pair_up
from .requests import ActionResult, Requests
from .tasks import Tasks

MAX_BATCH = 39
"""Orders in one action: as many as cost one weight (section 9.1)."""

Modification = tuple[int | str, OrderRequest]


class _Ticket(Protocol):
    """Someone who waits for an answer, whatever was handed in."""

    def settle(self, answer: Answer) -> None: ...

    def fail(self, error: Exception) -> None: ...


class OrderDesk:
    """Where orders, cancels and amendments are handed in, one at a time; each gets its own answer."""

    def __init__(
        self, requests: Requests, builder: BuilderCode | None = None, *, replaces_in_place: bool = False
    ) -> None:
        """
        :param builder: goes on every order; None for none.
        :param replaces_in_place: whether a cancel and a new order of one turn may leave as an amendment.
        """
        self._requests = requests
        self.builder = builder
        self.on_builder_refused: Callable[[], None] = lambda: None
        """Called when the venue refused orders because of the builder; they go out again without it."""
        self._replaces_in_place = replaces_in_place
        self._orders: list[Waiting[OrderRequest]] = []
        self._cancels: list[Waiting[Cancel]] = []
        self._amendments: list[Waiting[Modification]] = []
        self._flush_due_on: asyncio.AbstractEventLoop | None = None
        self._tasks = Tasks()

    # --- Handing in

    async def place(self, order: OrderRequest) -> Answer:
        """Places an order: Resting, Filled, Waiting, Rejected or Unclear."""
        return await self._submit(self._orders, order)

    async def cancel(self, cancel: Cancel) -> Answer:
        """Cancels an order by its client order id: Done, Rejected or Unclear."""
        return await self._submit(self._cancels, cancel)

    async def cancel_by_oid(self, asset_id: int, oid: int) -> Answer:
        """Cancels an order by the venue's id, in an action of its own: Done, Rejected or Unclear."""
        result = await self._requests.act(actions.cancel([(asset_id, oid)]), 1, Priority.CANCEL)
        return Answer(result.outcomes[0], result.expires_after, result.nonce)

    async def amend(self, target: int | str, order: OrderRequest) -> Answer:
        """Replaces an order, named by oid or cloid: Resting, Filled, Waiting, Rejected or Unclear."""
        return await self._submit(self._amendments, (target, order))

    async def place_group(self, orders: Sequence[OrderRequest], grouping: Grouping) -> list[Answer]:
        """Places orders that belong together, in an action of their own: an answer each.

        Nothing is tried again: when the venue refuses the group, none of it took effect.
        """
        result = await self._send_orders(orders, grouping)
        return [Answer(outcome, result.expires_after, result.nonce) for outcome in result.outcomes]

    async def use_up(self, nonce: int) -> bool:
        """Uses up the nonce of an action that was sent and not answered, by a ``noop`` that carries it (section 3.10).

        :returns: whether the venue took it: then that action was not carried out, and never will be. Any other answer
            says nothing.
        """
        result = await self._requests.act(actions.noop(), 1, Priority.CANCEL, nonce=nonce)
        return isinstance(result.outcomes[0], Done)

    async def _submit[Item](self, waiting: list[Waiting[Item]], item: Item) -> Answer:
        loop = asyncio.get_running_loop()
        ticket = Waiting(item, loop.create_future())
        waiting.append(ticket)
        self._flush_soon(loop)
        return await ticket.answer

    # --- Sending

    def _flush_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._flush_due_on is not loop:
            self._flush_due_on = loop
            loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due_on = None
        orders, cancels, amendments = self._orders, self._cancels, self._amendments
        self._orders, self._cancels, self._amendments = [], [], []
        replacements: list[Replacement] = []
        if self._replaces_in_place:
            replacements, cancels, orders = pair_up(cancels, orders)
        self._start(cancels, self._deliver, self._send_cancels)
        for is_post_only in (True, False):
            self._start(
                [r for r in replacements if r.order.item.is_post_only is is_post_only], self._deliver_replacements
            )
            self._start(
                [a for a in amendments if a.item[1].is_post_only is is_post_only], self._deliver, self._send_amendments
            )
            self._start([o for o in orders if o.item.is_post_only is is_post_only], self._deliver, self._send_orders)

    def _start[T](self, items: list[T], deliver: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        for start in range(0, len(items), MAX_BATCH):
            self._tasks.start(deliver(items[start : start + MAX_BATCH], *arguments))

    async def _deliver[Item](
        self, batch: list[Waiting[Item]], send: Callable[[Sequence[Item]], Awaitable[ActionResult]]
    ) -> None:
        result = await self._sent(batch, send([waiting.item for waiting in batch]))
        if result is None:
            return
        if len(batch) > 1 and _refused_as_a_whole(result.outcomes):
            # One bad item made the venue refuse all, before any took effect: each is told apart by going alone.
            for waiting in batch:
                await self._deliver([waiting], send)
            return
        for waiting, outcome in zip(batch, result.outcomes, strict=True):
            waiting.settle(Answer(outcome, result.expires_after, result.nonce))

    async def _deliver_replacements(self, batch: list[Replacement]) -> None:
        tickets: list[_Ticket] = [*(r.cancel for r in batch), *(r.order for r in batch)]
        modifications = [(replacement.cancel.item.cloid, replacement.order.item) for replacement in batch]
        result = await self._sent(tickets, self._send_amendments(modifications))
        if result is None:
            return
        for replacement, outcome in zip(batch, result.outcomes, strict=True):
            answer = Answer(outcome, result.expires_after, result.nonce)
            if isinstance(outcome, Rejected) and outcome.code not in _NOT_AN_ITEMS_FAULT:
                # Nothing new was placed, and whether the old order went is for the venue to say: both go their own way.
                self._retry_apart(replacement)
            elif isinstance(outcome, Rejected | Unclear):
                replacement.cancel.settle(answer)
                replacement.order.settle(answer)
            else:
                replacement.cancel.settle(Answer(Done(), result.expires_after, result.nonce))
                replacement.order.settle(answer)

    def _retry_apart(self, replacement: Replacement) -> None:
        replacement.cancel.goes_alone = replacement.order.goes_alone = True
        self._cancels.append(replacement.cancel)
        self._orders.append(replacement.order)
        self._flush_soon(asyncio.get_running_loop())

    @staticmethod
    async def _sent(tickets: Sequence[_Ticket], sending: Awaitable[ActionResult]) -> ActionResult | None:
        """The result of a sending; None when there is none and the tickets were told so."""
        try:
            return await sending
        except asyncio.CancelledError:
            # The loop is shutting down: what was handed to the socket may still take effect.
            for ticket in tickets:
                ticket.settle(Answer(Unclear("cancelled while sending"), None))
            raise
        except Exception as error:
            for ticket in tickets:
                ticket.fail(error)
            return None

    async def _send_orders(self, orders: Sequence[OrderRequest], grouping: Grouping = "na") -> ActionResult:
        builder = self.builder
        result = await self._requests.act(actions.order(orders, grouping, builder), len(orders), Priority.ORDER)
        if builder is None or not all(_is_about_builder(outcome) for outcome in result.outcomes):
            return result
        # The venue's word that none of them was placed: the approval was withdrawn since it was read.
        if self.builder is builder:
            self.builder = None
            self.on_builder_refused()
        return await self._requests.act(actions.order(orders, grouping), len(orders), Priority.ORDER)

    async def _send_cancels(self, cancels: Sequence[Cancel]) -> ActionResult:
        action = actions.cancel_by_cloid([(cancel.asset_id, cancel.cloid) for cancel in cancels])
        return await self._requests.act(action, len(cancels), Priority.CANCEL)

    async def _send_amendments(self, modifications: Sequence[Modification]) -> ActionResult:
        return await self._requests.act(actions.batch_modify(modifications), len(modifications), Priority.ORDER)


# Refusals that no item can be to blame for: sending the items one by one would only repeat them.
_NOT_AN_ITEMS_FAULT = frozenset(
    {RejectCode.SIGNATURE, RejectCode.NONCE, RejectCode.RATE_LIMIT, RejectCode.EXPIRED, RejectCode.HALTED}
)


def _is_about_builder(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.code is RejectCode.BUILDER_FEE


def _refused_as_a_whole(outcomes: Sequence[Outcome]) -> bool:
    return all(
        isinstance(outcome, Rejected) and outcome.whole_action and outcome.code not in _NOT_AN_ITEMS_FAULT
        for outcome in outcomes
    )
