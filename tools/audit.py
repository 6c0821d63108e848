"""Ask an advisory service about the locked version of everything that any environment here installs.

Runs pip-audit in .venv-audit, which is made from its own lock file. Needs a network: without one, or where the service
does not know the packages, it says so and fails, because then nothing was audited.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import make_env
from make_env import REQUIREMENTS, ROOT, one_at_a_time, say

AUDIT_ENV = ROOT / ".venv-audit"
SECONDS = 600
UNLOCKED = ("tried-versions.txt",)
"""Not a lock file: what `make lock` starts from."""


class NotAudited(Exception):
    """There was no usable answer; the text says why."""


def main() -> None:
    with one_at_a_time():
        make_env.make_environment(AUDIT_ENV, "audit.txt")
    found, unknown, total = [], [], 0
    for lock in locks():
        try:
            dependencies = audit(lock)
        except NotAudited as reason:
            say(f"make audit: {lock.name} was not audited: {reason}")
            say("It needs a network: the advisory service of PyPI has to be reached. Nothing is known either way.")
            sys.exit(2)
        total += len(dependencies)
        found += [(lock.name, entry, hole) for entry in dependencies for hole in entry.get("vulns", ())]
        unknown += [(lock.name, entry) for entry in dependencies if "skip_reason" in entry]
    for name, entry, hole in found:
        fixed = ", ".join(hole.get("fix_versions", ())) or "no version"
        say(f"{name}: {entry['name']} {entry['version']}: {hole['id']}, fixed in {fixed}")
    if len(unknown) == total:
        say(f"make audit: the service knows none of the {total} packages, so nothing was audited.")
        say("It needs a network: a package mirror that has no advisories does not do.")
        sys.exit(2)
    for name, entry in unknown:
        say(f"{name}: {entry['name']} was not audited: {entry['skip_reason']}")
    say(f"audited {total - len(unknown)} of {total} locked packages: {len(found)} known vulnerabilities")
    sys.exit(bool(found))


def locks() -> list[Path]:
    """The lock files of all environments."""
    return [path for path in sorted(REQUIREMENTS.glob("*.txt")) if path.name not in UNLOCKED]


def audit(lock: Path) -> list[dict[str, Any]]:
    """What the service says about each package of a lock file.

    :raises NotAudited: when there is no answer.
    """
    command = [str(AUDIT_ENV / "bin" / "pip-audit"), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--requirement", str(lock)]
    try:
        done = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, timeout=SECONDS)
        answer: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise NotAudited("the service did not answer in time") from None
    except (ValueError, KeyError, TypeError):
        raise NotAudited((done.stderr.strip().splitlines() or ["no answer"])[-1][:300]) from None
    return answer


if __name__ == "__main__":
    main()
