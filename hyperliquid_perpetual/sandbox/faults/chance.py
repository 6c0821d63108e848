"""Random faults from a seed: an endless schedule over all kinds, drawn without a look at what clients do."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.plan import RandomFaults
from hyperliquid_perpetual.sandbox.faults.specification import Fault, make_fault

WAITS_SECONDS = 20.0
"""A fault for requests or frames that finds none for this long does not happen any more."""


def schedule(wanted: RandomFaults) -> Iterator[Fault]:
    """The faults of a seed, each with the time `at` which it begins, in seconds from the start.

    Kinds come like cards of a shuffled deck, so each comes once before any comes again. Times are those of a Poisson
    process; another intensity stretches them and changes nothing else.
    """
    random = Random(f"faults {wanted.seed}")  # noqa: S311 - has to be repeatable
    names = [name for name in KINDS if not wanted.only or name in wanted.only]
    at = 0.0
    while True:
        deck = list(names)
        random.shuffle(deck)
        for name in deck:
            at += random.expovariate(1.0)
            drawn = draw_parameters(name, random)
            moment = round(at * 60 / wanted.intensity, 3)
            if KINDS[name].is_repeated:
                drawn.setdefault("lasts", WAITS_SECONDS)
            yield make_fault(name, {**drawn, "at": moment})


def draw_parameters(name: str, random: Random) -> dict[str, Any]:
    """What a random fault of a kind says of itself, but for when."""
    return _DRAW[name](random)


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 3)


def _few(random: Random) -> int:
    return random.randint(1, 3)


def _burst(random: Random) -> dict[str, Any]:
    """An error for one request or for all of a moment, 429 and 5xx as they come."""
    said: dict[str, Any] = {"code": random.choice((429, 500, 502, 503)), "after": random.random() < 0.3}
    if random.random() < 0.5:
        return {**said, "next": _few(random)}
    return {**said, "lasts": _seconds(random, 0.5, 3)}


_DRAW: dict[str, Callable[[Random], dict[str, Any]]] = {
    "refuse_before": lambda r: {"next": _few(r), "hang": r.random() < 0.3},
    "drop_reply": lambda r: {"next": _few(r), "hang": r.random() < 0.3},
    "delay": lambda r: {"next": _few(r), "seconds": _seconds(r, 0.1, 3), "after": r.random() < 0.5},
    "status": _burst,
    "duplicate": lambda r: {"next": _few(r), "reply": r.choice(("first", "second"))},
    "corrupt_reply": lambda r: {
        "next": _few(r),
        "how": r.choice(("not_json", "truncated", "empty", "html", "wrong_type", "cut_off")),
    },
    "lose_frames": lambda r: {"next": r.randint(1, 10)},
    "lose_user_frames": lambda r: {"lasts": _seconds(r, 0.5, 5)},
    "lose_fills": lambda r: {"next": _few(r), "chance": 0.5},
    "hold_user_frames": lambda r: {"lasts": _seconds(r, 0.5, 5)},
    "delay_frames": lambda r: {"next": r.randint(1, 20), "seconds": _seconds(r, 0.1, 3)},
    "duplicate_frames": lambda r: {"next": r.randint(1, 10)},
    "reorder_frames": lambda r: {"next": r.randint(1, 5), "by": _few(r)},
    "corrupt_frames": lambda r: {
        "next": _few(r),
        "how": r.choice(("not_json", "truncated", "wrong_type", "unknown_channel")),
    },
    "mute": lambda r: {"lasts": _seconds(r, 1, 10)},
    "half_open": lambda r: {"lasts": _seconds(r, 5, 15), "sockets": r.choice((1, None))},
    "drop_websockets": lambda r: {"sockets": r.choice((1, None))},
    "close_websockets": lambda r: {"code": r.choice((1000, 1001, 1011, 1012)), "sockets": r.choice((1, None))},
    "stale_books": lambda r: {"lasts": _seconds(r, 1, 15)},
    "clock_skew": lambda r: {"lasts": _seconds(r, 5, 15), "ms": r.choice((-1, 1)) * r.randint(100, 3000)},
    "upgrade": lambda r: {"halt": _seconds(r, 0.5, 3), "post_only": _seconds(r, 1, 5)},
    "outage": lambda r: {"lasts": _seconds(r, 1, 5), "how": r.choice(("refused", "gateway"))},
}
