"""The part of Hummingbot's connector contract about money: balances, collateral, and rates between collateral and
quote.

The rule that all of it follows is told in ``collateral``.
"""

from collections.abc import Sequence
from decimal import Decimal

from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.connector.utils import split_hb_trading_pair

from ..venue.markets import FIRST_DEX, QUOTE, USDC, MarketTable
from .account import NOTHING, AccountState, Balance
from .collateral import TokenAmounts, rate_to_quote, tell_rate_oracle
from .contract_native import NativeOrdersContract
from .threads import replace_in_place


class BalancesContract(NativeOrdersContract):
    """Shows Hummingbot what the account has."""

    _account: AccountState
    _account_address: str
    _told_empty: set[str]
    _behind_pairs: Balance = NOTHING
    """What the traded pairs' quote stands for."""

    def get_buy_collateral_token(self, trading_pair: str) -> str:
        """The token that backs orders of a pair: its dex's collateral."""
        return str(self._trading_rules[trading_pair].buy_order_collateral_token)

    def get_sell_collateral_token(self, trading_pair: str) -> str:
        """The same for sells."""
        return str(self._trading_rules[trading_pair].sell_order_collateral_token)

    def get_all_balances(self) -> TokenAmounts:
        """All tokens under their own names; the quote can be looked up in it, too."""
        return TokenAmounts(self._account_balances, self._behind_pairs.total)

    @property
    def available_balances(self) -> TokenAmounts:
        """What is free of each token; the quote can be looked up in it, too."""
        return TokenAmounts(self._account_available_balances, self._behind_pairs.available)

    def get_balance(self, currency: str) -> Decimal:
        """All there is of a token; of ``USD``, what is behind the traded pairs."""
        amount: Decimal = self.get_all_balances().get(currency, Decimal(0))
        return amount

    def get_available_balance(self, currency: str) -> Decimal:
        """What can back new orders of a token, within the user's balance limits; of ``USD``, for the traded pairs."""
        return self._within_limit(currency, self.available_balances.get(currency, Decimal(0)))

    def _within_limit(self, token: str, amount: Decimal) -> Decimal:
        """A ``balance limit`` holds for a collateral token and for the quote that stands for it alike."""
        limits = self.get_exchange_limit_config(self.name)
        names = {token, QUOTE} if token in self._collateral_tokens() else {token}
        if token == QUOTE:
            names |= set(self._collateral_tokens())
        for name in names & limits.keys():
            # In-flight orders and fills are known to Hummingbot by the pair's quote.
            counted_as = QUOTE if name in (QUOTE, *self._collateral_tokens()) else name
            amount = self.apply_balance_limit(counted_as, amount, Decimal(str(limits[name])))
        return amount

    def get_price(self, trading_pair: str, is_buy: bool, amount: Decimal = s_decimal_NaN) -> Decimal:
        """The touch of a pair; also between a pair's base or quote and its collateral, as the budget checker asks."""
        if trading_pair not in self._trading_rules:
            base, quote = split_hb_trading_pair(trading_pair)
            tokens = self._collateral_tokens()
            rate = rate_to_quote(base, quote, tokens)
            if rate is not None:
                return rate
            if quote in tokens:
                trading_pair = f"{base}-{QUOTE}"
        price: Decimal = super().get_price(trading_pair, is_buy)
        return price

    def _collateral_tokens(self) -> Sequence[str]:
        """Every token that some dex takes as collateral."""
        return list(dict.fromkeys([USDC, *self._markets.table.collateral.values()]))

    def _pool_of(self, trading_pair: str) -> str:
        market = self._market(trading_pair)
        return self._account.pool(market.dex, market.collateral_token)

    def _pool_amount(self, trading_pair: str, of_all: bool) -> Decimal:
        market = self._market(trading_pair)
        balance = self._account.margin(market.dex, market.collateral_token)
        return balance.total if of_all else self._within_limit(market.collateral_token, balance.available)

    def _on_markets(self, table: MarketTable) -> None:
        super()._on_markets(table)
        tell_rate_oracle(self._collateral_tokens())

    def _show_balances(self) -> None:
        """Tells Hummingbot the newest statement."""
        table = self._markets.table
        traded = self._dexs_traded()
        # Without pairs nothing is traded here, and the user asks what there is at all.
        balances = self._account.balances(table, self._dexs_in_use() if traded else ())
        balances |= self._account.other_collateral(balances)
        self._behind_pairs = sum(self._account.balances(table, traded or ()).values(), NOTHING)
        for known, amounts in (
            (self._account_balances, {token: balance.total for token, balance in balances.items()}),
            (self._account_available_balances, {token: balance.available for token, balance in balances.items()}),
        ):
            replace_in_place(known, amounts)
        if self._trading_required:
            self._warn_of_empty_pools()

    def _warn_of_empty_pools(self) -> None:
        """Tells once of each traded dex on which there is nothing to trade with: that is no fault, and no secret."""
        collateral = self._markets.table.collateral
        for dex in filter(self._account.is_margin_known, self._dexs_traded()):
            balance = self._account.margin(dex, collateral[dex])
            if max(balance.total, balance.available) > 0:
                self._told_empty.discard(dex)
            elif dex not in self._told_empty:
                self._told_empty.add(dex)
                where = f" on dex {dex}" if dex else ""
                self.logger().warning(
                    f"The account {self._account_address} has no {collateral[dex]}{where} to trade with: orders will "
                    "be refused until some is deposited, or moved there from where the account has it."
                )

    def _dexs_traded(self) -> list[str]:
        return list(dict.fromkeys(market.dex for market in self._traded_markets()))

    def _dexs_to_ask(self) -> Sequence[str]:
        """The dexs whose state matters: those of the pairs, or all when there are no pairs."""
        if self._trading_pairs:
            return self._dexs_in_use()
        return list(dict.fromkeys([FIRST_DEX, *self._markets.table.collateral]))
