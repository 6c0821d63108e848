"""What Hummingbot's `status` can show of the venue: funding, leverage and freshness of each pair, and the budgets.

Hummingbot prints what a strategy's ``format_status`` returns, and asks no connector for lines of its own: scripts add
``venue_status()`` there, as those in ``conf/scripts`` do. Its V1 strategies have no place for it.
"""

import math
import time
from collections.abc import Sequence

from ..venue import funding
from ..venue.messages import AssetContext
from .contract_readiness import ReadinessContract

# Together no wider than the left half of a usual terminal, which is what Hummingbot leaves for it.
_HEADINGS = ("Market", "Mark price", "Funding/h", "Leverage", "Position", "Liquidation", "Book age")
_UNKNOWN = "-"


class StatusContract(ReadinessContract):
    """Tells a person how the connector stands, in a few lines."""

    def venue_status(self) -> str:
        """What it waits for, a table of the followed pairs, and lines about the account, indented for ``status``.

        Funding is the venue's hourly rate (reference, section 12). The leverage is the account's own setting. *Book
        age* is how long ago the venue last sent the book. Weights are of the last sixty seconds, requests those of the
        account's allowance (sections 9.1 and 9.3). What is not known is a dash. The venue is asked for nothing.
        """
        rows = [self._status_of(pair) for pair in list(self._trading_pairs)]
        now = time.time()
        minutes = math.ceil((funding.next_funding_time(now) - now) / 60)
        return "\n".join(
            [
                f"  Hyperliquid ({self._domain}):",
                *self._why_not_ready(),
                *(f"    {line}" for line in _table([_HEADINGS, *rows])),
                f"    Funding is paid in {minutes} min",
                f"    Request weight of the last minute: {self._budget.used} by this bot, {self._budget.used_by_all} "
                f"by this machine, of {self._budget.limit}",
                f"    Requests left to the account: {self._allowance_text()}",
                f"    Dead man's switch: {'armed' if self._dead_mans_switch.is_armed else 'not armed'}",
            ]
        )

    def _status_of(self, trading_pair: str) -> Sequence[str]:
        market = self._markets.table.find(trading_pair)
        if market is None:
            return (trading_pair, *[_UNKNOWN] * (len(_HEADINGS) - 1))
        context, leverage = self._market_data.context(market.coin), self._account.leverage(market.coin)
        position = self.get_position(trading_pair)
        flat = "0" if self._reconciler.is_reconciled else _UNKNOWN
        liquidation = position.liquidation_price if position is not None else None
        age = self._market_data.book_age(market.coin)
        return (
            trading_pair,
            f"{context.markPx:f}" if context is not None else _UNKNOWN,
            _funding_text(context),
            f"{leverage.value}x {leverage.type}" if leverage is not None else _UNKNOWN,
            f"{position.amount:f}" if position is not None else flat,
            f"{liquidation:f}" if liquidation is not None else _UNKNOWN,
            f"{age:.1f} s" if math.isfinite(age) else _UNKNOWN,
        )

    def _why_not_ready(self) -> list[str]:
        missing = [name for name, is_met in self.status_dict.items() if not is_met]
        return [f"    Not ready to trade, missing: {', '.join(missing)}"] if missing else []

    def _allowance_text(self) -> str:
        remaining, limit = self.request_allowance.remaining, self.request_allowance.limit
        if remaining is None or limit is None:
            return "not read yet"
        held = ", kept for cancels" if self.request_allowance.holds_orders_back else ""
        return f"{remaining} of {limit}{held}"


def _funding_text(context: AssetContext | None) -> str:
    """The hourly rate in percent, to the venue's own seven digits or so: a usual one is 0.00125 %."""
    return f"{context.funding * 100:+.5f} %" if context is not None else _UNKNOWN


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest entry, the first to the left, the others to the right."""
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [
        "  ".join([row[0].ljust(first), *(text.rjust(width) for text, width in zip(row[1:], others, strict=True))])
        for row in rows
    ]
