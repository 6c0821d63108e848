"""Processes that answer lines of JSON: the exchange, and the traders."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from lines import MARK

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Process:
    """One of them; it is ended with the block."""

    def __init__(self, script, *arguments, environment=None):
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | (environment or {}),
        )

    def ask(self, what, within=120.0, **more):
        """Its answer.

        :raises RuntimeError: when there is none `within` so many seconds.
        """
        self.begin(what, **more)
        return self.read(within)

    def begin(self, what, **more):
        """Asks, and does not wait; ``read`` has the answer."""
        self._process.stdin.write(json.dumps({"ask": what, **more}) + "\n")
        self._process.stdin.flush()

    def read(self, seconds=120.0):
        """The next answer."""
        # A process that hangs is ended, which ends the line.
        watch = threading.Timer(seconds, self._process.kill)
        watch.start()
        try:
            for line in self._process.stdout:
                if line.startswith(MARK):
                    return json.loads(line.removeprefix(MARK))
        finally:
            watch.cancel()
        raise RuntimeError(f"no answer within {seconds:g} s of {self._process.args[1]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Exchange(Process):
    """A sandbox.

    :param market: how its traders behave. :param count: how many markets. :param block_ms: 0 for no wait for a block.
    :param behind: how many seconds its clock is behind until it has made old fills.
    """

    def __init__(self, market, count, block_ms=0, behind=0):
        super().__init__("exchange.py", market, count, block_ms, behind)
        greeting = self.read()
        self.url, self.coins = greeting["url"], greeting["coins"]


def pairs_of(coins):
    """Trading pairs of the venue's coins."""
    return [f"{coin.upper()}-USD" if ":" in coin else f"{coin}-USD" for coin in coins]


class Trader(Process):
    """A connector on an exchange, made and not started.

    :param who: ``ours`` or ``built-in``.
    """

    def __init__(self, who, exchange, pairs):
        if who == "ours":
            environment = {"HYPERLIQUID_SANDBOX_URL": exchange.url}
        else:
            from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY

            environment = {
                "HYPERLIQUID_PERPETUAL_PLUGIN": "off",
                "EXCHANGE": exchange.url,
                "KEY": DEMO_PRIVATE_KEY,
                "ADDRESS": DEMO_ADDRESS,
            }
        # Nothing of another run, or of another program, shares its limits.
        environment["HYPERLIQUID_PERPETUAL_SHARED_LIMITS"] = "off"
        super().__init__("ours.py" if who == "ours" else "stock.py", environment=environment)
        self.who = who
        self.ask("make", pairs=pairs)
