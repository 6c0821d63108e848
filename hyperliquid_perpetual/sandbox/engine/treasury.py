"""Cash that moves without a trade: deposits, and transfers between accounts, dexs and spot wallets (section 3.6).

A place where an account has cash is a dex, by its name, or `spot`, where every token has a balance of its own. Only a
dex's own collateral can enter or leave it. Whatever moves is told as one `CashMoved` for each place that it leaves or
enters, so that an outsider can keep the same books; `deposited` and `deposited_spot` follow it, so that for every dex
raw USD + fees - funding, and for every token the spot balances, add up to what they say.
"""

from collections.abc import Mapping

from .config import ExchangeConfig
from .events import CashMoved, LedgerUpdated
from .margin import clearinghouse_margin, pool_margin
from .market_state import MarketState
from .outbox import Outbox
from .pools import SPOT, USDC
from .records import LedgerDetails, LedgerUpdate
from .state import Account

NOT_ENOUGH_MARGIN = "Insufficient balance for withdrawal"
NOT_ENOUGH_TOKENS = "Insufficient balance for token transfer"


class Treasury:
    """Opens accounts and moves their cash. It is the only one that does, but for trading, fees and funding."""

    __slots__ = ("_config", "_markets", "_outbox", "accounts", "deposited", "deposited_spot")

    def __init__(self, config: ExchangeConfig, markets: Mapping[int, MarketState], outbox: Outbox) -> None:
        self._config = config
        self._markets = markets
        self._outbox = outbox
        self.accounts: dict[str, Account] = {}
        self.deposited: dict[str, int] = {}
        self.deposited_spot: dict[str, int] = {}

    def open(self, address: str) -> Account:
        """The account of a lowercase address, made if there is none."""
        account = self.accounts.get(address)
        if account is None:
            config = self._config
            account = Account(address, config.history_limit, config.fill_limit, config.ledger_limit, self.collateral)
            self.accounts[address] = account
        return account

    def collateral(self, dex: str) -> str | None:
        """The token in which a dex is margined, None when there is no such dex."""
        for state in self._markets.values():
            if state.market.dex == dex:
                return state.market.collateral
        return None if dex else USDC

    def check_place(self, place: str, token: str) -> str | None:
        """Why a token cannot be at a place; the texts are ours."""
        if place == SPOT:
            return None
        collateral = self.collateral(place)
        if collateral is None:
            return f"There is no dex {place!r}."
        if collateral != token:
            return f"The collateral of dex {place!r} is {collateral}, not {token}."
        return None

    def place(self, account: Account, place: str, token: str) -> str:
        """Where cash that is meant for a place really is: in the modes that share margin, where the pool has it."""
        pool = account.pool(token)
        return place if pool is None or (place == SPOT and pool.spot is None) else pool.place

    def credit(self, account: Account, place: str, token: str, amount: int) -> None:
        """Change an account's cash at a place by an amount of money, which may be negative; nothing is checked."""
        self.book(account, self.place(account, place, token), token, amount)

    def book(self, account: Account, place: str, token: str, amount: int) -> None:
        """As `credit`, at exactly this place."""
        outbox = self._outbox
        if place == SPOT:
            account.spot[token] = account.spot.get(token, 0) + amount
            self.deposited_spot[token] = self.deposited_spot.get(token, 0) + amount
        else:
            house = account.clearinghouse(place)
            house.raw_usd += amount
            self.deposited[place] = self.deposited.get(place, 0) + amount
            outbox.touch_cash(account, house)
        account.is_funded = account.is_funded or amount > 0
        outbox.emit(CashMoved(outbox.time, account.address, place, token, amount))

    def shortage(self, account: Account, place: str, token: str, amount: int) -> str | None:
        """The venue's error text when an account cannot take so much out of a place."""
        if amount <= self.available(account, place, token):
            return None
        return NOT_ENOUGH_TOKENS if place == SPOT else NOT_ENOUGH_MARGIN

    def available(self, account: Account, place: str, token: str) -> int:
        """What an account may take out of a place: a spot balance, or what its margin does not hold (section 14)."""
        where = self.place(account, place, token)
        if where != SPOT:
            return clearinghouse_margin(account.clearinghouse(where), self._markets).withdrawable
        pool = account.pool(token)
        if pool is not None and pool.spot is not None:
            return pool_margin(pool, self._markets).withdrawable
        return account.spot.get(token, 0)

    def note(self, account: Account, kind: str, amount: int, dex: str, details: LedgerDetails | None = None) -> None:
        """Write a line into an account's ledger and tell it."""
        outbox = self._outbox
        update = LedgerUpdate(outbox.time, outbox.tx_hash, kind, amount, dex, details)
        account.ledger.append(update)
        outbox.emit(LedgerUpdated(outbox.time, account.address, update))
