"""Child processes: started, watched, stopped gently, killed when they must be, never left behind."""

import asyncio
import contextlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperliquid_perpetual.demo.processes import Child, ChildError, run, tail


def program(text: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(text)]


SLEEPER = program("import time; print('up', flush=True); time.sleep(60)")
GENTLE = program(
    """
    import signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
    print("up", flush=True)
    time.sleep(60)
    """
)
STUBBORN = program(
    """
    import signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("up", child.pid, flush=True)
    time.sleep(60)
    """
)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has collected yet does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


async def started(command: list[str], folder: Path) -> Child:
    child = await Child.start("It", command, log=folder / "it.log", cwd=folder, env=dict(os.environ))
    await until(lambda: "up" in child.log.read_text() or not child.running, "the child to start")
    return child


async def test_one_that_obeys_is_not_killed(tmp_path: Path) -> None:
    child = await started(GENTLE, tmp_path)

    assert await child.stop(20)
    assert child.returncode == 0
    assert "bye" in child.log.read_text()
    assert await child.stop(20), "stopping again is harmless"


async def test_one_that_ignores_the_request_is_killed_with_its_children(tmp_path: Path) -> None:
    child = await started(STUBBORN, tmp_path)
    grandchild = int(child.log.read_text().split()[1])

    assert not await child.stop(0.2)
    assert child.returncode == -signal.SIGKILL
    await until(lambda: not is_alive(grandchild), "the grandchild to end")


async def test_an_interruption_while_stopping_kills(tmp_path: Path) -> None:
    child = await started(STUBBORN, tmp_path)
    stopping = asyncio.create_task(child.stop(60))
    await asyncio.sleep(0.1)
    stopping.cancel()

    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert not child.running


async def test_one_that_has_ended_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = await started(program("print('up and failing'); raise SystemExit(3)"), tmp_path)
    await until(lambda: not child.running, "the child to end")

    with pytest.raises(ChildError, match=r"(?s)It ended unexpectedly \(status 3\).*up and failing"):
        child.check()
    child.signal(signal.SIGUSR1)


async def test_ctrl_c_of_the_terminal_does_not_reach_it(tmp_path: Path) -> None:
    child = await started(SLEEPER, tmp_path)
    try:
        assert os.getpgid(child.pid) == child.pid
        assert os.getpgid(child.pid) != os.getpgid(0)
    finally:
        await child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
async def test_it_ends_with_a_parent_that_is_killed_outright(tmp_path: Path) -> None:
    parent = await Child.start(
        "Parent",
        program(
            f"""
            import asyncio, os, sys
            from pathlib import Path
            from hyperliquid_perpetual.demo.processes import Child
            async def main():
                log = Path({str(tmp_path / "child.log")!r})
                child = await Child.start("Child", {SLEEPER!r}, log=log, cwd=log.parent, env=dict(os.environ))
                print("up", child.pid, flush=True)
                await asyncio.sleep(60)
            asyncio.run(main())
            """
        ),
        log=tmp_path / "parent.log",
        cwd=tmp_path,
        env=dict(os.environ),
    )
    await until(lambda: "up" in parent.log.read_text() or not parent.running, "the parent to start")
    child = int(parent.log.read_text().split()[1])
    assert is_alive(child)

    parent.signal(signal.SIGKILL)

    await until(lambda: not is_alive(child), "the child to end")
    await parent.kill()


async def test_a_command_gets_its_input_and_gives_its_output(tmp_path: Path) -> None:
    echo = program("import sys; print(sys.stdin.read().upper())")

    assert await run(echo, cwd=tmp_path, env=dict(os.environ), stdin="abc", timeout=20) == "ABC\n"


async def test_a_command_that_fails_says_in_its_own_words_why(tmp_path: Path) -> None:
    failing = program("import sys; print('no such thing', file=sys.stderr); sys.exit(4)")

    with pytest.raises(ChildError, match=r"(?s)status 4.*no such thing"):
        await run(failing, cwd=tmp_path, env=dict(os.environ), stdin="", timeout=20)


async def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    hanging = program(f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)")

    with pytest.raises(ChildError, match=r"longer than 1\.5 s"):
        await run(hanging, cwd=tmp_path, env=dict(os.environ), stdin="", timeout=1.5)
    assert not is_alive(int(file.read_text()))


def test_the_end_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert tail(log) == "(empty)"
    log.write_text("1\n2\n3\n")
    assert tail(log, 2) == "2\n3"
