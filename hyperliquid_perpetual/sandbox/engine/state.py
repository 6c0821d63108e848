"""The state that the engine owns: accounts with their positions, orders and history. Others read it, only it writes.

Everything here may be read between two commands, and only then; what must outlive a command is in `records`.
"""

from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto

from .brackets import Bracket
from .commands import OrderIntent, Tif
from .fee_standing import FeeStanding
from .markets import Market
from .pools import STANDARD_MODES, USDC, AccountMode, Pool
from .quirks import VenueQuirks
from .records import AccountKind, Agent, Fill, FundingPayment, LedgerUpdate, OrderRecord, OrderStatus
from .referral_state import ReferralState
from .vault_state import Vault


class Place(Enum):
    """Where an order is."""

    NOWHERE = auto()
    """New, or being matched."""
    BOOK = auto()
    ARMED = auto()
    """Waits for the mark price."""
    WAITING = auto()
    """Waits for its parent to be filled."""
    ENDED = auto()


class Order:
    """An order that lives: being matched, resting, or waiting for something. `sz` is what remains (lots)."""

    __slots__ = (
        "account",
        "asset",
        "bracket",
        "builder",
        "cloid",
        "coin",
        "is_buy",
        "is_position_tpsl",
        "oid",
        "orig_sz",
        "place",
        "position",
        "priority",
        "px",
        "reduce_only",
        "sz",
        "tif",
        "timestamp",
        "trigger",
        "twap_id",
    )

    def __init__(self, oid: int, account: "Account", position: "Position", intent: OrderIntent, timestamp: int) -> None:
        self.oid = oid
        self.account = account
        self.position = position
        self.asset = position.asset
        self.coin = position.market.coin
        self.is_buy = intent.is_buy
        self.px = intent.px
        self.sz = intent.sz
        self.orig_sz = intent.sz
        self.reduce_only = intent.reduce_only
        self.trigger = intent.trigger
        self.tif: Tif = intent.tif
        """Of a trigger order: what it is from the moment it fires."""
        if intent.trigger is not None:
            self.tif = "FrontendMarket" if intent.trigger.is_market else "Gtc"
        self.cloid = intent.cloid
        self.builder = intent.builder
        self.timestamp = timestamp
        self.place = Place.NOWHERE
        self.is_position_tpsl = False
        """Whether its size is the position's."""
        self.twap_id: int | None = None
        self.priority = 0
        """What it has paid to come first, in 1e-8 of its notional."""
        self.bracket: Bracket | None = None
        """The TP/SL orders it belongs to, as their parent or as one of them."""

    @property
    def is_open(self) -> bool:
        """Whether it is among the open orders of its account."""
        return self.place not in (Place.NOWHERE, Place.ENDED)

    @property
    def is_new(self) -> bool:
        """Whether it has never been open, nor ended."""
        return self.place is Place.NOWHERE

    def follow_position(self, keeps_size: bool) -> None:
        """Become the TP/SL order of a position: without a size until it fires, unless it keeps one it has."""
        self.is_position_tpsl = True
        if not keeps_size:
            self.sz = self.orig_sz = 0

    def record(self, status: OrderStatus, time: int) -> OrderRecord:
        """The order as it stands, with the status it has since `time`."""
        bracket = self.bracket
        children: tuple[OrderRecord, ...] = ()
        if bracket is not None and bracket.parent is self:
            children = tuple([child.record(OrderStatus.OPEN, child.timestamp) for child in bracket.children.values()])
        return OrderRecord(
            self.oid,
            self.account.address,
            self.asset,
            self.coin,
            self.is_buy,
            self.px,
            self.sz,
            self.orig_sz,
            self.timestamp,
            self.reduce_only,
            self.tif if self.trigger is None or self.place is Place.BOOK else None,
            self.cloid,
            status,
            time,
            self.trigger,
            self.is_position_tpsl,
            children,
            self.twap_id,
        )


