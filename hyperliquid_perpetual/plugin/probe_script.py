"""What a fresh Python process runs to say which `hyperliquid_perpetual` connector it gets.

It runs by its path in whatever Python is asked about, so it leans on the standard library alone.
The last line it prints is `MARKER` and a JSON object; Hummingbot's modules may print before it.
"""

import importlib
import importlib.metadata
import importlib.util
import json
import os
import site
import sys
import traceback

MARKER = "hyperliquid-perpetual-probe:"
CANONICAL_NAME = "hummingbot.connector.derivative.hyperliquid_perpetual"
PACKAGE = "hyperliquid_perpetual"
STARTUP_FILE = "hummingbot_hyperliquid_perpetual.pth"


def look() -> dict[str, object]:
    """Everything `status` wants to know about this Python, as plain JSON types."""
    found: dict[str, object] = {
        "python": sys.executable,
        "python_version": ".".join(str(part) for part in sys.version_info[:3]),
        "startup_files": startup_files(),
        "finder_active": any(getattr(finder, "__name__", "") == "AliasFinder" for finder in sys.meta_path),
        "package_path": package_path(),
        "package_version": distribution_version("hummingbot-hyperliquid-perpetual"),
        "hummingbot_path": None,
        "hummingbot_release": None,
        "is_discoverable": False,
        "connector": None,
        "connector_path": None,
        "domains": [],
        "error": None,
    }
    spec = importlib.util.find_spec("hummingbot")
    if spec is None or not spec.origin:
        return found
    root = os.path.dirname(os.path.abspath(spec.origin))
    found["hummingbot_path"] = root
    found["hummingbot_release"] = release(root)
    folder = os.path.join(os.path.realpath(root), "connector", "derivative", PACKAGE)
    found["is_discoverable"] = os.path.exists(os.path.join(folder, "__init__.py"))
    try:
        package = importlib.import_module(CANONICAL_NAME)
        found["connector_path"] = os.path.dirname(os.path.abspath(package.__file__ or ""))
        found["connector"] = "plugin" if package.__name__ == PACKAGE else "built-in"
        utils = importlib.import_module(CANONICAL_NAME + "." + PACKAGE + "_utils")
        derivative = importlib.import_module(CANONICAL_NAME + "." + PACKAGE + "_derivative")
        derivative.HyperliquidPerpetualDerivative  # noqa: B018  # the name Hummingbot will ask for
        found["domains"] = [PACKAGE, *getattr(utils, "OTHER_DOMAINS", [])]
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}{place(error)}"
    return found


def place(error: Exception) -> str:
    """Where an import went wrong, leaving out Python's own import machinery."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.isfile(frame.filename)]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""


def startup_files() -> list[str]:
    """The plugin's start-up files among those that this Python runs."""
    folders = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return [path for folder in dict.fromkeys(folders) if os.path.isfile(path := os.path.join(folder, STARTUP_FILE))]


def package_path() -> str | None:
    """Where this Python has the package, leaving aside the folder that the process happens to be started in."""
    everywhere = sys.path
    sys.path = [entry for entry in everywhere if entry]
    try:
        spec = importlib.util.find_spec(PACKAGE)
    finally:
        sys.path = everywhere
    return os.path.dirname(os.path.abspath(spec.origin)) if spec is not None and spec.origin else None


def distribution_version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def release(root: str) -> str | None:
    """The installed distribution's version if Hummingbot is imported from it, else what a checkout says of itself.

    A bot home made of links into the installation counts as that installation.
    """
    try:
        distribution = importlib.metadata.distribution("hummingbot")
    except importlib.metadata.PackageNotFoundError:
        distribution = None
    if distribution is not None:
        installed = os.path.realpath(str(distribution.locate_file("hummingbot/connector")))
        if os.path.realpath(os.path.join(root, "connector")) == installed:
            return distribution.version
    try:
        with open(os.path.join(root, "VERSION"), encoding="utf-8") as file:
            return file.read().strip() or None
    except OSError:
        return distribution.version if distribution is not None else None


def main() -> None:
    print(MARKER + json.dumps(look()))
