"""What the account has, as the venue states it: positions and balances, per dex and in every account mode.

Reference, sections 2.3 and 14. State is kept per dex and replaced whole by newer statements of the same dex; a dex that
did not answer keeps what it had, and so does a position that could not be read. Nothing is computed that the venue
states itself. Tokens have their own names; how they stand for the quote of the trading pairs is told in
``collateral``.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from ..venue.markets import FIRST_DEX, USDC, MarketTable, dex_of
from ..venue.messages import (
    AssetPosition,
    ClearinghouseState,
    Leverage,
    PositionData,
    SpotBalance,
    SpotClearinghouseState,
)

SPOT_MODES = frozenset({"unifiedAccount", "portfolioMargin"})
"""Account modes (``userAbstraction``) that hold all collateral in the spot wallet."""

DEX_ABSTRACTION = "dexAbstraction"
"""The discontinued mode: USDC waits on the first dex and other collateral in the spot wallet, until a dex needs it."""

KNOWN_MODES = SPOT_MODES | {DEX_ABSTRACTION, "default", "disabled"}

_PORTFOLIO_MARGIN = "portfolioMargin"
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Of one token: all there is, and what can be used as margin for new orders."""

    total: Decimal = _ZERO
    available: Decimal = _ZERO

    def __add__(self, other: "Balance") -> "Balance":
        return Balance(self.total + other.total, self.available + other.available)


NOTHING = Balance()


