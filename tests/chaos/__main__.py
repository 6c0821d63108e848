"""`make chaos`: real bots on a sandbox that breaks, everybody killed now and then; afterwards both sides must agree."""

import argparse
import asyncio
import secrets
import sys
from pathlib import Path

from rich.console import Console

from hyperliquid_perpetual.demo.ending import STATUS_BAD_INPUT, STATUS_FAILED, STATUS_OK, until_signal
from tests.chaos.display import Display
from tests.chaos.plan import make_plan
from tests.chaos.run import FAILURES, Chaos

SHORTEST = 20
SHOWN = 10


def main() -> int:
    """0 when all agree, 1 when they do not, 2 for bad input, 128 plus the number of a signal."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="what happens when; random and printed if not given")
    parser.add_argument("--seconds", type=int, default=300, help="how long there is trading under faults")
    parser.add_argument("--output", type=Path, default=Path("build/chaos"), help="gets summary.json, homes and logs")
    arguments = parser.parse_args()
    if arguments.seconds < SHORTEST:
        print(f"CHAOS_SECONDS: {arguments.seconds} is too short, at least {SHORTEST}", file=sys.stderr)
        return STATUS_BAD_INPUT
    seed = arguments.seed if arguments.seed is not None else secrets.randbelow(1_000_000)
    console = Console()
    display = Display(console)
    chaos = Chaos(make_plan(seed, arguments.seconds), arguments.output.resolve(), display)
    display.say(f"seed {seed}, {arguments.seconds} s, market {chaos.plan.market}, {len(chaos.plan.faults)} faults")
    status = asyncio.run(until_signal(_run(chaos, display), display, str(chaos.folder)))  # type: ignore[arg-type]
    if status != STATUS_OK:
        display.say(f"The same again: SEED={seed} CHAOS_SECONDS={arguments.seconds} make chaos")
    return status


async def _run(chaos: Chaos, display: Display) -> int:
    try:
        summary = await chaos.run()
    except* FAILURES as problems:
        for problem in problems.exceptions:
            display.say(f"FAILED: {problem}")
        for finding in chaos.findings[:SHOWN]:
            display.say(f"{finding.kind}: {finding.text}")
        return_status = STATUS_FAILED
    else:
        display.show(summary)
        return_status = _verdict(chaos, display)
    return return_status


def _verdict(chaos: Chaos, display: Display) -> int:
    complaints = chaos.complaints()
    if not complaints:
        display.say(f"OK: bots and exchange agree. {chaos.folder / 'summary.json'}")
        return STATUS_OK
    for finding in chaos.findings[:SHOWN]:
        display.say(f"{finding.kind}: {finding.text}")
        for line in chaos.log_lines(finding):
            display.say(f"    {line}")
    if len(chaos.findings) > SHOWN:
        display.say(f"... and {len(chaos.findings) - SHOWN} more in {chaos.folder / 'findings.json'}")
    display.say(f"FAILED: {'; '.join(complaints)}. Homes and logs: {chaos.folder}")
    return STATUS_FAILED


if __name__ == "__main__":
    sys.exit(main())
