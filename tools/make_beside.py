"""Make .venv-fuzz or .venv-mutation from its lock file: a tool that one word of make needs, beside all that .venv has.

Such a tool has an environment of its own because only that word needs it (atheris has wheels for few systems).
"""

from __future__ import annotations

import argparse
import glob
import time
from pathlib import Path

import make_env
from make_env import ROOT, duration, one_at_a_time, say

LINK = "packages-of-the-main-environment.pth"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=("fuzz", "mutation"))
    name = parser.parse_args().name
    env = ROOT / f".venv-{name}"
    started = time.monotonic()
    with one_at_a_time():
        made = make_env.make_environment(env, f"{name}.txt")
        link_to_main_environment(env)
    if made:
        say(f"{env.name} is ready after {duration(time.monotonic() - started)}")


def link_to_main_environment(env: Path) -> None:
    """Lets the environment see the packages of .venv, without the start-up files that are there."""
    (packages,) = glob.glob(str(make_env.MAIN_ENV / "lib/python3.12/site-packages"))
    (place,) = glob.glob(str(env / "lib/python3.12/site-packages"))
    Path(place, LINK).write_text(packages + "\n")


if __name__ == "__main__":
    main()