class AccountState:
    """The newest statement of each dex and of the spot wallet."""

    def __init__(self) -> None:
        self._dexs: dict[str, ClearinghouseState] = {}
        self._positions: dict[str, PositionData] = {}
        self._spot: SpotClearinghouseState | None = None
        self._leverage: dict[str, Leverage] = {}
        self._followed: set[str] = set()
        self.mode: str | None = None
        """The account mode as ``userAbstraction`` gives it; None until it is known."""

    @property
    def is_known(self) -> bool:
        """Whether the account was stated at all."""
        return FIRST_DEX in self._dexs and self.mode is not None

    @property
    def needs_spot(self) -> bool:
        """Whether the spot wallet backs orders in the account's mode."""
        return self.mode in SPOT_MODES or self.mode == DEX_ABSTRACTION

    @property
    def dexs(self) -> Mapping[str, ClearinghouseState]:
        """The newest state by dex name."""
        return self._dexs

    def update_dex(self, dex: str, state: ClearinghouseState) -> bool:
        """Takes a dex's state unless a newer one is known already; says whether it was taken."""
        known = self._dexs.get(dex)
        if known is not None and state.time < known.time:
            return False
        self._take(dex, _with_unread(state, known) if state.unread and known is not None else state)
        return True

    def _take(self, dex: str, state: ClearinghouseState) -> None:
        self._dexs[dex] = state
        self._positions = {
            item.position.coin: item.position
            for stated in self._dexs.values()
            for item in stated.assetPositions
            if item.position.szi
        }

    def update_spot(self, spot: SpotClearinghouseState) -> None:
        """Takes the state of the spot wallet."""
        self._spot = spot

    # --- Positions

    def positions(self) -> Iterable[PositionData]:
        """All open positions, of all dexs."""
        return self._positions.values()

    def position(self, coin: str) -> PositionData | None:
        """The open position of a coin."""
        return self._positions.get(coin)

    def position_size(self, coin: str) -> Decimal:
        """What is held of a coin, in base units, negative when short; zero when nothing is."""
        position = self.position(coin)
        return position.szi if position is not None else _ZERO

    # --- Leverage

    def update_leverage(self, coin: str, leverage: Leverage, followed: bool = True) -> bool:
        """Takes the account's leverage setting of a coin; says whether it is another one than was known.

        :param followed: whether later changes will be told, too.
        """
        known = self._leverage.get(coin)
        self._leverage[coin] = leverage
        if followed:
            self._followed.add(coin)
        return known is None or (known.type, known.value) != (leverage.type, leverage.value)

    def set_leverage(self, coin: str, mode: str, value: int) -> None:
        """Notes a setting that the venue has just taken, until it states it itself."""
        leverage = Leverage(mode, value)
        self._leverage[coin] = leverage
        dex = dex_of(coin)
        state = self._dexs.get(dex)
        if state is not None and self.position(coin) is not None:
            positions = [
                AssetPosition(msgspec.structs.replace(item.position, leverage=leverage), item.type)
                if item.position.coin == coin
                else item
                for item in state.assetPositions
            ]
            self._take(dex, msgspec.structs.replace(state, assetPositions=positions))

    def forget_leverage(self, coin: str) -> None:
        """Nothing is known of a coin's setting any more."""
        self._leverage.pop(coin, None)

    def leverage(self, coin: str) -> Leverage | None:
        """Leverage and margin mode of a coin: of its position if there is one, else as set for the next one."""
        position = self.position(coin)
        return position.leverage if position is not None else self._leverage.get(coin)

    def is_leverage_followed(self, coin: str) -> bool:
        """Whether a change of the coin's setting that was made elsewhere would be known here."""
        return coin in self._followed

    def unfollow(self) -> None:
        """The stream is lost: settings may change without being told."""
        self._followed.clear()

    # --- Collateral

    def is_margin_known(self, dex: str) -> bool:
        """Whether it was stated what backs the orders of a dex."""
        if self.mode in SPOT_MODES:
            return self._spot is not None
        return self.mode is not None and dex in self._dexs and (not self.needs_spot or self._spot is not None)

    def pool(self, dex: str, token: str) -> str:
        """What backs the orders of a dex, as a name: two dexs of one pool can use the same money.

        :param token: the dex's collateral.
        """
        if self.mode in SPOT_MODES:
            return f"spot {token}"
        if self.mode == DEX_ABSTRACTION:
            return f"abstraction {token}"
        return f"dex {dex}"

    def margin(self, dex: str, token: str) -> Balance:
        """What backs the orders of one dex.

        In the standard modes it is the dex's own margin: its account value, isolated margin included, and what can be
        withdrawn. In the unified modes it is the token in the spot wallet, and the dexs' account values mean nothing.
        """
        if self.mode in SPOT_MODES:
            return self._spot_balance(token)
        own = self._dex_margin(dex)
        if self.mode != DEX_ABSTRACTION:
            return own
        if token != USDC:
            return own + self._spot_balance(token)
        return own if dex == FIRST_DEX else own + self._dex_margin(FIRST_DEX)

    def balances(self, table: MarketTable, dexs: Collection[str] = ()) -> dict[str, Balance]:
        """Collateral by token, under the tokens' own names; each dex's collateral is in it, if only as zero.

        :param dexs: the dexs that matter: in the standard modes, margin on another one cannot back an order here. All
            that are known when empty.
        """
        collateral = table.collateral
        wanted = list(dexs) or [dex for dex in (self._dexs or [FIRST_DEX]) if dex in collateral or dex == FIRST_DEX]
        tokens = {dex: collateral.get(dex, USDC) for dex in wanted}
        if self.mode == DEX_ABSTRACTION and USDC in tokens.values():
            tokens[FIRST_DEX] = collateral.get(FIRST_DEX, USDC)
        balances: dict[str, Balance] = {}
        for dex, token in tokens.items():
            known = balances.get(token, NOTHING)
            if self.mode in SPOT_MODES:
                balances[token] = self._spot_balance(token)
            else:
                balances[token] = known + self._dex_margin(dex)
        if self.mode == DEX_ABSTRACTION:
            for token in balances:
                if token != USDC:
                    balances[token] += self._spot_balance(token)
        return balances

    def other_collateral(self, tokens: Collection[str]) -> dict[str, Balance]:
        """What else backs a portfolio margin account: tokens that the venue lends on.

        :param tokens: what is counted already.
        """
        if self.mode != _PORTFOLIO_MARGIN or self._spot is None:
            return {}
        return {
            row.coin: self._spot_balance(row.coin)
            for row in self._spot.balances
            if row.coin not in tokens and row.ltv and row.total
        }

    def _dex_margin(self, dex: str) -> Balance:
        state = self._dexs.get(dex)
        if state is None:
            return NOTHING
        return Balance(state.marginSummary.accountValue, max(state.withdrawable, _ZERO))

    def _spot_balance(self, token: str) -> Balance:
        row = next((row for row in self._spot.balances if row.coin == token), None) if self._spot is not None else None
        available = max(row.total - row.hold, _ZERO) if row is not None else _ZERO
        if self.mode == _PORTFOLIO_MARGIN and self._spot is not None:
            # What may be borrowed against other collateral backs orders too: then the venue states more than is there.
            available = max(available, self._spot.available_after_maintenance(_index_of(token, row)) or _ZERO)
        return Balance(row.total if row is not None else _ZERO, available)


def _index_of(token: str, row: SpotBalance | None) -> int | None:
    if row is not None and row.token is not None:
        return row.token
    return 0 if token == USDC else None


def _with_unread(state: ClearinghouseState, known: ClearinghouseState) -> ClearinghouseState:
    """The state with what was known before of the positions in it that could not be read."""
    read = {item.position.coin for item in state.assetPositions}
    # A position that does not even tell its coin can be any of those that are missing.
    kept: list[AssetPosition] = [
        item
        for item in known.assetPositions
        if item.position.coin not in read and (item.position.coin in state.unread or "" in state.unread)
    ]
    return msgspec.structs.replace(state, assetPositions=[*state.assetPositions, *kept])
