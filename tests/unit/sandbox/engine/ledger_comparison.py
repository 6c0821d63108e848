"""The whole state of an exchange compared with what its events add up to (`ledger`)."""

from fractions import Fraction

from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.state import Place
from tests.unit.sandbox.engine.ledger import Holding, ShadowLedger


def compare(ledger: ShadowLedger, exchange: Exchange) -> None:
    """The state of the exchange is what its events add up to."""
    _compare_cash(ledger, exchange)
    _compare_positions(ledger, exchange)
    _compare_equity(ledger, exchange)
    _compare_services(ledger, exchange)
    _compare_orders(ledger, exchange)
    active = [state for address in exchange.accounts for state in exchange.twaps.active(address)]
    assert {state.twap_id for state in active} == ledger.twaps.keys()
    for state in active:
        assert state.executed_sz == ledger.sliced.get(state.twap_id, (0, 0))[0] < state.sz


def _compare_cash(ledger: ShadowLedger, exchange: Exchange) -> None:
    for address, account in exchange.accounts.items():
        for dex, house in account.clearinghouses.items():
            raw = house.raw_usd + sum(position.isolated_usd for position in house.positions.values())
            assert Fraction(raw, 10**12) == ledger.cash.get((address, dex), Fraction(0))
        assert {token: Fraction(amount, 10**12) for token, amount in account.spot.items()} == {
            token: amount for (owner, token), amount in ledger.spot.items() if owner == address
        }
    assert {token: Fraction(amount, 10**12) for token, amount in exchange.treasury.deposited_spot.items()} == (
        ledger.deposited_spot
    )
    for dex in ledger.deposited:
        total = sum(value for (_, where), value in ledger.cash.items() if where == dex)
        fees = Fraction(exchange.fees_collected(dex), 10**12)
        funding = Fraction(exchange.funding_paid(dex), 10**12)
        assert fees == ledger.fees.get(dex, Fraction(0))
        assert total + fees - funding == ledger.deposited[dex] == Fraction(exchange.deposited[dex], 10**12)


def _compare_positions(ledger: ShadowLedger, exchange: Exchange) -> None:
    for asset, state in exchange.markets.items():
        market = state.market
        unit = 10**market.sz_decimals
        mark = Fraction(state.mark_px, 10**6)
        sizes = []
        for address, account in exchange.accounts.items():
            position = account.position(market)
            if position is None:
                continue
            holding = ledger.holdings.get((address, asset), Holding())
            assert Fraction(position.szi, unit) == holding.size
            sizes.append(holding.size)
            assert position.cost >= 0
            assert (position.cost > 0) == (position.szi != 0)
            if position.is_cross or not position.szi:
                assert position.isolated_usd == 0
            unrealized = Fraction(position.unrealized_pnl(state.mark_px), 10**12)
            assert holding.closed_pnl + unrealized == holding.trade_cash + holding.size * mark
        assert sum(sizes) == 0, "every long has its short"
        assert Fraction(state.open_interest, unit) == sum(size for size in sizes if size > 0)


def _compare_equity(ledger: ShadowLedger, exchange: Exchange) -> None:
    """What an account is worth on a dex is what came to it, what it has won, its fees and its funding."""
    for address, account in exchange.accounts.items():
        for dex, house in account.clearinghouses.items():
            key = address, dex
            worth = ledger.cash.get(key, Fraction(0))
            won = Fraction(0)
            for asset, position in house.positions.items():
                state = exchange.markets[asset]
                holding = ledger.holdings.get((address, asset), Holding())
                worth += holding.size * Fraction(state.mark_px, 10**6)
                won += holding.closed_pnl + Fraction(position.unrealized_pnl(state.mark_px), 10**12)
            books = (ledger.moved, ledger.fees_paid, ledger.fees_received, ledger.funding)
            assert worth == won + sum(book.get(key, Fraction(0)) for book in books)