class Position:
    """What an account has in one asset: the position, its cost, its leverage setting and its resting orders.

    It stays when the position is closed (`szi` 0), because the leverage setting and the all-time funding stay.
    """

    __slots__ = (
        "asset",
        "cost",
        "funding_all_time",
        "funding_since_change",
        "funding_since_open",
        "is_cross",
        "isolated_usd",
        "leverage",
        "market",
        "reduce_only_orders",
        "resting_buys",
        "resting_sells",
        "szi",
    )

    def __init__(self, market: Market, is_cross: bool, leverage: int) -> None:
        self.market = market
        self.asset = market.asset
        self.szi = 0
        """Signed size in lots, negative when short."""
        self.cost = 0
        """What the position cost: |szi| x entry price, in money, never negative."""
        self.is_cross = is_cross
        self.leverage = leverage
        self.isolated_usd = 0
        """The raw USD of an isolated position (money); its margin is this + szi x mark. Zero for a cross position."""
        self.resting_buys = 0
        """Lots in resting bids that are not reduce-only."""
        self.resting_sells = 0
        """Lots in resting asks that are not reduce-only."""
        self.reduce_only_orders: dict[int, Order] = {}
        """Resting and armed ones; those that wait for a parent are not among them."""
        self.funding_all_time = 0
        """Funding paid (positive) since ever, in money."""
        self.funding_since_open = 0
        self.funding_since_change = 0

    def notional(self, px: int) -> int:
        """Signed size x price, in money."""
        return self.szi * px * self.market.lot_value

    def unrealized_pnl(self, mark_px: int) -> int:
        """Money that closing at `mark_px` would win, before fees."""
        value = self.notional(mark_px)
        return value - self.cost if self.szi >= 0 else value + self.cost


class Clearinghouse:
    """An account's cash and positions on one dex, margined together, and with other dexs of the same pool."""

    __slots__ = ("dex", "pool", "positions", "raw_usd")

    def __init__(self, dex: str) -> None:
        self.dex = dex
        self.pool = Pool(USDC, None)
        self.pool.houses.append(self)
        self.pool.anchor = self
        self.raw_usd = 0
        """Cross cash in money: deposits - bought notional + sold notional - fees +- funding. Often negative."""
        self.positions: dict[int, Position] = {}
        """By asset id; includes flat ones."""

    def open_positions(self) -> Iterator[Position]:
        """The positions that are not flat."""
        return (position for position in self.positions.values() if position.szi)


class OrderHistory:
    """The finished orders of an account, the newest `limit` of them, found by oid or cloid."""

    __slots__ = ("_by_cloid", "_by_oid", "_limit", "_oids")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._oids: deque[int] = deque()
        self._by_oid: dict[int, OrderRecord] = {}
        self._by_cloid: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._oids)

    def add(self, record: OrderRecord) -> None:
        """Keep an order's last record; an order ends only once."""
        if len(self._oids) >= self._limit:
            self._drop_oldest()
        self._oids.append(record.oid)
        self._by_oid[record.oid] = record
        if record.cloid is not None:
            self._by_cloid[record.cloid] = record.oid

    def limit(self, records: int) -> None:
        """Keep only so many from now on."""
        self._limit = records
        while len(self._oids) > records:
            self._drop_oldest()

    def find(self, key: int | str) -> OrderRecord | None:
        """The record of an oid, or the newest one of a cloid."""
        oid = self._by_cloid.get(key) if isinstance(key, str) else key
        return None if oid is None else self._by_oid.get(oid)

    @property
    def capacity(self) -> int:
        """How many are kept."""
        return self._limit

    def oldest_first(self) -> list[OrderRecord]:
        """All kept records, the last finished last."""
        return list(self._by_oid.values())

    def newest_first(self) -> Iterator[OrderRecord]:
        """All kept records, the last finished first."""
        by_oid = self._by_oid
        return (by_oid[oid] for oid in reversed(self._oids))

    def _drop_oldest(self) -> None:
        oldest = self._by_oid.pop(self._oids.popleft())
        if oldest.cloid is not None and self._by_cloid.get(oldest.cloid) == oldest.oid:
            del self._by_cloid[oldest.cloid]


