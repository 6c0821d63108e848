"""What is installed is pinned by hashes, and what is released is what should be."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements"
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\[[a-z,]+\])?==(?P<version>[^\s;]+)( ; [^\\]+)?$")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
UNLOCKED = {"tried-versions.txt"}
"""What solving starts from, and no list of what is installed."""

# ---------------------------------------------------------------------------------------------- lock files


def locks() -> list[Path]:
    return [path for path in sorted(REQUIREMENTS.glob("*.txt")) if path.name not in UNLOCKED]


def requirements_of(lock: Path) -> list[str]:
    """The requirements of a lock file, each on one line, without comments."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


@pytest.mark.parametrize("lock", locks(), ids=lambda path: path.name)
def test_every_requirement_is_one_version_with_hashes(lock: Path) -> None:
    requirements = requirements_of(lock)
    assert requirements
    for requirement in requirements:
        pinned, *hashes = re.split(r"\s+(?=--hash)", requirement)
        assert PINNED.match(pinned.strip()), requirement[:120]
        assert hashes, f"{pinned} has no hash"
        assert all(HASH.fullmatch(found.strip()) for found in hashes), requirement[:200]


def test_every_list_of_requirements_has_a_lock_file() -> None:
    wanted = {path.with_suffix(".txt").name for path in REQUIREMENTS.glob("*.in")}
    assert wanted == {path.name for path in locks()}


def test_nothing_is_installed_without_its_hash() -> None:
    """Every place that installs says so; the package itself is installed without its dependencies."""
    text = (ROOT / "tools" / "make_env.py").read_text(encoding="utf-8")
    installing = [line for line in text.splitlines() if re.search(r'"(sync|install)"', line) and '"python"' not in line]
    assert len(installing) == 3
    for line in installing:
        at = text.index(line)
        assert "--require-hashes" in text[at : at + 300] or "--no-deps" in line, line


def test_packages_of_npm_are_pinned_by_hashes() -> None:
    lock = json.loads((ROOT / "tests" / "conformance" / "nktkas" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for name, entry in packages.items():
        assert entry["integrity"].startswith("sha512-"), name


# ---------------------------------------------------------------------------------------------- the audit


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The audit as a module, which makes no environment."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    monkeypatch.delitem(sys.modules, "make_env", raising=False)
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.make_env, "make_environment", lambda env, lock: False)
    monkeypatch.setattr(module.make_env, "TOOLS", tmp_path)
    return module


def answering(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "") -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        assert "--no-deps" in command
        return subprocess.CompletedProcess(command, 0, stdout, stderr)

    monkeypatch.setattr(tool.subprocess, "run", run)


@pytest.mark.parametrize(
    ("dependencies", "status", "says"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "0 known vulnerabilities"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}], 1, "a 1: PYSEC-1"),
        ([{"name": "a", "skip_reason": "not found"}], 2, "nothing was audited"),
        (
            [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}],
            0,
            "b was not audited: not found",
        ),
    ],
)
def test_audit_tells_what_is_known(
    tool: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    dependencies: list[Any],
    status: int,
    says: str,
) -> None:
    answering(tool, monkeypatch, json.dumps({"dependencies": dependencies, "fixes": []}))
    with pytest.raises(SystemExit) as ended:
        tool.main()
    assert int(ended.value.code or 0) == status
    assert says in capsys.readouterr().err


def test_audit_without_a_network_fails_and_says_so(
    tool: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(tool, monkeypatch, "", "ERROR: could not connect")
    with pytest.raises(SystemExit) as ended:
        tool.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "was not audited: ERROR: could not connect" in said
    assert "needs a network" in said


# ---------------------------------------------------------------------------------------------- the wheel

ALLOWED = re.compile(
    r"""hyperliquid_perpetual/([a-z0-9_]+/)*[a-z0-9_]+\.py
    |hyperliquid_perpetual/py\.typed
    |hyperliquid_perpetual/conf/(hyperliquid_perpetual\.yml|faults/[a-z_]+\.toml|grafana/[a-z_]+\.json)
    |hyperliquid_perpetual/conf/((mainnet|testnet)/)?(strategies|scripts|controllers)/([a-z_]+/)?[a-z0-9_]+\.(yml|py)
    |hyperliquid_perpetual/plugin/hummingbot_hyperliquid_perpetual\.pth
    |hyperliquid_perpetual/report/page\.css
    |hyperliquid_perpetual/sandbox/page/static/[a-z]+\.(js|css|html|svg)
    |hummingbot_hyperliquid_perpetual\.pth
    |hummingbot_hyperliquid_perpetual-[0-9.a-z]+\.dist-info/(METADATA|WHEEL|RECORD|entry_points\.txt|top_level\.txt)
    """,
    re.VERBOSE,
)
LITTER = (
    ".env",
    "conf_secret.key",
    "id_rsa",
    "notes.txt",
    "keys.json",
    "account.yml",
    "venue/__pycache__/signing.cpython-312.pyc",
    "sandbox/page/static/.draft.swp",
    "sandbox/page/static/key.pem",
    "trading/state.sqlite",
    "../conf/connectors/hyperliquid_perpetual.yml",
    "../conf/conf_client.yml",
    "../conf/.password_verification",
)
"""What may lie around in a checkout."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout, built by its own backend from a copy with litter in it."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copyfile(ROOT / name, place / name)
    for name in ("hyperliquid_perpetual", "tests", "tools", "conf"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("node_modules", "corpus"))
    for name in LITTER:
        path = place / "hyperliquid_perpetual" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a private key")
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", code, str(place / "dist")], cwd=place, capture_output=True, text=True, timeout=100
    )
    assert built.returncode == 0, built.stderr[-2000:]
    (path,) = (place / "dist").glob("*.whl")
    return zipfile.ZipFile(path)


def test_wheel_has_nothing_but_what_is_allowed(wheel: zipfile.ZipFile) -> None:
    assert [name for name in wheel.namelist() if not ALLOWED.fullmatch(name)] == []


def test_wheel_has_every_module_and_the_page(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "hyperliquid_perpetual"
    wanted = [
        path
        for path in package.rglob("*")
        if path.suffix in (".py", ".typed", ".pth", ".css") or path.parent.name == "static"
    ]
    assert {str(path.relative_to(ROOT)) for path in wanted if "__pycache__" not in path.parts} <= set(wheel.namelist())


def test_wheel_has_no_executable_and_nothing_that_looks_like_a_key(wheel: zipfile.ZipFile) -> None:
    key = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|(?<![0-9a-fA-F])0x(?!0{60})[0-9a-f]{64}(?![0-9a-fA-F])")
    for info in wheel.infolist():
        assert not (info.external_attr >> 16) & 0o111, info.filename
        assert key.search(wheel.read(info)) is None, info.filename
