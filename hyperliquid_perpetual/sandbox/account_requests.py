"""L1 actions about an account's own money and rights, in canonical key order (reference, sections 3 and 3.5).

Amounts and ratios in them are hashed as they were sent: the official SDK sends `5.0` as well as `5`.
"""

from typing import ClassVar, Literal

from hyperliquid_perpetual.sandbox.action_base import U64, Action, Address, AssetId


class MasterAction(Action):
    """One that cannot be asked for in a vault's or a sub-account's name."""

    takes_vault: ClassVar[bool] = False


class UpdateIsolatedMarginAction(Action, tag="updateIsolatedMargin"):
    asset: AssetId
    isBuy: bool
    ntli: int


class TopUpIsolatedOnlyMarginAction(Action, tag="topUpIsolatedOnlyMargin"):
    asset: AssetId
    leverage: str


class CreateSubAccountAction(MasterAction, tag="createSubAccount"):
    name: str


class SubAccountModifyAction(MasterAction, tag="subAccountModify"):
    subAccountUser: Address
    name: str

    def normalise(self) -> None:
        self.subAccountUser = self.subAccountUser.lower()


class SubAccountTransferAction(MasterAction, tag="subAccountTransfer"):
    subAccountUser: Address
    isDeposit: bool
    usd: U64

    def normalise(self) -> None:
        self.subAccountUser = self.subAccountUser.lower()


class SubAccountSpotTransferAction(MasterAction, tag="subAccountSpotTransfer"):
    subAccountUser: Address
    isDeposit: bool
    token: str
    amount: str

    def normalise(self) -> None:
        self.subAccountUser = self.subAccountUser.lower()


class VaultTransferAction(MasterAction, tag="vaultTransfer"):
    vaultAddress: Address
    isDeposit: bool
    usd: U64

    def normalise(self) -> None:
        self.vaultAddress = self.vaultAddress.lower()


class AgentSendAssetAction(MasterAction, tag="agentSendAsset"):
    destination: Address
    sourceDex: str
    destinationDex: str
    token: str
    amount: str
    fromSubAccount: str
    nonce: U64

    def normalise(self) -> None:
        self.destination = self.destination.lower()
        self.fromSubAccount = self.fromSubAccount.lower()


class AgentSetAbstractionAction(Action, tag="agentSetAbstraction"):
    """`i`: disabled, `u`: unified account, `p`: portfolio margin."""

    abstraction: Literal["i", "u", "p"]


class AgentEnableDexAbstractionAction(Action, tag="agentEnableDexAbstraction"):
    """Deprecated by the venue, as is what it enables."""


KnownAccountAction = (
    UpdateIsolatedMarginAction
    | TopUpIsolatedOnlyMarginAction
    | CreateSubAccountAction
    | SubAccountModifyAction
    | SubAccountTransferAction
    | SubAccountSpotTransferAction
    | VaultTransferAction
    | AgentSendAssetAction
    | AgentSetAbstractionAction
    | AgentEnableDexAbstractionAction
)
