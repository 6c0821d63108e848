"""docs/recordings.md: its code runs as it stands, and names what there is."""

import re
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.sandbox.following.queue_models import QUEUE_MODELS, spread
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import Metadata, Session, frame_line, record_line
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter

PAGE = (Path(__file__).parents[4] / "docs" / "recordings.md").read_text(encoding="utf-8")


def code(containing: str) -> str:
    (found,) = [block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if containing in block]
    return str(found)


def test_reader_of_the_page_reads_what_ours_writes(tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    with RecordingWriter(path) as writer:
        writer.append(record_line(1_000, Session("a", "b", ["BTC"], "1", Metadata([], {}, {}))))
        writer.write(writer.take())
        writer.append(frame_line(1_001, b'{"channel":"bbo"}'))
    names: dict[str, Any] = {}
    exec(code("def records(path)"), names)  # noqa: S102 - our own page
    read = list(names["records"](path))
    assert [(time, kind) for time, kind, _ in read] == [(1_000, "session"), (1_001, "frame")]
    assert set(read[0][2]["metadata"]) == {"perp_dexs", "spot_meta", "dexs"}
    assert [record.time for record in Recording(path)] == [1_000, 1_001]


def test_queue_model_of_the_page_keeps_to_the_contract() -> None:
    model = code("class FrontHalf").partition("\n\nReplayPlan")[0]
    names: dict[str, Any] = {}
    exec(model, names)  # noqa: S102 - our own page
    for parts in ([10, 10], [0, 3, 4], [7, 0], [2, 1, 1]):
        for size in range(1, sum(parts) + 1):
            spread(names["FrontHalf"](), parts, size)


def test_queue_models_and_options_of_the_page_are_there() -> None:
    assert all(f"`{name}`" in PAGE for name in QUEUE_MODELS)
    from typer.testing import CliRunner

    from hyperliquid_perpetual import cli

    helps = "".join(
        CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"}).stdout
        for command in ("sandbox", "record")
    )
    assert {option for option in re.findall(r"`(--[a-z]+)", PAGE) if option not in helps} == set()
