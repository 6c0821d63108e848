"""Longer fuzzing, guided by coverage: `make fuzz`. Runs with atheris, in .venv-fuzz, which sees what .venv has.

Each target gets the same time, in a process of its own. What a target must not do ends its turn: the input is kept in
build/fuzz/, and the command that tries it again is printed.
"""

import argparse
import contextlib
import io
import logging
import os
import random
import sys
import time
from pathlib import Path
from typing import NoReturn

import atheris

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "fuzz"
MEMORY_MEGABYTES = 2_000
INPUT_SECONDS = 10

sys.path.insert(0, str(ROOT))
# It names every module that it instruments.
with contextlib.redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["hyperliquid_perpetual"]):
    from tests.fuzz.mutations import MAX_BYTES, mutate
    from tests.fuzz.target import Target
    from tests.fuzz.targets import RENEWED_EVERY, TARGETS, attempt, corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="for all targets together")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1, 2**31), help="random if left out"
    )
    parser.add_argument("--input", type=Path, help="try this input of the target once, and nothing else")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if arguments.input is not None:
        if arguments.target is None:
            parser.error("--input needs --target")
        attempt(TARGETS[arguments.target], arguments.input.read_bytes())
        print("nothing wrong with it")
        return
    names = [arguments.target] if arguments.target else list(TARGETS)
    print(f"fuzzing {len(names)} targets, {arguments.seconds} s in all, seed {arguments.seed}", flush=True)
    failed = [name for name in names if not fuzz(name, max(1, arguments.seconds // len(names)), arguments.seed)]
    print(f"findings: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


def fuzz(name: str, seconds: int, seed: int) -> bool:
    """One target in a process of its own; False when there was a finding."""
    place = BUILD / name
    for folder in ("seeds", "pool", "findings"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    before = set((place / "findings").iterdir())
    began = time.monotonic()
    output = place / "output.txt"
    child = os.fork()
    if child == 0:
        _be_the_fuzzer(TARGETS[name], place, output, seconds, seed)
    _, status = os.waitpid(child, 0)
    lines = output.read_text(errors="replace").splitlines()
    runs = next((line for line in reversed(lines) if line.startswith(("Done", "#"))), "")
    found = sorted(set((place / "findings").iterdir()) - before)
    is_fine = status == 0 and not found
    print(f"{'ok  ' if is_fine else 'FAIL'} {name:18} {time.monotonic() - began:4.0f} s  {runs[:70]}", flush=True)
    if not is_fine:
        print("\n".join(lines[-25:]))
        for path in found:
            again = f"python -m tests.fuzz.guided --target {name} --input {path.relative_to(ROOT)}"
            print(f"try it again: .venv-fuzz/bin/{again}", flush=True)
    return is_fine


def _be_the_fuzzer(target: Target, place: Path, output: Path, seconds: int, seed: int) -> NoReturn:
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    chance = random.Random(seed)
    seeds = list(target.seeds(chance))
    for number, data in enumerate([*seeds, *(path.read_bytes() for path in corpus(target.name))]):
        (place / "seeds" / f"{number:04}").write_bytes(data)
    tried = 0

    def one(data: bytes) -> None:
        nonlocal tried
        tried += 1
        if tried % RENEWED_EVERY == 0:
            target.renew()
        attempt(target, data)

    def changed(data: bytes, most: int, number: int) -> bytes:
        if number % 3 == 0:
            return atheris.Mutate(data, most)
        return mutate(data, seeds, random.Random(number))[:most]

    options = [
        "fuzz",
        str(place / "pool"),
        str(place / "seeds"),
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MEGABYTES}",
        f"-max_len={MAX_BYTES}",
        f"-seed={seed}",
        f"-artifact_prefix={place / 'findings'}/",
    ]
    atheris.Setup(options, one, custom_mutator=changed)
    atheris.Fuzz()
    os._exit(0)


if __name__ == "__main__":
    main()
