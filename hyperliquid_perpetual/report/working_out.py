"""Works the figures of a report out of what a database and a log tell."""

from collections import Counter
from collections.abc import Collection, Sequence
from decimal import Decimal
from pathlib import Path

from hyperliquid_perpetual.report import ledger, log_facts
from hyperliquid_perpetual.report.database import Fill, Order, Payment, Quote, Records
from hyperliquid_perpetual.report.figures import Figures, PairFigures, Window
from hyperliquid_perpetual.report.ledger import Holding, Step
from hyperliquid_perpetual.report.liquidity import Liquidity, classify
from hyperliquid_perpetual.report.log_facts import LogFacts, Session
from hyperliquid_perpetual.report.outcomes import outcomes
from hyperliquid_perpetual.report.quoting import Quoting, observe
from hyperliquid_perpetual.report.records import records_in
from hyperliquid_perpetual.report.spread import capture
from hyperliquid_perpetual.report.text import moment
from hyperliquid_perpetual.report.timing import latencies

_ZERO = Decimal(0)


class NothingToReport(ValueError):
    """Nothing happened in the chosen time or pairs; the message says what there is."""


def work_out(
    database: Path,
    records: Records,
    log: Path | None,
    facts: LogFacts | None,
    *,
    start_ms: int | None = None,
    end_ms: int | None = None,
    pairs: Collection[str] = (),
) -> Figures:
    """All figures.

    :param start_ms: from when on, Unix milliseconds; what was before only gives the position and the equity to start
        from. None for the beginning.
    :param end_ms: until when; None for the end.
    :param pairs: trading pairs to keep to, in whatever case; empty for all.
    :raises NothingToReport: when nothing is left.
    """
    wanted = _wanted(records, pairs)
    orders = [order for order in records.orders if order.pair in wanted]
    fills = [fill for fill in records.fills if fill.pair in wanted]
    payments = [payment for payment in records.payments if payment.pair in wanted]
    quotes = [quote for quote in records.quotes if quote.pair in wanted]
    times = _times(orders, fills, payments)
    sessions = _sessions(facts, times)
    everything = Window(
        min([*times, *(session.start_ms for session in sessions)]),
        max([*times, *(session.end_ms for session in sessions)]),
    )
    window = Window(
        everything.start_ms if start_ms is None else start_ms, everything.end_ms if end_ms is None else end_ms
    )
    if not any(map(window.has, times)):
        raise NothingToReport(
            f"nothing happened between {moment(window.start_ms)} and {moment(window.end_ms)}: the orders, fills and "
            f"payments of the database are from {moment(min(times))} to {moment(max(times))}"
        )
    books = ledger.keep_books(ledger.events_of(fills, payments, quotes))
    earlier = [step for step in books.steps if step.time_ms < window.start_ms]
    equity_before = earlier[-1].equity if earlier else _ZERO
    steps = [
        Step(step.time_ms, step.pair, step.holding, step.equity - equity_before)
        for step in books.steps
        if window.has(step.time_ms)
    ]
    liquidity = classify(fills)
    accepted_at = facts.created if facts is not None else {}
    quoting = observe(orders, accepted_at, sessions, (window.start_ms, window.end_ms))
    in_window = [fill for fill in fills if window.has(fill.time_ms)]
    # An order belongs to the window in which it was made.
    made = [order for order in orders if window.has(order.created_ms)]
    incidents = [
        item
        for item in (facts.incidents if facts is not None else [])
        if window.has(item.time_ms) and (not pairs or item.kind != "refused order" or item.subject in wanted)
    ]
    before = {step.pair: step.holding for step in earlier}
    figures = [
        _pair(
            pair,
            before.get(pair, Holding()),
            [step for step in steps if step.pair == pair],
            [fill for fill in in_window if fill.pair == pair],
            liquidity,
            [payment for payment in payments if payment.pair == pair and window.has(payment.time_ms)],
            [quote for quote in quotes if quote.pair == pair and window.has(quote.time_ms)],
            quoting.get(pair),
            outcomes(
                [order for order in made if order.pair == pair],
                [fill for fill in fills if fill.pair == pair],
                [item for item in incidents if item.kind == "refused order" and item.subject == pair],
            ),
        )
        for pair in sorted(wanted | {item.subject for item in incidents if item.kind == "refused order"})
        if pair
    ]
    return Figures(
        database=database,
        log=log,
        connector=records.connector,
        strategies=records.strategies,
        window=window,
        sessions=tuple(session for session in sessions if session.end_ms >= window.start_ms),
        pairs=tuple(sorted(figures, key=lambda pair: (-pair.volume, pair.pair))),
        steps=tuple(steps),
        orders=tuple(made),
        latencies=tuple(latencies(made, in_window, facts)),
        facts=facts,
        incidents=tuple(incidents),
        notes=tuple(
            _notes(records, facts, in_window, quotes, is_carried=any(fill.time_ms < window.start_ms for fill in fills))
        ),
    )


