"""Info requests that a trading page or a wallet asks beside trading: overviews of an account, labels of markets.

The reference names them in sections 2.1 and 2.3. Where it does not give the shape of an answer, the answer is what at
least two independent clients of the venue read: the official SDK or the venue's pages, and another one.
"""

from hyperliquid_perpetual.sandbox.info_base import InfoRequest, UserRequest


class Portfolio(UserRequest, frozen=True):
    pass


class Referral(UserRequest, frozen=True):
    pass


class LegalCheck(UserRequest, frozen=True):
    pass


class IsVip(UserRequest, frozen=True):
    pass


class UserToMultiSigSigners(UserRequest, frozen=True):
    pass


class LeadingVaults(UserRequest, frozen=True):
    pass


class WebData2(UserRequest, frozen=True):
    pass


class DelegatorSummary(UserRequest, frozen=True):
    pass


class Delegations(UserRequest, frozen=True):
    pass


class DelegatorHistory(UserRequest, frozen=True):
    pass


class DelegatorRewards(UserRequest, frozen=True):
    pass


class PerpDexLimits(InfoRequest, frozen=True):
    dex: str


class PerpCategories(InfoRequest, frozen=True):
    pass


class PerpConciseAnnotations(InfoRequest, frozen=True):
    pass


class PerpAnnotation(InfoRequest, frozen=True):
    coin: str


KnownOverview = (
    Portfolio
    | Referral
    | LegalCheck
    | IsVip
    | UserToMultiSigSigners
    | LeadingVaults
    | WebData2
    | DelegatorSummary
    | Delegations
    | DelegatorHistory
    | DelegatorRewards
    | PerpDexLimits
    | PerpCategories
    | PerpConciseAnnotations
    | PerpAnnotation
)
