"""An acceptance run from start to end: the steps in order, and cleaning up whatever happens, Ctrl-C included."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Protocol

from hyperliquid_perpetual.operations.acceptance import looking, recovery, trading
from hyperliquid_perpetual.operations.acceptance.cleaning import clean
from hyperliquid_perpetual.operations.acceptance.ground import Ground
from hyperliquid_perpetual.operations.acceptance.outcomes import (
    AcceptanceReport,
    Done,
    Outcome,
    StepFailed,
    StepResult,
    StepSkipped,
)
from hyperliquid_perpetual.operations.acceptance.plan import Plan, Refused
from hyperliquid_perpetual.operations.acceptance.trader import Complaints, Trader
from hyperliquid_perpetual.operations.networks import name_of, what_to_do
from hyperliquid_perpetual.trading.budget import shared_budget
from hyperliquid_perpetual.trading.credentials import CredentialError
from hyperliquid_perpetual.trading.requests import Requests, VenueUnavailable

CLEAN_UP = "clean up"
STEPS: dict[str, Callable[[Ground], Awaitable[Done]]] = {
    "connect": looking.connect,
    "account is free": looking.account_is_free,
    "book cadence": looking.book_cadence,
    "place far away": trading.place_far_away,
    "modify": trading.modify,
    "cancel": trading.cancel,
    "small fill": trading.small_fill,
    "close": trading.close,
    "funding read": looking.funding_read,
    "reconnect": recovery.reconnect,
    "reconcile": recovery.reconcile,
}
_COMPLAINTS_TOLD = 3


class Watcher(Protocol):
    """Sees how the run goes on."""

    def begins(self, what: str, total: float | None) -> None:
        """A step begins; ``total`` are its seconds, where they are known."""
        ...

    def goes_on(self, done: float) -> None:
        """So many seconds of it are over."""
        ...

    def ended(self, result: StepResult) -> None:
        """A step has ended."""
        ...


async def accept(plan: Plan, watcher: Watcher) -> AcceptanceReport:
    """Runs all steps.

    :raises Refused: when there is no such market, no answer, or keys that cannot work; nothing was done then.
    """
    requests = Requests(plan.network, shared_budget(plan.network.rest_url), lambda: int(time.time() * 1000))
    requests.keep_open()
    with Complaints() as complaints:
        try:
            trader = Trader(plan)
            try:
                await _check_market(plan, trader)
                return await _Run(plan, trader, requests, complaints, watcher).run()
            finally:
                await trader.stop()
        except CredentialError as error:
            raise Refused(f"the keys cannot work: {error}") from None
        finally:
            await requests.close()


async def _check_market(plan: Plan, trader: Trader) -> None:
    # By the connector, which needs them in a moment and does not ask again.
    connector = trader.connector
    try:
        await connector._update_trading_rules()
    except VenueUnavailable as error:
        raise Refused(f"{plan.network.rest_url}: {error}. What to do: {what_to_do(plan.network, error)}") from None
    table = connector._markets.table
    market = table.find(plan.pair)
    if market is None or market.is_delisted:
        near = ", ".join(table.near(plan.pair)) or "docs/markets.md says how they are written"
        state = "is delisted" if market is not None else "is no market"
        raise Refused(f"--pair {plan.pair} {state} of {name_of(plan.network)}; near it are: {near}")


class _Run:
    def __init__(
        self, plan: Plan, trader: Trader, requests: Requests, complaints: Complaints, watcher: Watcher
    ) -> None:
        self._plan = plan
        self._trader = trader
        self._complaints = complaints
        self._watcher = watcher
        self._ground = Ground(plan, trader, requests, watcher.goes_on)
        self._results: list[StepResult] = []

    async def run(self) -> AcceptanceReport:
        walk = asyncio.create_task(self._all_steps())
        with _interrupting(walk):
            await asyncio.wait([walk])
            is_interrupted = walk.cancelled()
            if not is_interrupted:
                walk.result()
            # Further interruptions change nothing: this ends by itself, and must not be left half done.
            await self._step(CLEAN_UP, self._clean, None)
        return AcceptanceReport(
            name_of(self._plan.network),
            self._plan.network.rest_url,
            self._plan.pair,
            self._trader.account,
            str(self._plan.max_notional),
            tuple(self._results),
            is_interrupted,
        )

    async def _all_steps(self) -> None:
        for name, step in STEPS.items():
            seconds = self._plan.book_seconds if step is looking.book_cadence else None
            await self._step(name, partial(step, self._ground), seconds)

    async def _step(self, name: str, step: Callable[[], Awaitable[Done]], seconds: float | None) -> None:
        self._watcher.begins(name, seconds)
        began, complaints = time.monotonic(), len(self._complaints.texts)
        try:
            done = await step()
            result = StepResult(name, Outcome.PASS, done.detail, _since(began), done.data)
        except StepSkipped as skipped:
            result = StepResult(name, Outcome.SKIPPED, str(skipped), _since(began))
        except asyncio.CancelledError:
            self._add(StepResult(name, Outcome.SKIPPED, "interrupted", _since(began)))
            raise
        except Exception as error:  # whatever it is, the next steps and the cleaning up follow
            detail = str(error) if isinstance(error, StepFailed) else f"{type(error).__name__}: {error}"
            said = [text for text in self._complaints.texts[complaints:] if detail not in text][-_COMPLAINTS_TOLD:]
            result = StepResult(name, Outcome.FAIL, detail, _since(began), {"log": said} if said else {})
        self._add(result)

    def _add(self, result: StepResult) -> None:
        self._results.append(result)
        self._watcher.ended(result)

    async def _clean(self) -> Done:
        return await clean(self._trader, self._ground.word, self._ground.position_before)


@contextlib.contextmanager
def _interrupting(task: "asyncio.Task[None]") -> Iterator[None]:
    """Ctrl-C and SIGTERM end a task, instead of the whole program."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
