"""The part of Hummingbot's connector contract that says whether the connector can be traded on, and if not, why."""

import time

from .contract_account import AccountContract
from .old_objects import OLD_OBJECTS
from .settings import Settings

NETWORK_SILENCE_SECONDS = 30.0
"""How long the streams may be silent before Hummingbot's network check asks the venue."""


class ReadinessContract(AccountContract):
    """What has to be true before orders may be placed."""

    _reported_stale: set[str]
    _settings: Settings

    def tick(self, timestamp: float) -> None:
        super().tick(timestamp)
        if self._settings.set_aside_old_objects and OLD_OBJECTS.is_due(self) and self.ready:
            OLD_OBJECTS.set_aside(self)

    @property
    def status_dict(self) -> dict[str, bool]:
        """What has to be true before orders may be placed; a stale order book is no order book."""
        status: dict[str, bool] = super().status_dict
        stale = self._stale_books()
        status["funding_info"] = self._has_funding_info()
        status["order_books_fresh"] = not stale
        if self._trading_required:
            status["credentials_checked"] = self._credentials_are_good
            status["account_reconciled"] = self._reconciler.is_reconciled
        # Hummingbot's `status` prints names and values: so it says why, too.
        status |= {f"order_book of {pair}: {reason}": False for pair, reason in stale.items()}
        return status

    async def _make_network_check_request(self) -> None:
        heard = max(self._user_stream_tracker.last_recv_time, self._orderbook_ds.last_recv_time)
        if time.time() - heard > NETWORK_SILENCE_SECONDS:
            await self._requests.info({"type": "exchangeStatus"})

    def _stale_books(self) -> dict[str, str]:
        """The followed pairs whose books cannot be used, with the reason; told in the log when it changes."""
        all_stale: dict[str, str] = self._orderbook_ds.stale() if self.order_book_tracker.ready else {}
        stale = {pair: reason for pair, reason in all_stale.items() if self._followed.is_waited_for(pair)}
        if stale.keys() != self._reported_stale:
            for pair in stale.keys() - self._reported_stale:
                self.logger().warning(f"The order book of {pair} is stale: {stale[pair]}")
            for pair in self._reported_stale - stale.keys():
                self.logger().info(f"The order book of {pair} is fresh again")
            self._reported_stale = set(stale)
        return stale

    def _why_blind(self) -> str:
        """Why the bot cannot see what it would have to act on; empty when it can."""
        if not self._credentials_are_good:
            return "its keys are not checked yet"
        if not self._stream_is_live():
            return "its account stream is down"
        if not self._reconciler.is_reconciled:
            return "its account is not reconciled"
        if self._trading_pairs and len(self._stale_books()) == len(self._trading_pairs):
            return "all its order books are stale"
        return ""
