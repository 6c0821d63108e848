"""The quote rule: how collateral tokens stand for USD, the quote of every trading pair. This is its only place.

1. What an account has is listed per token, under the token's own name (USDC, USDH…), and nothing else is listed: no sum
   over a list of balances counts anything twice.
2. Within a market the venue counts everything (prices, profit, fees, funding) in the market's collateral, one token as
   one USD. So a pair's quote *is* its collateral, at exactly 1, in prices asked between the two and in the rates that
   Hummingbot converts fees with.
3. ``USD`` is a name to look up and never listed. It answers with the collateral behind the pairs that the connector
   trades (of all dexs when it trades none), each pool of money once.
4. Whether an order can be paid is decided by the pool of its own pair: in the standard modes each dex has its own.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from hummingbot.connector.derivative.perpetual_budget_checker import PerpetualBudgetChecker
from hummingbot.core.data_type.order_candidate import OrderCandidate

from ..venue.markets import QUOTE

_ONE = Decimal(1)


class TokenAmounts(dict[str, Decimal]):
    """Amounts by token, in which the quote of the pairs can be looked up without being listed."""

    def __init__(self, amounts: dict[str, Decimal], quote_amount: Decimal) -> None:
        super().__init__(amounts)
        self.quote_amount = quote_amount

    def __missing__(self, token: str) -> Decimal:
        if token == QUOTE:
            return self.quote_amount
        raise KeyError(token)

    def get(self, token: str, default: Any = None) -> Any:
        """The amount of a token or of the quote."""
        return super().get(token, self.quote_amount if token == QUOTE else default)


def rate_to_quote(base: str, quote: str, tokens: Iterable[str]) -> Decimal | None:
    """The rate between a collateral token and the quote of the pairs: 1, or None for any other two names."""
    return _ONE if {base, quote} <= {QUOTE, *tokens} and QUOTE in (base, quote) else None


def tell_rate_oracle(tokens: Iterable[str]) -> None:
    """Lets Hummingbot convert fees that were charged in collateral tokens, where its rate source has no rate.

    Without a rate, fills would be recorded without their fees, and executors would stop with an error.
    """
    # Imported here because it draws in all of Hummingbot's rate sources.
    from hummingbot.core.rate_oracle.rate_oracle import RateOracle

    oracle = RateOracle.get_instance()
    known = oracle.prices
    for token in tokens:
        pair = f"{token}-{QUOTE}"
        if token != QUOTE and pair not in known:
            oracle.set_price(pair, _ONE)


class PoolBudgetChecker(PerpetualBudgetChecker):
    """Checks orders against the money that backs their own market."""

    def __init__(self, exchange: Any, pool_of: Callable[[str], str], amount_of: Callable[[str, bool], Decimal]) -> None:
        """
        :param pool_of: names the pool of a trading pair.
        :param amount_of: what a trading pair's pool has: all of it, or what is free when the flag is not set.
        """
        super().__init__(exchange)
        self._pool_of = pool_of
        self._amount_of = amount_of

    def _get_available_balances(self, order_candidate: OrderCandidate) -> dict[str, Decimal]:
        balances: dict[str, Decimal] = super()._get_available_balances(order_candidate)
        pair = order_candidate.trading_pair
        collateral = self._exchange.get_buy_collateral_token(pair)
        amount = self._amount_of(pair, order_candidate.from_total_balances) - self._locked_collateral[self._key(pair)]
        return {token: amount if token in (collateral, QUOTE) else other for token, other in balances.items()}

    def _lock_available_collateral(self, order_candidate: OrderCandidate) -> None:
        if order_candidate.position_close:
            return
        pair = order_candidate.trading_pair
        collateral = self._exchange.get_buy_collateral_token(pair)
        for token, amount in order_candidate.collateral_dict.items():
            self._locked_collateral[self._key(pair) if token in (collateral, QUOTE) else token] += amount

    def _key(self, trading_pair: str) -> str:
        return f"pool {self._pool_of(trading_pair)}"
