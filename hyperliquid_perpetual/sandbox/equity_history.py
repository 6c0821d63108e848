"""What accounts were worth over time, for `portfolio` (reference, section 2.3): a bounded number of samples of each.

How often the venue samples is not documented. Here it is every quarter of an hour of the exchange's time, thinned out
for the longer periods. Every collateral token counts as a dollar.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.events import CashMoved, Event
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.pools import SPOT
from hyperliquid_perpetual.sandbox.engine.state import Account
from hyperliquid_perpetual.sandbox.engine.vaults import vault_value
from hyperliquid_perpetual.sandbox.wire import money_text

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SAMPLE_MS = 15 * MINUTE_MS
MAX_ALL_TIME = 200
_WINDOWS: dict[str, tuple[int, int]] = {
    "day": (DAY_MS, SAMPLE_MS),
    "week": (7 * DAY_MS, 2 * HOUR_MS),
    "month": (30 * DAY_MS, 8 * HOUR_MS),
}
"""Length of a period, and the least time between two of its samples."""

Json = dict[str, Any]


class Sample(Struct, frozen=True):
    """An account at `time` (Unix ms); worths, profits and traded volume since ever in money.

    `value` is everything it has, `perp_value` what is on the dexs.
    """

    time: int
    value: int
    pnl: int
    perp_value: int
    perp_pnl: int
    volume: int


class Flows(Struct):
    """What came to an account less what left it, on its dexs and in its spot wallet, in money."""

    perp: int = 0
    spot: int = 0


class Samples(Struct):
    """The samples of one account: three periods that move on, and one that gets coarser as it gets longer."""

    windows: dict[str, list[Sample]] = field(default_factory=lambda: {name: [] for name in _WINDOWS})
    all_time: list[Sample] = []
    step: int = SAMPLE_MS
    """The least time between two samples of `all_time`, ms."""

    def add(self, sample: Sample) -> None:
        for name, (length, step) in _WINDOWS.items():
            kept = self.windows[name]
            if not kept or sample.time >= kept[-1].time + step:
                kept.append(sample)
            # One sample from before the period stays: what the period's profit and volume are counted from.
            while len(kept) > 1 and kept[1].time <= sample.time - length:
                del kept[0]
        if not self.all_time or sample.time >= self.all_time[-1].time + self.step:
            self.all_time.append(sample)
            if len(self.all_time) > MAX_ALL_TIME:
                self.all_time = self.all_time[::2]
                self.step *= 2


class EquityState(Struct):
    """What the history of all accounts is, by address."""

    flows: dict[str, Flows]
    samples: dict[str, Samples]


class EquityHistory:
    """Listens to the chain and samples all accounts at intervals, but for those that keep little (`LimitHistory`)."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._samples: dict[str, Samples] = {}
        self._flows: dict[str, Flows] = {}
        self._arrived: dict[str, None] = {}

    def dump(self) -> EquityState:
        """Everything, for a state file: to be written down before more happens."""
        return EquityState(self._flows, self._samples)

    def load(self, state: EquityState) -> None:
        """Go on from what `dump` gave."""
        self._flows, self._samples = state.flows, state.samples

    def start(self, clock: Clock) -> list[Timer]:
        """Begin to sample."""
        return [clock.every(SAMPLE_MS, self.sample)]

    def sample(self) -> None:
        """Take a sample of every account that has ever had money."""
        for address in self._flows:
            self._take(address)

    def on_events(self, events: list[Event]) -> None:
        """As a `BlockListener`: sum up what comes and goes."""
        for event in events:
            if type(event) is CashMoved:
                flows = self._flows.get(event.account)
                if flows is None:
                    flows = self._flows[event.account] = Flows()
                    self._arrived[event.account] = None
                if event.place == SPOT:
                    flows.spot += event.amount
                else:
                    flows.perp += event.amount

    def on_block(self, now: int) -> None:
        """As a `BlockListener`: the history of an account begins with its first money."""
        if self._arrived:
            arrived, self._arrived = self._arrived, {}
            for address in arrived:
                self._take(address)

    def net_flows(self, user: str) -> int:
        """What came to an account less what left it, in money."""
        flows = self._flows.get(user)
        return 0 if flows is None else flows.perp + flows.spot

    def vault_equity(self, user: str) -> int:
        """What an account's shares of vaults are worth, in money."""
        return sum(equity for equity, _ in self._stakes(user))

    def portfolio(self, user: str) -> list[Any]:
        """`portfolio`: values and profits of four periods, of the whole account and of its dexs alone."""
        samples = self._samples.get(user) or Samples()
        periods: list[tuple[str, list[Sample]]] = [(name, list(kept)) for name, kept in samples.windows.items()]
        periods.append(("allTime", list(samples.all_time)))
        account = self._exchange.account(user)
        if account is not None and samples.all_time:
            newest = self._measure(account)
            for _, kept in periods:
                if len(kept) > 1 and kept[-1].time == newest.time:
                    kept[-1] = newest
                else:
                    kept.append(newest)
        whole = [[name, _period(name, kept, False)] for name, kept in periods]
        perps = [[f"perp{name[0].upper()}{name[1:]}", _period(name, kept, True)] for name, kept in periods]
        return whole + perps

    def _take(self, address: str) -> None:
        account = self._exchange.account(address)
        if account is not None and not account.keeps_little:
            self._samples.setdefault(address, Samples()).add(self._measure(account))

    def _measure(self, account: Account) -> Sample:
        flows = self._flows.get(account.address) or Flows()
        perp_value = _perp_value(account, self._exchange.markets)
        spot_value = sum(account.spot.values())
        vaults = list(self._stakes(account.address))
        perp_pnl = perp_value - flows.perp
        spot_pnl = spot_value - flows.spot
        return Sample(
            self._exchange.now,
            perp_value + spot_value + sum(equity for equity, _ in vaults),
            perp_pnl + spot_pnl + sum(pnl for _, pnl in vaults),
            perp_value,
            perp_pnl,
            account.volume,
        )

    def _stakes(self, user: str) -> Iterator[tuple[int, int]]:
        """Worth and profit of each vault share of an account."""
        for account in self._exchange.accounts.values():
            stake = None if account.vault is None else account.vault.stakes.get(user)
            if account.vault is not None and stake is not None:
                equity = account.vault.equity(user, vault_value(account, self._exchange.markets))
                yield equity, equity - stake.basis + stake.withdrawn_profit


def _perp_value(account: Account, markets: Mapping[int, MarketState]) -> int:
    """Cash and positions of all dexs, in money; trades and funding book here in every account mode."""
    return sum(
        house.raw_usd
        + sum(
            position.isolated_usd + position.notional(markets[position.asset].mark_px)
            for position in house.open_positions()
        )
        for house in account.clearinghouses.values()
    )


def _period(name: str, samples: list[Sample], perps: bool) -> Json:
    """One period; its profit and its volume begin at zero, those of `allTime` when the account did."""
    is_all = name == "allTime"
    first = samples[0] if samples else None
    base_pnl = 0 if first is None or is_all else (first.perp_pnl if perps else first.pnl)
    base_volume = 0 if first is None or is_all else first.volume
    return {
        "accountValueHistory": [
            [sample.time, money_text(sample.perp_value if perps else sample.value)] for sample in samples
        ],
        "pnlHistory": [
            [sample.time, money_text((sample.perp_pnl if perps else sample.pnl) - base_pnl)] for sample in samples
        ],
        "vlm": money_text(samples[-1].volume - base_volume) if samples else "0.0",
    }
