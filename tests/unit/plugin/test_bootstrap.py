"""The import finder, tried on a tiny bot and a tiny package in a temporary folder."""

import importlib
import importlib.util
import pickle
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hyperliquid_perpetual.plugin import bootstrap

ALIAS = "tinybot.connector.tiny"
OWN = "tiny"
REPOSITORY = Path(__file__).resolve().parents[3]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with a bot that ships a connector `tiny`, and with a package `tiny` that wants its place."""
    write(
        tmp_path,
        {
            "tinybot/__init__.py": "",
            "tinybot/connector/__init__.py": "",
            "tinybot/connector/tiny/__init__.py": "",
            "tinybot/connector/tiny/tiny_utils.py": "OWNER = 'stock'",
            "tinybot/connector/tiny/only_in_stock.py": "",
            "tinybot/connector/tiny_other.py": "OWNER = 'stock'",
            "tinybot/connector/neighbour/__init__.py": "OWNER = 'stock'",
            "tiny_other.py": "OWNER = 'a module that only shares the beginning of a name'",
            "tiny/__init__.py": "",
            "tiny/tiny_utils.py": "OWNER = 'ours'\nclass Connector: pass",
            "tiny/trading/__init__.py": "",
            "tiny/trading/fills.py": "class Fill: pass",
        },
    )
    return tmp_path


@pytest.fixture
def finder(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The finder at work for the tiny names; sys.path, sys.modules and sys.meta_path are put back afterwards."""
    monkeypatch.setattr(bootstrap, "CANONICAL_NAME", ALIAS)
    monkeypatch.setattr(bootstrap, "PACKAGE", OWN)
    monkeypatch.delenv(bootstrap.KILL_SWITCH, raising=False)
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if each is not bootstrap.AliasFinder])
    monkeypatch.syspath_prepend(str(site))
    forget_tiny_modules()
    bootstrap.install()
    yield
    forget_tiny_modules()


def forget_tiny_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tiny", "tiny_other", "tinybot")]:
        del sys.modules[name]


def load(name: str) -> ModuleType:
    return importlib.import_module(name)


# ------------------------------------------------------------------------------ one module under two names


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("below", ["", ".tiny_utils", ".trading", ".trading.fills"])
@pytest.mark.parametrize("alias_first", [True, False])
def test_both_names_give_the_same_module(below: str, alias_first: bool) -> None:
    names = [ALIAS + below, OWN + below] if alias_first else [OWN + below, ALIAS + below]
    first, second = (load(name) for name in names)
    assert first is second
    assert sys.modules[ALIAS + below] is sys.modules[OWN + below]
    assert first.__name__ == OWN + below


@pytest.mark.usefixtures("finder")
def test_from_import_and_attribute_access_reach_the_same_module() -> None:
    namespace: dict[str, ModuleType] = {}
    exec(f"from {ALIAS} import tiny_utils", namespace)  # noqa: S102  # the statement is what is tested
    exec(f"import {ALIAS}.trading.fills as fills", namespace)  # noqa: S102
    assert namespace["tiny_utils"] is load("tiny.tiny_utils")
    assert namespace["fills"] is load("tiny.trading.fills")
    assert load("tinybot.connector").tiny is load("tiny")


@pytest.mark.usefixtures("finder")
def test_module_keeps_its_own_spec_and_file(site: Path) -> None:
    module = load(f"{ALIAS}.tiny_utils")
    assert module.__spec__ is not None
    assert module.__spec__.name == "tiny.tiny_utils"
    assert module.__spec__.origin == module.__file__ == str(site / "tiny" / "tiny_utils.py")
    assert module.__package__ == "tiny"


@pytest.mark.usefixtures("finder")
def test_spec_of_the_alias_tells_where_the_module_really_is(site: Path) -> None:
    load(ALIAS)
    spec = importlib.util.find_spec(f"{ALIAS}.trading")
    assert spec is not None
    assert spec.origin == str(site / "tiny" / "trading" / "__init__.py")
    assert spec.submodule_search_locations == [str(site / "tiny" / "trading")]


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("name", [f"{ALIAS}.tiny_utils", "tiny.tiny_utils"])
def test_instances_survive_pickling_whichever_name_the_class_came_by(name: str) -> None:
    connector = load(name).Connector()
    assert type(pickle.loads(pickle.dumps(connector))) is load("tiny.tiny_utils").Connector  # noqa: S301  # our own bytes


@pytest.mark.usefixtures("finder")
def test_pickle_written_by_the_stock_connector_loads_as_ours() -> None:
    written = b"c" + f"{ALIAS}.tiny_utils\nConnector\n.".encode()
    assert pickle.loads(written) is load("tiny.tiny_utils").Connector  # noqa: S301


