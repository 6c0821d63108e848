"""Rows and series of what the steps have found."""

import statistics

from steps import LAG_BOUND, MANY_ORDERS, PAIRS, quantile, sustained


def row(name, unit, ours, built_in, *, target=None, bound=None, floor=None, note=""):
    """A row; ``target`` is the largest ratio to the built-in connector, ``bound`` the most that ours may be.

    :param floor: what nothing could go below.
    """
    others = {} if built_in is None else {"built-in": built_in}
    ratio = ours / built_in if built_in and bound is None else None
    limit = target if bound is None else bound
    met = None if limit is None else (ours if ratio is None else ratio) <= limit
    made = {"name": name, "unit": unit, "ours": ours, "others": others, "ratio": ratio, "target": limit, "met": met}
    made |= {} if floor is None else {"floor": floor}
    return made | ({"against": "built-in"} if ratio is not None else {}) | ({"note": note} if note else {})


def of_busy(figures, floor):
    """What fifty streaming books have shown."""
    ours, stock = figures["ours"], figures["built-in"]
    both = [lambda name, share, found=found: 1000 * quantile(found[name], share) for found in (ours, stock)]
    watched = [found["watched"] for found in (ours, stock)]
    lags = [lambda share, seen=seen: 1000 * quantile(seen["lags"], share) for seen in watched]
    where = f"{ours['pairs']} pairs on {ours['dexs']} dexs"
    also = f"the built-in connector has {stock['pairs']} pairs of the first dex"
    yield row(
        f"request weight at start, {where}",
        "weight",
        ours["weight at start"],
        stock["weight at start"],
        bound=200,
        note=also,
    )
    yield row(
        "request weight a minute, 50 pairs, 50 orders, 2,000 old fills",
        "weight",
        ours["weight a minute"],
        stock["weight a minute"],
        bound=30,
    )
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        yield row(
            f"place to acknowledged, one order, {PAIRS} books stream, {name}",
            "ms",
            *(of("placed", share) for of in both),
            target=0.5,
            floor=1000 * quantile(floor, share),
        )
    yield row(f"ready from start, {PAIRS} pairs", "s", *(statistics.median(f["ready"]) for f in (ours, stock)), bound=5)
    for what, name in (("cancelled", "cancel to told"), ("replaced", "cancel and replace to told")):
        for share, part in ((0.5, "p50"), (0.99, "p99")):
            yield row(f"{name}, {PAIRS} books stream, {part}", "ms", *(of(what, share) for of in both))
    yield row("orders and cancels that nothing was told of", "orders", ours["untold"], stock["untold"])
    yield row("grid of 20 orders replaced, p50", "ms", *(of("refreshed", 0.5) for of in both))
    yield row(
        "grid of 20 orders replaced, signed requests", "requests", *(f["actions of a refresh"] for f in (ours, stock))
    )
    load = f"{PAIRS} books, {MANY_ORDERS} open orders"
    for share, part in ((0.5, "p50"), (0.99, "p99"), (1.0, "max")):
        yield row(f"event-loop lag, {load}, {part}", "ms", *(of(share) for of in lags))
    per_thousand = [1e6 * seen["cpu"] / max(1, seen["frames"]) for seen in watched]
    yield row(f"processor time per 1,000 messages, {load}", "ms", *per_thousand)
    yield row(f"resident memory, {load}", "MB", *(seen["megabytes"] for seen in watched))


def of_ticks(found):
    """How fast a new best bid sets off an order."""
    note = "the built-in connector reads the deep book alone, which comes every five seconds"
    for share, part in ((0.5, "p50"), (0.9, "p90")):
        taken = [1000 * quantile(times, share) for times in found.values()]
        yield row(f"tick to order, both at the exchange, {part}", "ms", *taken, note=note)


def of_fills(found):
    """How many fills are kept up with."""
    bound = f"event-loop lag p99 below {1000 * LAG_BOUND:.0f} ms"
    yield row(f"fills kept up with, {bound}", "fills/s", *(sustained(measured) for measured in found.values()))


def series_of_pairs(found):
    """How it grows with pairs."""
    counts = list(found)

    def of(unit, value):
        lines = {"ours": [value(found[count]) for count in counts]}
        return {"x_label": "trading pairs", "y_label": unit, "x": counts, "lines": lines}

    return {
        "ready from start, by pairs": of("s", lambda at: at["ready"]),
        "processor time per 1,000 messages, by pairs": of("ms", lambda at: 1e6 * at["cpu"] / max(1, at["frames"])),
        "event-loop lag p99, by pairs": of("ms", lambda at: 1000 * quantile(at["lags"], 0.99)),
        "resident memory, by pairs": of("MB", lambda at: at["megabytes"]),
    }


def series_of_orders(found):
    """How it grows with open orders."""
    counts = list(found)

    def of(unit, **values):
        lines = {name: [value(found[count]) for count in counts] for name, value in values.items()}
        return {"x_label": "open orders", "y_label": unit, "x": counts, "lines": lines}

    return {
        "place and cancel, by open orders": of(
            "ms", place=lambda at: 1000 * at["placed"], cancel=lambda at: 1000 * at["cancelled"]
        ),
        "event-loop lag p99, by open orders": of("ms", ours=lambda at: 1000 * at["lag"]),
        "resident memory, by open orders": of("MB", ours=lambda at: at["megabytes"]),
    }
