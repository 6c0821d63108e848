"""A report says what the exchange's own books say, to the last digit."""

from decimal import Decimal

from hyperliquid_perpetual.report.figures import Figures, PairFigures
from hyperliquid_perpetual.report.liquidity import Liquidity
from tests.report.trading_day import Day

PAIRS = ("BTC-USD", "ETH-USD")


def pair(figures: Figures, name: str) -> PairFigures:
    return next(item for item in figures.pairs if item.pair == name)


def coin(name: str) -> str:
    return name.removesuffix("-USD")


def test_fees_are_those_of_the_exchange(day: Day, figures: Figures) -> None:
    for name in PAIRS:
        theirs = sum(fill.fee for fill in day.account.fills if fill.coin == coin(name))
        assert pair(figures, name).fees == theirs > 0
    assert figures.total("fees") == sum(day.account.fees_paid.values())


def test_funding_is_what_the_exchange_paid(day: Day, figures: Figures) -> None:
    assert len(day.payments) == 2
    for payment in day.payments:
        own = pair(figures, f"{payment.coin}-USD")
        assert own.funding == payment.usdc != 0
        assert [item.rate for item in own.payments] == [payment.fundingRate]


def test_position_and_its_cost_are_those_of_the_exchange(day: Day, figures: Figures) -> None:
    for held in day.account.positions:
        after = pair(figures, f"{held.coin}-USD").after
        assert after.position == held.size != 0
        # The exchange states entry prices rounded.
        assert abs(after.cost / abs(after.position) - held.entry_price) < Decimal("0.00001") * held.entry_price


def test_realized_profit_is_the_closed_profit_of_the_exchange(day: Day, figures: Figures) -> None:
    for name in PAIRS:
        theirs = sum(fill.closed_pnl for fill in day.account.fills if fill.coin == coin(name))
        assert pair(figures, name).realized == theirs != 0


def test_equity_is_what_cash_and_position_make_together(day: Day, figures: Figures) -> None:
    for name in PAIRS:
        own = pair(figures, name)
        fills = [fill for fill in day.account.fills if fill.coin == coin(name)]
        cash = sum((fill.price * fill.size * (-1 if fill.is_buy else 1) - fill.fee for fill in fills), Decimal(0))
        paid = sum((item.usdc for item in day.payments if item.coin == coin(name)), Decimal(0))
        assert own.profit == cash + paid + own.after.position * own.after.price
    assert figures.steps[-1].equity == figures.total("profit")


def test_maker_and_taker_are_told_apart_as_the_exchange_does(day: Day, figures: Figures) -> None:
    crossed = {f"{fill.tid}-{fill.time}": fill.crossed for fill in day.account.fills}
    found = {fill.trade_id: own.liquidity[fill] is Liquidity.TAKER for own in figures.pairs for fill in own.fills}
    assert found == crossed
    assert set(crossed.values()) == {True, False}
    assert any(
        fill.kind == "LIMIT" and own.liquidity[fill] is Liquidity.TAKER for own in figures.pairs for fill in own.fills
    )


def test_each_order_has_one_end(day: Day, figures: Figures) -> None:
    ends = figures.outcomes
    assert ends.total() == day.placed
    assert ends["cancelled"] == ends["partly filled, then cancelled"] == ends["refused"] == 1
    assert ends["no end recorded"] == len(day.account.open_orders) == 3
    assert ends["filled"] == day.placed - 6
    assert pair(figures, "BTC-USD").outcomes["refused"] == 1


def test_what_went_wrong_is_found_in_the_log(day: Day, figures: Figures) -> None:
    assert len(figures.incidents_of("reconnect")) == day.reconnects >= 1
    assert any(item.subject == "account stream" for item in figures.incidents_of("reconnect"))
    found = [item.subject for item in figures.incidents_of("difference")]
    assert {kind: found.count(kind) for kind in found} == day.differences
    assert day.differences["fill"] == 1
    (unknown,) = figures.incidents_of("unknown outcome")
    assert "reached the venue" in unknown.text
    (refused,) = figures.incidents_of("refused order")
    assert refused.subject == "BTC-USD"
    assert "post only" in refused.text.lower()


def test_latencies_have_a_sample_for_each_order_that_was_accepted(day: Day, figures: Figures) -> None:
    latencies = {latency.name: latency for latency in figures.latencies}
    accepted = latencies["order accepted"]
    assert len(accepted.samples) == day.placed - 1
    assert accepted.samples[0] >= 0
    median, most = accepted.quantile(0.5), accepted.quantile(1)
    assert median is not None
    assert most is not None
    assert 0 <= median <= most < 30_000


def test_uptime_counts_from_when_both_sides_were_quoted(figures: Figures) -> None:
    quoting = pair(figures, "BTC-USD").quoting
    assert quoting is not None
    last = quoting.stretches[-1]
    assert last.is_two_sided
    assert (last.bids, last.asks) == (2, 1)
    assert quoting.two_sided_ms >= last.milliseconds
    assert quoting.two_sided_ms + quoting.one_sided_ms <= quoting.observed_ms
    assert quoting.uptime == Decimal(quoting.two_sided_ms) / quoting.observed_ms
    eth = pair(figures, "ETH-USD").quoting
    assert eth is not None
    assert eth.uptime == 0


def test_captured_spread_is_earned_on_what_was_bought_and_sold(day: Day, figures: Figures) -> None:
    capture = pair(figures, "ETH-USD").capture
    fills = [fill for fill in day.account.fills if fill.coin == "ETH"]
    buys = [fill for fill in fills if fill.is_buy]
    (sell,) = [fill for fill in fills if not fill.is_buy]
    bought = sum(fill.size for fill in buys)
    average = sum(fill.size * fill.price for fill in buys) / bought
    assert capture.matched == sell.size
    assert capture.captured == (sell.price - average) * sell.size
