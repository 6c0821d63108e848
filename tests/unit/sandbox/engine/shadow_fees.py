"""What fees are by the words of the reference (section 13), in fractions, from fills alone."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.records import Fill

DAY = 86_400_000
WIDE = Context(prec=80)

VIP = [  # more than USD in 14 days, taker and maker in percent
    (0, "0.045", "0.015"),
    (5 * 10**6, "0.040", "0.012"),
    (25 * 10**6, "0.035", "0.008"),
    (100 * 10**6, "0.030", "0.004"),
    (500 * 10**6, "0.028", "0"),
    (2 * 10**9, "0.026", "0"),
    (7 * 10**9, "0.024", "0"),
]
MAKERS = [("0.5", "-0.001"), ("1.5", "-0.002"), ("3.0", "-0.003")]
STAKES = [(10, 5), (100, 10), (1_000, 15), (10_000, 20), (100_000, 30), (500_000, 40)]


def percent(text: str) -> Fraction:
    return Fraction(text) / 100


def stated(volume: Fraction, maker_part: Fraction, stake: Fraction | int) -> tuple[Fraction, Fraction]:
    """Taker and maker rate of an account, before any referral."""
    _, taker_text, maker_text = [row for row in VIP if volume > row[0] or row[0] == 0][-1]
    off = max([part for least, part in STAKES if stake > least], default=0)
    taker, maker = percent(taker_text) * (100 - off) / 100, percent(maker_text) * (100 - off) / 100
    for least, rebate in MAKERS:
        if maker_part > percent(least):
            maker = percent(rebate)
    return taker, maker


def rounded(value: Fraction, places: int) -> Fraction:
    """Half to even, by the decimal module."""
    decimal = WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Fraction(decimal.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, WIDE))


def cut(value: Fraction) -> Fraction:
    """Dollars without what is less than a millionth, whatever their sign."""
    return Fraction(int(value * 10**6), 10**6)


@dataclass
class ShadowFees:
    """Volumes, stakes and referrals of everybody, as an outsider follows them."""

    outside: Fraction
    """What is traded elsewhere in a day."""
    masters: dict[str, str] = field(default_factory=dict)
    """The master of every sub-account."""
    referrers: dict[str, str] = field(default_factory=dict)
    stakes: dict[str, Fraction] = field(default_factory=dict)
    volumes: dict[tuple[str, int], tuple[Fraction, Fraction]] = field(default_factory=dict)
    """(taker, maker) by who pays and day."""
    totals: dict[int, Fraction] = field(default_factory=dict)
    lifetime: dict[str, Fraction] = field(default_factory=dict)

    def payer(self, account: str) -> str:
        """Whose volume and stake count for an account."""
        return self.masters.get(account, account)

    def rate(self, fill: Fill, market: Market) -> Fraction:
        """The rate of a fill, in steps of 1e-9."""
        day, who = fill.time // DAY, self.payer(fill.account)
        days = range(day - 14, day)
        taken, made = (sum(self.volumes.get((who, d), (Fraction(0),) * 2)[i] for d in days) for i in (0, 1))
        total = sum(self.totals.get(d, Fraction(0)) for d in days) + 14 * self.outside
        part = Fraction(made) / total if total else Fraction(1 if made else 0)
        taker, maker = stated(Fraction(taken + made), part, self.stakes.get(who, Fraction(0)))
        rate = taker if fill.crossed else maker
        if market.dex:
            scale = Fraction(market.fee_scale, 10**6)
            if rate > 0:
                rate *= 1 + scale if scale < 1 else 2 * scale
            else:
                rate *= 1 - (scale / (1 + scale) if scale < 1 else Fraction(1, 2))
            rate /= 10 if market.growth_mode else 1
        if rate > 0 and fill.account in self.referrers and self.lifetime.get(fill.account, 0) < 25 * 10**6:
            rate *= Fraction(96, 100)
        return rounded(rate, 9)

    def count(self, fill: Fill, market: Market) -> None:
        """Take a fill into the volumes; one of a market in growth mode counts a tenth."""
        value = Fraction(fill.px * fill.sz, 10 ** (6 + market.sz_decimals)) / (10 if market.growth_mode else 1)
        # The exchange counts in units of 1e-12 and drops what is less.
        value = Fraction(value * 10**12 // 1, 10**12)
        day, who = fill.time // DAY, self.payer(fill.account)
        taken, made = self.volumes.get((who, day), (Fraction(0), Fraction(0)))
        self.volumes[who, day] = (taken + value, made) if fill.crossed else (taken, made + value)
        self.lifetime[fill.account] = self.lifetime.get(fill.account, Fraction(0)) + value
        if not fill.crossed:
            self.totals[day] = self.totals.get(day, Fraction(0)) + value
