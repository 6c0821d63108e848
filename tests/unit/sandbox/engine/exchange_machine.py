"""An exchange under random commands, its shadow ledger, and what must hold after every command."""

from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from hyperliquid_perpetual.sandbox.engine.account_commands import (
    ApproveBuilder,
    BidForGossip,
    ClaimRewards,
    CreateSubAccount,
    CreateVault,
    GrantReferralCode,
    ReserveRequestWeight,
    SetReferrer,
    TransferToSubAccount,
    Withdraw,
)
from hyperliquid_perpetual.sandbox.engine.commands import BuilderFee, Command, Deposit, SetPrices, Tick
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.events import (
    CashMoved,
    Event,
    Failed,
    Filled,
    Replied,
    Resting,
    WaitingForFill,
    WaitingForTrigger,
)
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.family import derived_address
from hyperliquid_perpetual.sandbox.engine.fees import VenueFees
from hyperliquid_perpetual.sandbox.engine.quirks import VenueQuirks
from hyperliquid_perpetual.sandbox.engine.state import Account, Clearinghouse, Position
from tests.unit.sandbox.engine.ledger import ShadowLedger
from tests.unit.sandbox.engine.ledger_comparison import compare
from tests.unit.sandbox.engine.shadow_fees import ShadowFees
from tests.unit.sandbox.engine.venue import ALICE, BOB, CAROL, DAVE, NOON, make_market, money, px

MARKETS = (
    make_market("HYPE", 0, 100, sz_decimals=2, max_leverage=50),
    make_market("BBB", 1, "0.05", sz_decimals=0, max_leverage=10),
    make_market(
        "dex:CCC",
        110_000,
        2_000,
        sz_decimals=4,
        max_leverage=5,
        dex="dex",
        margin_mode="strictIsolated",
        fee_scale=300_000,
        growth_mode=True,
    ),
)
LATER = make_market("DDD", 2, 10, sz_decimals=1, max_leverage=10)
"""A market that opens in the middle of it."""
STEPS = {0: px("0.01"), 1: px("0.00001"), 2: px("0.001"), 110_000: px("0.1")}
LOTS = {0: 25, 1: 400, 2: 12, 110_000: 60}
OUTSIDE = 20_000
"""USD that are traded elsewhere in a day: little, so that makers get rebates."""
CLOIDS = [f"0x{number:032x}" for number in range(1, 5)]

SUB_ACCOUNT, VAULT = derived_address("sub-account", ALICE, 0), derived_address("vault", BOB, 0)