def read_log(log: Path | None, records: Records) -> LogFacts | None:
    """The facts of a log, its times made to agree with the database's; None without a log.

    :raises OSError: when it cannot be read.
    """
    if log is None:
        return None
    return log_facts.gather(records_in(log), {order.id: order.created_ms for order in records.orders})


def _wanted(records: Records, pairs: Collection[str]) -> set[str]:
    known = {item.pair for rows in (records.orders, records.fills, records.payments) for item in rows}
    if not pairs:
        return known
    by_capitals = {pair.upper(): pair for pair in known}
    unknown = [pair for pair in pairs if pair.upper() not in by_capitals]
    if unknown:
        raise NothingToReport(f"the database has nothing of {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    return {by_capitals[pair.upper()] for pair in pairs}


def _times(orders: Sequence[Order], fills: Sequence[Fill], payments: Sequence[Payment]) -> list[int]:
    return [
        *(order.created_ms for order in orders),
        *(order.ended_ms for order in orders if order.ended_ms is not None),
        *(fill.time_ms for fill in fills),
        *(payment.time_ms for payment in payments),
    ]


def _sessions(facts: LogFacts | None, times: Sequence[int]) -> list[Session]:
    """When the bot ran; without a log, from the first to the last thing that is recorded."""
    if facts is not None and facts.sessions:
        return facts.sessions
    return [Session(min(times), max(times))]


def _pair(
    pair: str,
    before: Holding,
    steps: Sequence[Step],
    fills: Sequence[Fill],
    liquidity: dict[Fill, Liquidity],
    payments: Sequence[Payment],
    quotes: Sequence[Quote],
    quoting: Quoting | None,
    ends: Counter[str],
) -> PairFigures:
    return PairFigures(
        pair=pair,
        before=before,
        after=steps[-1].holding if steps else before,
        fills=tuple(fills),
        liquidity={fill: liquidity[fill] for fill in fills},
        payments=tuple(payments),
        steps=tuple(steps),
        quotes=tuple(quotes),
        capture=capture(fills, quotes),
        quoting=quoting,
        outcomes=ends,
    )


def _notes(
    records: Records, facts: LogFacts | None, fills: Sequence[Fill], quotes: Sequence[Quote], *, is_carried: bool
) -> list[str]:
    notes = [
        "Inventory and equity count from the first fill in the database: what the account held before, and what other "
        "bots and people trade on it, is not in this data. Open positions are valued at the last price that is known.",
    ]
    if is_carried:
        notes.append(
            "The position at the start of the chosen time comes from the fills before it; profit counts from there."
        )
    if not quotes:
        notes.append(
            "The database has no prices of the market (market_data_collection is off in Hummingbot): prices drawn here "
            "are those of the bot's own fills and orders, and fills are not measured against the mid."
        )
    if facts is None:
        notes.append(
            "There is no log: reconnects, differences found, refused orders and latencies are not known, and the bot "
            "is taken to have run from the first to the last record in the database."
        )
    elif not facts.tells_everyday_things:
        notes.append("The log has no records below WARNING: it tells neither latencies nor differences found.")
    if facts is not None and facts.moved_ms:
        notes.append(
            f"The log was written in another time zone: its times are moved by {facts.moved_ms / 3_600_000:+g} h, so "
            "that its orders agree with those of the database."
        )
    if facts is not None and facts.left_out:
        notes.append(f"{facts.left_out:,} more incidents in the log are left out.")
    if any(fill.kind == "LIMIT" for fill in fills):
        notes.append("Hummingbot does not record who was maker: for limit orders it is concluded from the fee rate.")
    if any(not fill.is_venue_time for fill in fills):
        notes.append("Some fills have no time of the venue: they stand at the second of Hummingbot's clock.")
    if records.unreadable:
        notes.append(f"{records.unreadable:,} rows of the database could not be read and were passed over.")
    if records.others:
        notes.append(f"The database also has orders of {', '.join(records.others)}, which are not in this report.")
    return notes
