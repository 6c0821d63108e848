"""Overviews of an account and labels of markets as the venue words them (reference, sections 2.1, 2.3 and 8.3).

What the sandbox has none of is answered as the venue answers somebody who has none: no multi-sig, no category.
"""

from collections.abc import Callable
from typing import Any

from hyperliquid_perpetual.sandbox import overview_requests as ask
from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.equity_history import EquityHistory
from hyperliquid_perpetual.sandbox.info_base import InfoRequest
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.referral_view import referral
from hyperliquid_perpetual.sandbox.twap_view import TwapView
from hyperliquid_perpetual.sandbox.wire import MONEY_DECIMALS, float_text, money_text

MAX_TRANSFER_NOTIONAL = "1000000000.0"
MAX_OPEN_INTEREST_PER_PERP = "10000000000.0"

Json = dict[str, Any]


class OverviewView:
    """Reads the engine, writes the venue's JSON. Users are lowercase addresses."""

    def __init__(
        self, exchange: Exchange, markets: MarketView, accounts: AccountView, twaps: TwapView, equity: EquityHistory
    ) -> None:
        self._exchange = exchange
        self._markets = markets
        self._accounts = accounts
        self._twaps = twaps
        self._equity = equity

    def handlers(self) -> dict[type[InfoRequest], Callable[[Any], Any]]:
        """What answers which request."""
        return {
            ask.Portfolio: lambda r: self._equity.portfolio(r.user.lower()),
            ask.Referral: lambda r: referral(self._exchange, r.user.lower(), self._markets.market_set.token_indexes),
            ask.LegalCheck: lambda r: {"acceptedTerms": True, "userAllowed": True, "restrictions": "n"},
            ask.IsVip: lambda r: False,
            ask.UserToMultiSigSigners: lambda r: None,
            ask.LeadingVaults: lambda r: self.leading_vaults(r.user.lower()),
            ask.WebData2: lambda r: self.web_data_2(r.user.lower()),
            ask.DelegatorSummary: lambda r: self.stake(r.user.lower()),
            ask.Delegations: lambda r: [],
            ask.DelegatorHistory: lambda r: [],
            ask.DelegatorRewards: lambda r: [],
            ask.PerpDexLimits: lambda r: self.dex_limits(r.dex),
            ask.PerpCategories: lambda r: [],
            ask.PerpConciseAnnotations: lambda r: [],
            ask.PerpAnnotation: lambda r: None,
        }

    def dex_limits(self, name: str) -> Json | None:
        """`perpDexLimits` of a HIP-3 dex, null for any other: the caps that `perpDexs` lists, which hold nobody up.

        The first dex has no such limits; the venue does not allow its name here.
        """
        dex = self._markets.market_set.dex(name) if name else None
        if dex is None:
            return None
        listed = next(entry for entry in self._markets.perp_dexs() if entry is not None and entry["name"] == name)
        caps: list[list[str]] = listed["assetToStreamingOiCap"]
        total = sum(int(cap.removesuffix(".0")) for _, cap in caps)
        return {
            "totalOiCap": float_text(total, 0),
            "oiSzCapPerPerp": MAX_OPEN_INTEREST_PER_PERP,
            "maxTransferNtl": MAX_TRANSFER_NOTIONAL,
            "coinToOiCap": caps,
        }

    def stake(self, user: str) -> Json:
        """`delegatorSummary`: the stake that an account was given, in HYPE."""
        account = self._exchange.account(user)
        standing = None if account is None else account.fee_standing
        return {
            "delegated": float_text(0 if standing is None else standing.staked, MONEY_DECIMALS),
            "undelegated": float_text(0 if standing is None else standing.undelegated, MONEY_DECIMALS),
            "totalPendingWithdrawal": "0.0",
            "nPendingWithdrawals": 0,
        }

    def leading_vaults(self, user: str) -> list[Json]:
        """`leadingVaults`: the vaults that an account leads."""
        return [
            {"address": address, "name": account.vault.name}
            for address, account in self._exchange.accounts.items()
            if account.vault is not None and account.vault.leader == user
        ]

    def web_data_2(self, user: str) -> Json:
        """`webData2`, of the first dex; a page's old aggregate of what other requests tell one by one."""
        first = self._markets.market_set.dexes[0]
        state = self._user_state(user)
        return {
            "clearinghouseState": self._accounts.clearinghouse_state(user, ""),
            "leadingVaults": self.leading_vaults(user),
            "totalVaultEquity": money_text(self._equity.vault_equity(user)),
            "openOrders": self._accounts.frontend_open_orders(user, ""),
            **state,
            "meta": self._markets.meta(first),
            "assetCtxs": self._markets.contexts(first),
            "twapStates": self._twaps.states(user, ""),
            "spotState": self._accounts.spot_state(user),
            "spotAssetCtxs": [],
            "perpsAtOpenInterestCap": self._capped(""),
        }

    def web_data_3(self, user: str) -> Json:
        """The data of the stream `webData3`. Which of its optional keys are there when is not known.

        Here a key is there when it says something: a mode that was chosen, capped markets, vaults that are led.
        """
        state = self._user_state(user)
        mode = self._accounts.mode(user)
        if mode != "default":
            state["dexAbstractionEnabled"] = mode == "dexAbstraction"
            state["abstraction"] = mode
        return {"userState": state, "perpDexStates": [self._dex_state(user, dex) for dex in self._dexes()]}

    def fast_prices(self) -> dict[str, Json]:
        """Mark and mid price of every market that is not delisted, for `fastAssetCtxs`."""
        prices: dict[str, Json] = {}
        for dex in self._markets.market_set.dexes:
            for listing in dex.listings:
                if not listing.market.is_delisted:
                    mark, mid = self._markets.mark_and_mid(self._exchange.markets[listing.market.asset])
                    prices[listing.market.coin] = {"markPx": mark, "midPx": mid}
        return prices

    def _dexes(self) -> list[str]:
        return self._markets.market_set.dex_names

    def _user_state(self, user: str) -> Json:
        account = self._exchange.account(user)
        agent = None if account is None else account.agents.get("")
        if agent is not None and agent.valid_until <= self._exchange.now:
            agent = None
        return {
            "agentAddress": None if agent is None else agent.address,
            "agentValidUntil": None if agent is None else agent.valid_until,
            "cumLedger": money_text(self._equity.net_flows(user)),
            "serverTime": self._exchange.now,
            "isVault": account is not None and account.vault is not None,
            "user": user,
        }

    def _dex_state(self, user: str, dex: str) -> Json:
        """Vaults are kept on the first dex."""
        state: Json = {"totalVaultEquity": "0.0" if dex else money_text(self._equity.vault_equity(user))}
        capped = self._capped(dex)
        if capped:
            state["perpsAtOpenInterestCap"] = capped
        vaults = [] if dex else self.leading_vaults(user)
        if vaults:
            state["leadingVaults"] = vaults
        return state

    def _capped(self, dex: str) -> list[str]:
        """`perpsAtOpenInterestCap` of a dex."""
        exchange = self._exchange
        markets = (exchange.markets[asset].market for asset in sorted(exchange.config.restrictions.capped))
        return [market.coin for market in markets if market.dex == dex]
