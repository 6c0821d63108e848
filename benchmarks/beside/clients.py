"""The clients that are measured, each in a process and an environment of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Client:
    """How a client is started."""

    name: str
    script: str
    environment: str
    """The folder of its environment below the project."""
    variables: dict[str, str] = field(default_factory=dict)


CLIENTS = (
    # Nothing listens there: what is measured here goes over no socket.
    Client("ours", "ours.py", ".venv", {"HYPERLIQUID_SANDBOX_URL": "http://127.0.0.1:9"}),
    Client("built-in", "stock.py", ".venv", {"HYPERLIQUID_PERPETUAL_PLUGIN": "off"}),
    Client("official SDK", "official_sdk.py", ".venv-sdk"),
    Client("ccxt", "ccxt_client.py", ".venv-ccxt"),
)


class Worker:
    """A client that runs, and measures when it is asked."""

    def __init__(self, client: Client) -> None:
        self.client = client
        python = ROOT / client.environment / "bin/python"
        if not python.exists():
            sys.exit(f"{python} is missing: run `make env strangers`")
        self._process = subprocess.Popen(
            [str(python), str(HERE / client.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | client.variables,
        )
        greeting = self._read()
        self.versions: dict[str, str] = greeting["versions"]
        self.cases: list[str] = greeting["cases"]

    def measure(self, case: str, seconds: float) -> list[float]:
        """Microseconds of an operation, in blocks, over so many seconds from now."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"case": case, "seconds": seconds}) + "\n")
        self._process.stdin.flush()
        blocks: list[float] = self._read()["us"]
        return blocks

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.client.name} has ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