def _compare_services(ledger: ShadowLedger, exchange: Exchange) -> None:
    """Volumes, rewards, stakes and request counts."""
    earned: dict[tuple[str, str], Fraction] = {}
    for address, account in exchange.accounts.items():
        assert Fraction(account.volume, 10**12) == ledger.rates.lifetime.get(address, Fraction(0))
        undelegated = ledger.undelegated.get(ledger.rates.payer(address), Fraction(0))
        assert Fraction(account.fee_standing.undelegated, 10**12) == undelegated
        if account.referral is not None:
            assert account.referral.referrer == ledger.rates.referrers.get(address)
            for amounts in (account.referral.unclaimed, account.referral.claimed):
                for token, amount in amounts.items():
                    earned[address, token] = earned.get((address, token), Fraction(0)) + Fraction(amount, 10**12)
    assert earned == ledger.earned
    days = {entry.day: Fraction(entry.maker, 10**12) for entry in exchange.fee_desk.totals.days}
    assert all(days.get(day) == total for day, total in list(ledger.rates.totals.items())[-3:])


def _compare_orders(ledger: ShadowLedger, exchange: Exchange) -> None:
    on_books = {}
    for asset, state in exchange.markets.items():
        bid, ask = state.book.bids.best, state.book.asks.best
        assert bid is None or ask is None or bid < ask, "a book is never crossed"
        for is_buy in (True, False):
            shadow = [
                order
                for order in ledger.resting.values()
                if order.record.asset == asset and order.record.is_buy == is_buy
            ]
            sign = -1 if is_buy else 1
            shadow.sort(key=lambda order, sign=sign: (sign * order.record.limit_px, order.queue))  # type: ignore[misc]
            real = list(state.book.side(is_buy).orders())
            assert [(order.oid, order.px, order.sz) for order in real] == [
                (order.record.oid, order.record.limit_px, order.remaining) for order in shadow
            ]
            on_books.update({order.oid: order for order in real})
    assert on_books.keys() == ledger.resting.keys()
    in_accounts = {oid: order for account in exchange.accounts.values() for oid, order in account.open_orders.items()}
    waiting = {oid: order for oid, order in in_accounts.items() if order.place is not Place.BOOK}
    assert {oid: order.sz for oid, order in waiting.items()} == {
        oid: order.remaining for oid, order in ledger.waiting.items()
    }
    assert {oid: order for oid, order in in_accounts.items() if oid not in waiting} == on_books
    for order in waiting.values():
        assert order.trigger is not None
        mark = exchange.markets[order.asset].mark_px
        if order.place is Place.WAITING and order.oid not in ledger.parents:
            # The replacement of a child: nobody is told whose child it is before its parent is told again.
            assert order.bracket is not None
            assert order.bracket.parent is not None
            ledger.parents[order.oid] = order.bracket.parent.oid
        if ledger.parents.get(order.oid) in ledger.resting:
            assert order.place is Place.WAITING
        else:
            assert order.place is Place.ARMED
            assert not order.trigger.is_met(order.is_buy, mark), "what the mark has reached has fired"
    for address, account in exchange.accounts.items():
        by_cloid = {order.cloid: order for order in account.open_orders.values() if order.cloid is not None}
        assert account.open_by_cloid == by_cloid
        for record in account.history.newest_first():
            assert ledger.ended[record.oid] == record
        for house in account.clearinghouses.values():
            for asset, position in house.positions.items():
                mine = [order for order in account.open_orders.values() if order.asset == asset]
                free = [order for order in mine if not order.reduce_only]
                assert all(order.place is Place.BOOK for order in free)
                assert position.resting_buys == sum(order.sz for order in free if order.is_buy)
                assert position.resting_sells == sum(order.sz for order in free if not order.is_buy)
                reducing = [order for order in mine if order.reduce_only and order.place is not Place.WAITING]
                assert position.reduce_only_orders == {order.oid: order for order in reducing}
                for order in reducing:
                    assert order.account.address == address
                    assert order.sz <= abs(position.szi), "a reduce-only order never outgrows the position"
                    assert order.sz > 0 or order.is_position_tpsl
                    assert order.is_buy == (position.szi < 0)
