"""Make .venv-fuzz from its lock file: atheris, which guides fuzzing by coverage, beside everything that .venv has.

It has an environment of its own because only `make fuzz` needs it, and because there are wheels of it for few systems.
"""

from __future__ import annotations

import glob
import time
from pathlib import Path

import make_env
from make_env import ROOT, duration, one_at_a_time, say

FUZZ_ENV = ROOT / ".venv-fuzz"
LINK = "packages-of-the-main-environment.pth"


def main() -> None:
    started = time.monotonic()
    with one_at_a_time():
        made = make_env.make_environment(FUZZ_ENV, "fuzz.txt")
        link_to_main_environment()
    if made:
        say(f"what fuzzing needs is ready after {duration(time.monotonic() - started)}")


def link_to_main_environment() -> None:
    """Lets the environment see the packages of .venv, without the start-up files that are there."""
    (packages,) = glob.glob(str(make_env.MAIN_ENV / "lib/python3.12/site-packages"))
    (place,) = glob.glob(str(FUZZ_ENV / "lib/python3.12/site-packages"))
    Path(place, LINK).write_text(packages + "\n")


if __name__ == "__main__":
    main()
