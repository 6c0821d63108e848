"""`hyperliquid-perpetual report` as an operator runs it."""

import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hyperliquid_perpetual.cli import app
from hyperliquid_perpetual.report.figures import Figures
from tests.report.trading_day import NAME, Day

PNG = b"\x89PNG\r\n\x1a\n"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command with an output folder of the test's own."""

    def run(*arguments: str | Path, output: str = "out") -> Result:
        return CliRunner().invoke(app, ["report", *map(str, arguments), "--output", str(tmp_path / output)])

    return run


@pytest.fixture(scope="module")
def drawn(day: Day, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What the command printed, and where it wrote, for a bot whose log has a line that looks like HTML."""
    home, out = tmp_path_factory.mktemp("drawn") / "home", tmp_path_factory.mktemp("out")
    shutil.copytree(day.home, home)
    log = home / "logs" / day.log.name
    time = log.read_text().splitlines()[0].split(" - ")[0]
    with log.open("a") as file:
        file.write(f"{time} - 1 - some.logger - ERROR - <img src=http://example.org/x onerror=alert(1)>\n")
    return CliRunner().invoke(app, ["report", str(home), "--output", str(out)]), out


def test_folder_of_a_bot_becomes_a_page_and_a_picture(drawn: tuple[Result, Path]) -> None:
    result, out = drawn
    assert result.exit_code == 0, result.stderr
    assert sorted(file.name for file in out.iterdir()) == ["report.html", "report.png"]
    assert (out / "report.png").read_bytes().startswith(PNG)
    for said in ("Profit", "Quote uptime", "order accepted", str(out / "report.html")):
        assert said in result.stdout


def test_page_needs_nothing_but_itself(drawn: tuple[Result, Path]) -> None:
    html = (drawn[1] / "report.html").read_text()

    assert "<script" not in html
    tags = " ".join(re.findall(r"<[^>]+>", html))
    assert not re.findall(r"""(?:src|href)=["']?(?!#|data:)[^"'> ]+""", tags), "nothing is loaded from anywhere"
    assert "@import" not in html
    assert "prefers-color-scheme: dark" in html
    assert html.count("<svg ") == 8  # two pairs, and six more
    drawn = set(re.findall(r"var\(--([a-z]+)\)", html))
    assert drawn <= set(re.findall(r"--([a-z]+): ", html)), "a colour of a plot has no value"
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "two plots would share what one of them defines"


def test_json_is_printed_and_written_and_has_the_figures(day: Day, run: Run, tmp_path: Path, figures: Figures) -> None:
    result = run(day.home, "--json", "--no-page")

    told = json.loads(result.stdout)
    assert told == json.loads((tmp_path / "out" / "report.json").read_text())
    assert Decimal(told["total"]["fees"]) == sum(day.account.fees_paid.values())
    assert Decimal(told["pairs"]["BTC-USD"]["position"]) == day.account.position("BTC")
    assert told["log"]["differences"] == day.differences
    assert told["pairs"]["ETH-USD"]["fills"]["maker"] == 2
    assert Decimal(told["total"]["profit"]) == figures.total("profit")


def test_csv_has_every_fill_order_and_payment(day: Day, run: Run, tmp_path: Path) -> None:
    assert run(day.home, "--csv", "--no-page").exit_code == 0

    def rows(name: str) -> list[dict[str, str]]:
        with (tmp_path / "out" / name).open() as file:
            return list(csv.DictReader(file))

    fills = rows("fills.csv")
    ours = {(row["trade_id"], Decimal(row["price"]), Decimal(row["size"]), Decimal(row["fee"])) for row in fills}
    assert ours == {(f"{fill.tid}-{fill.time}", fill.price, fill.size, fill.fee) for fill in day.account.fills}
    assert len(rows("orders.csv")) == day.placed - 1  # one was refused
    assert [Decimal(row["amount"]) for row in rows("funding.csv")] == [payment.usdc for payment in day.payments]
    assert len(rows("books.csv")) == len(day.account.fills) + len(day.payments)
    kinds = {row["kind"] for row in rows("incidents.csv")}
    assert {"reconnect", "difference", "unknown outcome", "refused order"} <= kinds


def test_single_pair_and_a_window_leave_the_rest_out(day: Day, run: Run, figures: Figures) -> None:
    told = json.loads(run(day.home, "--json", "--no-page", "--pair", "eth-usd").stdout)
    assert list(told["pairs"]) == ["ETH-USD"]

    btc = next(pair for pair in figures.pairs if pair.pair == "BTC-USD")
    begin = datetime.fromtimestamp(btc.payments[0].time_ms // 1000 - 60, UTC).isoformat()
    told = json.loads(run(day.home, "--json", "--no-page", "--from", begin).stdout)
    held = told["pairs"]["BTC-USD"]
    assert Decimal(held["position_before"]) == Decimal(held["position"]) == day.account.position("BTC")
    assert held["fees"] == held["realized"] == "0"
    assert Decimal(held["profit"]) == Decimal(held["funding"]) == btc.funding


def test_bot_that_runs_is_not_kept_from_recording(day: Day, run: Run, tmp_path: Path) -> None:
    shutil.copytree(day.home, tmp_path / "home")
    with closing(sqlite3.connect(tmp_path / "home" / "data" / f"{NAME}.sqlite", timeout=0.1)) as bot:
        bot.execute("BEGIN IMMEDIATE")  # a bot in the middle of recording something
        bot.execute("UPDATE \"Order\" SET last_status = 'x'")
        assert run(tmp_path / "home", "--csv", "--no-page").exit_code == 0
        bot.commit()
    assert not list((tmp_path / "home" / "data").glob("*-journal"))


def test_database_without_a_log_says_what_is_not_known(day: Day, run: Run, tmp_path: Path) -> None:
    shutil.copy(day.database, tmp_path / "alone.sqlite")

    told = json.loads(run(tmp_path / "alone.sqlite", "--json").stdout)

    assert told["log"] is None
    assert told["latency"]["order accepted"]["count"] == 0
    assert told["orders"]["refused"] == 0
    assert any("There is no log" in note for note in told["notes"])
    assert "There is no log" in (tmp_path / "out" / "report.html").read_text()


def test_log_of_another_time_zone_is_moved_by_its_orders(day: Day, run: Run, figures: Figures) -> None:
    program = (
        "import sys; from pathlib import Path; from hyperliquid_perpetual.report.writing import figures_of;"
        "figures = figures_of(Path(sys.argv[1]));"
        "print(figures.facts.moved_ms, figures.latencies[0].quantile(1), figures.sessions[0].start_ms)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, str(day.home)],
        env={**os.environ, "TZ": "Asia/Kolkata"},
        capture_output=True,
        text=True,
        check=True,
    )
    moved, most, start = answer.stdout.split()
    here = figures.sessions[0].start_ms
    assert int(most) == figures.latencies[0].quantile(1)
    assert int(start) == here
    assert int(moved) % (15 * 60_000) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["{empty}"], "expected data/*.sqlite"),
        (["{home}", "--bot", "other"], f"no database 'other'; there are {NAME}"),
        (["{home}", "--log", "no.log"], f"beside the database there is {{home}}/data/../logs/logs_{NAME}.log"),
        (["{home}", "--connector", "binance"], "no orders of 'binance'; it has hyperliquid_perpetual_sandbox"),
        (["{home}", "--pair", "DOGE-USD"], "nothing of DOGE-USD; it has BTC-USD, ETH-USD"),
        (["{home}", "--from", "yesterday"], "--from 'yesterday' is no time: expected one like 2026-11-28"),
        (["{home}", "--from", "2001-01-02", "--to", "2001-01-01"], "later than"),
        (["{home}", "--to", "2001-01-01"], "nothing happened between"),
        (["{other}"], "no trade database of Hummingbot: it has no table Order, OrderStatus, TradeFill"),
        (["{text}"], "cannot be read as a trade database"),
    ],
)
def test_mistake_is_told_in_one_line_that_says_what_would_be_valid(
    arguments: list[str], said: str, day: Day, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE Something (id INTEGER)")
        other.commit()
    (tmp_path / "text.sqlite").write_text("no database, but a text of some length " * 20)
    names = {
        "home": day.home,
        "empty": tmp_path / "empty",
        "other": tmp_path / "other.sqlite",
        "text": tmp_path / "text.sqlite",
    }

    result = run(*(argument.format(**names) for argument in arguments))

    assert result.exit_code == 1
    assert said.format(**names) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_several_bots_in_a_folder_have_to_be_told_apart(day: Day, run: Run, tmp_path: Path) -> None:
    shutil.copytree(day.home, tmp_path / "home")
    shutil.copy(day.database, tmp_path / "home" / "data" / "second.sqlite")

    result = run(tmp_path / "home")
    assert result.exit_code == 1
    assert f"choose one with --bot. There are {NAME}, second" in result.stderr
    assert run(tmp_path / "home", "--bot", "second", "--csv", "--no-page").exit_code == 0


def test_without_matplotlib_it_says_what_to_install_and_figures_are_there_all_the_same(
    day: Day, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    plain = run(day.home, output="plain")
    assert plain.exit_code == 1
    assert "pip install 'hummingbot-hyperliquid-perpetual[report]'" in plain.stderr
    assert not (tmp_path / "plain").exists()

    figures = run(day.home, "--json", output="figures")
    assert figures.exit_code == 0
    assert json.loads(figures.stdout)["connector"] == "hyperliquid_perpetual_sandbox"
    assert "[report]" in figures.stderr
    assert [file.name for file in (tmp_path / "figures").iterdir()] == ["report.json"]


def test_log_lines_cannot_become_part_of_the_page(drawn: tuple[Result, Path]) -> None:
    html = (drawn[1] / "report.html").read_text()
    assert "<img src" not in html
    assert "&lt;img src=http://example.org/x" in html