class Account:
    """Everything about one address."""

    __slots__ = (
        "_collateral_of",
        "address",
        "agents",
        "builders",
        "cancel_at",
        "clearinghouses",
        "fee_standing",
        "fills",
        "fundings",
        "history",
        "is_funded",
        "keeps_little",
        "kind",
        "ledger",
        "master",
        "mode",
        "name",
        "open_by_cloid",
        "open_orders",
        "pools",
        "referral",
        "reserved_requests",
        "scheduled_cancel_day",
        "scheduled_cancels",
        "spot",
        "sub_accounts",
        "uses_big_blocks",
        "vault",
        "volume",
    )

    def __init__(
        self,
        address: str,
        history_limit: int,
        fill_limit: int,
        ledger_limit: int,
        collateral_of: Callable[[str], str | None] = lambda dex: USDC,
    ) -> None:
        self.address = address
        self._collateral_of = collateral_of
        self.mode: AccountMode = "default"
        self.pools: dict[str, Pool] = {}
        """By token; only in the modes that share margin between dexs."""
        self.kind: AccountKind = "user"
        self.master: str | None = None
        """Whose key trades for a sub-account or a vault; None for an account that has its own."""
        self.name = ""
        """Of a sub-account or vault."""
        self.sub_accounts: dict[str, Account] = {}
        """By address, in the order in which they were made."""
        self.vault: Vault | None = None
        self.is_funded = False
        """Whether anything was ever deposited; before that the venue does not know the address."""
        self.keeps_little = False
        """Whether it is one of those whose history nobody wants (`limit_history`)."""
        self.spot: dict[str, int] = {}
        """The spot wallet: money by token."""
        self.clearinghouses: dict[str, Clearinghouse] = {}
        """By dex name, the first dex is the empty string."""
        self.open_orders: dict[int, Order] = {}
        """Resting, armed and waiting orders by oid, oldest first."""
        self.open_by_cloid: dict[str, Order] = {}
        self.history = OrderHistory(history_limit)
        self.fills: deque[Fill] = deque(maxlen=fill_limit)
        """Oldest first."""
        self.fundings: deque[FundingPayment] = deque(maxlen=ledger_limit)
        self.ledger: deque[LedgerUpdate] = deque(maxlen=ledger_limit)
        self.agents: dict[str, Agent] = {}
        """By name; the unnamed agent under the empty string. Expired ones stay until replaced."""
        self.builders: dict[str, int] = {}
        """Approved builders, each with the most it may charge in tenths of a basis point."""
        self.volume = 0
        """Traded notional since ever, as maker and taker, in money; of markets in growth mode a tenth."""
        self.fee_standing = FeeStanding()
        """A sub-account has its master's."""
        self.referral: ReferralState | None = None
        self.reserved_requests = 0
        """Requests that somebody has paid for, since ever (section 9.3)."""
        self.uses_big_blocks = False
        """The setting of `evmUserModify`. There is no EVM here, so nothing follows from it."""
        self.cancel_at: int | None = None
        self.scheduled_cancels = 0
        """How often the dead man's switch fired on `scheduled_cancel_day` (days since 1970)."""
        self.scheduled_cancel_day = 0

    def limit_history(self, records: int) -> None:
        """Keep only so many finished orders, fills and ledger entries from now on, the newest."""
        self.keeps_little = True
        self.history.limit(records)
        self.fills = deque(self.fills, maxlen=records)
        self.fundings = deque(self.fundings, maxlen=records)
        self.ledger = deque(self.ledger, maxlen=records)

    def find_open(self, key: int | str, quirks: VenueQuirks) -> Order | None:
        """An open order by oid or cloid, as far as the venue lets it be named so."""
        if not isinstance(key, str):
            return self.open_orders.get(key)
        order = self.open_by_cloid.get(key)
        if order is not None and quirks.waiting_child == "unknown" and order.place is Place.WAITING:
            return None
        return order

    def clearinghouse(self, dex: str) -> Clearinghouse:
        """The account's side of a dex, made on first use."""
        found = self.clearinghouses.get(dex)
        if found is None:
            found = self.clearinghouses[dex] = Clearinghouse(dex)
            self._join(found)
        return found

    def set_mode(self, mode: AccountMode) -> None:
        """Divide the account into pools as a mode wants it; no cash moves by this alone."""
        self.mode = mode
        self.pools = {}
        for house in list(self.clearinghouses.values()):
            self._join(house)
        if mode == "dexAbstraction":
            self.clearinghouse("")

    def pool(self, token: str) -> Pool | None:
        """What a token margines in the modes that share it between dexs, None in the standard ones."""
        if self.mode in STANDARD_MODES:
            return None
        found = self.pools.get(token)
        if found is None:
            on_first_dex = self.mode == "dexAbstraction" and token == USDC
            found = self.pools[token] = Pool(token, None if on_first_dex else self.spot)
        return found

    def _join(self, house: Clearinghouse) -> None:
        token = self._collateral_of(house.dex) or USDC
        pool = self.pool(token)
        if pool is None:
            pool = Pool(token, None)
            pool.anchor = house
        elif pool.spot is None and not house.dex:
            pool.anchor = house
        pool.houses.append(house)
        house.pool = pool

    def position(self, market: Market) -> Position | None:
        """What the account has in a market, None if it never touched it."""
        found = self.clearinghouses.get(market.dex)
        return None if found is None else found.positions.get(market.asset)
