"""How many pairs, bots and orders each limit allows, with the arithmetic as text; what is reached first comes first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

from hyperliquid_perpetual.venue.weights import action_weight

from . import capacity as c
from .capacity import Measured
from .figures import as_shown, number
from .results import Machine, Row

PAIRS = 50
"""Of the bots in the examples."""
CORE_SHARE = 0.5
"""How much of a core the connector may take: the rest of the process is Hummingbot and the strategy."""

BOT_SUBSCRIPTIONS = c.ACCOUNT_SUBSCRIPTIONS + PAIRS * c.PAIR_SUBSCRIPTIONS
ORDER_WEIGHT = c.WEIGHT - c.ORDERS_LEAVE
READ_WEIGHT = c.WEIGHT - c.READS_LEAVE
MESSAGES_OF_A_PAIR = as_shown(2 / c.BLOCK + 1 / c.FAST_BOOK + 1 / c.DEEP_BOOK + 1 / c.CONTEXT)
"""A second, of a pair that trades and moves with every block."""
BOTS_OF_AN_ADDRESS = floor(c.SOCKETS / c.BOT_SOCKETS)

_PER_MESSAGE = {"s": 1e3, "ms": 1.0, "us": 1e-3}
"""Microseconds of a message, for a unit of 1,000."""
_MEMORY = {"MB": 2**30 / 1e6, "MiB": 1024.0}
"""Of a GiB."""


@dataclass(frozen=True)
class Bound:
    """How much one limit allows."""

    limit: str
    arithmetic: str
    allows: float

    @property
    def whole(self) -> str:
        """The number of whole ones."""
        return number(floor(self.allows))


def table(unit: str, bounds: Sequence[Bound]) -> str:
    """Bounds as Markdown."""
    lines = [f"| limit | arithmetic | {unit} |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {bound.limit} | {bound.arithmetic} | {bound.whole} |" for bound in bounds)])


def pairs_of_a_process(figures: Measured) -> list[Bound]:
    """How many pairs one bot can follow."""
    bounds = [
        Bound(
            "subscriptions of the address",
            f"({c.SUBSCRIPTIONS} - {c.ACCOUNT_SUBSCRIPTIONS}) / {c.PAIR_SUBSCRIPTIONS}",
            (c.SUBSCRIPTIONS - c.ACCOUNT_SUBSCRIPTIONS) / c.PAIR_SUBSCRIPTIONS,
        )
    ]
    if (cost := us_of_a_message(figures)) is not None:
        rate = f"{number(MESSAGES_OF_A_PAIR)} messages/s x {number(cost[0])} µs"
        bounds.append(
            Bound(
                f"processor, at the cost of {cost[1]}",
                f"{number(CORE_SHARE)} x 1,000,000 µs / ({rate})",
                CORE_SHARE * 1e6 / (MESSAGES_OF_A_PAIR * cost[0]),
            )
        )
    return _sorted(bounds)


def us_of_a_message(figures: Measured) -> tuple[float, str] | None:
    """What a message costs, and of which kind: a deep book frame, the dearest, where nothing else was measured."""
    if figures.message is not None:
        us = as_shown(figures.message.ours * _PER_MESSAGE[figures.message.unit])
        return us, "a message in a running bot"
    if figures.book_frame is not None:
        return figures.book_frame.ours, "a deep book frame, the dearest kind of message"
    return None


def bots_of_an_address(figures: Measured) -> list[Bound]:
    """How many bots of `PAIRS` pairs fit behind one address."""
    bounds = [
        Bound("WebSocket connections", f"{c.SOCKETS} / {c.BOT_SOCKETS}", c.SOCKETS / c.BOT_SOCKETS),
        Bound(
            "subscriptions",
            f"{c.SUBSCRIPTIONS} / ({c.ACCOUNT_SUBSCRIPTIONS} + {PAIRS} x {c.PAIR_SUBSCRIPTIONS})",
            c.SUBSCRIPTIONS / BOT_SUBSCRIPTIONS,
        ),
        Bound("accounts, when each bot has its own", f"{c.USERS} / 1", float(c.USERS)),
        Bound(
            "new connections, for bots that start within one minute",
            f"{c.OUR_CONNECTS} / {c.BOT_SOCKETS}",
            c.OUR_CONNECTS / c.BOT_SOCKETS,
        ),
    ]
    bounds += _by_weight("request weight, for bots that start within one minute", figures.start_weight)
    bounds += _by_weight("request weight a minute, of running bots", figures.minute_weight)
    return _sorted(bounds)


def pairs_of_an_address() -> Bound:
    """How many pairs the bots of one address follow together."""
    return Bound(
        "subscriptions",
        f"({c.SUBSCRIPTIONS} - {BOTS_OF_AN_ADDRESS} x {c.ACCOUNT_SUBSCRIPTIONS}) / {c.PAIR_SUBSCRIPTIONS}",
        (c.SUBSCRIPTIONS - BOTS_OF_AN_ADDRESS * c.ACCOUNT_SUBSCRIPTIONS) / c.PAIR_SUBSCRIPTIONS,
    )


def _by_weight(limit: str, row: Row | None) -> list[Bound]:
    if row is None or row.ours <= 0:
        return []
    return [Bound(limit, f"({c.WEIGHT} - {c.READS_LEAVE}) / {number(row.ours)}", READ_WEIGHT / row.ours)]


def actions_of_an_address() -> list[Bound]:
    """How many actions a minute, whatever each carries."""
    return _sorted(
        [
            Bound("request weight", f"{c.WEIGHT} - {c.ORDERS_LEAVE}", ORDER_WEIGHT),
            Bound("messages, on and on", f"60 x {c.MESSAGE_RATE}", 60 * c.MESSAGE_RATE),
            Bound(
                "posts in flight of one bot, each answered late",
                f"60 x {c.OUR_POSTS} / {c.ANSWER} s",
                60 * c.OUR_POSTS / c.ANSWER,
            ),
        ]
    )


def orders_by_batch(sizes: Iterable[int]) -> list[tuple[int, int, str, int]]:
    """For sizes of batches: the weight of one, the arithmetic, and orders a minute."""
    found = []
    for size in sizes:
        weight = action_weight(size)
        orders = floor(ORDER_WEIGHT / weight) * size
        found.append((size, weight, f"{number(ORDER_WEIGHT)} / {weight} x {size}", orders))
    return found


def bots_of_a_machine(machine: Machine, figures: Measured) -> list[Bound]:
    """How many bots of `PAIRS` pairs the machine of the benchmarks carries, with addresses enough."""
    bounds = []
    if (cost := us_of_a_message(figures)) is not None:
        rate = f"{PAIRS} pairs x {number(MESSAGES_OF_A_PAIR)} messages/s x {number(cost[0])} µs"
        share = PAIRS * MESSAGES_OF_A_PAIR * cost[0] / 1e6
        arithmetic = f"{machine.cores} cores x {number(CORE_SHARE)} x 1,000,000 µs / ({rate})"
        bounds.append(
            Bound("processor, all pairs moving with every block", arithmetic, machine.cores * CORE_SHARE / share)
        )
    memory = figures.memory
    if memory is not None and memory.unit in _MEMORY:
        all_of_it = as_shown(float(machine.memory.split()[0]) * _MEMORY[memory.unit])
        arithmetic = f"{number(all_of_it)} {memory.unit} / {number(memory.ours)}"
        bounds.append(Bound("memory", arithmetic, all_of_it / memory.ours))
    return _sorted(bounds)


def reached_first(bounds: Sequence[Bound]) -> str:
    """The limits that the next whole one would exceed."""
    return ", ".join(bound.limit for bound in bounds if floor(bound.allows) == floor(bounds[0].allows))


def _sorted(bounds: Iterable[Bound]) -> list[Bound]:
    return sorted(bounds, key=lambda bound: bound.allows)
