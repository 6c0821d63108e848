"""Numbers that processes share: the lock, the folder, and what happens when neither can be had."""

import errno
import fcntl
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.host_limits import HostLimits
from hyperliquid_perpetual.trading.machine_limits import SIZE, MachineLimits
from hyperliquid_perpetual.trading.shared_file import Access, SharedFile
from hyperliquid_perpetual.trading.shared_folder import (
    SHARED_LIMITS_VARIABLE,
    SharedFolder,
    folder_of_this_machine,
)
from tests.unit.trading.test_machine_limits import another_process, file_in, line_of


def add(file: SharedFile, number: int) -> int:
    assert file.lock() is Access.GRANTED
    file.words[0] += number
    total: int = file.words[0]
    file.unlock(changed=True)
    return total


def test_changes_of_one_are_seen_by_the_other(tmp_path: Path) -> None:
    one, other = file_in(tmp_path), file_in(tmp_path)
    assert [add(one, 1), add(other, 2), add(one, 4)] == [1, 3, 7]


def test_only_one_has_the_lock(tmp_path: Path) -> None:
    one, other = file_in(tmp_path), file_in(tmp_path)
    assert one.lock() is Access.GRANTED
    began = time.monotonic()
    assert other.lock() is Access.BUSY
    assert time.monotonic() - began < 0.05
    one.unlock(changed=False)
    assert other.lock() is Access.GRANTED
    other.unlock(changed=False)


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    threads = [threading.Thread(target=lambda: [add(file, 1) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert add(file, 0) == 800


def test_child_of_a_fork_is_a_process_of_its_own(tmp_path: Path) -> None:
    with another_process("fork", tmp_path) as process:
        assert [line_of(process), line_of(process)] == ["BUSY", "GRANTED"]


def test_change_that_could_not_be_made_is_made_before_the_next_one(tmp_path: Path) -> None:
    one, other = file_in(tmp_path), file_in(tmp_path)

    def change(words: memoryview) -> None:
        words[0] = words[0] * 10 + 1

    assert one.lock() is Access.GRANTED
    other.owe(change)
    one.words[0] = 7
    one.unlock(changed=True)
    assert add(other, 0) == 71


def test_file_that_was_cleared_away_is_made_anew_and_found_by_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.shared_file._LOOK_SECONDS", 0.0)
    one, other = file_in(tmp_path), file_in(tmp_path)
    assert [add(one, 1), add(other, 1)] == [1, 2]
    for path in tmp_path.iterdir():
        path.unlink()
    assert [add(other, 1), add(one, 1), add(other, 1)] == [1, 2, 3]


def test_sign_of_life_that_was_cleared_away_is_given_again(tmp_path: Path) -> None:
    folder, watcher = SharedFolder(tmp_path, is_named=True), SharedFolder(tmp_path, is_named=True)
    token = folder.show_life()
    assert watcher.lives(token)
    (tmp_path / f"process-{token:016x}.alive").unlink()
    assert not watcher.lives(token)
    assert folder.show_life() == token
    assert watcher.lives(token)


def test_sign_of_life_that_somebody_looks_at_for_ever_is_given_under_another_name(tmp_path: Path) -> None:
    folder, watcher = SharedFolder(tmp_path, is_named=True), SharedFolder(tmp_path, is_named=True)
    folder._take_name()
    name = f"process-{folder.token:016x}.alive"
    fd = watcher.open_file(name)
    fcntl.flock(fd, fcntl.LOCK_EX)
    token = folder.show_life()
    assert name != f"process-{token:016x}.alive"
    assert watcher.lives(token)
    os.close(fd)


def test_file_of_another_size_reads_as_empty(tmp_path: Path) -> None:
    (tmp_path / "venue.example.limits-1").write_bytes(b"\xff" * 100)
    assert add(file_in(tmp_path), 1) == 1


# --- The folder


def test_folder_is_the_users_own_whatever_the_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(SHARED_LIMITS_VARIABLE, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1")
    folder = folder_of_this_machine()
    assert folder is not None
    folder.prepare()
    assert folder.path == tmp_path / f"hyperliquid-perpetual-{os.getuid()}"
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    os.close(folder.open_file("host.limits-1"))
    assert stat.S_IMODE((folder.path / "host.limits-1").stat().st_mode) == 0o600


def test_named_folder_says_who_may_share(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    folder = SharedFolder(tmp_path, is_named=True)
    folder.prepare()
    os.close(folder.open_file("host.limits-1"))
    assert stat.S_IMODE((tmp_path / "host.limits-1").stat().st_mode) == 0o660


@pytest.mark.parametrize("trap", ["open to others", "a link", "a file"])
def test_folder_that_somebody_else_has_prepared_is_not_used(tmp_path: Path, trap: str) -> None:
    path = tmp_path / "folder"
    if trap == "open to others":
        path.mkdir()
        path.chmod(0o777)
    elif trap == "a link":
        path.symlink_to(tmp_path)
    else:
        path.touch()
    with pytest.raises(OSError, match="folder"):
        SharedFolder(path).prepare()


def test_what_nobody_needs_any_more_is_cleared_away(tmp_path: Path) -> None:
    old = time.time() - 4000
    names = [
        "old.limits-1",
        "old.limits-0",
        "used.limits-1",
        "new.limits-1",
        "process-00000000000000aa.alive",
        "notes.txt",
    ]
    for name in names:
        (tmp_path / name).touch()
        if not name.startswith("new"):
            os.utime(tmp_path / name, (old, old))
    used = SharedFile(SharedFolder(tmp_path, is_named=True), "used", 8)
    used._fd = used.folder.open_file("used.limits-1")  # by somebody who is at it just now
    assert used._try_lock()
    living = SharedFolder(tmp_path, is_named=True)
    token = living.show_life()
    SharedFolder(tmp_path, is_named=True).prepare()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["new.limits-1", "notes.txt", f"process-{token:016x}.alive", "used.limits-1"]


# --- Without a folder


def unusable(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SharedFile:
    """A file that cannot be used, for one reason or another."""
    if kind == "missing":
        return file_in(tmp_path / "no" / "such")
    if kind == "no folder":
        (tmp_path / "file").touch()
        return file_in(tmp_path / "file")
    code, function = {"read-only": (errno.EROFS, "open"), "full": (errno.ENOSPC, "pwrite")}[kind]

    def refuse(*_arguments: object) -> int:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(f"hyperliquid_perpetual.trading.shared_file.os.{function}", refuse)
    return file_in(tmp_path)


@pytest.mark.parametrize("kind", ["missing", "no folder", "read-only", "full"])
def test_without_a_usable_folder_each_process_keeps_the_limits_for_itself_and_says_so_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    machine = MachineLimits(unusable(kind, tmp_path, monkeypatch))
    budget, limits = WeightBudget(machine=machine), HostLimits(machine=machine)
    for _ in range(5):
        assert budget.try_acquire(200, Priority.READ)
    assert not budget.try_acquire(200, Priority.READ)
    budget.charge(1)
    budget.back_off(1)
    sockets = [limits.open_socket() for _ in range(11)]
    assert sockets[9] is not None
    assert sockets[10] is None
    assert sockets[0] is not None
    assert sockets[0].subscribe("fills", "0xa") == ""
    assert [limits.reserve_connect(10.0) for _ in range(21)] == [0.0] * 20 + [60.0]
    assert limits.reserve_message(10.0) == 0
    assert budget.used_by_all == 1001
    assert len(caplog.records) == 1
    assert "Each keeps them for itself" in caplog.text


def test_folder_that_becomes_usable_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperliquid_perpetual.trading.shared_file._RETRY_SECONDS", 0.0)
    path = tmp_path / "later" / "folder"
    file = file_in(path)
    assert file.lock() is Access.NONE
    path.parent.mkdir()
    assert add(file, 1) == 1
    assert SIZE * 8 <= 4096
