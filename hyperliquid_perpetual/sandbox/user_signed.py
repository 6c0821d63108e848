"""The actions that only an account's own key may sign (reference, sections 3.6 to 3.8 and 4.2)."""

from typing import ClassVar, Literal

from hyperliquid_perpetual.sandbox.action_base import U64, Address, UserSignedAction

_NONCE = ("nonce", "uint64")
_TIME = ("time", "uint64")


class ApproveAgentAction(UserSignedAction, tag="approveAgent"):
    primary_type: ClassVar[str] = "ApproveAgent"
    signed_fields = (("agentAddress", "address"), ("agentName", "string"), _NONCE)

    agentAddress: Address
    nonce: U64
    agentName: str | None = None


class ApproveBuilderFeeAction(UserSignedAction, tag="approveBuilderFee"):
    primary_type: ClassVar[str] = "ApproveBuilderFee"
    signed_fields = (("maxFeeRate", "string"), ("builder", "address"), _NONCE)

    maxFeeRate: str
    builder: Address
    nonce: U64


class UsdSendAction(UserSignedAction, tag="usdSend"):
    primary_type: ClassVar[str] = "UsdSend"
    signed_fields = (("destination", "string"), ("amount", "string"), _TIME)

    destination: Address
    amount: str
    time: U64


class Withdraw3Action(UserSignedAction, tag="withdraw3"):
    primary_type: ClassVar[str] = "Withdraw"
    signed_fields = (("destination", "string"), ("amount", "string"), _TIME)

    destination: Address
    amount: str
    time: U64


class SpotSendAction(UserSignedAction, tag="spotSend"):
    primary_type: ClassVar[str] = "SpotSend"
    signed_fields = (("destination", "string"), ("token", "string"), ("amount", "string"), _TIME)

    destination: Address
    token: str
    amount: str
    time: U64


class UsdClassTransferAction(UserSignedAction, tag="usdClassTransfer"):
    """`amount` may end in ` subaccount:0x...`."""

    primary_type: ClassVar[str] = "UsdClassTransfer"
    signed_fields = (("amount", "string"), ("toPerp", "bool"), _NONCE)

    amount: str
    toPerp: bool
    nonce: U64


class SendAssetAction(UserSignedAction, tag="sendAsset"):
    """`fromSubAccount` is empty or an address."""

    primary_type: ClassVar[str] = "SendAsset"
    signed_fields = (
        ("destination", "string"),
        ("sourceDex", "string"),
        ("destinationDex", "string"),
        ("token", "string"),
        ("amount", "string"),
        ("fromSubAccount", "string"),
        _NONCE,
    )

    destination: Address
    sourceDex: str
    destinationDex: str
    token: str
    amount: str
    fromSubAccount: str
    nonce: U64


class UserSetAbstractionAction(UserSignedAction, tag="userSetAbstraction"):
    primary_type: ClassVar[str] = "UserSetAbstraction"
    signed_fields = (("user", "address"), ("abstraction", "string"), _NONCE)

    user: Address
    abstraction: Literal["disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
    nonce: U64


class UserDexAbstractionAction(UserSignedAction, tag="userDexAbstraction"):
    primary_type: ClassVar[str] = "UserDexAbstraction"
    signed_fields = (("user", "address"), ("enabled", "bool"), _NONCE)

    user: Address
    enabled: bool
    nonce: U64


class UserPortfolioMarginAction(UserSignedAction, tag="userPortfolioMargin"):
    primary_type: ClassVar[str] = "UserPortfolioMargin"
    signed_fields = (("user", "address"), ("enabled", "bool"), _NONCE)

    user: Address
    enabled: bool
    nonce: U64


KnownUserSigned = (
    ApproveAgentAction
    | ApproveBuilderFeeAction
    | UsdSendAction
    | SpotSendAction
    | Withdraw3Action
    | UsdClassTransferAction
    | SendAssetAction
    | UserSetAbstractionAction
    | UserDexAbstractionAction
    | UserPortfolioMarginAction
)
