"""Make the environments of clients that others wrote, which the tests let trade on the sandbox, from their lock files.

.venv-ccxt is for PyPI's `ccxt`, tests/conformance/nktkas/node_modules for npm's `@nktkas/hyperliquid`; where there is
no npm, that one is left out, and its tests say so. Nothing is done when both are current. (.venv-sdk: see make_env.py.)
"""

from __future__ import annotations

import json
import shutil
import time

import make_env
from make_env import ROOT, digest, duration, one_at_a_time, read_json, run, say

CCXT_ENV = ROOT / ".venv-ccxt"
NODE_FOLDER = ROOT / "tests" / "conformance" / "nktkas"
SCHEMAS = "node_modules/.reply-schemas.json"


def main() -> None:
    started = time.monotonic()
    with one_at_a_time():
        done = [make_env.make_environment(CCXT_ENV, "ccxt.txt"), make_node_folder()]
    if any(done):
        say(f"the strangers are ready after {duration(time.monotonic() - started)}")


def make_node_folder() -> bool:
    """Bring node_modules to what the lock file says, and what the library declares into schemas beside it."""
    npm = shutil.which("npm")
    if npm is None:
        say("npm not found: the tests of @nktkas/hyperliquid will be skipped (on Debian: sudo apt-get install npm)")
        return False
    wanted = {"lock": digest(*(NODE_FOLDER / name for name in ("package-lock.json", "make_schemas.mjs")))}
    stamp = NODE_FOLDER / "node_modules" / make_env.STAMP
    if read_json(stamp) == wanted:
        return False
    say(f"{NODE_FOLDER.relative_to(ROOT)}: installing its packages at their locked versions")
    # Nothing of what is installed may run while it is being installed.
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], NODE_FOLDER)
    say(f"{NODE_FOLDER.relative_to(ROOT)}: reading the types of the library")
    run(["node", "make_schemas.mjs", SCHEMAS], NODE_FOLDER)
    stamp.write_text(json.dumps(wanted) + "\n")
    return True


if __name__ == "__main__":
    main()
