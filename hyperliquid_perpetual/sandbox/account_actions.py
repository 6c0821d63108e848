"""From signed actions about an account's own money and rights to commands of the engine."""

import re

from hyperliquid_perpetual.sandbox.account_requests import (
    AgentEnableDexAbstractionAction,
    AgentSendAssetAction,
    AgentSetAbstractionAction,
    CreateSubAccountAction,
    SubAccountModifyAction,
    SubAccountSpotTransferAction,
    SubAccountTransferAction,
    TopUpIsolatedOnlyMarginAction,
    UpdateIsolatedMarginAction,
    VaultTransferAction,
)
from hyperliquid_perpetual.sandbox.action_base import Action, is_address
from hyperliquid_perpetual.sandbox.engine import account_commands as ask
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent, Command
from hyperliquid_perpetual.sandbox.engine.pools import SPOT, USDC, AccountMode
from hyperliquid_perpetual.sandbox.engine.units import MICRO_USD
from hyperliquid_perpetual.sandbox.refusals import Refused
from hyperliquid_perpetual.sandbox.user_signed import (
    ApproveAgentAction,
    ApproveBuilderFeeAction,
    SendAssetAction,
    SpotSendAction,
    UsdClassTransferAction,
    UsdSendAction,
    UserDexAbstractionAction,
    UserPortfolioMarginAction,
    UserSetAbstractionAction,
    Withdraw3Action,
)
from hyperliquid_perpetual.sandbox.wire import MONEY_DECIMALS, canonical_decimal, scaled

LEVERAGE_DECIMALS = 6
BUILDER_FEE_DECIMALS = 3
"""A builder's fee is a percentage with at most these decimals: 0.001 % is a tenth of a basis point."""
VALID_UNTIL = " valid_until "
OF_SUB_ACCOUNT = " subaccount:"
AGENT_MODES: dict[str, AccountMode] = {"i": "disabled", "u": "unifiedAccount", "p": "portfolioMargin"}

_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")


def account_command(action: Action) -> Command | None:
    """The command that an action asks for, for an account yet unknown; None if it is about something else.

    :raises Refused: for values that have the right shape and yet mean nothing.
    """
    match action:
        case UpdateIsolatedMarginAction():
            return ask.UpdateIsolatedMargin("", action.asset, action.ntli * MICRO_USD)
        case TopUpIsolatedOnlyMarginAction():
            leverage = _scaled(action.leverage, LEVERAGE_DECIMALS)
            if leverage is None:
                raise Refused("Invalid leverage value")
            return ask.TopUpIsolatedMargin("", action.asset, leverage)
        case ApproveAgentAction():
            return _approve_agent(action)
        case ApproveBuilderFeeAction():
            return ask.ApproveBuilder("", action.builder.lower(), _tenths_of_a_basis_point(action.maxFeeRate))
    return _family_command(action) or _transfer_command(action) or _mode_command(action)


def _family_command(action: Action) -> Command | None:
    match action:
        case CreateSubAccountAction():
            return ask.CreateSubAccount("", action.name)
        case SubAccountModifyAction():
            return ask.RenameSubAccount("", action.subAccountUser, action.name)
        case SubAccountTransferAction():
            return ask.TransferToSubAccount("", action.subAccountUser, action.isDeposit, action.usd * MICRO_USD)
        case SubAccountSpotTransferAction():
            amount, token = _amount(action.amount), _token(action.token)
            return ask.TransferToSubAccount("", action.subAccountUser, action.isDeposit, amount, token)
        case VaultTransferAction():
            return ask.TransferToVault("", action.vaultAddress, action.isDeposit, action.usd * MICRO_USD)
    return None


def _transfer_command(action: Action) -> Command | None:
    match action:
        case UsdClassTransferAction():
            amount, marker, sub_account = action.amount.partition(OF_SUB_ACCOUNT)
            if marker and not is_address(sub_account):
                raise Refused(f"Invalid sub-account {sub_account!r}")
            source = sub_account.lower() if marker else None
            return ask.ClassTransfer("", _amount(amount), action.toPerp, source, action.nonce)
        case UsdSendAction():
            to, amount_sent = action.destination.lower(), _amount(action.amount)
            return ask.SendAsset("", to, "", "", USDC, amount_sent, nonce=action.time, kind="internalTransfer")
        case Withdraw3Action():
            return ask.Withdraw("", _amount(action.amount), action.time)
        case SpotSendAction():
            to, amount_sent, token = action.destination.lower(), _amount(action.amount), _token(action.token)
            return ask.SendAsset("", to, SPOT, SPOT, token, amount_sent, nonce=action.time, kind="spotTransfer")
        case SendAssetAction() | AgentSendAssetAction():
            return ask.SendAsset(
                "",
                action.destination.lower(),
                action.sourceDex,
                action.destinationDex,
                _token(action.token),
                _amount(action.amount),
                action.fromSubAccount.lower() or None,
                isinstance(action, AgentSendAssetAction),
                action.nonce,
            )
    return None


def _mode_command(action: Action) -> Command | None:
    match action:
        case UserSetAbstractionAction():
            return ask.SetMode("", action.user.lower(), action.abstraction)
        case UserDexAbstractionAction():
            return ask.SetMode("", action.user.lower(), "dexAbstraction" if action.enabled else "disabled")
        case UserPortfolioMarginAction():
            return ask.SetMode("", action.user.lower(), "portfolioMargin" if action.enabled else "disabled")
        case AgentSetAbstractionAction():
            return ask.SetMode("", None, AGENT_MODES[action.abstraction], by_agent=True)
        case AgentEnableDexAbstractionAction():
            return ask.SetMode("", None, "dexAbstraction", by_agent=True)
    return None


def _amount(text: str) -> int:
    """A transfer's amount, which is a plain decimal, as money."""
    amount = _scaled(text, MONEY_DECIMALS)
    if amount is None:
        raise Refused(f"Invalid amount {text!r}")
    return amount


def _scaled(text: str, decimals: int) -> int | None:
    """A decimal of whatever spelling in units of 10^-decimals, None if it is none or has too many decimals."""
    try:
        return scaled(canonical_decimal(text), decimals)
    except ValueError:
        return None


def _token(text: str) -> str:
    """The name in `NAME:0x...`; the id behind it is taken on trust."""
    return text.partition(":")[0]


def _tenths_of_a_basis_point(percent: str) -> int:
    found = _PERCENT.fullmatch(percent)
    fee = None if found is None else _scaled(found[1], BUILDER_FEE_DECIMALS)
    if fee is None:
        raise Refused(f"Invalid max fee rate {percent!r}: a percentage with at most three decimals, as 0.001%")
    return fee


def _approve_agent(action: ApproveAgentAction) -> Command:
    name, marker, until = (action.agentName or "").partition(VALID_UNTIL)
    if marker and not until.isdecimal():
        raise Refused(f"Agent name has an invalid expiry: {until!r}")
    return ApproveAgent("", action.agentAddress.lower(), name, int(until) if marker else None)
