"""What the distribution is called, needs and carries."""

import gzip
import os
import re
import shutil
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent
STARTUP_FILE = Path("hyperliquid_perpetual", "plugin", "hummingbot_hyperliquid_perpetual.pth")
CONFIGURATIONS = re.compile(
    r"conf/hyperliquid_perpetual\.yml|conf/faults/\w+\.toml|conf/grafana/\w+\.json"
    r"|conf/((mainnet|testnet)/)?(strategies|scripts|controllers)/(\w+/)?\w+\.(yml|py)"
)
"""What goes into the wheel out of conf/: never conf/connectors, where somebody's Hummingbot may have left its keys."""

RELEASED = "2026-11-28"
"""The day of this version, as CHANGELOG.md has it: the date of every file in what is built. The same sources then give
the same bytes, whoever builds them and when."""

os.environ.setdefault("SOURCE_DATE_EPOCH", str(int(datetime.fromisoformat(RELEASED).replace(tzinfo=UTC).timestamp())))
os.umask(0o022)  # metadata is written by the backend with what is left of it


def version() -> str:
    """The one version number, read without importing the package."""
    text = (ROOT / "hyperliquid_perpetual" / "__init__.py").read_text(encoding="utf-8")
    match = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if match is None:
        raise SystemExit('hyperliquid_perpetual/__init__.py lacks a line __version__ = "..."')
    return match.group(1)


class Build(build_py):
    """Puts the .pth at the top of the wheel, so that installing enables the plugin and uninstalling removes it, and the
    ready configurations of conf/ into the package, where `demo` finds them.

    An editable installation gets neither: there `hyperliquid-perpetual enable` writes the same file, and conf/ is read
    where it is.
    """

    def run(self) -> None:
        if not self.editable_mode:
            # What an earlier build left there would go into the wheel, modules included that are gone since.
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if not self.editable_mode:
            for source, target in self.additions().items():
                self.mkpath(str(target.parent))
                shutil.copyfile(source, target)
            # The modes of a checkout depend on who made it.
            for path in Path(self.build_lib).rglob("*"):
                path.chmod(0o755 if path.is_dir() else 0o644)

    def additions(self) -> dict[Path, Path]:
        """Files that no package has, and where they go."""
        found = {ROOT / STARTUP_FILE: Path(self.build_lib, STARTUP_FILE.name)}
        for path in sorted((ROOT / "conf").rglob("*")):
            name = path.relative_to(ROOT)
            if path.is_file() and CONFIGURATIONS.fullmatch(name.as_posix()):
                found[path] = Path(self.build_lib, "hyperliquid_perpetual", name)
        return found

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        own = [] if self.editable_mode else [str(path) for path in self.additions().values()]
        return [*super().get_outputs(include_bytecode), *own]


class SourceDistribution(sdist):
    """A tar of what MANIFEST.in says and nothing else, in one order, of one date, of nobody's."""

    def run(self) -> None:
        # setuptools would take over what an earlier build has listed there.
        for listing in ROOT.glob("*.egg-info/SOURCES.txt"):
            listing.unlink()
        super().run()

    def make_archive(self, base_name: str, format: str, *args: Any, **options: Any) -> str:
        """The archive; of the formats that there are, the one that Python packages are exchanged in.

        :raises SystemExit: when another format is asked for.
        """
        if format != "gztar":
            raise SystemExit(f"a source distribution is made as gztar, not as {format}")
        archive = Path(f"{base_name}.tar.gz")
        archive.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(options["base_dir"])
        date = int(os.environ["SOURCE_DATE_EPOCH"])
        with (
            archive.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=date) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in [folder, *sorted(folder.rglob("*"))]:
                entry = tar.gettarinfo(path)
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = date
                entry.mode = 0o755 if path.is_dir() else 0o644
                entry.pax_headers = {}
                if path.is_file():
                    with path.open("rb") as content:
                        tar.addfile(entry, content)
                else:
                    tar.addfile(entry)
        return str(archive)


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
    cmdclass={"build_py": Build, "sdist": SourceDistribution},
    classifiers=[
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3.12",
        "Topic :: Office/Business :: Financial :: Investment",
    ],
)
