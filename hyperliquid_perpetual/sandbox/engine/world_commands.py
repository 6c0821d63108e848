"""Commands about the markets themselves, which come and go, and are restricted, while the exchange runs; and prices."""

from .command_base import WorldCommand
from .markets import Market


class ListMarket(WorldCommand, frozen=True):
    """A new market opens, with an empty book. Its asset id and its coin must be free (reference, section 7)."""

    market: Market


class DelistMarket(WorldCommand, frozen=True):
    """A market ends: its orders are canceled, its positions settled, and it takes no orders any more.

    `settlement_px` is in 1e-6 USD; None settles at the mark price.
    """

    asset: int
    settlement_px: int | None = None


class Restrict(WorldCommand, frozen=True):
    """What is refused from now on: all but post-only orders, and growth of positions in these assets."""

    post_only: bool = False
    capped: tuple[int, ...] = ()


class SetManyPrices(WorldCommand, frozen=True):
    """New outside prices of many assets at once: (asset id, oracle price in 1e-6 USD); other venues are at the oracle.

    Accounts are judged once, when all marks have moved.
    """

    prices: tuple[tuple[int, int], ...]


class LimitHistory(WorldCommand, frozen=True):
    """From now on only so many finished orders, fills and ledger entries of an account are kept, the newest."""

    account: str
    records: int


class CutOrders(WorldCommand, frozen=True):
    """Resting orders of an account become smaller where they stand in their queues: (oid, lots that remain).

    No client can ask for it. It is for accounts that restate another venue's book, where orders of others ahead of and
    behind somebody are canceled.
    """

    account: str
    cuts: tuple[tuple[int, int], ...]


MarketCommand = ListMarket | DelistMarket | Restrict | SetManyPrices | LimitHistory | CutOrders
