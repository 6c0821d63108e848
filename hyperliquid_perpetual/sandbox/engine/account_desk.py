"""Carries out what accounts ask for that is not about orders, and tells what it changed."""

from collections.abc import Mapping

from . import account_commands as ask
from .builders import approve_builder
from .events import ModeChanged
from .family import create_sub_account, rename_sub_account, transfer_to_sub_account
from .fee_standing import FeeDesk
from .gossip import GossipAuctions
from .isolated import NO_ISOLATED_POSITION, move_isolated_margin, top_up_isolated_margin
from .market_state import MarketState
from .modes import change_mode, mode_error
from .outbox import Outbox
from .pools import AccountMode
from .quirks import VenueQuirks
from .referrals import ReferralDesk
from .request_weight import reserve_requests
from .state import Account
from .transfers import send_asset, transfer_between_classes, withdraw
from .treasury import Treasury
from .vaults import create_vault, distribute_vault, modify_vault, transfer_to_vault

AccountWorldCommand = ask.OpenAccount | ask.GrantReferralCode | ask.SetStake


class AccountDesk:
    """Knows for every command which module does it."""

    __slots__ = ("_fee_desk", "_gossip", "_markets", "_outbox", "_quirks", "_referrals", "_treasury")

    def __init__(
        self,
        markets: Mapping[int, MarketState],
        treasury: Treasury,
        fee_desk: FeeDesk,
        referrals: ReferralDesk,
        gossip: GossipAuctions,
        outbox: Outbox,
        quirks: VenueQuirks,
    ) -> None:
        self._fee_desk = fee_desk
        self._referrals = referrals
        self._gossip = gossip
        self._quirks = quirks
        self._markets = markets
        self._treasury = treasury
        self._outbox = outbox

    def apply(self, account: Account, command: ask.AccountDeskCommand) -> tuple[str | None, str | None]:
        """Do what `account` asks for: (the error text of the whole action, the address of what it has made)."""
        treasury, now = self._treasury, self._outbox.time
        match command:
            case ask.CreateSubAccount(name=name):
                return create_sub_account(treasury, account, name)
            case ask.CreateVault(name=name, amount=amount, description=description):
                return create_vault(treasury, account, name, description, amount, now)
        return self._apply(account, command, now), None

    def _apply(self, account: Account, command: ask.AccountDeskCommand, now: int) -> str | None:
        treasury, markets = self._treasury, self._markets
        match command:
            case ask.UpdateIsolatedMargin() | ask.TopUpIsolatedMargin():
                return self._isolated_margin(account, command)
            case ask.ApproveBuilder(builder=builder, max_fee=max_fee):
                return approve_builder(account, builder, max_fee)
            case ask.RenameSubAccount(sub_account=address, name=name):
                return rename_sub_account(account, address, name)
            case ask.TransferToSubAccount(sub_account=address, is_deposit=is_deposit, amount=amount, token=token):
                return transfer_to_sub_account(treasury, account, address, is_deposit, amount, token)
            case ask.TransferToVault(vault=vault, is_deposit=is_deposit, amount=amount):
                return transfer_to_vault(treasury, account, vault, is_deposit, amount, markets, now)
            case ask.ClassTransfer():
                return transfer_between_classes(treasury, account, command)
            case ask.SendAsset():
                return send_asset(treasury, account, command)
            case ask.Withdraw():
                return withdraw(treasury, account, command)
            case ask.SetMode():
                return self._set_mode(account, command)
        return self._apply_right(account, command)

    def _apply_right(self, account: Account, command: ask.AccountDeskCommand) -> str | None:
        """What is about rights, settings and what the exchange sells, rather than about moving money."""
        treasury, markets, referrals = self._treasury, self._markets, self._referrals
        match command:
            case ask.ModifyVault(vault=vault, allow_deposits=allow, always_close_on_withdraw=close):
                return modify_vault(account, treasury.accounts.get(vault), allow, close)
            case ask.DistributeVault(vault=vault, amount=amount):
                return distribute_vault(treasury, account, treasury.accounts.get(vault), amount, markets)
            case ask.RegisterReferrer(code=code):
                return referrals.ask_for_code(account, code)
            case ask.SetReferrer(code=code):
                return referrals.use_code(account, code)
            case ask.ClaimRewards():
                return referrals.claim(account)
            case ask.ReserveRequestWeight(requests=requests, destination=destination):
                return reserve_requests(treasury, self._outbox, account, requests, destination)
            case ask.SetBigBlocks(uses_big_blocks=uses_big_blocks):
                account.uses_big_blocks = uses_big_blocks
                return None
            case ask.BidForGossip(slot_id=slot_id, ip=ip, most=most):
                return self._gossip.bid(account, slot_id, ip, most)
        raise TypeError(f"nobody carries out {command}")

    def _isolated_margin(
        self, account: Account, command: ask.UpdateIsolatedMargin | ask.TopUpIsolatedMargin
    ) -> str | None:
        state = self._markets.get(command.asset)
        if state is None:
            return NO_ISOLATED_POSITION
        house = account.clearinghouse(state.market.dex)
        position = house.positions.get(command.asset)
        if isinstance(command, ask.UpdateIsolatedMargin):
            error = move_isolated_margin(house, position, command.amount, self._markets)
        else:
            error = top_up_isolated_margin(house, position, command.leverage, self._markets)
        if error is None and position is not None:
            self._outbox.touch_position(account, position)
            self._outbox.touch_cash(account, house)
        return error

    def _set_mode(self, account: Account, command: ask.SetMode) -> str | None:
        target = account if command.target is None else self._treasury.accounts.get(command.target)
        error = mode_error(account, target, command.mode, command.by_agent, self._quirks)
        if error is None and target is not None and target.mode != command.mode:
            self._change_mode(target, command.mode)
        return error

    def check(self, command: AccountWorldCommand) -> None:
        """Raise `ValueError` when a world command about an account makes no sense."""
        if isinstance(command, ask.GrantReferralCode):
            error = self._referrals.code_error(self._treasury.accounts.get(command.account), command.code)
            if error is not None:
                raise ValueError(error)
        elif isinstance(command, ask.SetStake) and min(command.delegated, command.undelegated) < 0:
            raise ValueError("a stake is zero or more HYPE")

    def apply_world(self, command: AccountWorldCommand) -> None:
        """Make an account without money or change its mode, give it a code, or set what it has staked."""
        account = self._treasury.open(command.account)
        if isinstance(command, ask.GrantReferralCode):
            self._referrals.register(account, command.code)
        elif isinstance(command, ask.SetStake):
            standing = account.fee_standing
            standing.staked, standing.undelegated = command.delegated, command.undelegated
            self._fee_desk.assess(standing)
        elif account.mode != command.mode:
            self._change_mode(account, command.mode)

    def _change_mode(self, account: Account, mode: AccountMode) -> None:
        change_mode(self._treasury, account, mode)
        self._outbox.emit(ModeChanged(self._outbox.time, account.address, mode))
