"""How a demo ends: its exit statuses, and that a signal to leave takes everything it started along."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from hyperliquid_perpetual.demo.display import Display

STATUS_OK = 0
STATUS_FAILED = 1
STATUS_BAD_INPUT = 2
STATUS_SIGNAL = 128


async def until_signal(work: Coroutine[Any, Any, int], display: Display, logs: str) -> int:
    """Do the work; a signal to leave ends it at its next step, and all it started with it.

    :param logs: where to look, printed upon an interruption.
    :return: what the work returns, or 128 plus the signal's number.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    received: list[signal.Signals] = []

    def leave(number: signal.Signals) -> None:
        if not received:
            display.say("Stopping what was started; interrupt again to kill it ...")
        received.append(number)
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, number)
    try:
        return await task
    except asyncio.CancelledError:
        display.say(f"Interrupted; bots and sandboxes are stopped. Logs: {logs}")
        return STATUS_SIGNAL + received[0] if received else STATUS_FAILED
