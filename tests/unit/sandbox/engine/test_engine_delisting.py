"""The beginning and the end of a market: what its holders get, what the others notice of it, when it is refused."""

import pytest

from hyperliquid_perpetual.sandbox.engine.events import (
    BalanceChanged,
    BookChanged,
    FillMade,
    FundingSettled,
    PositionChanged,
    PriceChanged,
)
from hyperliquid_perpetual.sandbox.engine.matching import trade_id
from hyperliquid_perpetual.sandbox.engine.records import Fill
from hyperliquid_perpetual.sandbox.engine.world_commands import DelistMarket, ListMarket
from tests.unit.sandbox.engine.venue import (
    ALICE,
    BOB,
    CAROL,
    NOON,
    Number,
    Venue,
    error_of,
    make_market,
    money,
    oid_of,
    px,
)

HOUR = 3_600_000


def traded(coin: str, price: Number, size: Number) -> Venue:
    """Alice is long and Bob short; Carol has looked at the market and has nothing in it."""
    venue = Venue()
    venue.cancel(CAROL, coin, oid_of(venue.buy(CAROL, coin, price, size)))
    venue.sell(BOB, coin, price, size)
    venue.buy(ALICE, coin, price, size)
    return venue


def test_position_of_a_market_that_ends_is_settled_in_one_fill_without_a_fee() -> None:
    venue = traded("ETH", 4_000, 2)
    oid = venue.exchange.progress[1]
    venue.now += 5
    venue.apply(DelistMarket(1, px("4100.5")))
    settled = venue.fills()
    tx = settled[0].hash
    assert len(tx) == 66
    shared = (NOON + 5,)
    won, lost = money(201), money(-201)  # 2 x 100.50
    assert settled == [
        Fill(
            ALICE, 1, "ETH", px("4100.5"), 20_000, False, *shared, 20_000, "Settlement", won, tx,
            oid, False, 0, "USDC", trade_id(oid, oid), None,
        ),
        Fill(
            BOB, 1, "ETH", px("4100.5"), 20_000, True, *shared, -20_000, "Settlement", lost, tx,
            oid + 1, False, 0, "USDC", trade_id(oid + 1, oid + 1), None,
        ),
    ]  # fmt: skip
    assert [venue.account(who).fills[-1] for who in (ALICE, BOB)] == settled
    # 8,000 traded: the taker has paid 0.045 %, the maker 0.015 %
    cash = {ALICE: money(1_000_201) - money("3.6"), BOB: money(999_799) - money("1.2")}
    assert {who: venue.house(who).raw_usd for who in cash} == cash
    assert venue.events == [
        *(FillMade(NOON + 5, fill) for fill in settled),
        PositionChanged(NOON + 5, ALICE, 1, 0),
        PositionChanged(NOON + 5, BOB, 1, 0),
        BalanceChanged(NOON + 5, ALICE, "", cash[ALICE]),
        BalanceChanged(NOON + 5, BOB, "", cash[BOB]),
        BookChanged(NOON + 5, 1),
    ]
    state = venue.exchange.markets[1]
    assert (state.open_interest, state.market.is_delisted) == (0, True)
    assert venue.exchange.fees_collected("") == money("4.8")


def test_market_of_another_dex_is_settled_with_the_cash_of_that_dex_and_at_the_mark_by_itself() -> None:
    venue = traded("xyz:TSLA", 400, 10)
    venue.oracle("xyz:TSLA", 401)
    assert venue.exchange.markets[110_000].mark_px == px(401)
    venue.apply(DelistMarket(110_000))
    assert [fill.px for fill in venue.fills()] == [px(401), px(401)]
    assert venue.house(ALICE, "xyz").raw_usd == money(1_000_010) - money("1.8")  # 10 x 1 won, 0.045 % of 4,000 paid
    assert venue.house(ALICE).raw_usd == money(1_000_000)


@pytest.mark.parametrize("side", [1, -1])
def test_single_lot_is_settled_as_well(side: int) -> None:
    venue = Venue(make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25))
    buyer, seller = (ALICE, BOB) if side > 0 else (BOB, ALICE)
    venue.sell(seller, "GOLD", 4_000, 1)
    venue.buy(buyer, "GOLD", 4_000, 1)
    venue.apply(DelistMarket(7))
    assert [(fill.account, fill.sz, fill.is_buy) for fill in venue.fills()] == [
        (ALICE, 1, side < 0),
        (BOB, 1, side > 0),
    ]


