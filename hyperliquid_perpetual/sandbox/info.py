"""Answers `/info` requests from the state of the engine (reference, section 2)."""

from collections.abc import Callable, Mapping
from typing import Any

from hyperliquid_perpetual.sandbox import info_requests as ask
from hyperliquid_perpetual.sandbox import overview_requests as overview
from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.funding import hourly_rate
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.family_view import FamilyView
from hyperliquid_perpetual.sandbox.fee_view import FeeView
from hyperliquid_perpetual.sandbox.market_set import Dex
from hyperliquid_perpetual.sandbox.market_view import RATE_DECIMALS, MarketView, single_tier
from hyperliquid_perpetual.sandbox.twap_view import TwapView
from hyperliquid_perpetual.sandbox.wire import float_text, money_text

HOUR_MS = 3_600_000
MAX_FUNDING_HISTORY = 500
MAX_RECENT_TRADES = 30
FOREVER = 2**62


class ServerFault(Exception):
    """The venue answers this request with HTTP 500 and the body ``null`` (section 1.4)."""


class Info:
    """One method per kind of request; `name_account` is told of every user that is asked about."""

    def __init__(
        self,
        exchange: Exchange,
        market_view: MarketView,
        account_view: AccountView,
        fee_view: FeeView,
        twap_view: TwapView,
        name_account: Callable[[str], None],
    ) -> None:
        self._exchange = exchange
        self._markets = market_view
        self._accounts = account_view
        self._fees = fee_view
        self._twaps = twap_view
        self._name_account = name_account
        self._handlers: dict[type[ask.InfoRequest], Callable[[Any], Any]] = self._table()

    def extend(self, handlers: Mapping[type[ask.InfoRequest], Callable[[Any], Any]]) -> None:
        """Answer more kinds of requests."""
        self._handlers.update(handlers)

    def answer(self, request: ask.InfoRequest) -> Any:
        """The JSON value that answers a request.

        :raises ServerFault: where the venue breaks.
        """
        if isinstance(request, ask.UserRequest):
            self._name_account(request.user.lower())
        return self._handlers[type(request)](request)

    def _table(self) -> dict[type[ask.InfoRequest], Callable[[Any], Any]]:
        markets, accounts, exchange, twaps = self._markets, self._accounts, self._exchange, self._twaps
        family = FamilyView(exchange, accounts, markets.market_set.dex_names)
        return {
            ask.Meta_: lambda r: markets.meta(self._dex(r.dex)),
            ask.MetaAndAssetCtxs: lambda r: [markets.meta(self._dex(r.dex)), markets.contexts(self._dex(r.dex))],
            ask.AllPerpMetas: lambda r: markets.all_metas(),
            ask.PerpDexs: lambda r: markets.perp_dexs(),
            ask.MarginTable: self._margin_table,
            ask.SpotMeta: lambda r: markets.spot_meta(),
            ask.SpotMetaAndAssetCtxs: lambda r: [markets.spot_meta(), []],
            # Clients that list every kind of market ask for these too: there are none here.
            ask.OutcomeMeta: lambda r: {"outcomes": [], "questions": []},
            ask.PerpsAtOpenInterestCap: self._at_cap,
            ask.PerpDexStatus: self._dex_status,
            ask.MaxMarketOrderNtls: lambda r: [
                [leverage, money_text(notional)] for leverage, notional in exchange.config.max_market_notionals
            ],
            ask.ExchangeStatus: lambda r: {"time": exchange.now, "specialStatuses": self._special_statuses()},
            ask.AllMids: lambda r: markets.mids(self._dex(r.dex)),
            ask.L2Book: self._book,
            ask.CandleSnapshot: self._candles,
            ask.RecentTrades: self._trades,
            ask.FundingHistory: self._funding_history,
            ask.PredictedFundings: lambda r: self._predicted_fundings(),
            ask.ClearinghouseState: lambda r: accounts.clearinghouse_state(_user(r), self._dex(r.dex).name),
            ask.SpotClearinghouseState: lambda r: accounts.spot_state(_user(r)),
            ask.ActiveAssetData: lambda r: accounts.active_asset_data(_user(r), self._market(r.coin)),
            ask.UserAbstraction: lambda r: accounts.mode(_user(r)),
            ask.UserDexAbstraction: lambda r: accounts.mode(_user(r)) == "dexAbstraction",
            ask.UserRole: lambda r: accounts.role(_user(r)),
            ask.UserRateLimit: lambda r: accounts.rate_limit(_user(r)),
            ask.UserFees: lambda r: self._fees.user_fees(_user(r)),
            ask.ExtraAgents: lambda r: accounts.extra_agents(_user(r)),
            ask.MaxBuilderFee: lambda r: accounts.max_builder_fee(_user(r), r.builder.lower()),
            ask.ApprovedBuilders: lambda r: accounts.approved_builders(_user(r)),
            ask.SubAccounts: lambda r: family.sub_accounts(_user(r)),
            ask.SubAccounts2: lambda r: family.sub_accounts_2(_user(r)),
            ask.UserVaultEquities: lambda r: family.user_vault_equities(_user(r)),
            ask.VaultDetails: lambda r: self._vault_details(family, r),
            ask.OpenOrders: lambda r: accounts.open_orders(_user(r), self._dex(r.dex).name),
            ask.FrontendOpenOrders: lambda r: accounts.frontend_open_orders(_user(r), self._dex(r.dex).name),
            ask.OrderStatus: lambda r: accounts.order_status(_user(r), _order_key(r.oid)),
            ask.HistoricalOrders: lambda r: accounts.historical_orders(_user(r)),
            ask.TwapHistory: lambda r: twaps.history(_user(r)),
            ask.UserFills: lambda r: accounts.fills(_user(r), bool(r.aggregateByTime)),
            ask.UserFillsByTime: lambda r: accounts.fills_by_time(
                _user(r), *_times(r), newest_first=bool(r.reversed), by_time=bool(r.aggregateByTime)
            ),
            ask.UserTwapSliceFills: lambda r: twaps.slice_fills(_user(r)),
            ask.UserTwapSliceFillsByTime: lambda r: twaps.slice_fills_by_time(_user(r), *_times(r)),
            ask.UserFunding: lambda r: accounts.fundings(_user(r), *_times(r)),
            ask.UserNonFundingLedgerUpdates: lambda r: accounts.ledger(_user(r), *_times(r)),
        }

    def _vault_details(self, family: FamilyView, request: ask.VaultDetails) -> Any:
        details = family.vault_details(request.vaultAddress.lower(), request.user and request.user.lower())
        portfolio = self._handlers.get(overview.Portfolio)
        if details is not None and portfolio is not None:
            details["portfolio"] = portfolio(overview.Portfolio(user=request.vaultAddress))
        return details

    def _dex(self, name: str | None) -> Dex:
        dex = self._markets.market_set.dex(name or "")
        if dex is None:
            raise ServerFault(f"unknown dex {name!r}")
        return dex

    def _market(self, coin: str) -> MarketState:
        state = self._exchange.market(coin)
        if state is None:
            raise ServerFault(f"unknown coin {coin!r}")
        return state

    def _margin_table(self, request: ask.MarginTable) -> Any:
        for dex in self._markets.market_set.dexes:
            for number, table in self._markets.meta(dex)["marginTables"]:
                if number == request.id:
                    return table
        if 1 <= request.id <= 50:  # single-tier tables need no entry (section 2.1)
            return single_tier(request.id)
        raise ServerFault(f"unknown margin table {request.id}")

    def _at_cap(self, request: ask.PerpsAtOpenInterestCap) -> Any:
        dex = self._dex(request.dex).name
        markets = (self._exchange.markets[asset].market for asset in sorted(self._exchange.config.restrictions.capped))
        return [market.coin for market in markets if market.dex == dex]

    def _special_statuses(self) -> Any:
        """Not null in a restricted window; what it looks like then is not known."""
        return {"postOnly": True} if self._exchange.config.restrictions.post_only else None

    def _dex_status(self, request: ask.PerpDexStatus) -> Any:
        return {"totalNetDeposit": money_text(self._exchange.deposited.get(self._dex(request.dex).name, 0))}

    def _book(self, request: ask.L2Book) -> Any:
        state = self._exchange.market(request.coin)
        if state is None:
            return None
        if not is_valid_precision(request.nSigFigs, request.mantissa):
            raise ServerFault("nSigFigs is 2 to 5, mantissa 1, 2 or 5 and only with nSigFigs 5")
        return self._markets.book(state, request.nSigFigs, request.mantissa)

    def _candles(self, request: ask.CandleSnapshot) -> Any:
        wanted = request.req
        end = FOREVER if wanted.endTime is None else wanted.endTime
        return self._markets.candles(self._market(wanted.coin), wanted.interval, wanted.startTime, end)

    def _trades(self, request: ask.RecentTrades) -> Any:
        trades = list(self._market(request.coin).trades)[-MAX_RECENT_TRADES:]
        return [self._markets.trade(trade) for trade in reversed(trades)]

    def _funding_history(self, request: ask.FundingHistory) -> Any:
        start, end = _times(request)
        rows = [row for row in self._market(request.coin).funding_history if start <= row.time <= end]
        return [self._markets.funding_row(row) for row in rows[:MAX_FUNDING_HISTORY]]

    def _predicted_fundings(self) -> Any:
        following = (self._exchange.now // HOUR_MS + 1) * HOUR_MS
        predictions: list[Any] = []
        for listing in self._markets.market_set.dexes[0].listings:
            if listing.market.is_delisted:
                continue
            rate = hourly_rate(self._exchange.markets[listing.market.asset])
            ours = {
                "fundingRate": float_text(rate, RATE_DECIMALS),
                "nextFundingTime": following,
                "fundingIntervalHours": 1,
            }
            predictions.append([listing.market.coin, [["BinPerp", None], ["HlPerp", ours], ["BybitPerp", None]]])
        return predictions


def is_valid_precision(n_sig_figs: int | None, mantissa: int | None) -> bool:
    """Whether a book may be asked for with these: 2 to 5 figures; a mantissa of 1, 2 or 5 only with 5 figures."""
    if n_sig_figs is not None and not 2 <= n_sig_figs <= 5:
        return False
    return mantissa is None or (n_sig_figs == 5 and mantissa in (1, 2, 5))


def _user(request: ask.UserRequest) -> str:
    return request.user.lower()


def _times(request: ask.UserTimesRequest | ask.UserLedgerRequest | ask.FundingHistory) -> tuple[int, int]:
    return request.startTime or 0, FOREVER if request.endTime is None else request.endTime


def _order_key(oid: int | str) -> int | str:
    return oid if isinstance(oid, int) else oid.lower()
