"""What trading costs whom, as `userFees` words it (reference, section 13): everybody here trades at tier 0."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.market_set import MAKER_RATE, REFERRAL_DISCOUNT, TAKER_RATE
from hyperliquid_perpetual.sandbox.tape import Tape
from hyperliquid_perpetual.sandbox.wire import float_text, money_text

DAYS_SHOWN = 15
DAY_MS = 86_400_000
_RATE_DECIMALS = 9

Json = dict[str, Any]

# cutoff in USD, taker and maker rate of perps, taker and maker rate of spot
_VIP = (
    ("5000000.0", "0.0004", "0.00012", "0.0006", "0.0003"),
    ("25000000.0", "0.00035", "0.00008", "0.0005", "0.0002"),
    ("100000000.0", "0.0003", "0.00004", "0.0004", "0.0001"),
    ("500000000.0", "0.00028", "0.0", "0.00035", "0.0"),
    ("2000000000.0", "0.00026", "0.0", "0.0003", "0.0"),
    ("7000000000.0", "0.00024", "0.0", "0.00025", "0.0"),
)
_MARKET_MAKERS = (("0.005", "-0.00001"), ("0.015", "-0.00002"), ("0.03", "-0.00003"))


class FeeView:
    """Reads volumes from the engine, and writes the venue's JSON."""

    def __init__(self, exchange: Exchange, tape: Tape) -> None:
        self._exchange = exchange
        self._tape = tape

    def user_fees(self, user: str) -> Json:
        """`userFees`. Volumes of an account are those of the fills that are kept."""
        taker, maker = float_text(TAKER_RATE, _RATE_DECIMALS), float_text(MAKER_RATE, _RATE_DECIMALS)
        referral = self._exchange.config.quirks.referral_discount
        factor = 1 - REFERRAL_DISCOUNT if referral == "in_rates" else 1
        return {
            "dailyUserVlm": self._daily_volumes(user),
            "feeSchedule": {
                "cross": taker,
                "add": maker,
                "spotCross": "0.0007",
                "spotAdd": "0.0004",
                "tiers": {
                    "vip": [
                        {"ntlCutoff": cutoff, "cross": cross, "add": add, "spotCross": spot_cross, "spotAdd": spot_add}
                        for cutoff, cross, add, spot_cross, spot_add in _VIP
                    ],
                    "mm": [{"makerFractionCutoff": cutoff, "add": add} for cutoff, add in _MARKET_MAKERS],
                },
                "referralDiscount": "0.04",
                "stakingDiscountTiers": [{"bpsOfMaxSupply": "0.0", "discount": "0.0"}],
            },
            "userCrossRate": float_text(int(TAKER_RATE * factor), _RATE_DECIMALS),
            "userAddRate": float_text(int(MAKER_RATE * factor), _RATE_DECIMALS),
            "userSpotCrossRate": "0.0007",
            "userSpotAddRate": "0.0004",
            "activeReferralDiscount": "0.0" if referral == "none" else "0.04",
            "trial": None,
            "feeTrialEscrow": "0.0",
            "nextTrialAvailableTimestamp": None,
            "stakingLink": None,
            "activeStakingDiscount": {"bpsOfMaxSupply": "0.0", "discount": "0.0"},
        }

    def _daily_volumes(self, user: str) -> list[Json]:
        today = _day(self._exchange.now)
        days = [today - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
        volumes = {day: [0, 0, 0] for day in days}
        account = self._exchange.account(user)
        for fill in account.fills if account is not None else ():
            volume = volumes.get(_day(fill.time))
            if volume is not None:
                notional = fill.px * fill.sz * self._exchange.markets[fill.asset].market.lot_value
                volume[0 if fill.crossed else 1] += notional
        now = self._exchange.now
        for asset, tape in self._tape.by_asset.items():
            lot_value = self._exchange.markets[asset].market.lot_value
            for candle in tape.traded("1d", now - DAYS_SHOWN * DAY_MS, now, now):
                volume = volumes.get(_day(candle.open_time))
                if volume is not None:
                    volume[2] += candle.turnover * lot_value
        return [
            {
                "date": str(day),
                "userCross": money_text(cross),
                "userAdd": money_text(add),
                "exchange": money_text(total),
            }
            for day, (cross, add, total) in volumes.items()
        ]


def _day(time: int) -> date:
    return datetime.fromtimestamp(time / 1000, UTC).date()
