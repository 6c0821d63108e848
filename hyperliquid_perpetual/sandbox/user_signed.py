"""The actions that only an account's own key may sign (reference, sections 3.6 to 3.8 and 4.2)."""

from typing import ClassVar

from hyperliquid_perpetual.sandbox.action_base import U64, Address, UserSignedAction

_NONCE = ("nonce", "uint64")


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


KnownUserSigned = ApproveAgentAction | ApproveBuilderFeeAction
