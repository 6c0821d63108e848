"""Reads of one account, typed, each a request of the venue reference's section 2.

All raise ``VenueUnavailable`` when there is no usable answer.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

from ..venue.lists import ListOf
from ..venue.messages import (
    FILL_DETAILS,
    ActiveAssetData,
    ClearinghouseState,
    Fill,
    FundingPayment,
    FundingRow,
    Leverage,
    Order,
    OrderStatus,
    SpotClearinghouseState,
    UserFees,
    UserRateLimit,
)
from ..venue.states import SPOT, STATE
from ..venue.twaps import TwapRecord, TwapSliceFill
from .fills import fill_key
from .requests import Requests

FILLS_PER_REPLY = 2000
FUNDINGS_PER_REPLY = 500
_MOST_PAGES = 10

# One row that cannot be read must not keep the account from being reconciled.
_ORDERS = ListOf(Order)
_FILLS = ListOf(Fill, FILL_DETAILS)
_FUNDINGS = ListOf(FundingRow)
_TWAP_RECORDS = ListOf(TwapRecord)
_TWAP_FILLS = ListOf(TwapSliceFill)


@dataclass(frozen=True, slots=True)
class TwapHistory:
    """Rows of the history of TWAPs."""

    records: list[TwapRecord]
    is_complete: bool
    """Whether all rows could be read: only then does a row that is not there say something."""


class AccountReader:
    """Asks about one account: the master, sub-account or vault, never an agent."""

    def __init__(self, requests: Requests, user: str) -> None:
        self._requests = requests
        self.user = user

    async def state(self, dex: str) -> ClearinghouseState:
        """Positions and margin on one dex."""
        return await self._ask("clearinghouseState", STATE, dex=dex)

    async def spot_state(self) -> SpotClearinghouseState:
        """The spot wallet."""
        return await self._ask("spotClearinghouseState", SPOT)

    async def rate_limit(self) -> UserRateLimit:
        """How many requests the account has sent and may send in all."""
        return await self._ask("userRateLimit", UserRateLimit)

    async def mode(self) -> str:
        """The account mode: ``default``, ``unifiedAccount``…"""
        return await self._ask("userAbstraction", str)

    async def leverage(self, coin: str) -> Leverage:
        """Leverage and margin mode of a coin, with or without a position. Costs 20 weight."""
        answer: ActiveAssetData = await self._ask("activeAssetData", ActiveAssetData, coin=coin)
        return answer.leverage

    async def fees(self) -> UserFees:
        """The account's fee rates."""
        return await self._ask("userFees", UserFees)

    async def open_orders(self, dex: str) -> list[Order]:
        """All orders that rest on one dex, triggers included."""
        return await self._ask("frontendOpenOrders", _ORDERS, dex=dex)

    async def order_status(self, order_id: int | str) -> OrderStatus:
        """The order with this oid, or the newest one with this client order id."""
        return await self._ask("orderStatus", OrderStatus, oid=order_id)

    async def twap_history(self) -> TwapHistory:
        """How the account's TWAPs began and ended."""
        rows: list[msgspec.Raw] = await self._ask("twapHistory", list[msgspec.Raw])
        records, malformed = _TWAP_RECORDS.decode(msgspec.json.encode(rows))
        return TwapHistory(records, is_complete=not malformed)

    async def twap_fills(self) -> list[Fill]:
        """The newest fills of TWAP slices, at most 2000."""
        return [fill.named() for fill in await self._ask("userTwapSliceFills", _TWAP_FILLS)]

    async def fills_since(self, start_ms: int) -> list[Fill]:
        """All fills from a time on (Unix milliseconds, inclusive), oldest first."""
        fills = {
            fill_key(fill): fill async for fill in self._rows("userFillsByTime", _FILLS, start_ms, FILLS_PER_REPLY)
        }
        return sorted(fills.values(), key=lambda fill: (fill.time, fill.oid))

    async def fundings_since(self, start_ms: int) -> list[FundingPayment]:
        """All funding payments from a time on (Unix milliseconds, inclusive), oldest first."""
        payments: dict[tuple[int, str], FundingPayment] = {}
        async for row in self._rows("userFunding", _FUNDINGS, start_ms, FUNDINGS_PER_REPLY):
            payment = row.payment()
            payments[payment.time, payment.coin] = payment
        return sorted(payments.values(), key=lambda payment: payment.time)

    async def _rows(self, kind: str, decode_as: Any, start_ms: int, per_reply: int) -> AsyncIterator[Any]:
        """All rows from a time on, some of them twice.

        A reply holds a bounded number of rows, and several rows share a millisecond: a page starts where the last one
        ended and repeats its last rows. Which end of the range a full reply keeps is not confirmed (section 2.5), so
        the order of its rows decides whether to go on forwards or backwards.
        """
        bounds = {"startTime": start_ms}
        for _ in range(_MOST_PAGES):
            page = await self._ask(kind, decode_as, **bounds)
            for row in page:
                yield row
            if len(page) < per_reply:
                return
            first, last = page[0].time, page[-1].time
            bound = "endTime" if first > last else "startTime"
            if bounds.get(bound) == last:
                return
            bounds[bound] = last

    async def _ask(self, kind: str, decode_as: Any, **arguments: Any) -> Any:
        return await self._requests.info({"type": kind, "user": self.user, **arguments}, decode_as)
