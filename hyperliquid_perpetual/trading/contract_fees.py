"""The part of Hummingbot's connector contract about what positions and trades cost: funding payments and fees.

Reference, sections 12 and 13. A fee on a fill is what the venue charged, in the token it was charged in, a builder's
part apart; ``get_fee`` is an estimate from the account's own rates.
"""

import time
from decimal import Decimal

from hummingbot.connector.constants import s_decimal_NaN
from hummingbot.core.data_type.common import OrderType, PositionAction, TradeType
from hummingbot.core.data_type.trade_fee import TradeFeeBase
from hummingbot.core.utils.estimate_fee import build_perpetual_trade_fee

from ..venue.messages import Fill, FundingPayment
from .batches import OrderDesk
from .bookmark import Bookmark
from .builder import BuilderApproval
from .contract_margin import MarginContract
from .fee_book import FeeBook
from .funding_ledger import FundingLedger
from .recorded import Recorded
from .requests import VenueUnavailable

_STAMP_STEP = 1e-6
"""Seconds between payments of one moment: Hummingbot's recorder keeps a payment by its time alone."""

_NEW_LEDGER_SECONDS = 60.0


class FeesContract(MarginContract):
    """Reports funding payments, and estimates fees."""

    TRADING_FEES_INTERVAL = 3600.0

    _builder: BuilderApproval
    _desk: OrderDesk
    _fee_book: FeeBook
    _funding_ledger: FundingLedger
    _funding_stamps: dict[float, str]

    # --- Funding

    _has_asked_for_fundings = False
    _has_recalled_fundings = False
    _first_life: Bookmark
    _recorded: Recorded
    _stream_expected_until: float

    def _on_funding(self, payments: list[FundingPayment]) -> None:
        if not self._markets.table.by_coin:
            return  # they come again by request, when it is known what they are for
        self._recall_fundings()
        for payment in self._funding_ledger.take_new(payments):
            market = self._markets.table.by_coin.get(payment.coin)
            if market is not None and market.trading_pair in self._trading_pairs:
                self._report_funding(market.trading_pair, payment)

    def _recall_fundings(self) -> None:
        """Learns from Hummingbot's database, once, which payments an earlier life of this bot has recorded."""
        if self._has_recalled_fundings or not self._recorded.is_there:
            return
        self._has_recalled_fundings = True
        recorded = self._recorded.fundings()
        # A stamp is another payment's for ever: Hummingbot drops what comes under the same.
        self._funding_stamps.update(reversed(recorded))
        coins = {market.trading_pair: market.coin for market in self._markets.table.by_coin.values()}
        # Several pairs are paid at once: of the newest time some may be missing, of those before none.
        since = round(recorded[0][0] * 1000) if recorded else self._first_life_ms()
        if since is not None:
            told = ((coins[pair], round(stamp * 1000)) for stamp, pair in recorded if pair in coins)
            self._funding_ledger.recall(since - 1, told)

    def _first_life_ms(self) -> int | None:
        """When the bot's first life began, Unix milliseconds: noted by it, or shown by its first order. None in it."""
        noted, first_order = self._first_life.read(), self._recorded.first_order_ms()
        if noted is None:
            self._first_life.write(int(time.time() * 1000))
        return min((known for known in (noted, first_order) if known is not None), default=None)

    def _report_funding(self, trading_pair: str, payment: FundingPayment) -> None:
        reported = self._last_funding_fee_payment_ts
        stamp = self._own_stamp(trading_pair, payment.time / 1000)
        last = reported.get(trading_pair, 0)
        if stamp <= last:
            # Late, but never reported: the base class takes only what is newer than the last one.
            reported[trading_pair] = 0
        self._emit_funding_payment_event(trading_pair, stamp, payment.fundingRate, payment.usdc, True)
        reported[trading_pair] = max(last, stamp)

    def _own_stamp(self, trading_pair: str, seconds: float) -> float:
        """The time of a payment, moved by a hair where another pair was paid in the same millisecond."""
        while self._funding_stamps.setdefault(seconds, trading_pair) != trading_pair:
            seconds += _STAMP_STEP
        while len(self._funding_stamps) > 1000:
            del self._funding_stamps[next(iter(self._funding_stamps))]
        return seconds

    async def _update_all_funding_payments(self, fire_event_on_new: bool) -> None:
        if self._auth is None or not self._markets.table.by_coin:
            return  # without keys there is no account to read, and without markets nothing that it could be about
        if not self._has_asked_for_fundings and time.monotonic() < self._stream_expected_until + _NEW_LEDGER_SECONDS:
            # A new ledger has no gap, and the stream tells what is paid; what it may miss comes with the next tick.
            return
        self._has_asked_for_fundings = True
        self._recall_fundings()
        try:
            start = self._funding_ledger.gap_start()
            payments = await self._reader.fundings_since(start)
        except VenueUnavailable as error:
            self.logger().network(f"Funding payments cannot be asked for now: {error}")
            return
        self._on_funding(payments)
        self._funding_ledger.swept(max((payment.time for payment in payments), default=start))

    async def _fetch_last_fee_payment(self, trading_pair: str) -> tuple[float, Decimal, Decimal]:
        await self._update_all_funding_payments(fire_event_on_new=True)
        newest = self._funding_ledger.newest(self._market(trading_pair).coin)
        if newest is None:
            return 0, Decimal(-1), Decimal(-1)
        return newest.time / 1000, newest.fundingRate, newest.usdc

    # --- Fees

    async def _update_trading_fees(self) -> None:
        if self._auth is None:
            return
        try:
            self._fee_book.update(await self._reader.fees())
            await self._check_builder()
        except VenueUnavailable as error:
            # Raising here would make the base class ask again at once, and again.
            self.logger().network(f"The fee rates of {self._domain} cannot be asked for now: {error}")

    async def _check_builder(self) -> None:
        if self._trading_required:
            await self._builder.check()

    def _learn_from_fill(self, fill: Fill) -> None:
        market = self._markets.table.by_coin.get(fill.coin)
        if market is not None:
            self._fee_book.observe(fill, market)

    def _get_fee(
        self,
        base_currency: str,
        quote_currency: str,
        order_type: OrderType,
        order_side: TradeType,
        position_action: PositionAction,
        amount: Decimal,
        price: Decimal = s_decimal_NaN,
        is_maker: bool | None = None,
    ) -> TradeFeeBase:
        """What a trade will cost, a configured builder's part included."""
        maker = is_maker if is_maker is not None else order_type is OrderType.LIMIT_MAKER
        market = self._markets.table.by_trading_pair.get(f"{base_currency}-{quote_currency}")
        rate = self._fee_book.rate(market, maker) if market is not None else None
        if rate is None or market is None:
            return build_perpetual_trade_fee(
                self.name, maker, position_action, base_currency, quote_currency, order_type, order_side, amount, price
            )
        builder = self._desk.builder
        return TradeFeeBase.new_perpetual_fee(
            fee_schema=self.trade_fee_schema(),
            position_action=position_action,
            percent=rate + (builder.rate if builder is not None else 0),
            percent_token=market.collateral_token,
        )
