"""The engine written down and read again: it goes on as if nothing had been, and foreign pickles do nothing."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.state import Account, Order
from hyperliquid_perpetual.sandbox.market_set import standard_markets
from hyperliquid_perpetual.sandbox.state import StateError, graph
from tests.unit.sandbox.engine.random_session import digest, new_exchange, play, session
from tests.unit.sandbox.state import engine_lives
from tests.unit.sandbox.state.engine_lives import reborn

ROOT = Path(__file__).parents[4]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 400), min_size=1, max_size=3))
def test_engine_that_is_saved_and_loaded_in_between_gives_the_same_events(seed: int, cuts: list[int]) -> None:
    commands = session(seed, 400)
    engine = new_exchange()
    events = []
    for number, (now, command) in enumerate(commands):
        if number in cuts:
            engine = reborn(engine)
        events += [repr(event) for event in engine.apply(now, command)]
    assert digest(events) == digest(play(commands))


def test_engine_that_is_saved_in_processes_with_other_hash_seeds_goes_on_the_same(tmp_path: Path) -> None:
    found = ""
    for step in range(3):
        done = subprocess.run(
            [sys.executable, "-m", engine_lives.__name__, str(step), str(tmp_path / "engine")],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(step + 1), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        found += done.stdout
    commands = session(engine_lives.SEED, engine_lives.LENGTH)[: engine_lives.LENGTH]
    assert found.splitlines() == play(commands)


def test_saving_changes_nothing() -> None:
    commands = session(3, 300)
    engine = new_exchange()
    for now, command in commands[:200]:
        engine.apply(now, command)
    expected = reborn(engine)
    first, second = graph.dump(engine, standard_markets()), graph.dump(engine, standard_markets())
    assert first[0] == second[0]
    for now, command in commands[200:]:
        assert list(map(repr, engine.apply(now, command))) == list(map(repr, expected.apply(now, command)))


class Calls:
    """Pickles into a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def test_pickle_that_runs_a_program_is_refused_and_does_not_run_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    with pytest.raises(StateError, match=r"names posix\.system"):
        graph.load(pickle.dumps(Calls(os.system, f"touch {victim}")), [])
    assert not victim.exists()


@pytest.mark.parametrize(
    "function",
    [getattr, eval, __import__, Path.write_text, graph.dump, subprocess.run, Exchange.apply],
    ids=lambda function: function.__qualname__,
)
def test_pickle_that_names_any_other_function_is_refused(function: Any) -> None:
    with pytest.raises(StateError, match="which no state file of the sandbox does"):
        graph.load(pickle.dumps(Calls(function)), [])


@pytest.mark.parametrize(
    "module", ["hyperliquid_perpetual.sandbox.engine.state", "hyperliquid_perpetual.sandbox.engine"]
)
def test_what_the_engines_modules_import_is_not_the_engines(module: str) -> None:
    for name in ("deque", "Account.clearinghouse", "sys", "__builtins__", "dataclass"):
        data = b"\x80\x04\x8c" + bytes([len(module)]) + module.encode()
        data += b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
        with pytest.raises(StateError):
            graph.load(data, [])


def test_pickle_that_changes_a_class_of_the_engine_is_refused_and_undone() -> None:
    before = Account.find_open
    name = b"hyperliquid_perpetual.sandbox.engine.state"
    # The class itself, with new attributes: what pickle does with an object's state.
    data = b"\x80\x04c" + name + b"\nAccount\nN}(X\x09\x00\x00\x00find_openK\x01X\x05\x00\x00\x00extraK\x02u\x86b."
    with pytest.raises(StateError, match="changes the class Account"):
        graph.load(data, [])
    assert Account.find_open is before
    assert not hasattr(Account, "extra")


def test_pickle_of_something_else_is_refused() -> None:
    for thing in (None, (), (1, 2), {"engine": 1}):
        with pytest.raises(StateError, match="does not hold an engine"):
            graph.load(pickle.dumps(thing), [])
    with pytest.raises(StateError, match="cannot be read"):
        graph.load(b"\x80\x04garbage", [])


def test_fees_of_a_test_cannot_be_kept() -> None:
    class Foreign:
        pass

    engine = new_exchange()
    object.__setattr__(engine.config, "fees", Foreign())
    with pytest.raises(StateError, match="Foreign cannot be kept"):
        graph.dump(engine, standard_markets())


def test_fingerprint_is_the_same_in_every_process_and_follows_the_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "from hyperliquid_perpetual.sandbox.state import graph; print(graph.shape())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == graph.shape()
    monkeypatch.setattr(Order, "__slots__", (*Order.__slots__, "new"))
    assert graph.shape.__wrapped__() != graph.shape()
