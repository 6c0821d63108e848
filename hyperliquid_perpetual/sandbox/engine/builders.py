"""Builder codes: who may charge an account a fee on top, and how much (reference, sections 3.1, 3.8 and 13)."""

from collections.abc import Iterable, Mapping

from .commands import BuilderFee, OrderIntent
from .margin import clearinghouse_margin
from .market_state import MarketState
from .pools import STANDARD_MODES
from .state import Account
from .units import MICRO_USD, usd

MAX_PERP_FEE = 100
"""Tenths of a basis point: 0.1 % of the notional."""
MAX_APPROVAL = 1_000
"""What may be approved: 1 %, the limit of spot trading."""
MAX_APPROVALS = 10
MIN_ACCOUNT_VALUE = usd(100)
"""What a builder must have on the first dex, in an account of the standard mode."""

NOT_APPROVED = "Builder fee has not been approved."
_FEE_DIVISOR = 100_000 * MICRO_USD


def builder_fee(builder: BuilderFee | None, value: int) -> int:
    """What a builder gets of a match of `value`, in money, cut to 1e-6 USD as recorded fills show."""
    return 0 if builder is None else value * builder.fee // _FEE_DIVISOR * MICRO_USD


def approve_builder(account: Account, builder: str, max_fee: int) -> str | None:
    """Approve up to `max_fee` tenths of a basis point, 0 takes it back; returns an error text (ours) instead."""
    if max_fee > MAX_APPROVAL:
        return f"Builder fee must be at most {MAX_APPROVAL // 1_000}%."
    if not max_fee:
        account.builders.pop(builder, None)
        return None
    if builder not in account.builders and len(account.builders) >= MAX_APPROVALS:
        return f"Too many approved builders: at most {MAX_APPROVALS}."
    account.builders[builder] = max_fee
    return None


def builder_error(
    account: Account,
    orders: Iterable[OrderIntent],
    accounts: Mapping[str, Account],
    markets: Mapping[int, MarketState],
) -> str | None:
    """Why a batch with a builder's fee is refused as a whole, None if it is not.

    Whoever acts must have approved the fee itself: a vault or a sub-account, which cannot, never has. The text for a
    builder without money is ours.
    """
    for builder in {intent.builder: None for intent in orders if intent.builder is not None}:
        if account.builders.get(builder.address, 0) < builder.fee:
            return NOT_APPROVED
        if builder.fee > MAX_PERP_FEE:
            return f"Builder fee must be at most {MAX_PERP_FEE} tenths of a basis point on perpetuals."
        if builder.fee and not _is_solvent(accounts.get(builder.address), markets):
            return f"Builder must have at least ${MIN_ACCOUNT_VALUE // usd(1)} in its perpetuals account."
    return None


def _is_solvent(builder: Account | None, markets: Mapping[int, MarketState]) -> bool:
    if builder is None or builder.mode not in STANDARD_MODES:
        return False
    margin = clearinghouse_margin(builder.clearinghouse(""), markets)
    return margin.summary.account_value >= MIN_ACCOUNT_VALUE
