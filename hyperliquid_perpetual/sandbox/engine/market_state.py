"""The live side of one market: its book, its prices, its open interest, its funding so far, its latest trades."""

from collections import deque

from .book import Book
from .markets import Market
from .records import FundingRate, Trade


class MarketState:
    """Owned by the engine, read by everybody. Prices in 1e-6 USD, sizes in lots, rates in 1e-10."""

    __slots__ = (
        "basis_ema",
        "basis_time",
        "book",
        "day_mark_px",
        "external_px",
        "funding_history",
        "last_px",
        "mark_day",
        "mark_px",
        "market",
        "open_interest",
        "oracle_px",
        "premium_samples",
        "premium_sum",
        "trades",
    )

    def __init__(self, market: Market, trade_limit: int, funding_limit: int) -> None:
        self.market = market
        self.book = Book()
        self.oracle_px = market.oracle_px
        self.external_px = market.oracle_px
        self.mark_px = market.oracle_px
        self.mark_day = -1
        self.day_mark_px = market.oracle_px
        """The mark with which the UTC day `mark_day` (since 1970) began; kept on HIP-3 dexs."""
        self.last_px: int | None = None
        self.open_interest = 0
        """Lots held long, which equals the lots held short."""
        self.basis_ema: int | None = None
        """Moving average of mid - oracle in 1e-9 USD, as of `basis_time`; None before the first mid."""
        self.basis_time = 0
        self.premium_sum = 0
        self.premium_samples = 0
        self.trades: deque[Trade] = deque(maxlen=trade_limit)
        """Oldest first."""
        self.funding_history: deque[FundingRate] = deque(maxlen=funding_limit)

    @property
    def doubled_mid(self) -> int | None:
        """Twice the mid price, None when the book has not two sides."""
        return self.book.doubled_mid
