"""`benchmarks/end_to_end`: this package's connector and the one that Hummingbot ships, at work on the sandbox.

Each connector runs on Hummingbot's clock in a process of its own, the sandbox in another, and one client is connected
at a time: they take turns. The exchange makes a block at once for each command (it waits for none), so that what is
measured are the clients: the venue's own blocks would add the same some 70 ms to both. Writes
build/bench/end_to_end.json.
"""

import argparse
import importlib.metadata
import json
import sys
import time

import rows
import steps
from processes import ROOT

OUTPUT = ROOT / "build/bench/end_to_end.json"


def main() -> int:
    """0 when every target was reached, 1 when one was not."""
    parser = argparse.ArgumentParser(prog="python benchmarks/end_to_end", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="shorter, for a look: the figures are worth little")
    parser.add_argument("--only", choices=("busy", "ticks", "fills", "pairs", "orders"), help="one step alone")
    arguments = parser.parse_args()
    quick, began = arguments.quick, time.monotonic()

    def say(text):
        print(f"[{time.monotonic() - began:4.0f} s] {text}", flush=True)

    def wanted(step):
        return arguments.only in (None, step)

    found, series = [], {}
    if wanted("busy"):
        # Ours asks every two minutes, the built-in connector all the time.
        minutes = {"ours": 5, "built-in": 5} if quick else {"ours": 120, "built-in": 30}
        busy = steps.Busy(1 if quick else 2, 60 if quick else 300, minutes)
        busy.run(say)
        found += rows.of_busy(busy.figures, busy.floor)
    if wanted("ticks"):
        found += rows.of_ticks(steps.ticks(10 if quick else 24, say))
    if wanted("fills"):
        found += rows.of_fills(steps.fill_rates((50, 200) if quick else (100, 400, 800, 1600), 2, say))
    if wanted("pairs"):
        series |= rows.series_of_pairs(steps.growth_with_pairs((1, 10) if quick else (1, 10, 50, 200), say))
    if wanted("orders"):
        # The venue allows 5,000, and one more is placed each time.
        series |= rows.series_of_orders(steps.growth_with_orders((10, 100) if quick else (10, 100, 1000, 4990), say))
    versions = {name: importlib.metadata.version(name) for name in ("hummingbot", "hummingbot-hyperliquid-perpetual")}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps({"rows": found, "series": series, "versions": versions}, indent=2) + "\n")
    for row in found:
        others = ", ".join(f"{who} {value:.2f}" for who, value in row["others"].items())
        verdict = "" if row["met"] is None else "met" if row["met"] else "NOT MET"
        print(f"{row['name']:<66} {row['ours']:9.2f} {row['unit']:<9} {others:<20} {verdict}")
    say(f"written to {OUTPUT.relative_to(ROOT)}")
    return 0 if all(row["met"] in (None, True) for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
