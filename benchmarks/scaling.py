"""Makes docs/scaling.md: how much a process, an address, an account and a machine carry, with the arithmetic shown.

    python benchmarks/scaling.py        of the results in docs/benchmarks.json

Every number is computed from a limit of the venue, from what a bot of ours uses (both read out of the code) or from a
measured row.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor
from pathlib import Path

from reporting import bounds as b
from reporting import capacity as c
from reporting.bounds import Bound
from reporting.capacity import Fact, Measured
from reporting.figures import number, with_unit
from reporting.parts import ROOT
from reporting.results import Results, read_results
from reporting.text import wrapped

PAGE = ROOT / "docs" / "scaling.md"
KEPT = ROOT / "docs" / "benchmarks.json"

ORDERS_OF_A_PAIR = 20
QUOTING = ((20, 60), (20, 10), (100, 10), (200, 5))
"""Bots that keep so many orders and amend all of them every so many seconds."""
BATCHES = (1, 20, int(c.BATCH), int(c.BATCH) + 1)
FLEETS = (3, 10, 30, 100)


def scaling(results: Results) -> str:
    """The whole page."""
    figures = c.measured(results)
    sections = [
        INTRODUCTION.format(date=results.date),
        _summary(results, figures),
        _process(figures),
        _address(figures),
        _account(),
        _machine(results, figures),
        _layout(),
        _inputs(results, figures),
    ]
    return wrapped("\n\n".join(sections))


def write_scaling(results: Results, path: Path = PAGE) -> None:
    """Writes the page."""
    path.write_text(scaling(results))


INTRODUCTION = """# Scaling

<!-- made by benchmarks/scaling.py: `make bench-page` -->

