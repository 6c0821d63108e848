"""The pages of the benchmarks are what their programs make of the results that are kept beside them."""

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
DOCS = ROOT / "docs"
IMAGES = DOCS / "images" / "benchmarks"
ROW_KEYS = {"name", "unit", "ours", "others", "ratio", "target", "met"}
OPTIONAL_KEYS = {"against", "note", "floor", "p99"}


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """The benchmarks' modules: programs of a folder that is no package, since a dependency has one of that name."""
    names = ("results", "parts", "merging", "markdown", "table", "figures", "capacity", "bounds", "plots", "text")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        modules: dict[str, ModuleType] = {name: import_module(f"reporting.{name}") for name in names}
        yield SimpleNamespace(scaling=import_module("scaling"), run=import_module("run"), **modules)


@pytest.fixture(scope="module")
def kept(bench: SimpleNamespace) -> Any:
    """The results that belong to the pages."""
    return bench.results.read_results(DOCS / "benchmarks.json")


def row(bench: SimpleNamespace, **given: Any) -> Any:
    fields = {"name": "something", "unit": "us", "ours": 10.0, "others": {}, "ratio": None, "target": None, "met": None}
    return bench.results.Row(**(fields | given))


# ---------------------------------------------------------------------- what is kept


def test_page_is_what_its_program_makes_of_the_results(bench: SimpleNamespace, kept: Any) -> None:
    assert (DOCS / "benchmarks.md").read_text() == bench.markdown.page(kept), "make bench-page"


def test_page_of_scaling_is_what_its_program_makes_of_the_results(bench: SimpleNamespace, kept: Any) -> None:
    assert (DOCS / "scaling.md").read_text() == bench.scaling.scaling(kept), "make bench-page"


def test_every_row_has_the_required_keys_and_no_others() -> None:
    content = msgspec.json.decode((DOCS / "benchmarks.json").read_bytes())
    assert {"date", "command", "seconds", "machine", "versions", "rows", "series"} <= content.keys()
    assert len(content["rows"]) > 10
    for found in content["rows"]:
        assert found.keys() >= ROW_KEYS, found
        assert found.keys() <= ROW_KEYS | OPTIONAL_KEYS, found


def test_results_do_not_contradict_themselves(kept: Any) -> None:
    assert kept.problems() == []


def test_every_line_of_what_is_aimed_at_has_a_row(bench: SimpleNamespace, kept: Any) -> None:
    assert [line.what for line in bench.table.lines_without_rows(kept.rows)] == []


def test_every_row_of_a_line_is_judged(bench: SimpleNamespace, kept: Any) -> None:
    for line in bench.table.LINES:
        assert all(found.target is not None for found in line.find(kept.rows)), line.what


def test_pictures_are_there_small_and_all_shown(bench: SimpleNamespace, kept: Any) -> None:
    shown = re.findall(r"!\[[^]]+\]\(images/benchmarks/([^)]+)\)", (DOCS / "benchmarks.md").read_text())
    assert sorted(shown) == sorted(path.name for path in IMAGES.iterdir())
    assert len(shown) == len(bench.plots.plots_of(kept))
    assert max(path.stat().st_size for path in IMAGES.iterdir()) < bench.plots.MOST_BYTES


def test_files_that_the_pages_link_to_exist() -> None:
    for page in ("benchmarks.md", "scaling.md"):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", (DOCS / page).read_text()):
            assert (DOCS / target).is_file(), target


def test_notes_are_about_rows_that_exist(bench: SimpleNamespace, kept: Any) -> None:
    assert [name for name in bench.merging.read_notes() if kept.row(name) is None] == []


def test_what_was_tried_in_vain_says_what_was_measured() -> None:
    for entry in tomllib.loads((BENCHMARKS / "tried.toml").read_text())["tried"]:
        assert entry.keys() == {"what", "measured", "verdict"}, entry


# ---------------------------------------------------------------------- how rows are judged


