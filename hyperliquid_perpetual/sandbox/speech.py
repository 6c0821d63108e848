"""All that the exchange says of itself: info requests and streams, made together because they share their views."""

from collections.abc import Callable

from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.address_budget import AddressBudget
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.equity_history import EquityHistory
from hyperliquid_perpetual.sandbox.fee_view import FeeView
from hyperliquid_perpetual.sandbox.info import Info
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.order_view import OrderView
from hyperliquid_perpetual.sandbox.overview_view import OverviewView
from hyperliquid_perpetual.sandbox.streams import Streams
from hyperliquid_perpetual.sandbox.twap_view import TwapView


def speak(
    engine: Exchange,
    markets: MarketView,
    budget: AddressBudget,
    equity: EquityHistory,
    cadence: Cadence,
    name_account: Callable[[str], None],
) -> tuple[Info, Streams]:
    """Info and streams of an exchange; `name_account` is told of every account that a client asks about."""
    orders = OrderView(engine)
    twaps = TwapView(engine, orders)
    accounts = AccountView(engine, orders, budget, markets.market_set.token_indexes)
    overview = OverviewView(engine, markets, accounts, twaps, equity)
    info = Info(engine, markets, accounts, FeeView(engine), twaps, name_account)
    info.extend(overview.handlers())
    return info, Streams(engine, markets, accounts, orders, twaps, overview, cadence, name_account)