How many pairs, orders and bots a process, an IP address, an account and a machine carry, on paper: by the venue's
limits, by what a bot uses, and by the [benchmarks](benchmarks.md) of {date}. All of it is computed by
`benchmarks/scaling.py` from the numbers [at the end](#the-numbers-it-is-computed-from); in each table the limit that is
reached first comes first. How the limits are kept is in [limits](limits.md)."""


def _summary(results: Results, figures: Measured) -> str:
    machine = b.bots_of_a_machine(results.machine, figures)
    steps: list[tuple[str, str, Sequence[Bound]]] = [
        ("one process, one bot", "pairs", b.pairs_of_a_process(figures)),
        ("one address", f"bots of {b.PAIRS} pairs", b.bots_of_an_address(figures)),
        ("one address", f"pairs, of {b.BOTS_OF_AN_ADDRESS} bots in all", [b.pairs_of_an_address()]),
        ("one address", "orders a minute, each in an action of its own", b.actions_of_an_address()),
        ("one account", f"pairs with {ORDERS_OF_A_PAIR} open orders each", [_open_orders()]),
        ("one account", "bots", [Bound("API wallets", f"{c.WALLETS}", float(c.WALLETS))]),
        ("one account", "requests a minute, in the long run and without a trade", [_slow_lane()]),
        ("one machine, with addresses enough", f"bots of {b.PAIRS} pairs", machine),
    ]
    lines = [
        f"| {step} | {bounds[0].whole} {what} | {b.reached_first(bounds)} |" for step, what, bounds in steps if bounds
    ]
    return _lines("| step | carries | reached first |", "|---|---|---|", *lines)


def _slow_lane() -> Bound:
    return Bound("the allowance of requests", f"60 / {c.SLOW_SECONDS}", 60 / c.SLOW_SECONDS)


def _open_orders() -> Bound:
    return Bound("open orders", f"{c.OPEN_ORDERS} / {ORDERS_OF_A_PAIR}", c.OPEN_ORDERS / ORDERS_OF_A_PAIR)


def _process(figures: Measured) -> str:
    pairs = b.pairs_of_a_process(figures)
    most = floor(pairs[0].allows)
    asked = c.ACCOUNT_SUBSCRIPTIONS + most * c.PAIR_SUBSCRIPTIONS
    at_once = floor((c.MESSAGE_BURST - c.ACCOUNT_SUBSCRIPTIONS) / c.PAIR_SUBSCRIPTIONS)
    late = max(0.0, asked - c.MESSAGE_BURST) / c.MESSAGE_RATE
    lines = [
        f"## One process\n\nA bot has {c.BOT_SOCKETS} sockets. How many pairs it can follow:\n",
        b.table("pairs", pairs),
        f"""
A pair that trades and moves with every block brings 2 / {c.BLOCK} + 1 / {c.FAST_BOOK} + 1 / {c.DEEP_BOOK} + 1 /
{c.CONTEXT} = {number(b.MESSAGES_OF_A_PAIR)} messages a second; most pairs bring far fewer. {number(b.CORE_SHARE)} of
a core is taken to be the connector's, the rest is for Hummingbot and the strategy.

Each subscription is a message. ({c.MESSAGE_BURST} - {c.ACCOUNT_SUBSCRIPTIONS}) / {c.PAIR_SUBSCRIPTIONS} = {at_once}
pairs are asked for at once; of {most} pairs the last ones are asked for ({number(asked)} - {c.MESSAGE_BURST}) /
{c.MESSAGE_RATE} = {number(late)} s after the first. The request weight of a start does not grow with the pairs.""",
    ]
    if figures.signing is not None and figures.batch_of_20 is not None:
        single, batch = figures.signing.ours, figures.batch_of_20.ours
        lines.append(
            f"""
Signing is no limit: 1,000,000 / {number(single)} = {number(floor(1e6 / single))} orders a second of a core, and
20 x 1,000,000 / {number(batch)} = {number(floor(20e6 / batch))} in batches of 20."""
        )
    return _lines(*lines)


def _address(figures: Measured) -> str:
    batches = [
        f"| {size} | {weight} | {arithmetic} = {number(orders)} |"
        for size, weight, arithmetic, orders in b.orders_by_batch(BATCHES)
    ]
    known = figures.start_weight is not None and figures.minute_weight is not None
    return _lines(
        f"## One IP address\n\nAll bots behind an address share its limits. How many of {b.PAIRS} pairs fit:\n",
        b.table("bots", b.bots_of_an_address(figures)),
        f"""
With candles in each process a bot has one more socket: {c.SOCKETS} / ({c.BOT_SOCKETS} + {c.CANDLES_SOCKET}) =
{number(floor(c.SOCKETS / (c.BOT_SOCKETS + c.CANDLES_SOCKET)))} bots. {b.BOTS_OF_AN_ADDRESS} bots together follow
{b.pairs_of_an_address().arithmetic} = {b.pairs_of_an_address().whole} pairs.
""",
        "" if known else "The request weight of a bot is not among the measured rows.\n",
        """How many actions a minute. Whether posts cost request weight is not confirmed (9.2): the connector counts
them as if they did.
""",
        b.table("actions a minute", b.actions_of_an_address()),
        "\nAn action carries many orders and costs 1 + floor(orders / 40) weight (9.1), so that orders a minute are:\n",
        "| orders in an action | weight | orders a minute |",
        "|---|---|---|",
        *batches,
    )


def _account() -> str:
    quoting = []
    for orders, seconds in QUOTING:
        minute, day = orders * 60 / seconds, orders * 86_400 / seconds
        cells = (
            f"{orders}, every {seconds} s",
            f"{orders} x 60 / {seconds} = {number(minute)}",
            f"{c.ALLOWANCE} / {number(minute)} = {_minutes(c.ALLOWANCE / minute)}",
            f"{number(day)} USD",
            f"{number(day)} x {c.REQUEST_PRICE} = {number(day * c.REQUEST_PRICE)} USDC",
        )
        quoting.append(f"| {' | '.join(cells)} |")
    cancels = min(c.ALLOWANCE + c.MORE_CANCELS, 2 * c.ALLOWANCE)
    volume = (c.OPEN_ORDERS_MOST - c.OPEN_ORDERS) * c.OPEN_ORDERS_STEP
    open_orders = _open_orders()
    most = number(floor(c.OPEN_ORDERS_MOST / ORDERS_OF_A_PAIR))
    return _lines(
        f"""## One account

An account may send {c.ALLOWANCE} requests, and one more for each USD it trades; each order, amendment and cancel is
one, also in a batch (9.3). Of bots that amend all their orders every few seconds (a cancel and a
new order would be two):
""",
        "| orders | requests a minute | the first ones last | to be traded a day | or to be bought |",
        "|---|---|---|---|---|",
        *quoting,
        f"""
This is what a bot that quotes much and trades little meets first, long before any limit of the address.

- Cancels go on until min({c.ALLOWANCE} + {c.MORE_CANCELS}, 2 x {c.ALLOWANCE}) = {number(cancels)} requests are used
  up. Beyond the limits one action passes every {c.SLOW_SECONDS} s: {_slow_lane().arithmetic} = {_slow_lane().whole}
  a minute.
- A unified or portfolio margin account may send {c.DAILY} actions a day (9.3): {c.DAILY} / 1,440 =
  {number(c.DAILY / 1440)} a minute.
- Open orders (9.4): {open_orders.arithmetic} = {open_orders.whole} pairs with {ORDERS_OF_A_PAIR} orders each, and
  {c.OPEN_ORDERS_MOST} / {ORDERS_OF_A_PAIR} = {most} after ({c.OPEN_ORDERS_MOST} - {c.OPEN_ORDERS}) x
  {c.OPEN_ORDERS_STEP} = {number(volume)} USD traded.
- Bots: {c.WALLETS}, since each needs an API wallet of its own, and {c.MORE_WALLETS} more for each sub-account (5).
  Those of one account share its requests and open orders; a sub-account has its own.
- Nonces (5): the {c.NONCES} highest of a signer are remembered, so that an action is too late once so many later ones
  have come in. At most {c.OUR_POSTS} are in flight over a socket: {number(c.NONCES - c.OUR_POSTS)} to spare.""",
    )


def _machine(results: Results, figures: Measured) -> str:
    bounds = b.bots_of_a_machine(results.machine, figures)
    missing = "Neither processor time nor memory of a bot is among the measured rows."
    found = b.table("bots", bounds) if bounds else missing
    return _lines(
        f"## One machine\n\nBots of {b.PAIRS} pairs on the machine of the benchmarks:\n",
        found,
        f"""
One address carries {c.SOCKETS} / {c.BOT_SOCKETS} → {b.BOTS_OF_AN_ADDRESS} of them, so that a machine carries more only
with more addresses. Bots that go out through another one (a container with a network of its own, a proxy) have limits
of their own and must not share the count of the others: `HYPERLIQUID_PERPETUAL_SHARED_LIMITS` names a folder for each
address.""",
    )


def _layout() -> str:
    per_address = b.BOTS_OF_AN_ADDRESS
    fleets = [
        f"| {bots} | {bots} / {per_address} → {ceil(bots / per_address)} | {bots} / {c.WALLETS} → "
        f"{ceil(bots / c.WALLETS)} | {_sub_accounts(bots)} |"
        for bots in FLEETS
    ]
    return _lines(
        f"""## Past one machine

The unit is an address with {per_address} bots of up to {b.PAIRS} pairs. What is shared decides what goes where:

- Bots of one address share sockets, subscriptions, messages and request weight: on one machine, or in containers with
  one folder for the shared count.
- Bots of one account share its requests and open orders, wherever they run. A sub-account for each bot keeps allowance,
  open orders and faults apart.
- Machines with different addresses and accounts share nothing: they need not know of each other.
""",
        f"| bots | addresses, {per_address} bots each | accounts, {c.WALLETS} API wallets each | sub-accounts of one |",
        "|---|---|---|---|",
        *fleets,
    )


def _sub_accounts(bots: int) -> str:
    if bots <= c.WALLETS:
        return "none"
    return f"({bots} - {c.WALLETS}) / {c.MORE_WALLETS} → {ceil((bots - c.WALLETS) / c.MORE_WALLETS)}"


def _inputs(results: Results, figures: Measured) -> str:
    rows = [f"| {row.name} | {with_unit(row.ours, row.unit)} |" for row in figures.all]
    return _lines(
        "## The numbers it is computed from\n",
        "| what the venue grants or does | | section of its reference |",
        "|---|---|---|",
        *_facts(c.VENUE),
        "\n| what a bot uses, or allows itself | | read out of |",
        "|---|---|---|",
        *_facts(c.OURS),
        f"\n| measured on {results.date}, rows of the [benchmarks](benchmarks.md) | |",
        "|---|---|",
        *(rows or ["| nothing yet | |"]),
    )


def _facts(facts: Iterable[Fact]) -> list[str]:
    return [f"| {fact.what} | {fact} | {fact.source} |" for fact in facts]


def _lines(*lines: str) -> str:
    return "\n".join(lines)


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def main() -> None:
    write_scaling(read_results(KEPT))
    print(f"{PAGE.relative_to(ROOT)} is made")


if __name__ == "__main__":
    main()
