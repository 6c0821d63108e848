"""Lines of an account's ledger as `userNonFundingLedgerUpdates` words them (reference, section 2.5)."""

from collections.abc import Mapping
from typing import Any

from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.engine.records import LedgerDetails, LedgerUpdate
from hyperliquid_perpetual.sandbox.wire import money_text, size_text

Json = dict[str, Any]
_NOTHING = LedgerDetails()


def ledger_row(update: LedgerUpdate, markets: Mapping[int, MarketState]) -> Json:
    """One line: its time, its hash, and what happened as `delta`."""
    return {"time": update.time, "hash": update.hash, "delta": {"type": update.kind, **_delta(update, markets)}}


def _delta(update: LedgerUpdate, markets: Mapping[int, MarketState]) -> Json:
    amount, details = money_text(update.amount), update.details or _NOTHING
    match update.kind:
        case "accountClassTransfer":
            return {"usdc": amount, "toPerp": details.to_perp}
        case "internalTransfer":
            return {"usdc": amount, "user": details.user, "destination": details.destination, "fee": "0.0"}
        case "withdraw":
            return {"usdc": amount, "nonce": details.nonce, "fee": money_text(details.fee)}
        case "subAccountTransfer":
            return {"usdc": amount, "user": details.user, "destination": details.destination}
        case "spotTransfer":
            return {
                "token": details.token,
                "amount": amount,
                "usdcValue": amount,
                "user": details.user,
                "destination": details.destination,
                "fee": "0.0",
                "nativeTokenFee": "0.0",
                "nonce": details.nonce,
                "feeToken": "",
            }
        case "send":
            return {
                "user": details.user,
                "destination": details.destination,
                "sourceDex": details.source_dex,
                "destinationDex": details.destination_dex,
                "token": details.token,
                "amount": amount,
                "usdcValue": amount,
                "fee": "0.0",
                "nativeTokenFee": "0.0",
                "nonce": details.nonce,
                "feeToken": "",
            }
        case "liquidation":
            return {
                "liquidatedNtlPos": money_text(details.notional),
                "accountValue": money_text(details.account_value),
                "leverageType": details.leverage_type,
                "liquidatedPositions": [
                    {"coin": markets[asset].market.coin, "szi": size_text(szi, markets[asset].market.sz_decimals)}
                    for asset, szi in details.positions
                ],
            }
        case "vaultCreate":
            return {"vault": details.vault, "usdc": amount, "fee": "0.0"}
        case "vaultDeposit" | "vaultDistribution":
            return {"vault": details.vault, "usdc": amount}
        case "vaultWithdraw":
            return {
                "vault": details.vault,
                "user": details.user,
                "requestedUsd": money_text(details.requested),
                "commission": money_text(details.commission),
                "closingCost": "0.0",
                "basis": money_text(details.basis),
                "netWithdrawnUsd": amount,
            }
        case "vaultLeaderCommission":
            return {"user": details.user, "usdc": amount}
        case "rewardsClaim":
            return {"amount": amount, "token": details.token}
    return {"usdc": amount}
