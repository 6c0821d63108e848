"""L1 actions about what the exchange offers beside trading, in canonical key order: referrals, requests, vaults, slots.

`createVault`, `vaultModify`, `vaultDistribute`, `registerReferrer` and `claimRewards` are not in the reference's table
(section 3); their keys and the order of these are those that a widely used client signs.
"""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from hyperliquid_perpetual.sandbox.account_requests import MasterAction
from hyperliquid_perpetual.sandbox.action_base import U64, Action, Address
from hyperliquid_perpetual.sandbox.engine import account_commands as ask
from hyperliquid_perpetual.sandbox.engine.commands import Command
from hyperliquid_perpetual.sandbox.engine.gossip import SLOTS, WEI
from hyperliquid_perpetual.sandbox.engine.units import MICRO_USD


class SetReferrerAction(MasterAction, tag="setReferrer"):
    code: str


class RegisterReferrerAction(MasterAction, tag="registerReferrer"):
    code: str


class ClaimRewardsAction(MasterAction, tag="claimRewards"):
    pass


class ReserveRequestWeightAction(MasterAction, tag="reserveRequestWeight"):
    weight: U64
    destination: Address | None = None

    def normalise(self) -> None:
        if self.destination is not None:
            self.destination = self.destination.lower()


class EvmUserModifyAction(MasterAction, tag="evmUserModify"):
    usingBigBlocks: bool


class GossipPriorityBidAction(MasterAction, tag="gossipPriorityBid"):
    """`maxGas` is in 1e-8 HYPE."""

    slotId: Annotated[int, Meta(ge=0, lt=SLOTS)]
    ip: str
    maxGas: U64


class CreateVaultAction(MasterAction, tag="createVault"):
    """`initialUsd` is in 1e-6 USD. Clients put a nonce here as well; that it is the request's is not asked for."""

    name: str
    description: str
    initialUsd: U64
    nonce: U64


class VaultModifyAction(MasterAction, tag="vaultModify"):
    """Both settings can be null, which leaves them as they are; one that was left out is not hashed."""

    vaultAddress: Address
    allowDeposits: bool | UnsetType | None = UNSET
    alwaysCloseOnWithdraw: bool | UnsetType | None = UNSET

    def normalise(self) -> None:
        self.vaultAddress = self.vaultAddress.lower()


class VaultDistributeAction(MasterAction, tag="vaultDistribute"):
    """`usd` is in 1e-6 USD; 0 closes the vault."""

    vaultAddress: Address
    usd: U64

    def normalise(self) -> None:
        self.vaultAddress = self.vaultAddress.lower()


KnownServiceAction = (
    SetReferrerAction
    | RegisterReferrerAction
    | ClaimRewardsAction
    | ReserveRequestWeightAction
    | EvmUserModifyAction
    | GossipPriorityBidAction
    | CreateVaultAction
    | VaultModifyAction
    | VaultDistributeAction
)


def service_command(action: Action) -> Command | None:
    """The command that an action asks for, for an account yet unknown; None if it is about something else."""
    match action:
        case SetReferrerAction():
            return ask.SetReferrer("", action.code)
        case RegisterReferrerAction():
            return ask.RegisterReferrer("", action.code)
        case ClaimRewardsAction():
            return ask.ClaimRewards("")
        case ReserveRequestWeightAction():
            return ask.ReserveRequestWeight("", action.weight, action.destination)
        case EvmUserModifyAction():
            return ask.SetBigBlocks("", action.usingBigBlocks)
        case GossipPriorityBidAction():
            return ask.BidForGossip("", action.slotId, action.ip, action.maxGas * WEI)
        case CreateVaultAction():
            return ask.CreateVault("", action.name, action.initialUsd * MICRO_USD, action.description)
        case VaultModifyAction():
            allow, close = action.allowDeposits, action.alwaysCloseOnWithdraw
            return ask.ModifyVault(
                "",
                action.vaultAddress,
                None if isinstance(allow, UnsetType) else allow,
                None if isinstance(close, UnsetType) else close,
            )
        case VaultDistributeAction():
            return ask.DistributeVault("", action.vaultAddress, action.usd * MICRO_USD)
    return None
