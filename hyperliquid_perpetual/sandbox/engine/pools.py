"""Which money margins which positions: the account modes (reference, section 14).

| mode | cash | cross margin |
|---|---|---|
| `default`, `disabled` | on each dex | of each dex apart |
| `unifiedAccount`, `portfolioMargin` | in the spot wallet, by token | shared by all dexs of one collateral |
| `dexAbstraction` (discontinued) | USDC on the first dex, other tokens in the spot wallet | as unified |

A `Pool` is what is margined together. In the shared modes the dexs keep no cash between trades: what trading wins or
costs there counts in the pool wherever it was booked, so a dex's own account value is no more than its profit, which is
why the venue calls it "not meaningful".
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .state import Clearinghouse

AccountMode = Literal["default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
"""In the words of `userAbstraction`."""

STANDARD_MODES: frozenset[AccountMode] = frozenset(("default", "disabled"))
SPOT_MODES: frozenset[AccountMode] = frozenset(("unifiedAccount", "portfolioMargin"))

USDC = "USDC"
SPOT = "spot"
"""The place of cash in the spot wallet; every other place is a dex."""


class Pool:
    """Clearinghouses whose cross positions share their cash, and the spot balance that is part of it, if one is."""

    __slots__ = ("anchor", "houses", "spot", "token")

    def __init__(self, token: str, spot: dict[str, int] | None) -> None:
        self.token = token
        self.spot = spot
        """The spot wallet whose balance of `token` belongs to the pool; None where cash is on the dexs."""
        self.houses: list[Clearinghouse] = []
        self.anchor: Clearinghouse | None = None
        """The dex from which the pool's cash can be withdrawn; None where that is the spot wallet."""

    @property
    def cash(self) -> int:
        """The part of the pool that is in the spot wallet, in money."""
        return 0 if self.spot is None else self.spot.get(self.token, 0)

    @property
    def place(self) -> str:
        """Where cash enters and leaves the pool."""
        return SPOT if self.anchor is None else self.anchor.dex
