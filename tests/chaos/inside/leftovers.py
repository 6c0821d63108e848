"""What of a connector is still there after its network was stopped: tasks and sockets."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

import psutil

from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE

PATIENCE_SECONDS = 10.0
"""How long Hummingbot may take: it stops a connector's network in a task of its own."""

PACKAGE = "hyperliquid_perpetual"


def _any(_task: "asyncio.Task[Any]") -> bool:
    return True


async def count(connector: Any, counts: Callable[["asyncio.Task[Any]"], bool] = _any) -> dict[str, Any]:
    """Tasks that run code of this package or on behalf of the connector, and open sockets to the exchange.

    :param counts: leaves tasks out, where others than the connector's run.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and (tasks(connector, counts) or sockets()):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    return {"tasks": tasks(connector, counts), "sockets": sockets()}


def tasks(connector: Any, counts: Callable[["asyncio.Task[Any]"], bool] = _any) -> list[str]:
    """One line for each of ours but the one that asks."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    return [repr(task)[:300] for task in others if is_of(task, connector) and counts(task)]


def sockets() -> int:
    """Connections of this process to the exchange."""
    port = urlsplit(os.environ[SANDBOX_URL_VARIABLE]).port
    connections = psutil.Process().net_connections(kind="tcp")
    return sum(bool(item.raddr) and item.raddr.port == port and item.status == "ESTABLISHED" for item in connections)


def is_of(task: "asyncio.Task[Any]", connector: Any) -> bool:
    """Whether some frame that the task waits in is code of this package, or a method of the connector or of a part of
    it: most of Hummingbot's own loops belong to one of those."""
    parts = (connector.order_book_tracker, connector._user_stream_tracker, connector._perpetual_trading)
    for frame in frames(task):
        owner = frame.f_locals.get("self")
        is_ours = f"/{PACKAGE}/" in frame.f_code.co_filename or PACKAGE in type(owner).__module__
        if is_ours or any(owner is part for part in parts):
            return True
    return False


def frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    """The frames that a task waits in, outermost first."""
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
        if frame is not None:
            yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
