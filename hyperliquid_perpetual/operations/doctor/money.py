"""What backs an account's orders, dex by dex; its leverage, margin modes and fee rates.

Reference, sections 2.3, 13 and 14. What counts as backing in which account mode is decided by the connector's own
`AccountState`.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from hyperliquid_perpetual.operations.doctor.findings import Finding, Section
from hyperliquid_perpetual.operations.networks import WEB_APPLICATIONS
from hyperliquid_perpetual.trading.account import SPOT_MODES, AccountState
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.fee_book import FeeBook
from hyperliquid_perpetual.venue.markets import FIRST_DEX, Market, MarketTable
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.prices import MIN_NOTIONAL

section = Section("Account")


def used_dexs(table: MarketTable) -> list[str]:
    """The dexs that list something which can be traded, in the venue's order."""
    return list(dict.fromkeys(market.dex for market in table if not market.is_delisted))


async def read_state(
    reader: AccountReader, table: MarketTable, mode: str, on_read: Callable[[], None] = lambda: None
) -> AccountState:
    """What the account has on every dex. Costs 2 weight for each, and 2 for the spot wallet.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    state = AccountState()
    state.mode = mode
    for dex in used_dexs(table):
        state.update_dex(dex, await reader.state(dex))
        on_read()
    state.update_spot(await reader.spot_state())
    return state


def check_collateral(state: AccountState, table: MarketTable, market: Market, network: Network) -> list[Finding]:
    """A line for each pool of money that has something, and one about what backs the market that is meant."""
    findings, empty = [], []
    seen: set[str] = set()
    for dex in used_dexs(table):
        token = table.collateral[dex]
        pool = state.pool(dex, token)
        if pool in seen:
            continue
        seen.add(pool)
        balance = state.margin(dex, token)
        place = f"spot wallet, {token}" if state.mode in SPOT_MODES else dex_name(dex)
        data = {"pool": pool, "token": token, "total": str(balance.total), "free": str(balance.available)}
        if balance.total <= 0 and balance.available <= 0:
            empty.append(place)
            continue
        detail = f"{_usd(balance.total)} {token}, {_usd(balance.available)} free"
        findings.append(section.ok(f"collateral, {place}", detail, **data))
    backing = state.margin(market.dex, market.collateral_token)
    page = WEB_APPLICATIONS.get(network)
    deposit = f"deposit {market.collateral_token}{f' at {page}' if page else ''}"
    if not findings:
        detail = "there is none, on no dex: the venue refuses every order"
        return [section.problem("collateral", detail, deposit, empty=empty)]
    if backing.available <= 0:
        where = dex_name(market.dex) if state.mode not in SPOT_MODES else "the spot wallet"
        detail = f"nothing is free for {market.trading_pair}, whose orders are backed by {market.collateral_token}"
        fix = f"{deposit} or transfer it to {where}; or free some by closing positions and cancelling orders"
        findings.append(section.warning("collateral", f"{detail} on {where}", fix))
    if empty:
        findings.append(section.ok("collateral, none", f"nothing on: {', '.join(empty)}", empty=empty))
    return findings


async def check_margin_mode(reader: AccountReader, state: AccountState, market: Market) -> list[Finding]:
    """Leverage and margin mode of the market that is meant, and of those with positions. Costs 20 weight.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    setting = await reader.leverage(market.coin)
    state.update_leverage(market.coin, setting)
    coins = dict.fromkeys([market.coin, *(position.coin for position in state.positions())])
    findings = []
    for coin in coins:
        known = state.leverage(coin)
        if known is None:
            continue
        name, detail = f"margin, {coin}", f"{known.type}, leverage {known.value}"
        data = {"coin": coin, "mode": known.type, "leverage": known.value}
        if coin == market.coin:
            only = "; isolated only" if market.only_isolated else ""
            detail += f" of {market.max_leverage} at most{only}"
        findings.append(section.ok(name, detail, **data))
    return findings


async def check_fees(reader: AccountReader, markets: Iterable[Market]) -> list[Finding]:
    """The account's own fee rates on some markets. Costs 20 weight.

    :raises VenueUnavailable: when the venue could not be asked.
    """
    stated, book = await reader.fees(), FeeBook()
    book.update(stated)
    findings = []
    for market in markets:
        maker, taker = (book.rate(market, is_maker) or Decimal(0) for is_maker in (True, False))
        detail = f"maker {_percent(maker)}, taker {_percent(taker)}"
        if stated.activeReferralDiscount:
            detail += f"; a referral discount of {_percent(stated.activeReferralDiscount)} may come on top"
        data = {"coin": market.coin, "maker": str(maker), "taker": str(taker)}
        findings.append(section.ok(f"fees, {market.coin}", detail, **data))
    return findings


def check_positions(state: AccountState, warn_within: Decimal = Decimal("0.05")) -> list[Finding]:
    """Open positions, those near their liquidation price, and those too small to be closed in the usual way.

    :param warn_within: how near a liquidation price may be, as a fraction of the mark price.
    """
    positions = list(state.positions())
    if not positions:
        return [section.ok("positions", "none", count=0)]
    total = sum((abs(position.positionValue) for position in positions), Decimal(0))
    listed = ", ".join(f"{p.szi:+f} {p.coin} ({_usd(abs(p.positionValue))} USD, {p.leverage.type})" for p in positions)
    detail = f"{len(positions)}, worth {_usd(total)} USD: {listed}"
    findings = [section.ok("positions", detail, count=len(positions), value=str(total))]
    for position in positions:
        mark = abs(position.positionValue / position.szi)
        if position.liquidationPx is None or not mark:
            continue
        distance = abs(position.liquidationPx / mark - 1)
        if distance <= warn_within:
            detail = f"liquidated at {position.liquidationPx:f}, {_percent(distance)} from the mark price {mark:f}"
            fix = "reduce the position, or add margin"
            findings.append(section.warning(f"position, {position.coin}", detail, fix, distance=str(distance)))
    dust = [position for position in positions if abs(position.positionValue) < MIN_NOTIONAL]
    if dust:
        listed = ", ".join(f"{p.szi:+f} {p.coin} ({_usd(abs(p.positionValue))} USD)" for p in dust)
        detail = f"positions worth less than the smallest order, {MIN_NOTIONAL} USD: {listed}"
        fix = (
            "close each whole with one reduce-only order (in Hummingbot: position action CLOSE), which may be smaller;"
            f" or add at least {MIN_NOTIONAL} USD first and close all of it"
        )
        findings.append(section.warning("dust", detail, fix, coins=[position.coin for position in dust]))
    return findings


def dex_name(dex: str) -> str:
    """What a dex is called in a sentence."""
    return "first dex" if dex == FIRST_DEX else f"dex {dex}"


def _usd(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def _percent(fraction: Decimal) -> str:
    return f"{(fraction * 100).normalize():f} %" if abs(fraction) < Decimal("0.01") else f"{fraction * 100:.1f} %"
