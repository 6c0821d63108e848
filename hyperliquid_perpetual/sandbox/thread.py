"""A sandbox in a thread of its own, for clients and tests that block."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from hyperliquid_perpetual.sandbox.sandbox import Sandbox

START_SECONDS = 30


class SandboxThread:
    """Runs a sandbox; use it as a context manager. Everything that touches the exchange goes through `run`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._main, name="sandbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_SECONDS):
            raise TimeoutError("the sandbox did not start")
        if self._error is not None:
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    @property
    def url(self) -> str:
        """Base URL of the REST API."""
        return self._sandbox.url

    @property
    def ws_url(self) -> str:
        """URL of the WebSocket API."""
        return self._sandbox.ws_url

    def run[Result](self, what: Callable[[Sandbox], Result]) -> Result:
        """Call a function with the sandbox inside its own loop, and return what it returns."""

        async def call() -> Result:
            return what(self._sandbox)

        return self._wait(call())

    def advance(self, seconds: float) -> None:
        """Let the exchange's time pass (see `clock`)."""
        self._wait(self._sandbox.clock.advance(seconds))

    def _wait[Result](self, awaitable: Awaitable[Result]) -> Result:
        assert self._loop is not None

        async def wrapped() -> Result:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wrapped(), self._loop).result()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # handed to the thread that waits for the start
            self._error = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self._sandbox:
            self._ready.set()
            await self._stop.wait()
