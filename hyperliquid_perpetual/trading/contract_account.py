"""The part of Hummingbot's connector contract about the account: balances, positions, leverage, funding, fees."""

import asyncio
import time

from hummingbot.core.utils.async_utils import safe_ensure_future

from ..venue.frames import Message
from .collateral import tell_rate_oracle
from .contract_fees import FeesContract
from .credentials import CredentialError
from .dispatch import Dispatcher
from .requests import VenueUnavailable

CREDENTIALS_RETRY_SECONDS = 2.0
"""How soon the venue is asked about the keys again when it could not be asked."""

PROBLEM_RETRY_SECONDS = 60.0
"""How soon it is asked again when it has found fault with them: a trader may be mending it at this moment."""

_ALLOWANCE_AFTER_SECONDS = 5.0

_FRESH_SECONDS = 1.0
"""How old positions may be that somebody asks for while no stream keeps them up to date."""


class AccountContract(FeesContract):
    """Shows Hummingbot the account as the venue states it."""

    _credential_problem: str
    _was_approved: bool = False
    _allowance_task: "asyncio.Future[None] | None" = None
    _dispatcher: Dispatcher
    _stream_expected_until: float
    _trading_required: bool

    def _take_account_message(self, message: Message) -> None:
        self._dispatcher.on_message(message)

    async def _user_stream_event_listener(self) -> None:
        # The stream's own messages do not come here: they are applied in the step in which they are read.
        async for message in self._iter_user_event_queue():
            try:
                self._dispatcher.on_message(message)
            except Exception:
                self.logger().exception("An account message could not be applied; the next ones are not affected")

    def tick(self, timestamp: float) -> None:
        super().tick(timestamp)
        # Between two statements of the account only the mark prices move.
        self._watch.on_positions(self._account.positions())
        self._watch.tick()
        self._watch_allowance()

    def _watch_allowance(self) -> None:
        """Reads what the account may still send, now and then; not among the first requests, which others need."""
        allowance = self.request_allowance
        if allowance.is_due and self._trading_required and self._was_approved and self._reconciler.is_reconciled:
            if time.monotonic() >= self._stream_expected_until + _ALLOWANCE_AFTER_SECONDS and not self._allowance_task:
                self._allowance_task = safe_ensure_future(self._read_allowance())
        else:
            allowance.tell()

    async def _read_allowance(self) -> None:
        try:
            await self.request_allowance.refresh()
        except VenueUnavailable as error:
            self.logger().network(f"The account's request allowance cannot be read now: {error}")
        finally:
            self._allowance_task = None

    async def _status_polling_loop_fetch_updates(self) -> None:
        if self._credential_check is None:
            return
        # Raising here would make the base class poll again at once, and again.
        try:
            await self._watch_credentials()
            # Keys that were never good may name an account that is not the user's.
            if self._was_approved:
                await self._stream_or_patience_over()
                await self._reconciler.sweep_routinely(max_age=self.SHORT_POLL_INTERVAL / 2)
            tell_rate_oracle(self._collateral_tokens())
            # At first the stream is about to tell the settings, and nothing was ordered: it need not be asked for.
            is_settled = time.monotonic() >= self._stream_expected_until
            if self._trading_required and self._reconciler.is_reconciled and is_settled:
                await self._learn_settings()
        except VenueUnavailable as error:
            self.logger().network(f"The account of {self._domain} could not be checked this time: {error}")

    async def _stream_or_patience_over(self) -> None:
        """Waits a moment for a stream that was just started: with it comes a sweep, and one is enough."""
        while time.monotonic() < self._stream_expected_until and not self._stream_is_live():  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def _get_poll_interval(self, timestamp: float) -> float:
        # Until the venue has been asked about the keys the connector is not ready: that is worth asking again soon.
        if not self._credentials_are_good:
            return PROBLEM_RETRY_SECONDS if self._credential_problem else CREDENTIALS_RETRY_SECONDS
        return float(super()._get_poll_interval(timestamp))

    async def _update_order_status(self) -> None:
        if self._credential_check is None:
            return
        try:
            await self._reconciler.sweep_orders()
        except VenueUnavailable as error:
            self.logger().network(f"The orders of {self._domain} could not be checked this time: {error}")

    async def _update_balances(self) -> None:
        if self._credential_check is None:
            return  # without keys there is no account to read
        await self._ensure_credentials()
        if not self._markets.table.by_coin:
            await self._markets.refresh()
        await self._reconciler.sweep_state()

    async def _update_positions(self) -> None:
        # Without a stream whoever asks has to be told the present state; what was read a moment ago is that.
        if not (self._account.is_known and (self._stream_is_live() or self._reconciler.state_age < _FRESH_SECONDS)):
            await self._update_balances()

    @property
    def credential_problem(self) -> str:
        """What the venue finds wrong with the keys, with what would mend it; empty when nothing is."""
        return self._credential_problem

    @property
    def _credentials_are_good(self) -> bool:
        """Whether the venue has confirmed the keys, and they have not expired since; without keys there are none to
        doubt."""
        return self._credential_check is None or self._credential_check.approval is not None

    async def _ensure_credentials(self) -> None:
        """:raises CredentialError: when the venue finds fault with the keys."""
        if self._credential_check is not None and self._credential_check.approval is None:
            await self._credential_check.run()
            self._was_approved = True
            try:
                await self._check_builder()
            except VenueUnavailable as error:
                # Asked again with the fee rates; until then orders go out without it.
                self.logger().network(f"The approval of the builder cannot be read yet: {error}")

    async def _watch_credentials(self) -> None:
        """Checks the keys where that is due, and tells each fault once."""
        if self._credential_check is None:
            return
        try:
            if self._credential_check.approval is not None:
                await self._credential_check.watch()
            else:
                await self._ensure_credentials()
                self._credential_problem = ""
        except CredentialError as error:
            if str(error) != self._credential_problem:
                self._credential_problem = str(error)
                self.logger().error(f"{self._domain} cannot trade: {error}")

    def _on_account_change(self) -> None:
        if not self._account.is_known:
            return
        self._show_balances()
        self._show_positions()
        self._show_leverage()
        self._follow_settings()
        if self._trading_required and self._credentials_are_good:
            self._apply_margin_modes()

    def _on_pairs_changed(self) -> None:
        super()._on_pairs_changed()
        self._follow_settings()

    def _follow_settings(self) -> None:
        """Has the stream tell the leverage settings of the traded pairs, whichever these are now."""
        source = self._user_stream_tracker.data_source
        source.follow_settings([market.coin for market in self._traded_markets()])

    def _stream_is_live(self) -> bool:
        return bool(self._user_stream_tracker.data_source.is_live)

    def _is_user_stream_initialized(self) -> bool:
        return not self._trading_required or self._stream_is_live()
