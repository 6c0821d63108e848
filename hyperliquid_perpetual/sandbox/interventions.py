"""What a test or an operator can do to a running exchange: money, prices, fills, and sockets that break."""

from decimal import Decimal

from msgspec import structs

from hyperliquid_perpetual.sandbox.account_interventions import AccountInterventions
from hyperliquid_perpetual.sandbox.chain import Chain
from hyperliquid_perpetual.sandbox.engine.commands import Deposit, OrderIntent, PlaceOrders, SetPrices, SetQuirk
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.rules import max_notional
from hyperliquid_perpetual.sandbox.engine.state import Place
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.faults import Faults
from hyperliquid_perpetual.sandbox.inspection import Inspector
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.traders import Traders, synthetic_address

HOUSE_DEPOSIT = usd(10**10)


class Interventions(AccountInterventions):
    """The part of `Sandbox` that reaches in. It is `Sandbox` that makes the attributes."""

    seed: int
    engine: Exchange
    chain: Chain
    traders: Traders
    faults: Faults
    inspect: Inspector
    register: Register

    def set_price(self, coin: str, price: Decimal | str | int) -> None:
        """Move the outside world: the oracle price now, and where the synthetic traders go on from.

        The mark of a HIP-3 coin follows by at most one percent every three seconds.

        :raises ValueError: for a coin that is not listed, or a price that is not positive.
        """
        state = self._market(coin)
        value = Decimal(price)
        px = state.market.to_px(value)
        if px is None or px <= 0:
            raise ValueError(f"a price is positive and has at most six decimals, got {price}")
        traders = self.traders.by_coin.get(coin)
        if traders is not None:
            traders.path.force(float(value))
        self.chain.apply_now(SetPrices(state.market.asset, px, px))

    def trade_through(self, coin: str, price: Decimal | str | int, size: Decimal | str | int | None = None) -> None:
        """Have the house trade with everything up to a price: above the mid it buys, below it sells.

        :raises ValueError: for a coin that is not listed, or a price or size that the market does not have.
        """
        state = self._market(coin)
        px = state.market.to_px(Decimal(price))
        if px is None or not state.market.is_valid_px(px):
            raise ValueError(f"{coin} has no price {price}")
        mid2 = state.doubled_mid or 2 * state.mark_px
        is_buy = 2 * px >= mid2
        self._trade(state, is_buy, px, None if size is None else state.market.to_sz(Decimal(size)))

    def fill(self, address: str, key: int | str, size: Decimal | str | int | None = None) -> None:
        """Have an open order filled, whole or by a size: whatever stands before it in the book is taken as well.

        :raises ValueError: when there is no such open order.
        """
        account = self.engine.account(address.lower())
        if account is None:
            order = None
        else:
            order = account.open_orders.get(key) if isinstance(key, int) else account.open_by_cloid.get(key)
        if order is None:
            raise ValueError(f"{address} has no open order {key}")
        if order.place is not Place.BOOK:
            raise ValueError(f"order {key} of {address} waits for a trigger or a parent: it is on no book to be filled")
        state = self.engine.markets[order.asset]
        before = 0
        for resting in state.book.side(order.is_buy).orders():
            if resting is order:
                break
            before += resting.sz
        wanted = order.sz if size is None else state.market.to_sz(Decimal(size))
        if wanted is None or not 0 < wanted <= order.sz:
            raise ValueError(f"{size} cannot be filled of what remains of order {key}")
        self._trade(state, not order.is_buy, order.px, before + wanted)

    def set_quirk(self, name: str, value: str) -> None:
        """Behave differently from now on in one thing that the reference leaves open.

        :raises ValueError: for a switch or a value that there is not; it says which there are.
        """
        self.chain.apply_now(SetQuirk(name, value))

    @property
    def quirks(self) -> VenueQuirks:
        """How the exchange behaves where the reference is unconfirmed; to be changed by `set_quirk`."""
        return self.engine.config.quirks

    def drop_websockets(self) -> None:
        """Break every WebSocket connection, without close frames."""
        self.faults.add("drop_websockets")

    def release_user_frames(self) -> None:
        """End `faults.hold_user_frames` and send what was held, in order."""
        self.faults.hold_user_frames(False)

    @property
    def house(self) -> str:
        """The account that trades when a test wants a fill."""
        return synthetic_address(self.seed, "house")

    def _trade(self, state: MarketState, is_buy: bool, px: int, sz: int | None) -> None:
        market = state.market
        house = self.engine.account(self.house)
        if house is None or market.dex not in house.clearinghouses:
            self.chain.apply_now(Deposit(self.house, HOUSE_DEPOSIT, market.dex))
        if sz is None:
            levels = state.book.side(not is_buy).levels()
            sz = sum(level.sz for level in levels if (level.px <= px if is_buy else level.px >= px))
        probe = OrderIntent(market.asset, is_buy, px, 1, False, "Ioc")
        most = max(1, max_notional(market, probe, self.engine.config) // (px * market.lot_value))
        while sz:
            part = min(sz, most)
            sz -= part
            self.chain.apply_now(PlaceOrders(self.house, (structs.replace(probe, sz=part),)))

    def _market(self, coin: str) -> MarketState:
        state = self.engine.market(coin)
        if state is None:
            self.inspect.book(coin)  # says what is listed
            raise AssertionError
        return state
