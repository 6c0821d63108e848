"""What the distribution is called, needs and carries."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
STARTUP_FILE = Path("hyperliquid_perpetual", "plugin", "hummingbot_hyperliquid_perpetual.pth")


def version() -> str:
    """The one version number, read without importing the package."""
    text = (ROOT / "hyperliquid_perpetual" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise SystemExit('hyperliquid_perpetual/__init__.py lacks a line __version__ = "..."')
    return match.group(1)


class BuildWithStartupFile(build_py):
    """Puts the .pth at the top of the wheel, so that installing enables the plugin and uninstalling removes it.

    An editable installation does not get it: there `hyperliquid-perpetual enable` writes the same file.
    """

    def run(self) -> None:
        if not self.editable_mode:
            # What an earlier build left there would go into the wheel, modules included that are gone since.
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if not self.editable_mode:
            self.mkpath(self.build_lib)
            shutil.copyfile(ROOT / STARTUP_FILE, Path(self.build_lib, STARTUP_FILE.name))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        own = [] if self.editable_mode else [str(Path(self.build_lib, STARTUP_FILE.name))]
        return [*super().get_outputs(include_bytecode), *own]


def long_description() -> str:
    readme = ROOT / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


setup(
    name="hummingbot-hyperliquid-perpetual",
    version=version(),
    description="A drop-in Hyperliquid perpetuals connector for Hummingbot, with a local sandbox exchange",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    python_requires=">=3.12",
    packages=find_packages(include=["hyperliquid_perpetual", "hyperliquid_perpetual.*"]),
    package_data={
        # Kinds of files one by one: whatever else lies around in a checkout must not be released.
        "hyperliquid_perpetual": ["py.typed"],
        "hyperliquid_perpetual.plugin": ["*.pth"],
        "hyperliquid_perpetual.report": ["page.css"],
        "hyperliquid_perpetual.sandbox.page": ["static/*.html", "static/*.css", "static/*.js", "static/*.svg"],
    },
    install_requires=[
        # Never msgpack: its files and those of Hummingbot's msgpack-python overwrite each other.
        "aiohttp>=3.10",
        "bidict>=0.22.1",
        "cachetools>=5.3.1",
        "coincurve>=20",
        "eth-account>=0.13",
        "eth-keys>=0.5",
        "msgspec>=0.19",
        "pyyaml>=6",
        "rich>=13",
        "safe-pysha3>=1.0.4",
        "typer>=0.9",
    ],
    extras_require={
        "hummingbot": ["hummingbot==20260922", "ptpython>=3.0"],
        "metrics": ["prometheus-client>=0.20"],
        "report": ["matplotlib>=3.8"],
    },
    entry_points={"console_scripts": ["hyperliquid-perpetual=hyperliquid_perpetual.cli:main"]},
    cmdclass={"build_py": BuildWithStartupFile},
    classifiers=[
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3.12",
        "Topic :: Office/Business :: Financial :: Investment",
    ],
)
