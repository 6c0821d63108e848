"""What the account has, as the venue states it: positions and balances, per dex and in every account mode.

Reference, sections 2.3 and 14. State is kept per dex and replaced whole by newer statements of the same dex; a dex that
did not answer keeps what it had. Nothing is computed that the venue states itself.

Tokens: USDC, the collateral of the first dex and of most others, is shown under the quote of the trading pairs,
``USD``, one to one, as Hummingbot's users know it; every other token keeps its own name. ``hummingbot_token`` is the
only place of this rule.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..venue.markets import FIRST_DEX, QUOTE, MarketTable
from ..venue.messages import ClearinghouseState, PositionData, SpotClearinghouseState

UNIFIED_MODES = frozenset({"unifiedAccount", "portfolioMargin", "dexAbstraction"})
"""Account modes (``userAbstraction``) that hold their collateral in the spot wallet."""

_USDC = "USDC"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one token: all there is, and what can be used as margin for new orders."""

    total: Decimal
    available: Decimal


def hummingbot_token(token: str) -> str:
    """The name a collateral or fee token has in Hummingbot."""
    return QUOTE if token == _USDC else token


class AccountState:
    """The newest statement of each dex and of the spot wallet."""

    def __init__(self) -> None:
        self._dexs: dict[str, ClearinghouseState] = {}
        self._spot: SpotClearinghouseState | None = None
        self.mode: str | None = None
        """The account mode as ``userAbstraction`` gives it; None until it is known."""

    @property
    def is_known(self) -> bool:
        """Whether the account was stated at all."""
        return FIRST_DEX in self._dexs and self.mode is not None

    @property
    def dexs(self) -> Mapping[str, ClearinghouseState]:
        """The newest state by dex name."""
        return self._dexs

    def update_dex(self, dex: str, state: ClearinghouseState) -> bool:
        """Takes a dex's state unless a newer one is known already; says whether it was taken."""
        known = self._dexs.get(dex)
        if known is not None and state.time < known.time:
            return False
        self._dexs[dex] = state
        return True

    def update_spot(self, spot: SpotClearinghouseState) -> None:
        """Takes the state of the spot wallet."""
        self._spot = spot

    def positions(self) -> Iterable[PositionData]:
        """All open positions, of all dexs."""
        for state in self._dexs.values():
            for item in state.assetPositions:
                if item.position.szi:
                    yield item.position

    def position_size(self, coin: str) -> Decimal:
        """What is held of a coin, in base units, negative when short; zero when nothing is."""
        for position in self.positions():
            if position.coin == coin:
                return position.szi
        return _ZERO

    def balances(self, table: MarketTable, dexs: Collection[str] = ()) -> dict[str, Balance]:
        """Collateral by token, under Hummingbot's names.

        :param dexs: the dexs whose margin counts: that on another one cannot back an order here. All when empty.

        In the standard modes each dex holds its own margin: its account value, isolated margin included, and what can
        be withdrawn. In the unified modes the spot wallet holds it, and the dexs' account values mean nothing.
        """
        balances: dict[str, Balance] = {}
        if self.mode in UNIFIED_MODES:
            for row in self._spot.balances if self._spot is not None else ():
                if row.total:
                    _add(balances, row.coin, row.total, max(row.total - row.hold, _ZERO))
            if not balances:
                # An account without anything is a state too, not a missing answer.
                balances[hummingbot_token(_USDC)] = Balance(_ZERO, _ZERO)
            return balances
        collateral = _collateral_of_dexs(table)
        for dex, state in self._dexs.items():
            if dexs and dex not in dexs:
                continue
            value = state.marginSummary.accountValue
            if dex == FIRST_DEX or value:
                _add(balances, collateral.get(dex, _USDC), value, max(state.withdrawable, _ZERO))
        return balances


def _add(balances: dict[str, Balance], token: str, total: Decimal, available: Decimal) -> None:
    name = hummingbot_token(token)
    known = balances.get(name, Balance(_ZERO, _ZERO))
    balances[name] = Balance(known.total + total, known.available + available)


def _collateral_of_dexs(table: MarketTable) -> dict[str, str]:
    collateral: dict[str, str] = {}
    for market in table:
        collateral.setdefault(market.dex, market.collateral_token)
    return collateral
