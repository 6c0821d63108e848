"""What trading costs whom, as `userFees` words it (reference, section 13)."""

from datetime import UTC, date, datetime
from typing import Any

from hyperliquid_perpetual.sandbox.engine import fee_tiers
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.fee_standing import FeeStanding
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.wire import MONEY_DECIMALS, float_text, money_text

DAYS_SHOWN = 15
DAY_MS = 86_400_000
_RATE_DECIMALS = 9
_BPS_DECIMALS = MONEY_DECIMALS + 5
"""Of HYPE money as a basis point of the supply of a thousand million."""

Json = dict[str, Any]

_SPOT_RATES = (
    ("0.0006", "0.0003"),
    ("0.0005", "0.0002"),
    ("0.0004", "0.0001"),
    ("0.00035", "0.0"),
    ("0.0003", "0.0"),
    ("0.00025", "0.0"),
)
"""Taker and maker rate of spot in the tiers above the first; nothing is traded on spot here."""


class FeeView:
    """Reads standings and volumes from the engine, and writes the venue's JSON."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def user_fees(self, user: str) -> Json:
        """`userFees`: the rates that this account has today.

        They have its stakes in them; a referral discount stands beside them but for the quirk `referral_discount`.
        """
        exchange = self._exchange
        account = exchange.account(user)
        standing = FeeStanding() if account is None else account.fee_standing
        fees = exchange.config.fees
        is_discounted = isinstance(fees, VenueFees) and (
            fees.has_discount(account) if account is not None else exchange.config.quirks.referral_discount != "none"
        )
        percent = 100
        if is_discounted and exchange.config.quirks.referral_discount == "in_rates":
            percent -= fee_tiers.REFERRAL_PERCENT
        return {
            "dailyUserVlm": self._daily_volumes(standing),
            "feeSchedule": _schedule(),
            "userCrossRate": float_text(standing.taker * percent // 100, _RATE_DECIMALS),
            "userAddRate": float_text(standing.maker * (percent if standing.maker > 0 else 100) // 100, _RATE_DECIMALS),
            "userSpotCrossRate": "0.0007",
            "userSpotAddRate": "0.0004",
            "activeReferralDiscount": float_text(fee_tiers.REFERRAL_PERCENT, 2) if is_discounted else "0.0",
            "trial": None,
            "feeTrialEscrow": "0.0",
            "nextTrialAvailableTimestamp": None,
            "stakingLink": None,
            "activeStakingDiscount": {
                "bpsOfMaxSupply": float_text(standing.staked, _BPS_DECIMALS),
                "discount": float_text(fee_tiers.staking_percent(standing.staked), 2),
            },
        }

    def _daily_volumes(self, standing: FeeStanding) -> list[Json]:
        """The last days, today last, as they count: sub-accounts with their master, growth mode by a tenth."""
        today = self._exchange.now // DAY_MS
        volumes = {entry.day: entry for entry in standing.days}
        rows: list[Json] = []
        for day in range(today - DAYS_SHOWN + 1, today + 1):
            entry = volumes.get(day)
            rows.append(
                {
                    "date": str(_date(day)),
                    "userCross": money_text(0 if entry is None else entry.taker),
                    "userAdd": money_text(0 if entry is None else entry.maker),
                    "exchange": money_text(self._exchange.fee_desk.exchange_volume(day)),
                }
            )
        return rows


def _schedule() -> Json:
    staking = [{"bpsOfMaxSupply": "0.0", "discount": "0.0"}]
    for least, percent in fee_tiers.STAKING_TIERS:
        staking.append({"bpsOfMaxSupply": float_text(least, _BPS_DECIMALS), "discount": float_text(percent, 2)})
    return {
        "cross": float_text(fee_tiers.BASE_TAKER, _RATE_DECIMALS),
        "add": float_text(fee_tiers.BASE_MAKER, _RATE_DECIMALS),
        "spotCross": "0.0007",
        "spotAdd": "0.0004",
        "tiers": {
            "vip": [
                {
                    "ntlCutoff": money_text(cutoff),
                    "cross": float_text(taker, _RATE_DECIMALS),
                    "add": float_text(maker, _RATE_DECIMALS),
                    "spotCross": spot_taker,
                    "spotAdd": spot_maker,
                }
                for (cutoff, taker, maker), (spot_taker, spot_maker) in zip(
                    fee_tiers.VOLUME_TIERS, _SPOT_RATES, strict=True
                )
            ],
            "mm": [
                {"makerFractionCutoff": float_text(thousandths, 3), "add": float_text(rebate, _RATE_DECIMALS)}
                for thousandths, rebate in fee_tiers.MAKER_TIERS
            ],
        },
        "referralDiscount": float_text(fee_tiers.REFERRAL_PERCENT, 2),
        "stakingDiscountTiers": staking,
    }


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date()
