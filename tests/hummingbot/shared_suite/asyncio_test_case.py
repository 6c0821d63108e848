"""The test case that Hummingbot's shared suites are built on and its released package lacks.

Tests may be coroutines or plain methods. A plain one runs while its event loop stands still: what it starts (an order,
a polling loop) goes on only inside ``run_async_with_timeout``.
"""

import asyncio
import unittest
from collections.abc import Coroutine
from typing import Any


class IsolatedAsyncioWrapperTestCase(unittest.IsolatedAsyncioTestCase):
    """A test case with an event loop of its own for every test, which plain methods can run for a while."""

    @property
    def local_event_loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the present test. It is closed, and its tasks are cancelled, when the test is over."""
        return asyncio.get_event_loop_policy().get_event_loop()

    def run_async_with_timeout(self, coroutine: Coroutine[Any, Any, Any], timeout: float = 1.0) -> Any:
        """Runs the loop until a coroutine is done, and returns its result.

        :param timeout: in seconds.
        :raises TimeoutError: when it takes longer.
        """
        if self.local_event_loop.is_running():
            coroutine.close()
            raise RuntimeError("the loop runs already: await the coroutine instead")
        return self.local_event_loop.run_until_complete(asyncio.wait_for(coroutine, timeout))