@pytest.mark.usefixtures("finder")
def test_reload_renews_the_module_under_both_names(site: Path) -> None:
    module = load(f"{ALIAS}.tiny_utils")
    (site / "tiny" / "tiny_utils.py").write_text("OWNER = 'ours, edited'\n")
    importlib.invalidate_caches()
    assert importlib.reload(module) is module
    assert load(f"{ALIAS}.tiny_utils").OWNER == load("tiny.tiny_utils").OWNER == "ours, edited"


@pytest.mark.usefixtures("finder")
def test_module_that_imports_itself_by_the_alias_is_executed_once(site: Path) -> None:
    write(
        site,
        {
            "tiny/left.py": f"import {ALIAS}.right as right\nNAME = 'left'",
            "tiny/right.py": f"import {ALIAS}.left as left\nNAME = 'right'",
        },
    )
    left = load(f"{ALIAS}.left")
    assert left.right.left is left
    assert load("tiny.right") is left.right


@pytest.mark.usefixtures("finder")
def test_threads_importing_by_both_names_share_one_module(site: Path) -> None:
    write(
        site,
        {
            "tiny/slow.py": """
                import builtins, time
                builtins.tiny_executions = getattr(builtins, "tiny_executions", 0) + 1
                time.sleep(0.05)
                DONE = True
            """
        },
    )
    import builtins

    barrier = threading.Barrier(16)
    seen: list[tuple[int, bool]] = []

    def import_it(name: str) -> None:
        barrier.wait()
        module = __import__(name, fromlist=["DONE"])
        seen.append((id(module), module.DONE))

    threads = [threading.Thread(target=import_it, args=(f"{(ALIAS, OWN)[i % 2]}.slow",)) for i in range(16)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert builtins.tiny_executions == 1  # type: ignore[attr-defined]
        assert len(seen) == 16
        assert set(seen) == {(id(load("tiny.slow")), True)}
    finally:
        del builtins.tiny_executions  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------ what it leaves alone


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("name", ["tinybot.connector.neighbour", "tinybot.connector.tiny_other"])
def test_other_modules_of_the_bot_stay_its_own(name: str, site: Path) -> None:
    assert load(name).OWNER == "stock"
    assert str(load(name).__file__).startswith(str(site / "tinybot"))


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize("name", [f"{ALIAS}.nowhere", f"{ALIAS}.only_in_stock", f"{ALIAS}.tiny_utils.deeper"])
def test_module_we_do_not_have_is_reported_missing_under_the_name_asked_for(name: str) -> None:
    with pytest.raises(ModuleNotFoundError) as caught:
        load(name)
    assert caught.value.name == name


@pytest.mark.usefixtures("finder")
def test_module_that_fails_leaves_nothing_half_imported(site: Path) -> None:
    (site / "tiny" / "broken.py").write_text("raise ValueError('not today')\n")
    for _ in range(2):
        with pytest.raises(ValueError, match="not today"):
            load(f"{ALIAS}.broken")
        assert f"{ALIAS}.broken" not in sys.modules
        assert "tiny.broken" not in sys.modules
    (site / "tiny" / "broken.py").write_text("WHOLE = True  # mended\n")
    importlib.invalidate_caches()
    assert load(f"{ALIAS}.broken") is load("tiny.broken")


@pytest.mark.usefixtures("finder")
def test_stock_package_that_was_loaded_before_stays_whole() -> None:
    bootstrap.uninstall()
    load(ALIAS)
    bootstrap.install()
    assert load(f"{ALIAS}.tiny_utils").OWNER == "stock"


@pytest.mark.usefixtures("finder")
def test_without_our_package_the_stock_connector_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PACKAGE", "tiny_that_was_uninstalled")
    assert load(f"{ALIAS}.tiny_utils").OWNER == "stock"


@pytest.mark.usefixtures("finder")
def test_finder_has_no_answer_below_a_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PACKAGE", "tiny_that_was_uninstalled")
    assert bootstrap.AliasFinder.find_spec(f"{ALIAS}.tiny_utils") is None


# ------------------------------------------------------------------------------ on and off


@pytest.mark.usefixtures("finder")
def test_installing_twice_adds_one_finder_and_removing_brings_the_stock_connector_back() -> None:
    bootstrap.install()
    assert sys.meta_path.count(bootstrap.AliasFinder) == 1
    assert sys.meta_path[0] is bootstrap.AliasFinder
    bootstrap.uninstall()
    bootstrap.uninstall()
    assert not bootstrap.is_installed()
    assert load(f"{ALIAS}.tiny_utils").OWNER == "stock"


@pytest.mark.usefixtures("finder")
@pytest.mark.parametrize(
    ("value", "off"), [("0", True), ("off", True), (" False ", True), ("no", True), ("1", False), ("", False)]
)
def test_kill_switch(value: str, off: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrap.uninstall()
    monkeypatch.setenv(bootstrap.KILL_SWITCH, value)
    bootstrap.install()
    assert bootstrap.is_switched_off() is off
    assert bootstrap.is_installed() is not off


# ------------------------------------------------------------------------------ the start-up file


def start_with(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python without any site-packages, to which `folder` is then added as one, start-up files included."""
    code = f"import sys, site; before = set(sys.modules); site.addsitedir({str(folder)!r})\n" + textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, "-S", "-E", "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=60,
    )


def site_with_startup_file(folder: Path, package: Path | None) -> Path:
    startup_file = REPOSITORY / "hyperliquid_perpetual" / "plugin" / "hummingbot_hyperliquid_perpetual.pth"
    (folder / startup_file.name).write_bytes(startup_file.read_bytes())
    if package is not None:
        (folder / "hyperliquid_perpetual").symlink_to(package)
    return folder


def test_startup_file_installs_the_finder_and_loads_nothing_but_the_standard_library(tmp_path: Path) -> None:
    folder = site_with_startup_file(tmp_path, REPOSITORY / "hyperliquid_perpetual")
    answer = start_with(folder, "print(sys.meta_path[0].__name__, *sorted(set(sys.modules) - before))")
    assert answer.stderr == ""
    assert answer.stdout.split() == [
        "AliasFinder",
        "hyperliquid_perpetual",
        "hyperliquid_perpetual.plugin",
        "hyperliquid_perpetual.plugin.bootstrap",
    ]


def test_startup_file_heeds_the_kill_switch(tmp_path: Path) -> None:
    folder = site_with_startup_file(tmp_path, REPOSITORY / "hyperliquid_perpetual")
    script = "print([each for each in sys.meta_path if getattr(each, '__name__', '') == 'AliasFinder'])"
    assert start_with(folder, script, HYPERLIQUID_PERPETUAL_PLUGIN="0").stdout.strip() == "[]"


@pytest.mark.parametrize("leftover", ["nothing", "broken package"])
def test_startup_file_without_a_working_package_disturbs_nothing(tmp_path: Path, leftover: str) -> None:
    folder = site_with_startup_file(tmp_path, None)
    if leftover == "broken package":
        write(folder, {"hyperliquid_perpetual/__init__.py": "raise RuntimeError('half an upgrade')"})
    answer = start_with(folder, "print('started')")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "started\n", "")


# ------------------------------------------------------------------------------ additions to the bot's own lists


@pytest.fixture
def additions(site: Path, finder: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the tiny bot with a list, and a module of ours that adds to it."""
    write(
        site,
        {
            "tinybot/registry.py": """
                NAMES = ['stock']
                LOADER_SEEN = type(__loader__).__name__
            """,
            "tiny/trading/__init__.py": "",
            "tiny/trading/additions.py": """
                def add(module):
                    module.NAMES.append('ours')
                ADDITIONS = {'tinybot.registry': add}
            """,
        },
    )
    importlib.invalidate_caches()
    monkeypatch.setattr(bootstrap, "ADDED_TO", frozenset({"tinybot.registry"}))
    return site


@pytest.mark.usefixtures("additions")
def test_what_is_ours_is_added_right_after_the_module_is_loaded() -> None:
    module = load("tinybot.registry")
    assert module.NAMES == ["stock", "ours"]
    assert module.LOADER_SEEN == "SourceFileLoader"
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__spec__ is not None
    assert type(module.__spec__.loader).__name__ == "SourceFileLoader"
    assert load("tinybot.registry") is module


def test_additions_that_fail_cost_only_themselves(additions: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(additions, {"tiny/trading/additions.py": "raise RuntimeError('broken')"})
    importlib.invalidate_caches()
    assert load("tinybot.registry").NAMES == ["stock"]
    assert "Nothing was added to tinybot.registry" in caplog.text


def test_a_module_that_fails_to_load_fails_as_it_would_without_us(additions: Path) -> None:
    write(additions, {"tinybot/registry.py": "raise LookupError('of its own')"})
    importlib.invalidate_caches()
    with pytest.raises(LookupError, match="of its own"):
        load("tinybot.registry")
    assert "tinybot.registry" not in sys.modules


@pytest.mark.usefixtures("additions")
def test_a_registry_that_is_not_there_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "ADDED_TO", frozenset({"tinybot.gone"}))
    with pytest.raises(ModuleNotFoundError):
        load("tinybot.gone")


def test_every_module_that_gets_additions_has_some() -> None:
    from hyperliquid_perpetual.trading.additions import ADDITIONS

    assert set(ADDITIONS) == bootstrap.ADDED_TO