accounts = st.sampled_from([ALICE, BOB, CAROL, DAVE, ALICE, BOB, CAROL, DAVE, SUB_ACCOUNT, VAULT])
amounts = st.sampled_from([0, 1, 999_999, 10**12, 10**14 + 1, 10**15, 10**20])
places = st.sampled_from(["", "dex", "spot", "nowhere"])
modes = st.sampled_from(
    ["default", "disabled", "unifiedAccount", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
)
assets = st.sampled_from([0, 0, 1, 110_000])
builders = st.sampled_from([*[None] * 8, BuilderFee(CAROL, 25), BuilderFee(DAVE, 100), BuilderFee(BOB, 0)])
cloids = st.sampled_from([None, None, None, *CLOIDS])


PERMILLES = [-400, -60, -20, -16, -13, -12, -11, -9, 9, 11, 12, 13, 16, 20, 60, 600]


class ExchangeMachine(RuleBasedStateMachine):
    """What all rules use: six accounts (a sub-account and a vault among them) in three markets on two dexs."""

    def __init__(self) -> None:
        super().__init__()
        quirks = VenueQuirks()
        config = ExchangeConfig(
            markets=MARKETS,
            fees=VenueFees(quirks),
            quirks=quirks,
            outside_daily_volume=money(OUTSIDE),
            scheduled_cancel_volume=0,
            open_orders_base=20,
            open_orders_max=22,
            first_oid=1,
        )
        self.exchange = Exchange(config)
        self.ledger = ShadowLedger({market.asset: market for market in MARKETS}, ShadowFees(Fraction(OUTSIDE)))
        self.ledger.oracle = {market.asset: Fraction(market.oracle_px, 10**6) for market in MARKETS}
        self.ledger.mark = {market.asset: market.oracle_px for market in MARKETS}
        self.now = NOON
        self.paid_in: dict[str, Fraction] = {}
        """What came to the exchange less what left it, by token."""

    def run(self, command: Command) -> list[Event]:
        before = {
            (address, asset): abs(position.szi)
            for address, account in self.exchange.accounts.items()
            for house in account.clearinghouses.values()
            for asset, position in house.positions.items()
        }
        fees_before = dict(self.ledger.fees)
        marks_before = {asset: state.mark_px for asset, state in self.exchange.markets.items()}
        deleveraged_before = self.ledger.deleveraged
        events = self.exchange.apply(self.now, command)
        self.ledger.follow(events)
        if isinstance(command, SetPrices | Tick) and self.ledger.deleveraged == deleveraged_before:
            moved = any(state.mark_px != marks_before[asset] for asset, state in self.exchange.markets.items())
            if moved:
                self.check_liquidations()
        self.check_margin(before, fees_before)
        self.check_total(command, events)
        return events

    def check_total(self, command: Command, events: list[Event]) -> None:
        """Transfers change where money is. How much of it there is changes by what is paid in, and what leaves."""
        if isinstance(command, Deposit):
            self.take_in(command.token, Fraction(command.amount, 10**12))
        elif isinstance(command, Withdraw | ReserveRequestWeight | BidForGossip | ClaimRewards) and len(events) > 1:
            moves = [event for event in events if isinstance(event, CashMoved) and event.account == command.account]
            for move in moves:
                self.take_in(move.token, Fraction(move.amount, 10**12))
        here: dict[str, Fraction] = dict(self.ledger.deposited_spot)
        here["USDC"] = here.get("USDC", Fraction(0)) + sum(self.ledger.deposited.values())
        assert {token: amount for token, amount in self.paid_in.items() if amount} == {
            token: amount for token, amount in here.items() if amount
        }

    def take_in(self, token: str, amount: Fraction) -> None:
        self.paid_in[token] = self.paid_in.get(token, Fraction(0)) + amount

    def check_margin(self, before: dict[tuple[str, int], int], fees_before: dict[str, Fraction]) -> None:
        """Whoever has only grown in this command has initial margin for it, but for the command's fees."""
        for address, account in self.exchange.accounts.items():
            if address == self.exchange.liquidator:
                continue
            for houses, cash in self.margined_together(account):
                held = [(asset, position) for house in houses for asset, position in house.positions.items()]
                grown = [abs(position.szi) - before.get((address, asset), 0) for asset, position in held]
                if not grown or min(grown) < 0 or max(grown) == 0:
                    continue
                equity = cash + sum(Fraction(house.raw_usd, 10**12) for house in houses)
                needed = Fraction(0)
                for asset, position in held:
                    if position.is_cross:
                        mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                        size = Fraction(position.szi, 10**position.market.sz_decimals)
                        equity += size * mark
                        needed += abs(size) * mark / position.leverage - Fraction(1, 10**6)
                paid = sum(
                    self.ledger.fees.get(house.dex, Fraction(0)) - fees_before.get(house.dex, Fraction(0))
                    for house in houses
                )
                assert equity + paid >= needed

    def check_liquidations(self) -> None:
        """When a mark price has moved, nobody is left with less than two thirds of the maintenance margin."""
        for address, account in self.exchange.accounts.items():
            if address == self.exchange.liquidator:
                continue
            for houses, cash in self.margined_together(account):
                equity = cash + sum(Fraction(house.raw_usd, 10**12) for house in houses)
                needed = Fraction(0)
                for house in houses:
                    for asset, position in house.positions.items():
                        if not position.szi:
                            continue
                        mark = Fraction(self.exchange.markets[asset].mark_px, 10**6)
                        value = Fraction(position.szi, 10**position.market.sz_decimals) * mark
                        needs = abs(value) / (2 * position.market.max_leverage) - Fraction(1, 10**6)
                        if position.is_cross:
                            equity += value
                            needed += needs
                        else:
                            assert Fraction(position.isolated_usd, 10**12) + value >= needs * 2 / 3
                assert not needed or equity >= needed * 2 / 3

    def margined_together(self, account: Account) -> list[tuple[list[Clearinghouse], Fraction]]:
        """Each group of dexs that share margin (all are of one collateral here), with what the spot wallet adds."""
        houses = list(account.clearinghouses.values())
        if account.mode in ("default", "disabled"):
            return [([house], Fraction(0)) for house in houses]
        in_spot = account.mode != "dexAbstraction"
        return [(houses, self.ledger.spot.get((account.address, "USDC"), Fraction(0)) if in_spot else Fraction(0))]

    def ask(self, command: Command) -> Replied:
        reply = self.run(command)[0]
        assert isinstance(reply, Replied)
        return reply

    @initialize()
    def fund(self) -> None:
        for account, amount in ((ALICE, 50_000), (BOB, 50_000), (CAROL, 500), (DAVE, 50)):
            for dex in ("", "dex"):
                self.run(Deposit(account, money(amount), dex))
            if account == ALICE:
                self.ask(CreateSubAccount(ALICE, "sub"))
                self.ledger.rates.masters[SUB_ACCOUNT] = ALICE
                self.ask(TransferToSubAccount(ALICE, SUB_ACCOUNT, True, money(4_000)))
            if account == BOB:
                self.ask(CreateVault(BOB, "vault", money(2_000)))
            if account == CAROL:
                self.run(GrantReferralCode(ALICE, "FIRST"))
                self.ask(SetReferrer(BOB, "FIRST"))
            for builder in (CAROL, DAVE)[: amount // 20_000]:
                self.ask(ApproveBuilder(account, builder, 100))

    def held(self) -> list[tuple[str, Position]]:
        return [
            (account.address, position)
            for account in self.exchange.accounts.values()
            for house in account.clearinghouses.values()
            for position in house.open_positions()
        ]

    def check_statuses(self, reply: Replied, count: int, account: str) -> None:
        assert (reply.error is None) == (len(reply.statuses) == count)
        for status in reply.statuses:
            if isinstance(status, Resting | Filled | WaitingForFill | WaitingForTrigger):
                record = self.exchange.order(account, status.oid)
                assert record is not None
                assert record.cloid == status.cloid
                assert (record.trigger is not None) is isinstance(status, WaitingForFill | WaitingForTrigger)
                filled = self.ledger.filled.get(status.oid, 0)
                assert not isinstance(status, Filled) or status.total_sz == filled
            else:
                assert isinstance(status, Failed)

    @invariant()
    def books_agree(self) -> None:
        compare(self.ledger, self.exchange)
