"""`make bench-page`: makes docs/benchmarks.md, its plots and docs/scaling.md of results that were measured.

python benchmarks/page.py                                    of docs/benchmarks.json, which belongs to the page
python benchmarks/page.py --results build/bench/results.json of other ones, which then take its place
"""

import argparse
from pathlib import Path

from reporting.markdown import page
from reporting.parts import ROOT
from reporting.plots import draw
from reporting.results import Results, read_results, write_results
from scaling import write_scaling

PAGE = ROOT / "docs" / "benchmarks.md"
KEPT = ROOT / "docs" / "benchmarks.json"


def publish(results: Results) -> None:
    """Makes the pages of these results, and keeps these beside them."""
    write_results(KEPT, results)
    draw(results)
    PAGE.write_text(page(results))
    write_scaling(results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=KEPT)
    publish(read_results(parser.parse_args().results))
    print(f"{PAGE.relative_to(ROOT)} and docs/scaling.md are made")


if __name__ == "__main__":
    main()
