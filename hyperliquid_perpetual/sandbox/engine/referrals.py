"""Referral codes: who may have one, who may use one, and what the referrer earns.

The reference has the discount (section 13) and the action (section 3). The rest is from the venue's public pages: a
code can be made after 10,000 USD of volume; the referrer earns a tenth of the fees of whom it referred, after the
discount and until they have traded 1,000,000,000 USD; rewards are claimed into the spot wallet once there is more than
one dollar. Texts are ours unless said otherwise.
"""

from collections.abc import Mapping

from .events import ReferralSet, RewardEarned
from .outbox import Outbox
from .pools import SPOT
from .records import LedgerDetails
from .referral_state import ReferralState, Referred
from .state import Account
from .treasury import Treasury
from .units import MICRO_USD, usd

CODE_VOLUME = usd(10_000)
MAX_CODE_LENGTH = 20
REWARD_PERCENT = 10
REWARD_VOLUME = usd(1_000_000_000)
CLAIM_ABOVE = usd(1)

NOT_ENOUGH_VOLUME = "Cannot generate referral code until enough volume traded"
"""The venue's text, as a client's own tests have it."""
NOTHING_TO_CLAIM = "No rewards to claim"
"""Likewise."""


class ReferralDesk:
    """All codes there are."""

    __slots__ = ("_outbox", "_treasury", "codes", "paid_out")

    def __init__(self, treasury: Treasury, outbox: Outbox) -> None:
        self._treasury = treasury
        self._outbox = outbox
        self.codes: dict[str, str] = {}
        """The address behind every code."""
        self.paid_out: dict[str, int] = {}
        """Rewards that were claimed, by token: what the exchange gave away of its fees."""

    def code_error(self, account: Account | None, code: str) -> str | None:
        """Why an account cannot have a code."""
        if account is None or account.kind != "user":
            return "Only an account of its own can have a referral code."
        if not 1 <= len(code) <= MAX_CODE_LENGTH:
            return f"Referral code must have 1 to {MAX_CODE_LENGTH} characters."
        if account.referral is not None and account.referral.code is not None:
            return f"This account has the referral code {account.referral.code} already."
        if code in self.codes:
            return f"Referral code {code} is taken."
        return None

    def register(self, account: Account, code: str) -> None:
        """Give an account a code."""
        _state(account).code = code
        self.codes[code] = account.address

    def ask_for_code(self, account: Account, code: str) -> str | None:
        """`registerReferrer`: an account makes itself a code; returns the error text instead."""
        if account.volume < CODE_VOLUME:
            return NOT_ENOUGH_VOLUME
        error = self.code_error(account, code)
        if error is None:
            self.register(account, code)
        return error

    def use_code(self, account: Account, code: str) -> str | None:
        """`setReferrer`: once, and for good; returns the error text instead."""
        if account.kind != "user":
            return "Only an account of its own can be referred."
        referrer = self.codes.get(code)
        if referrer is None:
            return f"There is no referral code {code}."
        if referrer == account.address:
            return "Cannot self-refer."
        state = _state(account)
        if state.referrer is not None:
            return "Referrer is already set."
        state.referrer, state.used_code = referrer, code
        _state(self._treasury.accounts[referrer]).referred[account.address] = Referred(self._outbox.time)
        self._outbox.emit(ReferralSet(self._outbox.time, account.address, referrer, code))
        return None

    def reward(self, account: Account, fee: int, token: str) -> None:
        """Give the referrer of an account, if it has one, the part of a fee (money, without the builder's)."""
        state = account.referral
        if state is None or state.referrer is None or fee <= 0 or account.volume >= REWARD_VOLUME:
            return
        amount = fee * REWARD_PERCENT // 100 // MICRO_USD * MICRO_USD
        if not amount:
            return
        earner = _state(self._treasury.accounts[state.referrer])
        earner.unclaimed[token] = earner.unclaimed.get(token, 0) + amount
        referred = earner.referred[account.address]
        referred.fees += fee
        referred.rewarded += amount
        self._outbox.emit(RewardEarned(self._outbox.time, state.referrer, account.address, token, amount))

    def claim(self, account: Account) -> str | None:
        """`claimRewards`: bring what is more than a dollar to the spot wallet; returns the error text instead."""
        state = account.referral
        if state is None:
            return NOTHING_TO_CLAIM
        due = {token: earned for token, earned in state.unclaimed.items() if earned > CLAIM_ABOVE}
        if not due:
            return NOTHING_TO_CLAIM
        for token, amount in due.items():
            del state.unclaimed[token]
            state.claimed[token] = state.claimed.get(token, 0) + amount
            self.paid_out[token] = self.paid_out.get(token, 0) + amount
            self._treasury.credit(account, SPOT, token, amount)
            self._treasury.note(account, "rewardsClaim", amount, SPOT, LedgerDetails(token=token))
        return None


def referral_of(accounts: Mapping[str, Account], address: str) -> ReferralState:
    """The state of an account, an empty one if it has none."""
    account = accounts.get(address)
    return ReferralState() if account is None or account.referral is None else account.referral


def _state(account: Account) -> ReferralState:
    if account.referral is None:
        account.referral = ReferralState()
    return account.referral
