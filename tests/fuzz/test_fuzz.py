"""Every parser that takes bytes from outside, with inputs that nobody sends on purpose: documented errors, in time.

The corpus is what was found once or could be; the rest is made from a seed, so that every run tries the same. Longer
and guided by coverage: `make fuzz`.
"""

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.mutations import mutate
from tests.fuzz.target import Target, close_loop
from tests.fuzz.targets import CORPUS, MEMORY_BYTES, RENEWED_EVERY, TARGETS, attempt, corpus, peak_memory

SEED = 20_260_101
INPUTS = {"recording": 250, "state_file": 120, "settings_file": 150}
"""How many inputs are made for a target; those named here are slow."""
INPUTS_OTHERWISE = 1_000


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What was passed over is logged, thousands of times here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module", autouse=True)
def left_nothing() -> Iterator[None]:
    yield
    for target in TARGETS.values():
        target.renew()
    close_loop()


def committed() -> list[tuple[str, Path]]:
    return [(name, path) for name in TARGETS for path in corpus(name)]


@pytest.mark.parametrize(("name", "path"), committed(), ids=lambda value: getattr(value, "name", value))
def test_input_of_the_corpus_is_survived(name: str, path: Path) -> None:
    TARGETS[name].renew()
    attempt(TARGETS[name], path.read_bytes())


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_changed_inputs_are_survived(target: Target) -> None:
    chance = random.Random(SEED)
    seeds = [*target.seeds(chance), *(path.read_bytes() for path in corpus(target.name))]
    before = peak_memory()
    for number in range(INPUTS.get(target.name, INPUTS_OTHERWISE)):
        if number % RENEWED_EVERY == 0:
            target.renew()
        data = seeds[number] if number < len(seeds) else mutate(chance.choice(seeds), seeds, chance)
        try:
            attempt(target, data)
        except Exception as error:
            error.add_note(f"input {number} of {target.name}: {data[:2_000]!r}")
            raise
    assert peak_memory() - before < MEMORY_BYTES


def test_every_folder_of_the_corpus_is_of_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
