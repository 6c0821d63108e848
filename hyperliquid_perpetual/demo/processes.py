"""Child processes that end with the demo, however it ends: each in a group of its own, told to stop, then made to."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildError(RuntimeError):
    """A child process ended or stayed silent when it should not have; the message names its log."""


class Child:
    """One child process, in a process group of its own, with everything it prints in a log file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, command: list[str], *, log: Path, cwd: Path, env: dict[str, str]) -> "Child":
        """Start `command`. A group of its own keeps the terminal's Ctrl-C from reaching it before we have asked it to
        stop; on Linux the kernel stops it if this process is killed outright."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=cwd,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_stop_with_parent if LIBC is not None else None,
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, None while it runs."""
        return self._process.returncode

    @property
    def running(self) -> bool:
        """Whether it is still alive."""
        return self._process.returncode is None

    def check(self) -> None:
        """:raises ChildError: when it has ended."""
        if not self.running:
            raise ChildError(
                f"{self.name} ended unexpectedly (status {self.returncode}); the end of {self.log}:\n{tail(self.log)}"
            )

    def signal(self, number: int) -> None:
        """Send a signal to the process itself; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self, grace: float) -> bool:
        """SIGTERM, and SIGKILL to the whole group after `grace` seconds.

        :return: whether it stopped by itself within the time.
        """
        gentle = True
        if self.running:
            self.signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), grace)
            except TimeoutError:
                gentle = False
            finally:
                await self.kill()
        return gentle

    async def kill(self) -> None:
        """End the whole group at once, if its leader still runs: the id of a group that is gone may be a stranger's."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()


async def run(command: list[str], *, cwd: Path, env: dict[str, str], stdin: str, timeout: float) -> str:
    """Run a command to its end and return what it printed.

    :raises ChildError: with what it printed when it fails or takes longer than `timeout` seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), timeout)
    except TimeoutError:
        raise ChildError(f"`{_shown(command)}` took longer than {timeout:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    text = output.decode(errors="replace")
    if process.returncode:
        raise ChildError(f"`{_shown(command)}` failed (status {process.returncode}):\n{text.strip()}")
    return text


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    if not log.exists():
        return "(empty)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) or "(empty)"


def _shown(command: list[str]) -> str:
    return " ".join([Path(command[0]).name, *command[1:]])


def _stop_with_parent() -> None:
    """Runs in the child before its program starts: have the kernel send SIGTERM when the parent dies."""
    assert LIBC is not None
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
