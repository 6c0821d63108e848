"""The soak of a simulated week in a short form: what is kept reaches its limits, and then memory stays where it is."""

import gc
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hyperliquid_perpetual.sandbox import wire

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sandbox_soak", ROOT / "benchmarks" / "sandbox_soak.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_memory_stays_flat_when_everything_that_is_kept_has_reached_its_limit(
    soak: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks: list[int] = []
    note = soak.note

    def note_blocks(*arguments: object) -> None:
        note(*arguments)
        # Printed numbers are kept up to a limit that this test is too short to reach.
        wire.price_text.cache_clear()
        wire.size_text.cache_clear()
        gc.collect()
        blocks.append(sys.getallocatedblocks())

    monkeypatch.setattr(soak, "note", note_blocks)
    limits = {"history_limit": 20, "fill_limit": 20, "ledger_limit": 20, "trade_limit": 20, "funding_limit": 2}
    found = await soak.soak(days=0.04, every_hours=0.08, markets=2, **limits)
    assert found.trades > 100
    assert found.requests > 50
    assert found.frames > 500
    half = len(blocks) // 2
    # A request that is captured takes about ten blocks of memory, and is kept.
    captured = found.kept[-1]["captured_requests"] - found.kept[half - 1]["captured_requests"]
    assert max(blocks[half:]) - max(blocks[:half]) < 1_000 + 20 * captured, blocks
    first, last = found.kept[half], found.kept[-1]
    assert last["objects"] - first["objects"] < 500 + 10 * captured, found.kept
    assert last["accounts"] == first["accounts"]


def test_growth_is_what_the_last_quarter_has_above_the_warm_up(soak: ModuleType) -> None:
    found = soak.Soak(hours=[6, 12, 18, 24, 30, 36, 42, 48], resident_mb=[50, 60, 70, 80, 81, 82, 84, 83])
    assert found.growth_mb(24) == 4
