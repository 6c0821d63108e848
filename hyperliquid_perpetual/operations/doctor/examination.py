"""One visit of the doctor, from the installation to the dust: what is looked at, in which order, and what follows when
something is missing."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hyperliquid_perpetual.operations.doctor import (
    account,
    identity,
    installation,
    money,
    orders,
    reachability,
    signatures,
    streams,
)
from hyperliquid_perpetual.operations.doctor.findings import Finding, Report, Section
from hyperliquid_perpetual.operations.doctor.identity import HOW_TO_NAME_ONE, Identity
from hyperliquid_perpetual.operations.networks import name_of
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.budget import shared_budget
from hyperliquid_perpetual.trading.markets_source import MarketsSource
from hyperliquid_perpetual.trading.requests import Requests, VenueUnavailable
from hyperliquid_perpetual.venue.markets import Market, MarketTable
from hyperliquid_perpetual.venue.networks import Network

_market_section, _account_section = Section("Market data"), Section("Account")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    network: Network
    pair: str = "BTC-USD"
    address: str | None = None
    agent: str | None = None
    hummingbot_home: Path | None = None
    """Where Hummingbot's `conf` is, and where it is started; None for none."""
    with_installation: bool = True
    """Whether versions and connectors are looked at, for which Hummingbot is loaded twice."""
    seconds: float = 12.0
    """How long books are listened to."""
    ask_password: Callable[[], str] | None = field(default=None, repr=False)


class Watcher(Protocol):
    """Sees how the visit goes on."""

    def begins(self, what: str, total: float) -> None:
        """Something begins that takes ``total`` steps (or seconds)."""
        ...

    def goes_on(self, done: float) -> None:
        """So much of it is done."""
        ...


class Nobody:
    """A watcher that looks away."""

    def begins(self, what: str, total: float) -> None:
        """Nothing."""

    def goes_on(self, done: float) -> None:
        """Nothing."""


async def examine(plan: Plan, watcher: Watcher | None = None) -> Report:
    """Looks at everything; changes nothing.

    :raises ValueError: for an address that is none.
    """
    visit = _Visit(plan, watcher or Nobody())
    return await visit.run()


