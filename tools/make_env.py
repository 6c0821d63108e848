"""Make the project's Python environments, .venv and .venv-sdk, from the lock files in requirements/.

With --older also .venv-20260616: an older release of Hummingbot, which the tests need and nobody else.
Runs on whatever `python3` a machine has (3.8 or newer, standard library only) and does nothing when all are current.
"""

from __future__ import annotations

import argparse
import fcntl
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NoReturn, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
TOOLS = ROOT / ".tools"
MAIN_ENV = ROOT / ".venv"
SDK_ENV = ROOT / ".venv-sdk"
OLDER_RELEASE = "hummingbot-20260616"
OLDER_ENV = ROOT / ".venv-20260616"
STAMP = "made-from.json"
HEARTBEAT_SECONDS = 30
# A listing of 160 packages, one line each, tells nobody anything.
UNINTERESTING = re.compile(r"^ ([+~-] \S|(Downloaded|Downloading) )|^(Resolved|Audited|Using Python) ")

CHECK_PYTHON = """
import os, sys, sysconfig
if sys.version_info[:2] != (3, 12):
    sys.exit("is Python %d.%d" % sys.version_info[:2])
if not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    sys.exit("has no Python.h to build Hummingbot with (install its development headers)")
print(sys.executable)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", action="store_true", help="solve requirements/*.in anew and write the lock files")
    parser.add_argument("--older", action="store_true", help="also make the environment of the older Hummingbot")
    arguments = parser.parse_args()
    started = time.monotonic()
    with one_at_a_time():
        if arguments.lock:
            write_locks()
            return
        done = [make_environment(MAIN_ENV, "env.txt"), make_environment(SDK_ENV, "sdk.txt"), install_package(MAIN_ENV)]
        if arguments.older:
            done += [make_environment(OLDER_ENV, OLDER_RELEASE + ".txt"), install_package(OLDER_ENV)]
    if any(done):
        say("the environment is ready after {}".format(duration(time.monotonic() - started)))


# ---------------------------------------------------------------------------------------------- the environments


def make_environment(env: Path, lock_name: str) -> bool:
    """Bring one environment to what its lock file says; returns whether anything had to be done."""
    lock = REQUIREMENTS / lock_name
    wanted = {"lock": digest(lock, REQUIREMENTS / "build.txt"), "place": str(env)}
    stamp = env / STAMP
    starts = env_starts(env)
    if starts and read_json(stamp) == wanted:
        return False
    require_compilers()
    if not starts or (read_json(stamp) or wanted)["place"] != wanted["place"]:
        python = find_python()
        say("{}: made with {}".format(env.name, python))
        run([uv(), "venv", "--quiet", "--clear", "--python", python, str(env)])
    if stamp.exists():
        stamp.unlink()
    packages = sum(1 for line in lock.read_text().splitlines() if re.match(r"[a-z0-9]\S*==", line))
    say("{}: installing {} packages at their locked versions".format(env.name, packages))
    needs_hummingbot = re.search(r"^hummingbot==", lock.read_text(), re.MULTILINE)
    if needs_hummingbot and not glob.glob(str(env / "lib/*/site-packages/hummingbot")):
        say("   the long step: this Hummingbot is compiled from source, 3 to 5 minutes the first time on a machine;")
        say("   the result stays in uv's cache, so that another checkout takes seconds")
    command = [uv(), "pip", "sync", "--python", env_python(env), "--require-hashes"]
    command += ["--build-constraints", str(REQUIREMENTS / "build.txt"), str(lock)]
    # From the cache alone when all is there: asked again, an index may name a source distribution anew, and uv would
    # compile the same Hummingbot once more.
    if not succeeds([*command, "--offline"]):
        run(command)
    stamp.write_text(json.dumps(wanted) + "\n")
    return True


def install_package(env: Path) -> bool:
    """Install this checkout into an environment of Hummingbot, editable, with the plugin enabled there."""
    wanted = {
        "metadata": digest(ROOT / "setup.py", ROOT / "pyproject.toml"),
        "environment": digest(env / STAMP),
    }
    stamp = env / "package-made-from.json"
    python = env_python(env)
    command = shutil.which("hyperliquid-perpetual", path=str(env / "bin"))
    if command and read_json(stamp) == wanted:
        return False
    say("{}: installing this checkout (editable) and enabling it in Hummingbot's place".format(env.name))
    # The build tools are in the lock already: no isolation, so nothing unpinned is fetched for it.
    run([uv(), "pip", "install", "--python", python, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    run([python, "-m", "hyperliquid_perpetual", "enable"])
    stamp.write_text(json.dumps(wanted) + "\n")
    return True


def env_python(env: Path) -> str:
    return str(env / "bin" / "python")


def env_starts(env: Path) -> bool:
    """Whether the environment's Python still starts and still is a 3.12 (the one it was made from may be gone)."""
    if not (env / "bin" / "python").exists():
        return False
    check = [env_python(env), "-c", "import sys; sys.exit(sys.version_info[:2] != (3, 12))"]
    return subprocess.run(check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


# ---------------------------------------------------------------------------------------------- what it needs


def require_compilers() -> None:
    missing = [name for name in ("gcc", "g++") if shutil.which(name) is None]
    if missing:
        fail(
            "{} not found: Hummingbot is compiled from source.".format(" and ".join(missing)),
            "Install a C and C++ compiler, on Debian or Ubuntu with: sudo apt-get install build-essential",
        )


def find_python() -> str:
    """A Python 3.12 that really starts: named in PYTHON312, on PATH, among pyenv's versions, or fetched by uv."""
    named = os.environ.get("PYTHON312")
    passed_over = []
    for candidate in [named] if named else [*pythons_on_path(), *pythons_of_pyenv()]:
        answer, reason = try_python(candidate)
        if answer is not None:
            return answer
        passed_over.append("   passed over {}: {}".format(candidate, reason))
    for line in passed_over:
        say(line)
    if named:
        fail("PYTHON312={} cannot be used.".format(named), "Give the path of a Python 3.12 executable.")
    say("no Python 3.12 on PATH or in pyenv: asking uv to fetch one")
    fetched = subprocess.run([uv(), "python", "install", "3.12"], cwd=str(ROOT))
    if fetched.returncode == 0:
        found = subprocess.run([uv(), "python", "find", "--managed-python", "3.12"], stdout=subprocess.PIPE, text=True)
        answer, _ = try_python(found.stdout.strip()) if found.returncode == 0 else (None, "")
        if answer is not None:
            return answer
    fail(
        "no Python 3.12: none on PATH, none in pyenv, and uv could not fetch one.",
        "Install one (for example: pyenv install 3.12), or name one you have: make env PYTHON312=/path/to/python3.12",
    )


def pythons_on_path() -> List[str]:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    paths = [os.path.join(folder, "python3.12") for folder in folders if folder]
    return [path for path in paths if os.access(path, os.X_OK)]


def pythons_of_pyenv() -> List[str]:
    """pyenv's own 3.12 interpreters, the newest first; its shims only work for a version that is selected."""
    roots = [os.environ.get("PYENV_ROOT", ""), os.path.expanduser("~/.pyenv")]
    found = {path for root in roots if root for path in glob.glob(os.path.join(root, "versions/3.12*/bin/python3.12"))}
    return sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", path)], reverse=True)


def try_python(path: str) -> Tuple[Optional[str], str]:
    """The interpreter's own path if it starts, is a 3.12 and can compile extensions, else None and the reason."""
    try:
        answer = subprocess.run(
            [path, "-c", CHECK_PYTHON], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, "does not start ({})".format(error)
    if answer.returncode != 0:
        return None, (answer.stderr.strip().splitlines() or ["exit status {}".format(answer.returncode)])[0]
    return answer.stdout.strip(), ""


def uv() -> str:
    """The uv of requirements/uv.txt, installed with pip into an environment of its own the first time."""
    lock = REQUIREMENTS / "uv.txt"
    env = TOOLS / "uv"
    executable = env / "bin" / "uv"
    stamp = env / STAMP
    wanted = {"lock": digest(lock), "place": str(env)}
    if read_json(stamp) == wanted and executable.exists():
        return str(executable)
    version = re.search(r"^uv==(\S+)", lock.read_text(), re.MULTILINE)
    say("uv {}: installing with pip into .tools/uv".format(version.group(1) if version else "?"))
    for python in [sys.executable, *pythons_of_pyenv()]:
        if subprocess.run([python, "-m", "venv", "--clear", str(env)], stdout=subprocess.DEVNULL).returncode == 0:
            break
    else:
        fail(
            "no Python here can make a virtual environment.",
            "On Debian or Ubuntu: sudo apt-get install python3-venv",
        )
    pip = [env_python(env), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--only-binary", ":all:", "--require-hashes", "-r", str(lock)])
    stamp.write_text(json.dumps(wanted) + "\n")
    return str(executable)


# ---------------------------------------------------------------------------------------------- lock files


def write_locks() -> None:
    """Solve requirements/*.in for Python 3.12 into *.txt beside them: exact versions with hashes, no index named."""
    python = find_python()
    for name in ("uv", "build", "sdk", "ccxt", "env", "image", "fuzz", "audit", "mutation", OLDER_RELEASE):
        say("solving requirements/{}.in".format(name))
        command = [uv(), "pip", "compile", "--quiet", "--python", python, "--generate-hashes", "--no-header"]
        run([*command, "--no-emit-index-url", "--no-emit-find-links", name + ".in", "-o", name + ".txt"], REQUIREMENTS)


# ---------------------------------------------------------------------------------------------- small pieces


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the checkout's environment lock, so that two `make` at once do not build over each other."""
    TOOLS.mkdir(exist_ok=True)
    with open(TOOLS / "lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is making the environment of this checkout: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def step_environment() -> Dict[str, str]:
    """What the steps run with."""
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    environment.setdefault("UV_HTTP_TIMEOUT", "120")
    environment.setdefault("UV_HTTP_RETRIES", "6")
    # Another checkout may be compiling Hummingbot: its result is worth waiting for.
    environment.setdefault("UV_LOCK_TIMEOUT", "1800")
    return environment


def succeeds(command: List[str]) -> bool:
    """Whether a step that may fail did not; nothing of it is shown."""
    return subprocess.run(command, cwd=str(ROOT), env=step_environment(), capture_output=True).returncode == 0


def run(command: List[str], folder: Path = ROOT) -> None:
    """Run one step, its output shown; a failure ends us. Off a terminal, say now and then that it lives."""
    environment = step_environment()
    if sys.stderr.isatty():
        status = subprocess.run(command, cwd=str(folder), env=environment).returncode
    else:
        process = subprocess.Popen(
            command, cwd=str(folder), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        finished = threading.Event()
        threading.Thread(target=tell_that_it_lives, args=(finished,), daemon=True).start()
        assert process.stdout is not None
        for line in process.stdout:
            if not UNINTERESTING.match(line):
                say("   " + line.rstrip())
        status = process.wait()
        finished.set()
    if status != 0:
        fail("this step failed with status {}: {}".format(status, " ".join(command)), "Its output is above.")


def tell_that_it_lives(finished: threading.Event) -> None:
    started = time.monotonic()
    while not finished.wait(HEARTBEAT_SECONDS):
        say("   still working, {}".format(duration(time.monotonic() - started)))


def duration(seconds: float) -> str:
    return "{:.0f} s".format(seconds) if seconds < 60 else "{:.0f} min {:02.0f} s".format(seconds // 60, seconds % 60)


def digest(*paths: Path) -> str:
    content = hashlib.sha256()
    for path in paths:
        content.update(path.read_bytes())
    return content.hexdigest()


def read_json(path: Path) -> Optional[Dict[str, str]]:
    try:
        content: Dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return content


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fail(problem: str, remedy: str) -> NoReturn:
    say("make env: {} {}".format(problem, remedy))
    sys.exit(1)


if __name__ == "__main__":
    main()
