"""What an account has to do with referrals: who referred it, whom it has referred, what it has earned by that."""

from msgspec import Struct


class Referred(Struct):
    """One account that came by a code. Money; `joined` is Unix ms."""

    joined: int
    fees: int = 0
    """Fees that earned the referrer something."""
    rewarded: int = 0


class ReferralState(Struct):
    """Kept by every account that has a code or used one."""

    code: str | None = None
    referrer: str | None = None
    """The address of who referred this account."""
    used_code: str | None = None
    referred: dict[str, Referred] = {}
    """By address, in the order in which they came."""
    unclaimed: dict[str, int] = {}
    """Rewards that wait to be claimed, in money by token."""
    claimed: dict[str, int] = {}
