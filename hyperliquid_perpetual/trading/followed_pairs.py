"""Which of the pairs that a connector follows can be traded, and what is wrong with the others, told once each.

A pair without a market, or whose market was delisted, costs only itself: nothing is waited for on its account, and the
other pairs are traded as if it were not there.
"""

import logging
from collections.abc import Callable, Sequence

from ..venue.markets import MarketTable


class FollowedPairs:
    """The pairs, looked at with each new market table.

    :param pairs: the connector's own list, which changes.
    :param on_delisted: called once with each pair whose market turns out to be delisted.
    """

    def __init__(
        self, pairs: Sequence[str], domain: str, logger: logging.Logger, on_delisted: Callable[[str], None]
    ) -> None:
        self._pairs = pairs
        self._domain = domain
        self._logger = logger
        self._on_delisted = on_delisted
        self._table: MarketTable | None = None
        self._told: dict[str, str] = {}
        self._joining: set[str] = set()
        self._has_traded: set[str] = set()

    def look(self, table: MarketTable) -> None:
        """Takes a new table, and tells what has changed for the pairs."""
        self._table = table
        for pair in list(self._pairs):
            problem = self.problem(pair)
            if not problem:
                self._has_traded.add(pair)
                if self._told.pop(pair, None):
                    self._logger.info(f"{pair} can be traded now")
            elif self._told.get(pair) != problem:
                self._told[pair] = problem
                was_traded = pair in self._has_traded
                gone = self.is_delisted(pair)
                text = (
                    f"{problem}. {'Its open orders are cancelled. ' if gone else ''}The other pairs are not affected."
                )
                self._logger.log(logging.WARNING if was_traded else logging.ERROR, text)
                if gone:
                    self._on_delisted(pair)

    def problem(self, pair: str) -> str:
        """Why a pair cannot be traded, and what may have been meant; empty when it can, or nobody knows."""
        table = self._table
        if table is None or self._can_be_traded(pair):
            return ""
        if self.is_delisted(pair):
            return f"{pair} has been delisted by the venue: it takes no new positions, and settles what is still held"
        near = table.near(pair)
        hint = f"did you mean {' or '.join(near)}?" if near else f"pairs look like {_examples(table)}"
        return f"{pair} is no market of {self._domain} ({hint})"

    def is_delisted(self, pair: str) -> bool:
        """Whether the pair has a market that no longer trades."""
        market = self._table.find(pair) if self._table is not None else None
        return market is not None and market.is_delisted

    def is_waited_for(self, pair: str) -> bool:
        """Whether the connector is not ready without this pair."""
        # Asked many times a second: what is wrong with a pair, and what may have been meant, is not looked for here.
        return pair not in self._joining and self._can_be_traded(pair)

    def _can_be_traded(self, pair: str) -> bool:
        return self._table is None or pair in self._table.by_trading_pair

    def join(self, pair: str) -> None:
        """The pair is being added while others are traded: they do not wait for it."""
        self._joining.add(pair)

    def is_joining(self, pair: str) -> bool:
        """Whether it is being added right now."""
        return pair in self._joining

    def joined(self, pair: str) -> None:
        """It has been added, or not."""
        self._joining.discard(pair)

    def forget(self, pair: str) -> None:
        """It is not followed any more."""
        self._told.pop(pair, None)
        self._has_traded.discard(pair)


def _examples(table: MarketTable) -> str:
    """A pair of each kind that there is."""
    pairs = list(table.by_trading_pair)
    kinds = [pairs[:1], [p for p in pairs if ":" not in p and p[0].islower()][:1], [p for p in pairs if ":" in p][:1]]
    return ", ".join(dict.fromkeys(pair for kind in kinds for pair in kind))
