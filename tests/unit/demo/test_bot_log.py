"""Counting the errors in a bot's log."""

from pathlib import Path

from hyperliquid_perpetual.demo.bot_log import errors_in

HEAD = "2026-11-22 19:00:00,123 - 4242 - hummingbot.strategy - "


def errors_of(tmp_path: Path, text: str) -> list[str]:
    log = tmp_path / "logs_bot.log"
    log.write_text(text)
    return errors_in(log)


def test_a_quiet_log_has_none(tmp_path: Path) -> None:
    text = f'{HEAD}INFO - an ERROR in the text is none\n{HEAD}WARNING - careful\n{HEAD}EVENT_LOG - {{"a": 1}}\n'

    assert errors_of(tmp_path, text) == []


def test_errors_and_critical_records_count_once_each(tmp_path: Path) -> None:
    text = f"{HEAD}ERROR - one\n{HEAD}INFO - fine\n{HEAD}CRITICAL - two\nwith a second line\n"

    assert errors_of(tmp_path, text) == [f"{HEAD}ERROR - one", f"{HEAD}CRITICAL - two"]


def test_the_traceback_of_an_error_is_not_counted_again(tmp_path: Path) -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: a\n\nDuring handling\n\n"
    text = f"{HEAD}ERROR - one\n{trace}{trace}{HEAD}INFO - fine\n"

    assert errors_of(tmp_path, text) == [f"{HEAD}ERROR - one"]


def test_a_traceback_counts_at_any_level_once_a_record(tmp_path: Path) -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: a\n"
    text = f"{HEAD}NETWORK - lost\n{trace}{trace}{HEAD}NETWORK - lost again\n{trace}"

    assert errors_of(tmp_path, text) == [f"{HEAD}NETWORK - lost", f"{HEAD}NETWORK - lost again"]


def test_tracebacks_outside_of_records_count_each(tmp_path: Path) -> None:
    trace = "some print\nTraceback (most recent call last):\n  File x\nValueError: a\n"

    assert len(errors_of(tmp_path, trace + trace)) == 2


def test_files_that_the_log_was_rotated_into_count_too(tmp_path: Path) -> None:
    (tmp_path / "logs_bot.log.2026-11-21").write_text(f"{HEAD}ERROR - yesterday\n")

    assert errors_of(tmp_path, f"{HEAD}ERROR - today\n") == [f"{HEAD}ERROR - today", f"{HEAD}ERROR - yesterday"]


def test_a_log_that_was_never_written_has_none(tmp_path: Path) -> None:
    assert errors_in(tmp_path / "missing.log") == []
