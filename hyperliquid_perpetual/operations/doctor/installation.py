"""What is installed in this Python, and which connector Hummingbot gets from it."""

import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.plugin.status import VERIFIED_RELEASES, ProbeError, Status, read_status

LIBRARIES = ("aiohttp", "msgspec", "coincurve", "safe-pysha3", "eth-account")
_ENABLE = "hyperliquid-perpetual enable"
section = Section("Installation")


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found, for those who look further."""

    findings: list[Finding]
    status: Status | None

    @property
    def has_hummingbot(self) -> bool:
        """Whether there is a Hummingbot in this Python or folder."""
        return self.status is not None and self.status.hummingbot_path is not None

    @property
    def uses_built_in(self) -> bool:
        """Whether Hummingbot gets the connector that it ships."""
        return self.status is not None and self.status.connector == "built-in"


def look(hummingbot: Path | None) -> Installation:
    """:param hummingbot: the folder that Hummingbot is started in, when it is a source checkout or a bot home."""
    versions = _versions()
    findings = [_own_version(versions)]
    try:
        status = read_status(hummingbot=hummingbot)
    except ProbeError as error:
        findings.append(section.problem("Hummingbot", str(error), "repair this Python, or install the package anew"))
        return Installation(findings, None)
    findings.append(_hummingbot(status))
    if status.hummingbot_path is not None:
        findings.append(_connector(status))
    return Installation(findings, status)


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found


def _own_version(versions: dict[str, str]) -> Finding:
    python = platform.python_version()
    data = {"version": __version__, "python": python, "libraries": versions}
    missing = [name for name, version in versions.items() if not version]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    detail = f"{__version__} on Python {python}, with {listed}"
    if missing:
        detail += f"; without {', '.join(missing)}"
        return section.warning("this package", detail, f"pip install {' '.join(missing)}", **data)
    return section.ok("this package", detail, **data)


def _hummingbot(status: Status) -> Finding:
    name = "Hummingbot"
    if status.hummingbot_path is None:
        fix = "install it here (pip install hummingbot), or name the folder it is started in (--hummingbot-home FOLDER)"
        return section.warning(name, f"there is none in {status.python}", fix)
    release = status.hummingbot_release or "of an unknown release"
    detail = f"{release}, in {status.hummingbot_path}"
    data = {"release": status.hummingbot_release, "path": status.hummingbot_path}
    if not status.release_is_verified:
        fix = f"try it on the sandbox first; releases {', '.join(VERIFIED_RELEASES)} are tested"
        return section.warning(name, f"{detail}; not tested with this package", fix, **data)
    return section.ok(name, detail, **data)


def _connector(status: Status) -> Finding:
    name = "connector in use"
    data = {"connector": status.connector, "path": status.connector_path}
    if status.error is not None:
        return section.problem(name, f"it does not load: {status.error}", "install this package again", **data)
    if status.is_ours:
        return section.ok(name, f"the one of this package, from {status.connector_path}", **data)
    others = [warning for warning in status.warnings() if "tested with this package" not in warning]
    why = f" {' '.join(others)}" if others else ""
    return section.warning(name, f"the one Hummingbot ships, from {status.connector_path}.{why}", _ENABLE, **data)
