"""Which connector a Hummingbot installation uses, asked of a fresh process of its Python, and what to do about it."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from hyperliquid_perpetual.plugin import bootstrap, probe_script

#: Hummingbot releases that the test suites of this package have passed on.
VERIFIED_RELEASES = ("20260616", "20260922")
PROBE_TIMEOUT_SECONDS = 120.0
#: Runs a file the way `python -c` runs: with the current folder on sys.path, and not the folder of the file.
RUN_SCRIPT = f"import runpy, sys; runpy.run_path(sys.argv[1], run_name={probe_script.__name__!r})['main']()"


class ProbeError(Exception):
    """The Python that was asked could not answer; the message says why."""


@dataclass(frozen=True)
class Status:
    """What one Python and the Hummingbot in it say about the `hyperliquid_perpetual` connector."""

    python: str
    python_version: str
    #: The start-up files that enable the plugin; empty when it is disabled.
    startup_files: tuple[str, ...]
    #: Whether the import finder is at work in that Python.
    finder_active: bool
    switched_off_by_environment: bool
    package_path: str | None
    package_version: str | None
    hummingbot_path: str | None
    hummingbot_release: str | None
    release_is_verified: bool
    is_discoverable: bool
    #: "plugin" (ours), "built-in" (the one Hummingbot ships), or None where there is none to import.
    connector: str | None
    connector_path: str | None
    domains: tuple[str, ...]
    error: str | None

    @property
    def is_ours(self) -> bool:
        """Whether Hummingbot gets our connector, and it loads."""
        return self.connector == "plugin" and self.error is None

    def warnings(self) -> list[str]:
        """What is wrong or unusual, each with what to do about it; empty when all is well."""
        found = []
        if self.hummingbot_path is None:
            found.append(
                f"No Hummingbot found in {self.python}. Install it there (pip install hummingbot), or name the Python"
                " that Hummingbot runs with (--python PATH), or its source checkout (--hummingbot FOLDER)."
            )
            return found
        if not self.release_is_verified:
            found.append(
                f"Hummingbot {self.hummingbot_release or '(release unknown)'} has not been tested with this package"
                f" (tested: {', '.join(VERIFIED_RELEASES)}). It may well work: try it on the sandbox before real money."
            )
        if not self.is_discoverable:
            found.append(
                "This Hummingbot has no folder connector/derivative/hyperliquid_perpetual, by which it lists its"
                " connectors, so it will not offer the name at all. Use a tested release."
            )
        if self.error is not None:
            found.append(f"The connector does not load: {self.error}")
        if self.switched_off_by_environment:
            found.append(
                f"The plugin is switched off by the environment variable {bootstrap.KILL_SWITCH}; unset it to use ours."
            )
        elif self.startup_files and not self.finder_active:
            found.append(
                f"The plugin is enabled by {self.startup_files[0]}, and does not start: that Python cannot import"
                " hyperliquid_perpetual. Install this package into it again."
            )
        return found

    def as_json(self) -> str:
        """The same for machines, one JSON object."""
        return json.dumps(asdict(self) | {"is_ours": self.is_ours, "warnings": self.warnings()}, indent=2)


def read_status(python: str | None = None, hummingbot: Path | None = None) -> Status:
    """Ask a fresh process.

    :param python: the interpreter to ask; the one we run in when None.
    :param hummingbot: a folder to start it in, as Hummingbot is started in its source checkout or bot home.
    :raises ProbeError: when that Python cannot be started or does not answer.
    """
    interpreter = python or sys.executable
    try:
        answer = subprocess.run(
            [interpreter, "-c", RUN_SCRIPT, probe_script.__file__],
            cwd=hummingbot,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProbeError(f"{interpreter} cannot be asked: {error}") from error
    lines = [line for line in answer.stdout.splitlines() if line.startswith(probe_script.MARKER)]
    if not lines:
        complaint = (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[-1]
        raise ProbeError(f"{interpreter} gave no answer: {complaint}")
    found = json.loads(lines[-1].removeprefix(probe_script.MARKER))
    return Status(
        python=found["python"],
        python_version=found["python_version"],
        startup_files=tuple(found["startup_files"]),
        finder_active=found["finder_active"],
        switched_off_by_environment=bootstrap.is_switched_off(),
        package_path=found["package_path"],
        package_version=found["package_version"],
        hummingbot_path=found["hummingbot_path"],
        hummingbot_release=found["hummingbot_release"],
        release_is_verified=found["hummingbot_release"] in VERIFIED_RELEASES,
        is_discoverable=found["is_discoverable"],
        connector=found["connector"],
        connector_path=found["connector_path"],
        domains=tuple(found["domains"]),
        error=found["error"],
    )


def interpreter_at(path: Path) -> str:
    """The interpreter that a user means by PATH: an executable, or the folder of an environment.

    :raises ProbeError: when there is none.
    """
    for candidate in (path, path / "bin" / "python"):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return str(candidate.absolute())
    raise ProbeError(f"{path} is neither a Python executable nor an environment with bin/python in it")
