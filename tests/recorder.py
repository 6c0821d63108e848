"""Hummingbot's recorder on a database of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hummingbot import data_path, set_data_path
from hummingbot.connector.markets_recorder import MarketsRecorder
from hummingbot.model.sql_connection_manager import SQLConnectionManager, SQLConnectionType


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """Has Hummingbot keep its data there for a while, and forget its recorder afterwards."""
    before = data_path()
    set_data_path(str(folder))
    try:
        yield folder
    finally:
        set_data_path(before)
        MarketsRecorder._shared_instance = None


def recorder_of(connector: Any, config: str) -> MarketsRecorder:
    """A recorder of one connector's events; its database is in Hummingbot's data folder, one per configuration."""
    settings = SimpleNamespace(db_mode=SimpleNamespace(get_url=lambda path: f"sqlite:///{path}"))
    manager = SQLConnectionManager(
        settings, SQLConnectionType.TRADE_FILLS, db_path=f"{data_path()}/{config.partition('.')[0]}.sqlite"
    )
    return MarketsRecorder(manager, [connector], config, "test", SimpleNamespace(market_data_collection_enabled=False))