@pytest.mark.parametrize(
    ("given", "share", "verdict"),
    [
        ({}, None, ""),
        ({"ratio": 0.5, "against": "built-in", "target": 1.0, "met": True}, 0.5, "met"),
        ({"ratio": 2.0, "against": "built-in", "target": 1.0, "met": False}, 2.0, "not met"),
        ({"target": 200.0, "ours": 196.0, "unit": "weight", "met": True}, 0.98, "met"),
        ({"target": 5_000.0, "ours": 4_000.0, "unit": "orders/s", "met": False}, 1.25, "not met"),
        ({"target": 5_000.0, "ours": 8_000.0, "unit": "orders/s", "met": True}, 0.625, "met"),
        ({"target": 5.0, "met": False, "note": "because"}, 2.0, "not met"),
        ({"target": 5.0, "met": False, "note": "because", "floor": 8.0}, 2.0, "not met, with the reason"),
    ],
)
def test_verdict_of_a_row(bench: SimpleNamespace, given: dict[str, Any], share: float | None, verdict: str) -> None:
    judged = row(bench, **given)
    assert judged.share_of_target == share
    assert judged.verdict == verdict
    assert judged.problem() == ""
    assert (judged in bench.results.missed([judged])) is (verdict == "not met")


@pytest.mark.parametrize(
    "given",
    [
        {"target": 5.0, "met": True},
        {"target": 5.0},
        {"met": True},
        {"ratio": 1.0, "target": 2.0, "met": True},
        {"ratio": 1.5, "against": "built-in", "target": 1.0, "met": True},
    ],
)
def test_row_that_contradicts_itself_is_noticed(bench: SimpleNamespace, given: dict[str, Any]) -> None:
    assert row(bench, **given).problem()


def test_note_is_given_to_its_row_only_while_that_misses(bench: SimpleNamespace) -> None:
    rows = [
        row(bench, name="a", target=5.0, met=False),
        row(bench, name="a", target=50.0, met=True),
        row(bench, name="b", target=5.0, met=False),
        row(bench, name="a", target=5.0, met=False, note="its own"),
    ]
    bench.merging.add_notes(rows, {"a": "because"})
    assert [found.note for found in rows] == ["because", "", "", "its own"]


# ---------------------------------------------------------------------- what the parts write


def test_clients_are_named_for_readers(bench: SimpleNamespace) -> None:
    def given(name: str, ours: float, others: dict[str, float], against: str) -> dict[str, Any]:
        fields = {"name": name, "unit": "us", "ours": ours, "others": others, "ratio": 1.3, "against": against}
        return fields | {"target": 1.5, "met": True}

    signed = given("signed", 30.0, {"built-in": 420.0, "ours: c signature": 24.0}, "ours: c signature")
    book = given("book", 20.0, {"built-in": 80.0, "built-in: book": 80.0}, "built-in: book")
    fill = given("fill", 30.0, {"built-in": 60.0, "built-in: fill 10": 16.0}, "built-in: fill 10")
    found = bench.parts.read_beside({"rows": [signed, book, fill], "versions": {"ccxt": "4"}, "rounds": 3})
    assert [(each.others, each.against, each.floor) for each in found.rows] == [
        ({"built-in": 420.0, "C signature": 24.0}, "C signature", 24.0),
        ({"built-in": 80.0}, "built-in", None),
        ({"built-in": 60.0, "built-in at 10": 16.0}, "built-in at 10", None),
    ]
    assert found.versions == {"ccxt": "4"}


def test_slowest_load_of_the_sandbox_is_judged(bench: SimpleNamespace) -> None:
    loads = [
        {"name": "bids", "sockets": sockets, "per_core_second": figure, "floor": 20_000 + sockets}
        for sockets, figure in ((1, 5_500.0), (50, 4_500.0))
    ]
    found = bench.parts.read_sandbox_orders({"target": 5_000, "rows": loads})
    judged, *others = found.rows
    assert (judged.name, judged.ours, judged.met, judged.floor) == (
        "sandbox, verified orders a second, one core",
        4_500.0,
        False,
        20_050,
    )
    assert [each.name for each in others] == ["sandbox, bids, 1 client", "sandbox, bids, 50 clients"]
    [series] = found.series.values()
    assert (series.x, series.lines) == ([1, 50], {"bids": [5_500.0, 4_500.0]})


