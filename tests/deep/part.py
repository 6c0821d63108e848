"""One part of `make chaos-deep`: so many examples of the state machine, from a seed, in this process."""

import gc
import logging
import sys

from hypothesis import seed

from tests.hummingbot.test_agreement import Agreement, live_through

SELDOM = (20_000, 20, 50)
"""Garbage is looked for less often: most of a bot's objects live as long as the bot, and no bot lives long here."""


def main() -> None:
    """Fails with what hypothesis has found."""
    chosen, examples = int(sys.argv[1]), int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    live_through(seed(chosen)(type("Agreement", (Agreement,), {})), examples, database=None)


if __name__ == "__main__":
    main()
