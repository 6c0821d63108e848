"""The dead man's switch: the venue cancels all orders of the account unless this bot keeps saying that it lives.

Reference, section 3.4. Only for users who ask for it (``dead_mans_switch_seconds``). A re-arming says *the bot can see
and act*: the event loop runs (or nothing would be sent), and nothing is wrong that the connector knows of: its account
stream is live and reconciled, at least one of its order books is fresh, Hummingbot's clock ticks. While something is
wrong nothing is re-armed, and the venue does what the user chose.

The switch belongs to the account: it cancels the orders of other bots and manual ones too, and several bots on one
account re-arm and clear it for each other.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ..venue import actions
from ..venue.actions import Action
from ..venue.messages import OrderUpdate
from ..venue.replies import Outcome, RejectCode, Rejected, Unclear, required_volume
from .budget import Priority
from .log_names import logger_of
from .requests import Requests

MIN_AHEAD_SECONDS = 5.0
"""The venue refuses a time that is nearer than this (section 3.4)."""

LOOK_SECONDS = 1.0
STALLED_CLOCK_SECONDS = 60.0
"""How long Hummingbot's clock may stand still, at least, before the bot counts as dead."""

STOP_SECONDS = 5.0
"""How long a clean stop may take to clear the switch."""

REFUSED_FOR_VOLUME_SECONDS = 6 * 3600.0
FIRED_STATUS = "scheduledCancel"
_LONGEST_RETRY_SECONDS = 600.0
_SAME_FIRING_MS = 2_000
_DAY = 86_400.0

logger = logger_of(__name__)


