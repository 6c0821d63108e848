"""Everything about the exchange that can be chosen, with the venue's values as defaults."""

from dataclasses import dataclass, field

from .fees import FeeSchedule, TierZeroFees
from .markets import Market
from .quirks import VenueQuirks
from .restrictions import Restrictions
from .units import usd


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig:
    """Settings of one `Exchange`. Money in 1e-12 USD.

    What is marked "unconfirmed" stands for something that the reference leaves open.
    """

    markets: tuple[Market, ...]
    fees: FeeSchedule = field(default_factory=TierZeroFees)

    first_oid: int = 500_000_000_000
    """As on the venue, above 2^32: a client that squeezes an oid into 32 bits or a float notices here."""
    hash_seed: str = ""
    """Goes into the made-up transaction hashes, so that two exchanges have different ones."""

    min_notional: int = usd(10)
    max_market_notionals: tuple[tuple[int, int], ...] = (
        (25, usd(30_000_000)),
        (20, usd(5_000_000)),
        (10, usd(2_000_000)),
        (1, usd(500_000)),
    )
    """From this maximum leverage of a market on, a market order may be worth so much (reference, section 6)."""
    max_limit_factor: int = 10
    """How many times that a limit order may be worth."""
    price_band_percent: int = 80
    """Pre-validation refuses prices further than this from the mid (the oracle, without two sides)."""
    oracle_band_percent: int = 95
    """Orders further than this from the oracle are rejected one by one (unconfirmed)."""
    quirks: VenueQuirks = field(default_factory=VenueQuirks)
    """What the reference leaves open; can be changed while the exchange runs, by `SetQuirk`."""
    restrictions: Restrictions = field(default_factory=Restrictions)
    """What is not accepted for a while; changed while the exchange runs, by `Restrict`."""

    outside_daily_volume: int = usd(5_000_000_000)
    """What the rest of the venue is taken to trade a day: maker rebates go by the part of all (section 13)."""

    outside_accounts: frozenset[str] = frozenset()
    """Accounts whose orders restate what rests and trades on another venue, such as the rest of an order.

    The minimum value and the price bands apply to an order at its entry, which was there: not to these.
    """

    open_orders_base: int = 1_000
    open_orders_max: int = 5_000
    open_orders_volume_step: int = usd(5_000_000)
    """One more open order for each of these traded."""

    scheduled_cancel_volume: int = usd(1_000_000)
    scheduled_cancels_per_day: int = 10

    first_twap_id: int = 1_000_000
    twap_notional_per_minute: int = usd(10)
    active_twaps: int = 10
    """TWAP orders that one account may have at a time (there is a limit on the venue; which is unconfirmed)."""

    liquidator: str = "0x" + "f1" * 20
    """The account of the exchange that takes over positions; it needs no deposit."""

    default_leverage: int = 20
    """The leverage an account has before it sets one (capped by the market's maximum)."""

    history_limit: int = 10_000
    """Finished orders kept per account."""
    fill_limit: int = 10_000
    """Fills kept per account, as on the venue."""
    ledger_limit: int = 10_000
    """Funding payments, and other ledger entries, kept per account."""
    trade_limit: int = 1_000
    """Trades kept per market."""
    funding_limit: int = 24 * 365
    """Hourly funding rates kept per market."""