class _Visit:
    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        self._plan = plan
        self._watcher = watcher
        network = plan.network
        self._requests = Requests(network, shared_budget(network.rest_url), lambda: int(time.time() * 1000))
        self._findings: list[Finding] = []
        self._account: str | None = None

    async def run(self) -> Report:
        plan = self._plan
        # Before anything takes time: what was typed wrongly is told at once, and a password is asked for at once.
        who, about_keys = self._identify()
        self._account = who.account if who is not None else None
        if plan.with_installation:
            self._watcher.begins("Looking at the installation", 3)
            await self._look_at_installation()
        else:
            self._findings += signatures.check_own_signer()
        self._requests.keep_open()
        try:
            await self._look_at_network(who, about_keys)
        finally:
            await self._requests.close()
        url = plan.network.rest_url
        return Report(name_of(plan.network), url, self._account, tuple(self._findings))

    def _identify(self) -> tuple[Identity | None, list[Finding]]:
        plan = self._plan
        if plan.address is not None:
            return identity.given(plan.address, plan.agent), []
        home = plan.hummingbot_home
        if home is not None and (plan.network is not Network.SANDBOX or _has_keys(home, plan.network)):
            return identity.stored(home, plan.network, plan.agent, plan.ask_password)
        if plan.network is Network.SANDBOX:
            return identity.ready_made(plan.agent), []
        return None, [_account_section.skipped("account", "whose account is meant is not known", HOW_TO_NAME_ONE)]

    async def _look_at_installation(self) -> None:
        home = self._plan.hummingbot_home
        # Both load Hummingbot in a process of their own, which takes seconds.
        stock = asyncio.create_task(asyncio.to_thread(signatures.ask_stock_connector, home))
        found = await asyncio.to_thread(installation.look, home)
        self._watcher.goes_on(1)
        self._findings += [*found.findings, *signatures.check_own_signer()]
        self._watcher.goes_on(2)
        of_stock = await stock
        if found.has_hummingbot:
            self._findings += signatures.judge_stock_connector(of_stock, found.uses_built_in)
        self._watcher.goes_on(3)

    async def _look_at_network(self, who: Identity | None, about_keys: list[Finding]) -> None:
        self._findings += reachability.check_address(self._plan.network)
        self._watcher.begins("Asking the venue", reachability.SAMPLES)
        steps = iter(range(1, reachability.SAMPLES + 1))
        access = await reachability.look(self._requests, lambda: self._watcher.goes_on(next(steps)))
        self._findings += access.findings
        if not access.is_reachable:
            fix = "mend the network first"
            self._findings.append(_market_section.skipped("books", "the venue does not answer", fix))
            self._findings += about_keys
            self._findings.append(_account_section.skipped("account", "the venue does not answer", fix))
            return
        market, table = await self._find_market()
        if market is not None:
            self._watcher.begins(f"Listening to the books of {market.coin}", self._plan.seconds)
            self._findings += await streams.look(
                self._plan.network, market.coin, self._plan.seconds, access.ahead_ms, self._watcher.goes_on
            )
        self._findings += about_keys
        if who is not None and table is not None:
            await self._look_at_account(who, table, market, access.ahead_ms)
        self._findings.append(reachability.check_weight(self._requests))

    async def _find_market(self) -> tuple[Market | None, MarketTable | None]:
        """The market that is meant, and all of them."""
        pair = self._plan.pair
        try:
            table = await MarketsSource(self._requests).refresh()
        except VenueUnavailable as error:
            detail = f"the markets cannot be read: {error}"
            self._findings.append(_market_section.problem("markets", detail, "run this again"))
            return None, None
        listed = len(table.by_trading_pair)
        detail = f"{listed} to trade on {len(money.used_dexs(table))} dexs, {len(table.delisted)} delisted"
        if table.problems:
            fix = "the others work; see whether there is a newer release of this package"
            about = _market_section.warning("markets", f"{detail}; {'; '.join(table.problems)}", fix)
        else:
            about = _market_section.ok("markets", detail, listed=listed, delisted=len(table.delisted))
        self._findings.append(about)
        market = table.find(pair)
        if market is None:
            near = ", ".join(table.near(pair)) or "see `connect` or docs/markets.md for the names"
            fix = f"give another one with --pair; near it are: {near}"
            self._findings.append(_market_section.problem("pair", f"there is no market {pair}", fix))
        elif market.is_delisted:
            fix = "give another one with --pair"
            self._findings.append(_market_section.problem("pair", f"{pair} is delisted", fix))
            market = None
        return market, table

    async def _look_at_account(self, who: Identity, table: MarketTable, market: Market | None, ahead_ms: float) -> None:
        dexs = money.used_dexs(table)
        self._watcher.begins("Looking at the account", 6 + 2 * len(dexs))
        done = iter(range(1, 1000))

        def step() -> None:
            self._watcher.goes_on(next(done))

        holder: account.Holder | None = None
        try:
            holder, found = await account.check_role(self._requests, who)
            self._findings += found
        except VenueUnavailable as error:
            self._findings.append(_account_section.warning("role", f"could not be read: {error}", "run this again"))
        step()
        if holder is None:
            fix = "mend the account's address first"
            self._findings.append(_account_section.skipped("account", "there is no account to look at", fix))
            return
        self._account = holder.identity.account
        reader = AccountReader(self._requests, holder.identity.account)
        mode = await self._add_mode(reader)
        step()
        await self._add("signer", account.check_signer(self._requests, holder, ahead_ms))
        await self._add("API wallets", account.check_agents(self._requests, holder, ahead_ms))
        step()
        await self._look_at_money(reader, table, market, mode, step)
        await self._add("address budget", orders.check_allowance(reader))
        step()
        await self._add("open orders", orders.check_open_orders(reader, dexs, step))

    async def _add_mode(self, reader: AccountReader) -> str:
        try:
            mode, found = await account.check_mode(reader)
        except VenueUnavailable as error:
            self._findings.append(_account_section.warning("mode", f"could not be read: {error}", "run this again"))
            return "default"
        self._findings += found
        return mode

    async def _look_at_money(
        self, reader: AccountReader, table: MarketTable, market: Market | None, mode: str, step: Callable[[], None]
    ) -> None:
        try:
            state = await money.read_state(reader, table, mode, step)
        except VenueUnavailable as error:
            found = _account_section.warning("collateral", f"could not be read: {error}", "run this again")
            self._findings.append(found)
            return
        if market is None:
            fix = "give a pair that is listed with --pair"
            self._findings.append(_account_section.skipped("collateral", "no market is meant to be backed", fix))
        else:
            self._findings += money.check_collateral(state, table, market, self._plan.network)
            await self._add("margin", money.check_margin_mode(reader, state, market))
            await self._add("fees", money.check_fees(reader, [market]))
        step()
        self._findings += money.check_positions(state)

    async def _add(self, name: str, findings: Awaitable[list[Finding]]) -> None:
        self._findings += await account.guarded(name, findings)


def _has_keys(home: Path, network: Network) -> bool:
    return identity.connector_file(home, network).is_file()
