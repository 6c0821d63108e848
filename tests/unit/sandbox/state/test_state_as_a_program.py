"""`hyperliquid-perpetual sandbox --state FILE`, as somebody runs it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "hyperliquid_perpetual", "sandbox", "--port", "0"]


def live(path: Path, end: signal.Signals, *arguments: str) -> tuple[int, list[str]]:
    """Run the sandbox until it says that it can be stopped, and end it; its status and what it said until then."""
    process = subprocess.Popen([*COMMAND, "--state", str(path), *arguments], stdout=subprocess.PIPE, text=True)
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip())
            if line.startswith("Stop with"):
                break
        process.send_signal(end)
        process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode, said


def test_welcome_says_what_was_resumed_and_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "paper.state"
    status, said = live(path, signal.SIGINT, "--seed", "5", "--market", "trending")
    assert status == 0
    assert f"It keeps its state in {path}." in said
    assert sorted(os.listdir(tmp_path)) == ["paper.state", "paper.state.lock"]

    status, said = live(path, signal.SIGKILL, "--seed", "6")
    assert status == -signal.SIGKILL
    assert any(line.startswith(f"It has resumed {path}: 1 account, saved at 20") for line in said)
    assert "The seed is 5 as in the state file, not 6." in said
    assert said[0] == "A Hyperliquid sandbox is listening, market trending, seed 5."


def test_file_that_cannot_be_used_is_one_line_on_stderr_and_status_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--state", str(tmp_path / "nowhere" / "file")], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"The state file {tmp_path / 'nowhere' / 'file'} cannot be made: there is no directory {tmp_path / 'nowhere'}."
    ]
