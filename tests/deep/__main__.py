"""`make chaos-deep`: thousands of random lives of a bot, in parts; each part has a seed and a process of its own.

A part is the state machine of ``tests/hummingbot/test_agreement.py`` without pytest around it, whose log capture would
take longer than the bots. Temporary files are kept in memory where the machine allows it.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from hyperliquid_perpetual.trading.shared_folder import OFF, SHARED_LIMITS_VARIABLE

EXAMPLES_OF_A_PART = 500
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked for


@dataclass(frozen=True)
class Part:
    """What one process tried."""

    seed: int
    examples: int
    seconds: float
    agrees: bool


def main() -> int:
    """0 when connector and exchange agree in all examples, 1 when they do not."""
    parser = argparse.ArgumentParser(prog="python -m tests.deep", description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000, help="how many lives in all")
    parser.add_argument("--seed", type=int, default=None, help="of the first part; random and printed if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many parts at a time")
    parser.add_argument("--output", type=Path, default=Path("build/chaos-deep"), help="gets summary.json and failures")
    arguments = parser.parse_args()
    if arguments.examples < 1 or arguments.jobs < 1:
        parser.error("--examples and --jobs are 1 or more")
    first = arguments.seed if arguments.seed is not None else secrets.randbelow(1_000_000)
    arguments.output.mkdir(parents=True, exist_ok=True)
    print(f"seed {first}, {arguments.examples} examples, {arguments.jobs} parts at a time", flush=True)
    done: list[Part] = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        waiting = [
            pool.submit(_run_part, seed, examples, arguments.output)
            for seed, examples in _parts(first, arguments.examples)
        ]
        for finished in as_completed(waiting):
            part = finished.result()
            done.append(part)
            _tell(part, sum(each.examples for each in done), arguments)
            _write(arguments.output / "summary.json", first, done)
    return 0 if all(part.agrees for part in done) else 1


def _parts(first: int, examples: int) -> Iterator[tuple[int, int]]:
    for number, start in enumerate(range(0, examples, EXAMPLES_OF_A_PART)):
        yield first + number, min(EXAMPLES_OF_A_PART, examples - start)


def _run_part(seed: int, examples: int, output: Path) -> Part:
    started = time.monotonic()
    folder = str(IN_MEMORY) if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        environment = {**os.environ, "TMPDIR": temporary, SHARED_LIMITS_VARIABLE: OFF}
        command = [sys.executable, "-m", "tests.deep.part", str(seed), str(examples)]
        result = subprocess.run(  # its own words are for the file
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
    if result.returncode:
        (output / f"failure-{seed}.txt").write_text(result.stdout)
    return Part(seed, examples, round(time.monotonic() - started, 1), result.returncode == 0)


def _tell(part: Part, tried: int, arguments: argparse.Namespace) -> None:
    verdict = "agree" if part.agrees else "DO NOT AGREE"
    print(f"{tried}/{arguments.examples}: seed {part.seed}: {part.examples} {verdict}, {part.seconds} s", flush=True)
    if not part.agrees:
        print(f"  what happened: {arguments.output / f'failure-{part.seed}.txt'}")
        print(f"  the same again: make chaos-deep AGREEMENT_EXAMPLES={part.examples} SEED={part.seed}", flush=True)


def _write(path: Path, first: int, done: list[Part]) -> None:
    summary = {
        "seed": first,
        "examples": sum(part.examples for part in done),
        "parts": [asdict(part) for part in sorted(done, key=lambda part: part.seed)],
        "disagreements": sum(not part.agrees for part in done),
    }
    path.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