class DeadMansSwitch:
    """Arms the switch, keeps it armed while the bot lives, and clears it when the bot is stopped on purpose."""

    def __init__(
        self,
        requests: Requests,
        seconds: int | None,
        problem: Callable[[], str],
        ticks: Callable[[], float] = lambda: math.nan,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        :param seconds: without a sign of life for this long the venue cancels all orders; None for never.
        :param problem: why the bot cannot see or act right now; empty when it can.
        :param ticks: the time of Hummingbot's clock, which changes while that runs; NaN where there is none.
        :param clock: Unix seconds.
        """
        self._requests = requests
        self._seconds = seconds
        self._problem = problem
        self._ticks = ticks
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._attempt: asyncio.Task[float] | None = None
        self._due = 0.0
        self._refusals = 0
        self._refused_because = ""
        self._missed_because = ""
        self._is_known_armed = False
        self._last_tick = math.nan
        self._ticked_at = 0.0
        self._fired_at_ms = 0
        self.armed_until = 0.0
        """Unix seconds at which the venue cancels everything, as far as is known; the later of two possible times."""
        self.requests_sent = 0
        """How many requests of the account's budget (section 9.3) this has cost."""

    @property
    def is_armed(self) -> bool:
        """Whether the venue is going to cancel everything unless it hears from the bot."""
        return self.armed_until > self._clock()

    def start(self) -> None:
        """Arms the switch as soon as nothing is wrong, and keeps it armed; does nothing if the user has not chosen it,
        or if it runs already."""
        if self._seconds is not None and (self._task is None or self._task.done()):
            self._due = 0.0
            self._task = asyncio.get_running_loop().create_task(self._run(self._seconds))

    async def stop(self, clear: bool) -> None:
        """Stops re-arming, within a bounded time.

        :param clear: whether orders may stay open without this bot, because it was stopped on purpose. Otherwise the
            venue will cancel them, as it should for a bot that has lost its network.
        """
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not clear:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if self._attempt is not None:
                    # Otherwise an arming that is on its way could arrive after the clearing.
                    await asyncio.wait({self._attempt})
                if self.is_armed:
                    await self._clear()
        except TimeoutError:
            logger.warning(
                "The venue has not confirmed that the dead man's switch is cleared: it may still cancel all orders of "
                "the account at %s",
                _clock_text(self.armed_until),
            )

    def on_order_update(self, update: OrderUpdate) -> None:
        """Tells the user, once, when the venue has cancelled orders because of the switch."""
        if update.status != FIRED_STATUS or abs(update.statusTimestamp - self._fired_at_ms) <= _SAME_FIRING_MS:
            return
        self._fired_at_ms = update.statusTimestamp
        reason = "another program armed it for this account and did not speak up again"
        if self._seconds is not None:
            because = f" ({self._missed_because})" if self._missed_because else ""
            reason = f"it had no sign of life of this bot for {self._seconds} s{because}"
        logger.warning(
            "The dead man's switch fired at %s: the venue cancelled all orders of the account, because %s",
            _clock_text(update.statusTimestamp / 1000),
            reason,
        )

    # --- Arming

    async def _run(self, seconds: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            problem = self._problem() or self._stalled_clock(seconds, loop.time())
            if loop.time() >= self._due:
                if problem:
                    self._miss(problem)
                else:
                    # A task of its own: when this one is cancelled, what was sent is still heard of.
                    self._attempt = loop.create_task(self._arm(seconds))
                    self._due = await asyncio.shield(self._attempt) + loop.time()
            await asyncio.sleep(min(LOOK_SECONDS, seconds / 20))

    async def _arm(self, seconds: int) -> float:
        """Sends one arming; returns the seconds until the next one."""
        until = 0.0

        def arming() -> Action:
            # Made when it is sent, not when it was decided: in between lies the wait for the address' budget.
            nonlocal until
            until = self._clock() + max(float(seconds), 2 * MIN_AHEAD_SECONDS)
            return actions.schedule_cancel(int(until * 1000) + self._requests.venue_clock.ahead_ms)

        outcome = await self._send(arming)
        match outcome:
            case Unclear(reason=reason):
                logger.debug("It is not known whether the dead man's switch was re-armed (%s)", reason)
                self.armed_until = max(self.armed_until, until)
                return max(seconds / 10, 1.0)
            case Rejected() as refusal:
                return self._wait_after_refusal(refusal, seconds)
        self.armed_until = until
        self._refusals, self._refused_because = 0, ""
        if not self._is_known_armed or self._missed_because:
            logger.info(
                "The dead man's switch is armed: without a sign of life of this bot for %d s the venue cancels all "
                "orders of the account",
                seconds,
            )
        self._is_known_armed, self._missed_because = True, ""
        return seconds / 3 * _jitter()

    def _wait_after_refusal(self, refusal: Rejected, seconds: int) -> float:
        self._refusals += 1
        match refusal.code:
            case RejectCode.TRADED_VOLUME:
                self._tell(f"{_volume_text(refusal.reason)}. Open orders stay if this bot dies; asked again in 6 hours")
                return REFUSED_FOR_VOLUME_SECONDS * _jitter()
            case RejectCode.SCHEDULED_CANCELS:
                self._tell(
                    f"it has fired too often today ({refusal.reason}). Open orders stay if this bot dies; asked again "
                    "after midnight UTC"
                )
                return _DAY - self._clock() % _DAY + 60 * _jitter()
        self._tell(f"{refusal.reason} (trying again)")
        # It may pass within the period (the clocks differ, the account's budget is short): at first as usual.
        return min(seconds / 3 * 2.0 ** max(0, min(self._refusals, 16) - 3), _LONGEST_RETRY_SECONDS) * _jitter()

    def _tell(self, why: str) -> None:
        self._is_known_armed = False
        if why != self._refused_because:
            self._refused_because = why
            logger.warning("The venue does not arm the dead man's switch: %s", why)

    async def _clear(self) -> None:
        while True:
            outcome = await self._send(lambda: actions.schedule_cancel(None))
            if isinstance(outcome, Rejected):
                logger.warning(
                    "The venue does not clear the dead man's switch (%s): it cancels all orders of the account at %s",
                    outcome.reason,
                    _clock_text(self.armed_until),
                )
                return
            if not isinstance(outcome, Unclear):
                self.armed_until, self._is_known_armed = 0.0, False
                logger.info("The dead man's switch is cleared")
                return
            await asyncio.sleep(0.5)

    async def _send(self, make_action: Callable[[], Action]) -> Outcome:
        self.requests_sent += 1
        # Before everything else: for want of the address' budget a bot must not look dead.
        return (await self._requests.act(make_action, 1, Priority.CANCEL)).outcomes[0]

    # --- Living

    def _stalled_clock(self, seconds: int, now: float) -> str:
        tick = self._ticks()
        if math.isnan(tick) or tick != self._last_tick:
            self._last_tick, self._ticked_at = tick, now
        stalled = now - self._ticked_at
        if stalled <= max(STALLED_CLOCK_SECONDS, seconds):
            return ""
        return f"Hummingbot's clock has been standing still for {stalled:.0f} s"

    def _miss(self, problem: str) -> None:
        if self._missed_because or not self.is_armed:
            return
        self._missed_because = problem
        logger.warning(
            "The dead man's switch is not re-armed (%s): unless that changes, the venue cancels all orders of the "
            "account at %s",
            problem,
            _clock_text(self.armed_until),
        )


def _volume_text(reason: str) -> str:
    volume = required_volume(reason)
    if volume is None:
        return reason
    return (
        f"it has it only for accounts that have traded {volume.required:,.0f} USD, and this one has traded "
        f"{volume.traded:,.2f} USD"
    )


def _clock_text(unix_seconds: float) -> str:
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%H:%M:%S} UTC"


def _jitter() -> float:
    return random.uniform(0.8, 1.0)  # noqa: S311 - spreads requests, guards nothing
