"""Fees: tiers, rebates, stakes, referrals and HIP-3 markets, against the reference's table worked out in fractions."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    CreateSubAccount,
    GrantReferralCode,
    SetReferrer,
    SetStake,
    TransferToSubAccount,
)
from hyperliquid_perpetual.sandbox.engine.commands import SetQuirk
from hyperliquid_perpetual.sandbox.engine.fee_standing import KEPT_DAYS, DayVolume, FeeStanding
from hyperliquid_perpetual.sandbox.engine.fee_tiers import account_rates
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.records import Fill
from hyperliquid_perpetual.sandbox.engine.units import DAY
from tests.unit.sandbox.engine.shadow_fees import cut, percent, stated
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, NOON, Venue, make_market, money


@pytest.mark.parametrize("stake", [0, 10, 11, 100, 101, 1_001, 10_001, 100_001, 500_001])
@pytest.mark.parametrize("part", ["0", "0.5", "0.51", "1.6", "3.0", "3.1", "90"])
@pytest.mark.parametrize("millions", ["0", "5", "5.000001", "26", "101", "501", "2001", "7000", "7001"])
def test_rates_are_those_of_the_table(millions: str, part: str, stake: int) -> None:
    volume = Fraction(millions) * 10**6
    exchange = Fraction(10**12)
    maker_volume = exchange * percent(part)
    found = account_rates(
        money(str(Decimal(millions) * 10**6)), int(maker_volume * 10**12), int(exchange * 10**12), stake * 10**12
    )
    assert tuple(Fraction(rate, 10**9) for rate in found) == stated(volume, percent(part), stake)


def venue(*markets: Any, outside: int = 5_000_000_000, **more: Any) -> Venue:
    quirks = VenueQuirks()
    return Venue(
        *markets, fees=VenueFees(quirks), quirks=quirks, outside_daily_volume=money(outside), deposits=10**8, **more
    )


def trade(exchange: Venue, maker: str, taker: str, coin: str = "ETH", size: str = "1") -> tuple[Fill, Fill]:
    """The two fills of one match at 4,000 (400 for TSLA): the maker's and the taker's."""
    price = 4_000 if coin == "ETH" else 400
    exchange.sell(maker, coin, price, size)
    exchange.buy(taker, coin, price, size)
    made, took = exchange.fills()
    exchange.buy(maker, coin, price, size)
    exchange.sell(taker, coin, price, size)
    return made, took


def rate_of(exchange: Venue, fill: Fill) -> Fraction:
    """The fee as a part of the notional, which it is exactly as long as it needs no more than six decimals."""
    lot_value = exchange.exchange.markets[fill.asset].market.lot_value
    return Fraction(fill.fee, fill.px * fill.sz * lot_value)


def test_tier_follows_the_volume_of_the_days_before_and_not_of_today() -> None:
    exchange = venue()
    made, took = trade(exchange, ALICE, BOB, size="400")  # 3.2 million each, there and back
    made, took = trade(exchange, ALICE, BOB, size="400")
    assert [rate_of(exchange, fill) for fill in (made, took)] == [percent("0.015"), percent("0.045")]
    exchange.tick(NOON + DAY)
    made, took = trade(exchange, ALICE, BOB)
    assert [rate_of(exchange, fill) for fill in (made, took)] == [percent("0.012"), percent("0.040")]
    assert rate_of(exchange, trade(exchange, CAROL, BOB)[0]) == percent("0.015")
    exchange.tick(NOON + 14 * DAY)
    assert rate_of(exchange, trade(exchange, ALICE, BOB)[1]) == percent("0.040"), "fourteen days ago still counts"
    exchange.tick(NOON + 15 * DAY)
    assert rate_of(exchange, trade(exchange, ALICE, BOB)[1]) == percent("0.045")


def test_tiers_are_assessed_when_the_utc_day_begins() -> None:
    exchange = venue()
    for _ in range(2):
        trade(exchange, ALICE, BOB, size="400")
    midnight = (NOON // DAY + 1) * DAY
    exchange.tick(midnight - 1)
    assert exchange.account(BOB).fee_standing.taker == 450_000
    exchange.tick(midnight)
    assert exchange.account(BOB).fee_standing.taker == 400_000


def test_maker_of_a_large_part_of_all_volume_is_paid() -> None:
    exchange = venue(outside=1_000_000)
    trade(exchange, ALICE, BOB, size="100")  # Alice makes 0.8 million of 14.8
    exchange.tick(NOON + DAY)
    made, took = trade(exchange, ALICE, BOB)
    assert rate_of(exchange, made) == percent("-0.003")
    assert rate_of(exchange, took) == percent("0.045")
    made, _ = trade(exchange, BOB, ALICE)
    assert rate_of(exchange, made) == percent("0.015"), "Bob has only taken"
    fees = exchange.exchange.fees_collected("")
    assert fees == sum(fill.fee for who in (ALICE, BOB) for fill in exchange.account(who).fills)


def test_volume_elsewhere_keeps_small_makers_from_rebates() -> None:
    exchange = venue()
    trade(exchange, ALICE, BOB, size="100")
    exchange.tick(NOON + DAY)
    assert rate_of(exchange, trade(exchange, ALICE, BOB)[0]) == percent("0.015")


def test_volume_of_the_exchange_is_that_of_the_day_here_and_outside() -> None:
    exchange = venue(outside=1_000_000)
    trade(exchange, ALICE, BOB, size="2")  # there and back: 16,000, each match once
    today = NOON // DAY
    exchange.tick(NOON + DAY)
    trade(exchange, ALICE, BOB, size="1")
    volumes = [exchange.exchange.fee_desk.exchange_volume(day) for day in (today - 1, today, today + 1)]
    assert volumes == [money(1_000_000), money(1_016_000), money(1_008_000)]


def test_sub_account_counts_for_its_master_and_has_its_tier() -> None:
    exchange = venue()
    sub = exchange.reply(CreateSubAccount(ALICE, "sub")).created
    assert sub is not None
    assert exchange.reply(TransferToSubAccount(ALICE, sub, True, money(10_000_000))).error is None
    for _ in range(2):
        trade(exchange, sub, BOB, size="400")
    exchange.tick(NOON + DAY)
    for who in (ALICE, sub):
        assert rate_of(exchange, trade(exchange, CAROL, who)[1]) == percent("0.040")
    assert exchange.account(ALICE).fee_standing is exchange.account(sub).fee_standing


def test_stake_cuts_fees_at_once() -> None:
    exchange = venue()
    exchange.apply(SetStake(BOB, money(101)))
    made, took = trade(exchange, ALICE, BOB)
    assert rate_of(exchange, took) == percent("0.045") * 9 / 10
    assert rate_of(exchange, made) == percent("0.015")


def referred() -> Venue:
    exchange = venue()
    exchange.apply(GrantReferralCode(CAROL, "CAROL"))
    assert exchange.reply(SetReferrer(BOB, "CAROL")).error is None
    return exchange


def test_referral_cuts_fees_by_four_percent_until_25_million_are_traded() -> None:
    exchange = referred()
    made, took = trade(exchange, ALICE, BOB)
    assert rate_of(exchange, took) == percent("0.045") * 96 / 100
    assert rate_of(exchange, made) == percent("0.015")
    exchange.account(BOB).volume = money(24_999_999)
    assert rate_of(exchange, trade(exchange, ALICE, BOB)[1]) == percent("0.045") * 96 / 100
    assert rate_of(exchange, trade(exchange, ALICE, BOB)[1]) == percent("0.045")


def test_referral_discount_ends_with_25_million_exactly() -> None:
    exchange = referred()
    for volume, part in ((money(25_000_000) - 1, 96), (money(25_000_000), 100)):
        exchange.account(BOB).volume = volume
        assert rate_of(exchange, trade(exchange, ALICE, BOB)[1]) == percent("0.045") * part / 100


@pytest.mark.parametrize("value", ["in_rates", "apart"])
def test_everybody_has_the_discount_where_the_venue_gives_it_to_all(value: str) -> None:
    exchange = venue()
    exchange.apply(SetQuirk("referral_discount", value))
    made, took = trade(exchange, ALICE, BOB)
    assert [rate_of(exchange, fill) for fill in (made, took)] == [percent("0.0144"), percent("0.0432")]


def test_sub_account_of_a_referred_account_pays_in_full() -> None:
    exchange = referred()
    sub = exchange.reply(CreateSubAccount(BOB, "sub")).created
    assert sub is not None
    exchange.reply(TransferToSubAccount(BOB, sub, True, money(10_000)))
    assert rate_of(exchange, trade(exchange, ALICE, sub)[1]) == percent("0.045")
    assert exchange.reply(SetReferrer(sub, "CAROL")).error == "Only an account of its own can be referred."


@pytest.mark.parametrize(("scale", "factor"), [("0", "1"), ("0.5", "1.5"), ("0.999", "1.999"), ("1", "2"), ("3", "6")])
@pytest.mark.parametrize("growth", [False, True])
def test_hip3_market_scales_fees_and_growth_mode_leaves_a_tenth(scale: str, factor: str, growth: bool) -> None:
    tsla = make_market(
        "xyz:TSLA",
        110_000,
        400,
        sz_decimals=3,
        max_leverage=20,
        dex="xyz",
        fee_scale=int(Decimal(scale) * 10**6),
        growth_mode=growth,
    )
    exchange = venue(tsla)
    made, took = trade(exchange, ALICE, BOB, "xyz:TSLA", "100")
    all_in = Fraction(factor) / (10 if growth else 1)
    for fill, base in ((made, "0.015"), (took, "0.045")):
        exact = Fraction(40_000) * percent(base) * all_in
        assert Fraction(fill.fee, 10**12) == cut(exact)
    weight = 10 if growth else 1
    assert exchange.account(BOB).volume == money(80_000) // weight
    assert exchange.account(BOB).fee_standing.days[-1].taker == money(80_000) // weight


def test_first_dex_has_no_deployer_to_scale_fees() -> None:
    exchange = venue(make_market("ETH", 1, 4_000, sz_decimals=4, max_leverage=25, fee_scale=10**6))
    made, took = trade(exchange, ALICE, BOB)
    assert [rate_of(exchange, fill) for fill in (made, took)] == [percent("0.015"), percent("0.045")]


@pytest.mark.parametrize(("scale", "kept"), [(0, "1"), (500_000, "2/3"), (1_000_000, "1/2"), (4_000_000, "1/2")])
def test_rebate_on_a_hip3_market_is_split_with_the_deployer(scale: int, kept: str) -> None:
    tsla = make_market("xyz:TSLA", 110_000, 400, sz_decimals=3, max_leverage=20, dex="xyz", fee_scale=scale)
    exchange = venue(tsla, outside=0)
    trade(exchange, ALICE, BOB, "xyz:TSLA", "100")
    exchange.tick(NOON + DAY)
    made, _ = trade(exchange, ALICE, BOB, "xyz:TSLA", "1000")
    # 1e-9 is the finest rate: 0.003 % is 30,000 of it
    assert Fraction(made.fee, 10**12) == -Fraction(400_000) * round(30_000 * Fraction(kept)) / 10**9


def test_standings_can_be_written_down_and_read_again() -> None:
    exchange = referred()
    trade(exchange, ALICE, BOB)
    for who in (ALICE, BOB, CAROL):
        for state in (exchange.account(who).fee_standing, exchange.account(who).referral):
            assert state is None or msgspec.json.decode(msgspec.json.encode(state), type=type(state)) == state


def test_volume_is_kept_by_day_and_the_oldest_day_goes_first() -> None:
    standing = FeeStanding()
    for day in range(20_000, 20_000 + KEPT_DAYS + 3):
        standing.add(day, money(day), crossed=True)
        standing.add(day, money(1), crossed=False)
    last = 20_000 + KEPT_DAYS + 2
    assert standing.days == [DayVolume(day, money(day), money(1)) for day in range(last - KEPT_DAYS + 1, last + 1)]
    taken = sum(range(last - 13, last + 1))
    assert standing.window(last + 1) == (money(taken + 14), money(14))
