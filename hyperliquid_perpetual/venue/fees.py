"""Fee rates: the base tier, and how a builder-deployed dex scales an account's rates.

Reference, section 13.
"""

from decimal import Decimal

BASE_MAKER_RATE = Decimal("0.00015")
BASE_TAKER_RATE = Decimal("0.00045")
"""What an account without volume, staking or referral pays, as fractions of the notional."""

_GROWTH_MODE_FACTOR = Decimal("0.1")


def hip3_fee_multiplier(deployer_fee_scale: Decimal, growth_mode: bool) -> Decimal:
    """What a HIP-3 market multiplies an account's positive fee rates with.

    ``1 + s`` for a deployer scale s below 1, else ``2 x s``; a tenth of that while the market is in growth mode.
    """
    scale = 1 + deployer_fee_scale if deployer_fee_scale < 1 else 2 * deployer_fee_scale
    return scale * _GROWTH_MODE_FACTOR if growth_mode else scale


def hip3_rebate_multiplier(deployer_fee_scale: Decimal, growth_mode: bool) -> Decimal:
    """What a HIP-3 market leaves of an account's maker rebate (a negative fee rate).

    Rebates are split with the deployer instead of multiplied: its share is ``s / (1 + s)`` for a scale s below 1, else
    half; and growth mode leaves a tenth.
    """
    share = deployer_fee_scale / (1 + deployer_fee_scale) if deployer_fee_scale < 1 else Decimal("0.5")
    kept = 1 - share
    return kept * _GROWTH_MODE_FACTOR if growth_mode else kept
