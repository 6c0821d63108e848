"""Debian's mosquitto as the fleet's broker: on a loopback port of its own, for those who know its password."""

import asyncio
import contextlib
import secrets
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hyperliquid_perpetual.demo.processes import Child, run

USER = "fleet"
_SECONDS = 20.0


@dataclass(frozen=True)
class Broker:
    """Where it listens, and what it asks for."""

    host: str
    port: int
    password: str
    user: str = USER


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[Broker]:
    """A mosquitto that ends with the block.

    :raises FileNotFoundError: when it is not installed.
    :raises ChildError: when it does not listen in time.
    """
    program = program_of("mosquitto")
    made = Broker("127.0.0.1", free_port(), secrets.token_urlsafe(12))
    passwords, settings = folder / "passwords", folder / "mosquitto.conf"
    _prepare(passwords)
    # The password goes in by standard input, twice as a person would type it, so that no list of processes shows it.
    await run(
        [program_of("mosquitto_passwd"), str(passwords), made.user],
        cwd=folder,
        env={},
        stdin=f"{made.password}\n{made.password}\n",
        timeout=_SECONDS,
    )
    _write(
        settings,
        f"listener {made.port} {made.host}\nallow_anonymous false\npassword_file {passwords}\n"
        "persistence false\nlog_dest stdout\nuser root\n",
    )
    child = await Child.start(
        "mosquitto", [program, "-c", str(settings)], log=folder / "mosquitto.log", cwd=folder, env={}
    )
    try:
        await until_listening(made, child)
        yield made
    finally:
        await child.stop(_SECONDS)


def _prepare(passwords: Path) -> None:
    passwords.parent.mkdir(parents=True, exist_ok=True)
    passwords.touch(mode=0o600)


def _write(settings: Path, text: str) -> None:
    settings.write_text(text, encoding="utf-8")


async def until_listening(made: Broker, child: Child) -> None:
    async with asyncio.timeout(_SECONDS):
        while True:
            child.check()
            with contextlib.suppress(ConnectionRefusedError):
                _, writer = await asyncio.open_connection(made.host, made.port)
                writer.close()
                return
            await asyncio.sleep(0.05)


def program_of(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise FileNotFoundError(f"{name} is missing: on Debian or Ubuntu, apt-get install mosquitto")
    return found


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
