"""An engine written down and read again; run as a program it lives for a part of a session, and prints its events."""

import pickle
import sys
from pathlib import Path
from typing import Any

import msgspec

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.market_set import standard_markets
from hyperliquid_perpetual.sandbox.state import graph
from tests.unit.sandbox.engine.random_session import new_exchange, session

SEED, LENGTH, STEP = 11, 900, 300


def written(engine: Exchange) -> tuple[bytes, list[list[Any]]]:
    """An engine as bytes, its histories by way of JSON."""
    data, histories = graph.dump(engine, standard_markets())
    return data, [
        graph.decode_records(history.kind, msgspec.json.encode(history.records)) if history.kind else []
        for history in histories
    ]


def reborn(engine: Exchange) -> Exchange:
    """An engine that was written down and read again."""
    return graph.load(*written(engine))[0]


def main(step: int, file: Path) -> None:
    engine = graph.load(*pickle.loads(file.read_bytes()))[0] if step else new_exchange()  # noqa: S301 - ours
    for now, command in session(SEED, LENGTH)[step * STEP : step * STEP + STEP]:
        for event in engine.apply(now, command):
            print(repr(event))
    file.write_bytes(pickle.dumps(written(engine)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