def test_parts_that_did_not_run_keep_what_they_had_measured(
    bench: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.parts, "BUILD", tmp_path)
    parts = [bench.parts.Part(name, (), (), 1.0, bench.parts.read_common) for name in ("new", "old", "never")]
    for part in parts[:2]:
        found = bench.results.PartResult([row(bench, name=part.name)], versions={part.name: "1"})
        part.output.write_bytes(msgspec.json.encode(found))
    said: list[str] = []
    earlier = bench.merging.merge(parts, {"old": 3.0}, "earlier", say=said.append)
    earlier.parts["old"].date = "2026-01-01"
    merged = bench.merging.merge(parts, {"new": 2.0}, "now", earlier, said.append)
    assert [each.name for each in merged.rows] == ["new", "old"]
    assert merged.versions == {"new": "1", "old": "1"}
    assert merged.seconds == 2.0
    assert merged.parts["new"].date == merged.date
    assert merged.parts["old"] == bench.results.PartRun("2026-01-01", "earlier", 3.0)
    assert said == ["never: has never run"] * 2


def test_part_that_writes_nothing_has_failed_and_one_that_misses_a_target_has_not(
    bench: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.parts, "BUILD", tmp_path)
    monkeypatch.setattr(bench.parts, "BENCHMARKS", tmp_path)
    programs = {
        "writes": "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('{}'); sys.exit(1)",
        "fails": "raise SystemExit(3)",
        "hangs": "import time; time.sleep(60)",
    }
    for name, text in programs.items():
        (tmp_path / f"{name}.py").write_text(text)

    def problem(name: str, seconds: float = 30.0) -> str:
        part = bench.parts.Part(name, (str(tmp_path / f"{name}.json"),), (), seconds, bench.parts.read_common)
        return str(bench.run.run(part, False))

    assert problem("writes") == ""
    assert problem("fails") == "it ended with 3 and has written nothing"
    assert problem("hangs", 0.5) == "it was stopped after 0.5 s"
    assert problem("nowhere") == "there is no benchmarks/nowhere.py"


# ---------------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.3204, "1.32"), (31.44, "31.4"), (31.0, "31"), (4812.4, "4,812"), (0.0005, "0.0005"), (200, "200")],
)
def test_figures_are_written_with_the_digits_that_count(bench: SimpleNamespace, value: float, text: str) -> None:
    assert bench.figures.number(value) == text
    assert bench.figures.number(bench.figures.as_shown(value)) == text


def test_use_of_a_bot_is_read_out_of_the_code(bench: SimpleNamespace) -> None:
    capacity = bench.capacity
    assert capacity.PAIR_STREAMS == ["bbo", "l2Book fast", "activeAssetCtx", "trades", "l2Book", "activeAssetData"]
    assert (capacity.BOT_SOCKETS, capacity.ACCOUNT_SUBSCRIPTIONS) == (3, 6)


def test_limit_that_is_reached_first_comes_first(bench: SimpleNamespace, kept: Any) -> None:
    figures = bench.capacity.measured(kept)
    bounds = bench.bounds.bots_of_an_address(figures)
    assert [bound.allows for bound in bounds] == sorted(bound.allows for bound in bounds)
    assert bounds[0].whole == "3"
    assert bench.bounds.reached_first(bounds) == "subscriptions, WebSocket connections"


def test_paragraphs_are_filled_and_tables_are_not(bench: SimpleNamespace) -> None:
    page = "# Title\n\nshort\nlines\n\n- an item\n  of two lines\n- " + "word " * 40 + "\n\n| a | b |\n|---|---|\n"
    filled = bench.text.wrapped(page)
    assert "short lines\n\n- an item of two lines\n- word" in filled
    assert "\n  word" in filled
    assert filled.endswith("| a | b |\n|---|---|\n")
    assert max(map(len, filled.splitlines())) <= 120