def test_isolated_position_of_a_market_that_ends_gives_its_margin_back() -> None:
    venue = Venue()
    venue.leverage(ALICE, "ETH", 10, is_cross=False)
    venue.sell(BOB, "ETH", 4_000, 1)
    venue.buy(ALICE, "ETH", 4_000, 1)
    venue.apply(DelistMarket(1, px(3_900)))
    assert venue.position(ALICE, "ETH").isolated_usd == 0
    assert venue.house(ALICE).raw_usd == money(1_000_000 - 100) - money("1.8")


def test_other_markets_are_left_alone_by_the_end_of_one() -> None:
    venue = traded("BTC", 100_000, 1)
    kept = oid_of(venue.buy(ALICE, "BTC", 90_000, "0.1"))
    gone = oid_of(venue.buy(ALICE, "ETH", 3_900, 1))
    venue.apply(DelistMarket(1))
    assert venue.updates() == [(gone, "delistedCanceled")]
    assert venue.open_oids(ALICE) == [kept]
    assert venue.szi(ALICE, "BTC") == 1
    assert venue.fills() == []


def test_ended_market_takes_no_orders_and_has_no_funding_and_no_new_marks() -> None:
    venue = traded("ETH", 4_000, 2)
    venue.apply(DelistMarket(1))
    assert error_of(venue.buy(ALICE, "ETH", 3_900, 1)) == "Trading is halted. asset=1"
    mark = venue.exchange.markets[1].mark_px
    venue.tick(NOON + HOUR)
    assert {event.settlement.coin for event in venue.events if isinstance(event, FundingSettled)} == {
        "BTC", "DOGE", "STRICT", "xyz:TSLA",
    }  # fmt: skip
    assert not any(isinstance(event, PriceChanged) and event.asset == 1 for event in venue.events)
    assert venue.exchange.markets[1].mark_px == mark


def test_what_cannot_be_delisted_is_refused_and_changes_nothing() -> None:
    venue = traded("ETH", 4_000, 2)
    for asset, settlement_px, error in (
        (77, None, "there is no asset 77 to delist"),
        (3, None, "there is no asset 3 to delist"),  # LOOM has ended already
        (1, 0, "prices must be more than zero"),
        (1, -1, "prices must be more than zero"),
    ):
        with pytest.raises(ValueError, match=f"^{error}$"):
            venue.apply(DelistMarket(asset, settlement_px))
    assert venue.szi(ALICE, "ETH") == 2
    venue.apply(DelistMarket(1, 1))
    assert venue.fills()[0].px == 1, "the smallest price will do"


def test_order_of_one_market_ends_although_its_account_has_older_ones_elsewhere() -> None:
    market = make_market("GOLD", 7, 4_000, sz_decimals=0, max_leverage=25)
    venue = Venue(make_market("BTC", 0, 100_000), market)
    first = oid_of(venue.buy(ALICE, "BTC", 90_000, "0.1"))
    gone = [oid_of(venue.buy(who, "GOLD", 3_900, 1)) for who in (ALICE, ALICE, BOB)]
    venue.apply(DelistMarket(7))
    assert venue.updates() == [(oid, "delistedCanceled") for oid in gone]
    assert venue.open_oids(ALICE) == [first]
    assert venue.bids("GOLD") == []


def test_market_that_opens_later_has_funding_with_the_others() -> None:
    venue = Venue(make_market("BTC", 0, 100_000))
    venue.apply(ListMarket(make_market("GOLD", 7, 4_000)))
    venue.tick(NOON + HOUR)
    assert [event.settlement.coin for event in venue.events if isinstance(event, FundingSettled)] == ["BTC", "GOLD"]


@pytest.mark.parametrize(("coin", "asset"), [("ETH", 9), ("NEW", 1), ("ETH", 1)])
def test_coin_of_another_asset_and_asset_of_another_coin_are_not_listed(coin: str, asset: int) -> None:
    venue = Venue()
    before = dict(venue.exchange.markets)
    with pytest.raises(ValueError, match=rf"^market {coin} \(asset {asset}\) is there already$"):
        venue.apply(ListMarket(make_market(coin, asset, 5)))
    assert venue.exchange.markets == before
    with pytest.raises(ValueError, match="is there already"):
        Venue(*venue.markets, make_market(coin, asset, 5))
