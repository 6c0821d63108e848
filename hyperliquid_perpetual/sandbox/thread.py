"""A sandbox in a thread of its own, for clients and tests that block."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Self

from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot, BookSnapshot, FillSnapshot, OrderSnapshot
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.traffic import Captured

START_SECONDS = 30
POLL_SECONDS = 0.01

Number = Decimal | str | int


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

    address = DEMO_ADDRESS
    """An account with money that every sandbox has."""
    private_key = DEMO_PRIVATE_KEY
    """Its key, which everybody knows."""

    # What tests ask for most, so that they need no `run`.

    def account(self, address: str = DEMO_ADDRESS) -> AccountSnapshot:
        """An account with its positions, open orders and fills."""
        return self.run(lambda sandbox: sandbox.account(address))

    def open_orders(self, address: str = DEMO_ADDRESS) -> tuple[OrderSnapshot, ...]:
        """An account's resting orders, oldest first."""
        return self.run(lambda sandbox: sandbox.open_orders(address))

    def order(self, key: int | str, address: str = DEMO_ADDRESS) -> OrderSnapshot | None:
        """An account's order by oid or cloid, open or finished."""
        return self.run(lambda sandbox: sandbox.order(address, key))

    def fills(self, address: str = DEMO_ADDRESS) -> tuple[FillSnapshot, ...]:
        """An account's fills, oldest first."""
        return self.run(lambda sandbox: sandbox.fills(address))

    def book(self, coin: str, depth: int | None = None) -> BookSnapshot:
        """A market's book."""
        return self.run(lambda sandbox: sandbox.book(coin, depth))

    def requests(self, path: str | None = None, kind: str | None = None) -> Sequence[Captured]:
        """The requests that came in, oldest first, as far as they are kept."""
        return self.run(lambda sandbox: sandbox.requests(path, kind))

    def set_price(self, coin: str, price: Number) -> None:
        """Move the outside world; see `Sandbox.set_price`."""
        self.run(lambda sandbox: sandbox.set_price(coin, price))

    def trade_through(self, coin: str, price: Number, size: Number | None = None) -> None:
        """Have somebody trade with everything up to a price; see `Sandbox.trade_through`."""
        self.run(lambda sandbox: sandbox.trade_through(coin, price, size))

    def fill(self, key: int | str, size: Number | None = None, address: str = DEMO_ADDRESS) -> None:
        """Have an open order filled, whole or by a size; see `Sandbox.fill`."""
        self.run(lambda sandbox: sandbox.fill(address, key, size))

    def until[Result](self, what: Callable[[Sandbox], Result], seconds: float = 10) -> Result:
        """Ask again and again until the answer is true (not empty, not zero), and return it.

        :raises TimeoutError: when it has not become true in so many seconds of real time; it tells the last answer.
        """
        deadline = time.monotonic() + seconds
        while not (found := self.run(what)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds:g} s, the last answer was {found!r}")
            time.sleep(POLL_SECONDS)
        return found

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
