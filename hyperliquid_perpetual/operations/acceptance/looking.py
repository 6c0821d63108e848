"""Steps that trade nothing: connecting, looking whether the account is free, the rhythm of the book, funding."""

import asyncio
import itertools
import math
import statistics
import time
from decimal import Decimal
from typing import Any

from hyperliquid_perpetual.operations.acceptance.ground import Ground
from hyperliquid_perpetual.operations.acceptance.outcomes import Done, StepFailed
from hyperliquid_perpetual.operations.acceptance.venue_word import VenueWord
from hyperliquid_perpetual.trading import market_data
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.venue.markets import dex_of

_LOOK_SECONDS = 0.005
_QUIET_SECONDS = 2.0
_HOUR_SECONDS = 3600
_FUNDING_CAP = 0.04
"""Of an hour, as a fraction (section 12)."""
_CLOSE_ENOUGH = Decimal("0.02")
"""How far two mark prices of nearly the same moment may be apart, as a fraction."""


async def connect(ground: Ground) -> Done:
    """Starts the connector and waits until it is ready."""
    trader, connector, patience = ground.trader, ground.trader.connector, ground.plan.step_seconds
    began = time.monotonic()
    trader.start()
    while not connector.ready:
        if connector.credential_problem:
            raise StepFailed(connector.credential_problem)
        if time.monotonic() - began > patience:
            missing = ", ".join(name for name, is_there in connector.status_dict.items() if not is_there)
            raise StepFailed(f"not ready within {patience:g} s; missing: {missing}")
        await asyncio.sleep(_LOOK_SECONDS)
    took = time.monotonic() - began
    coin = await connector.exchange_symbol_associated_to_pair(trader.pair)
    word = VenueWord(AccountReader(ground.requests, trader.account), coin)
    await word.begin()
    ground.position_before = await word.position()
    ground.word = word
    detail = f"ready in {took:.1f} s: {trader.account} on {ground.requests.network.rest_url}"
    return Done(detail, {"ready_seconds": round(took, 2)})


async def account_is_free(ground: Ground) -> Done:
    """Looks whether anything is on the pair already: that is somebody's, and is not touched."""
    word, position = ground.said(), ground.position_before
    orders = await word.open_orders()
    found = []
    if position:
        found.append(f"a position of {position:+f} {word.coin}")
    if orders:
        found.append(f"{len(orders)} open orders")
    if found and not ground.plan.is_beside_others:
        raise StepFailed(
            f"the account has {' and '.join(found)} on {ground.trader.pair}: close and cancel them, take another"
            " --pair, or say --beside-others to leave them alone"
        )
    ground.is_clear = True
    detail = f"{' and '.join(found)}, left alone" if found else "no position, no open orders"
    return Done(detail, {"position": str(position), "open_orders": len(orders)})


async def book_cadence(ground: Ground) -> Done:
    """Measures how often Hummingbot's book changes, as a strategy sees it."""
    ground.said()
    connector, pair, seconds = ground.trader.connector, ground.trader.pair, ground.plan.book_seconds
    book = connector.get_order_book(pair)
    changes: list[float] = []
    seen, began = book.last_diff_uid, time.monotonic()
    passed = quiet = 0.0
    # A book that has fallen silent is listened to until the connector can tell a quiet market from a dead stream.
    while passed < seconds or _QUIET_SECONDS < quiet < market_data.STALE_AFTER + _QUIET_SECONDS:
        await asyncio.sleep(_LOOK_SECONDS)
        if book.last_diff_uid != seen:
            seen = book.last_diff_uid
            changes.append(time.monotonic())
        passed = time.monotonic() - began
        quiet = time.monotonic() - (changes[-1] if changes else began)
        ground.on_passed(passed)
    bid, ask = (float(connector.get_price(pair, is_buy)) for is_buy in (False, True))
    if not (math.isfinite(bid) and math.isfinite(ask) and 0 < bid < ask):
        raise StepFailed(f"the book is not one that can be traded on: best bid {bid}, best ask {ask}")
    status = connector.status_dict
    stale = [name for name, is_fine in status.items() if name.startswith("order_book") and not is_fine]
    if stale:
        raise StepFailed(f"the book is not fresh: {', '.join(stale)}")
    gaps = [after - before for before, after in itertools.pairwise(changes)]
    detail = f"{len(changes)} changes in {passed:.0f} s"
    data: dict[str, Any] = {"changes": len(changes), "seconds": round(passed, 1)}
    if gaps:
        data |= {"median_ms": round(statistics.median(gaps) * 1000), "longest_ms": round(max(gaps) * 1000)}
        detail += f", {data['median_ms']} ms apart (median; at most {data['longest_ms']} ms)"
    return Done(f"{detail}; best {bid:g} / {ask:g}", data)


async def funding_read(ground: Ground) -> Done:
    """Reads the funding rate as a strategy does, beside the venue's own, and the account's payments of a day."""
    word, trader = ground.said(), ground.trader
    info = trader.connector.get_funding_info(trader.pair)
    rate, mark, now = float(info.rate), Decimal(info.mark_price), time.time()
    if not math.isfinite(rate) or abs(rate) > _FUNDING_CAP:
        raise StepFailed(f"the funding rate {rate} is not one of an hour: the venue's cap is {_FUNDING_CAP}")
    due = info.next_funding_utc_timestamp
    if due % _HOUR_SECONDS or not now - 60 < due <= now + _HOUR_SECONDS + 60:
        raise StepFailed(f"the next payment is said to be due at {due}, which is not the next full hour")
    context = await _context(ground, word.coin)
    theirs = Decimal(str(context["markPx"]))
    if abs(mark - theirs) > _CLOSE_ENOUGH * theirs:
        raise StepFailed(f"the mark price is {mark:f} by stream and {theirs:f} by request")
    payments = await AccountReader(ground.requests, trader.account).fundings_since(int((now - 86_400) * 1000))
    paid = sum((payment.usdc for payment in payments), Decimal(0))
    detail = (
        f"{rate * 100:.6f} % an hour (by request {float(context['funding']) * 100:.6f} %), due in"
        f" {max(due - now, 0) / 60:.0f} min; {len(payments)} payments in 24 h, {paid:+f} in all"
    )
    return Done(detail, {"rate": str(info.rate), "payments": len(payments), "paid": str(paid)})


async def _context(ground: Ground, coin: str) -> dict[str, Any]:
    """What the venue says of a market by request (section 2.1)."""
    meta, contexts = await ground.requests.info({"type": "metaAndAssetCtxs", "dex": dex_of(coin)})
    names = [entry.get("name") for entry in meta["universe"]]
    found: dict[str, Any] = contexts[names.index(coin)]
    return found
