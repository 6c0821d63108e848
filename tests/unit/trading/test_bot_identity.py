"""A bot knows its orders after a restart, and a copy of it is another bot."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hummingbot.connector.markets_recorder import MarketsRecorder

from hyperliquid_perpetual.trading.bookmark import Bookmark
from hyperliquid_perpetual.trading.bot_identity import ID_FILE, BotIdentity, folder_identity
from hyperliquid_perpetual.venue.client_ids import RANDOM_BYTES, make_cloid
from tests.recorder import data_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    with data_folder(tmp_path):
        yield tmp_path


def recorded(config: str = "conf.yml") -> Any:
    """A connector whose events are recorded under a configuration."""
    connector = object()
    MarketsRecorder._shared_instance = SimpleNamespace(_markets=[connector], config_file_path=config)
    return connector


def test_bot_has_the_same_tag_in_every_life() -> None:
    first = BotIdentity(recorded(), None)
    cloid = make_cloid(first.tag, os.urandom(RANDOM_BYTES))
    again = BotIdentity(recorded(), None)
    assert again.is_lasting
    assert again.is_own(cloid)


def test_another_configuration_of_the_folder_is_another_bot() -> None:
    assert BotIdentity(recorded("one.yml"), None).tag != BotIdentity(recorded("two.yml"), None).tag


def test_copy_of_the_folder_is_another_bot_and_the_original_stays_itself(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    known = folder_identity(original)
    shutil.copytree(original, tmp_path / "copy")
    copied = folder_identity(tmp_path / "copy")
    assert copied is not None
    assert copied != known
    assert folder_identity(tmp_path / "copy") == copied
    assert folder_identity(original) == known


def test_folder_that_is_moved_stays_the_same_bot(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    known = folder_identity(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    assert folder_identity(tmp_path / "after") == known


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"id": 5}', '{"id": "abc", "inode": 1}', "\x00"])
def test_spoilt_id_is_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / ID_FILE).write_text(content)
    made = folder_identity(tmp_path)
    assert made is not None
    assert folder_identity(tmp_path) == made


def test_folder_that_cannot_be_written_gives_a_tag_for_one_life(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    identity = BotIdentity(recorded(), None)
    assert len(identity.tag) == 4
    assert not identity.is_lasting
    assert identity.path("bookmark.json") is None
    assert "Permission denied" in caplog.text


def test_without_a_record_nothing_is_settled_before_the_first_order() -> None:
    connector = object()
    identity = BotIdentity(connector, None)
    assert not identity.is_lasting
    assert not identity.is_own(make_cloid(bytes(4), bytes(8)))
    MarketsRecorder._shared_instance = SimpleNamespace(_markets=[connector], config_file_path="conf.yml")
    assert identity.is_lasting
    assert identity.tag == BotIdentity(recorded(), None).tag


def test_recorder_of_other_connectors_is_not_ours() -> None:
    recorded()
    assert BotIdentity(object(), None).recorder is None


def test_named_bot_needs_no_folder_and_no_record(folder: Path) -> None:
    one, again, other = (BotIdentity(object(), name) for name in ("desk 1", "desk 1", "desk 2"))
    assert one.tag == again.tag != other.tag
    assert one.is_lasting
    assert not (folder / ID_FILE).exists()


def test_bookmark_is_kept_per_account_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "bookmark.json"
    one, two = (Bookmark(lambda: path, f"hyperliquid_perpetual 0x{number}") for number in (1, 2))
    assert one.read() is None
    one.write(1_000)
    two.write(2_000)
    one.write(3_000)
    assert (one.read(), two.read()) == (3_000, 2_000)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": "x"}', '{"a": -5}', "\xff"])
def test_spoilt_bookmark_is_no_bookmark(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bookmark.json"
    path.write_text(content, encoding="latin-1")
    bookmark = Bookmark(lambda: path, "a")
    assert bookmark.read() is None
    bookmark.write(7)
    assert json.loads(path.read_text()) == {"a": 7}


def test_bookmark_that_cannot_be_written_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bookmark = Bookmark(lambda: tmp_path / "missing" / "bookmark.json", "a")
    bookmark.write(1)
    bookmark.write(2)
    assert caplog.text.count("cannot be written") == 1
