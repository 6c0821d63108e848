"""What a target of fuzzing is: a part of the package that takes bytes from outside, and what it may do with them."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """One parser, with the inputs to start from.

    :param run: takes one input. Whatever it raises is a finding: documented errors are caught inside.
    :param seeds: inputs as they should be, from recordings and from the schema of the messages.
    :param renew: what has to be made anew now and then, because inputs add up in it; called between two inputs.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[random.Random], Iterator[bytes]]
    renew: Callable[[], None] = lambda: None


_loop: asyncio.AbstractEventLoop | None = None


def finish[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, on one event loop for all targets."""
    global _loop
    if _loop is None or _loop.is_closed():
        _loop = asyncio.new_event_loop()
    return _loop.run_until_complete(asyncio.wait_for(coroutine, 10))


def close_loop() -> None:
    """Gives the event loop back, with whatever still waits on it."""
    global _loop
    loop, _loop = _loop, None
    if loop is None or loop.is_closed():
        return
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(asyncio.wait(tasks, timeout=5))
    loop.close()


def named(data: bytes) -> tuple[str, bytes]:
    """The first line of an input, which says which of several things gets the rest."""
    line, _, rest = data.partition(b"\n")
    return line.decode(errors="replace"), rest
