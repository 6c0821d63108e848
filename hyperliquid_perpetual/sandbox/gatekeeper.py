"""From the bytes of a signed request to a command of the engine, or to the venue's refusal.

In two steps, as on the venue. `receive` looks at the request alone: its shape, and who signed it. `admit` happens when
the block is made, in the block's order: does the signer exist, for whom may it act, has the request expired, is its
nonce good. So a `noop` that shares a block with the order whose nonce it takes comes first, and the order is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import Struct, structs

from hyperliquid_perpetual.sandbox.account_actions import account_command
from hyperliquid_perpetual.sandbox.action_base import Action, UserSignedAction
from hyperliquid_perpetual.sandbox.address_budget import EXPIRED_COST, AddressBudget
from hyperliquid_perpetual.sandbox.daily_actions import DailyActions
from hyperliquid_perpetual.sandbox.engine import commands
from hyperliquid_perpetual.sandbox.engine.commands import Command, OrderIntent, Trigger
from hyperliquid_perpetual.sandbox.engine.market_state import MarketState
from hyperliquid_perpetual.sandbox.mistakes import explain
from hyperliquid_perpetual.sandbox.nonces import Nonces
from hyperliquid_perpetual.sandbox.refusals import NotPrevalidated, Refused
from hyperliquid_perpetual.sandbox.register import Register
from hyperliquid_perpetual.sandbox.service_requests import service_command
from hyperliquid_perpetual.sandbox.signatures import Unrecoverable, recover_signer
from hyperliquid_perpetual.sandbox.signed_requests import (
    BatchModifyAction,
    CancelAction,
    CancelByCloidAction,
    ModifyAction,
    NoopAction,
    Order,
    OrderAction,
    ScheduleCancelAction,
    SignedRequest,
    Unsupported,
    UpdateLeverageAction,
    decode_request,
)
from hyperliquid_perpetual.sandbox.state.notes import Admitted, Charged, Note
from hyperliquid_perpetual.sandbox.twap_requests import TwapCancelAction, TwapOrderAction, twap_command
from hyperliquid_perpetual.sandbox.wire import PRICE_DECIMALS, scaled


@dataclass(slots=True)
class Received:
    """A well-formed request and the address that signed it.

    `template` is its command, for an account yet unknown, or why there is none: told only after the signer was judged.
    """

    body: bytes
    request: SignedRequest
    signer: str
    template: Command | Refused


class GatekeeperState(Struct):
    """What a gatekeeper remembers.

    Used nonces by signer; by account the requests it has asked for, and until when it is slowed down (Unix ms); the day
    (since 1970) and what was counted on it.
    """

    nonces: dict[str, list[int]]
    requests_used: dict[str, int]
    slow_until: dict[str, int]
    daily: tuple[int, dict[str, int]]


class Gatekeeper:
    """Checks every signed request, and counts what each account has asked for (section 9.3)."""

    def __init__(
        self, markets: Mapping[int, MarketState], register: Register, daily: DailyActions, budget: AddressBudget
    ) -> None:
        self._daily = daily
        self.budget = budget
        self._markets = markets
        self._register = register
        self._nonces = Nonces()
        self.note: Callable[[Note], None] = lambda note: None
        """Told what changes here, by who keeps the state."""

    def receive(self, body: bytes) -> Received:
        """Read a request and recover its signer.

        :raises Malformed: HTTP 400 or 422.
        :raises Refused: the text of a 200 reply with status "err".
        """
        try:
            request = decode_request(body)
        except Unsupported as unsupported:
            raise Refused(str(unsupported)) from None
        try:
            signer = recover_signer(request)
        except Unrecoverable:
            raise Refused("Unable to recover signer") from None
        try:
            template: Command | Refused = self._command(request)
        except Refused as refused:
            template = refused
        return Received(body, request, signer, template)

    def admit(self, received: Received, now: int) -> Command:
        """The command of a request that may be carried out at block time `now`; its nonce is spent.

        :raises Refused: with the venue's text; the nonce is not spent unless it is the action that is refused.
        """
        request, signer = received.request, received.signer
        account = self._account_of(received, now)
        if request.vaultAddress is not None:
            account = self._vault_of(account, request.vaultAddress, request.action)
        if request.expiresAfter is not None and request.expiresAfter < now:
            # The venue's wording is not known; the address pays five requests for it (section 9.3).
            self.budget.charge(account, EXPIRED_COST)
            self.note(Charged(account, EXPIRED_COST))
            raise Refused(f"Action expired: expiresAfter {request.expiresAfter} is before {now}")
        refusal = (
            self._daily.refusal(account, now)
            or self.budget.refusal(account, request.action, now)
            or self._nonces.use(signer, request.nonce, now)
        )
        if refusal is not None:
            raise Refused(refusal)
        items = request.action.items
        slow_until = self.budget.count(account, request.action, now)
        self._daily.count(account, now)
        self.note(Admitted(signer, request.nonce, account, items, slow_until))
        if isinstance(received.template, Refused):
            raise received.template
        return structs.replace(received.template, account=account)

    def admit_again(self, admitted: Admitted, now: int) -> None:
        """Count a request that was admitted at `now`, in a life before this one."""
        self._nonces.use(admitted.signer, admitted.nonce, now)
        self.budget.charge(admitted.account, admitted.items)
        if admitted.slow_until is not None:
            self.budget.slow_until[admitted.account] = admitted.slow_until
        self._daily.count(admitted.account, now)

    def dump(self) -> GatekeeperState:
        """What it remembers."""
        budget = self.budget
        return GatekeeperState(self._nonces.dump(), dict(budget.used), dict(budget.slow_until), self._daily.dump())

    def load(self, state: GatekeeperState) -> None:
        """Go on from what `dump` gave."""
        self._nonces.load(state.nonces)
        self.budget.used.clear()
        self.budget.used.update(state.requests_used)
        self.budget.slow_until.clear()
        self.budget.slow_until.update(state.slow_until)
        self._daily.load(*state.daily)

    def _account_of(self, received: Received, now: int) -> str:
        request, signer = received.request, received.signer
        if isinstance(request.action, UserSignedAction):
            # Only the master key may sign these: an agent here is an address without a deposit.
            if self._register.is_account(signer) or self._register.admit_stranger(signer, lambda: None):
                return signer
            raise Refused(f"Must deposit before performing actions. User: {signer}")
        account = self._register.account_of(signer, now)
        if account is not None:
            return account

        def reason() -> str | None:
            return explain(request, received.body, lambda address: self._register.is_known(address, now))

        if self._register.admit_stranger(signer, reason):
            return signer
        raise Refused(f"User or API Wallet {signer} does not exist.")

    def _vault_of(self, account: str, vault: str, action: Action) -> str:
        """The vault or sub-account that an account acts for; the last two texts are ours."""
        if not self._register.is_vault(vault):
            raise Refused(f"Vault not registered: {vault}")
        if not self._register.may_act_for(account, vault):
            raise Refused(f"Only its leader or master may act for {vault}, not {account}.")
        if not action.takes_vault:
            raise Refused("This action takes no vaultAddress.")
        return vault

    # ------------------------------------------------------------------ actions to commands

    def _command(self, request: SignedRequest) -> Command:
        action: Action = request.action
        if isinstance(action, UserSignedAction):
            if action.own_nonce != request.nonce:
                raise Refused(
                    f"Invalid nonce: action nonce {action.own_nonce} differs from request nonce {request.nonce}"
                )
            if action.hyperliquidChain != "Testnet":
                raise Refused("The sandbox takes user-signed actions for hyperliquidChain Testnet.")
        match action:
            case OrderAction():
                return self._place(action)
            case CancelAction():
                oids = tuple((cancel.a, cancel.o) for cancel in action.cancels)
                return commands.CancelOrders("", oids, bool(action.f))
            case CancelByCloidAction():
                cloids = tuple((cancel.asset, cancel.cloid) for cancel in action.cancels)
                return commands.CancelOrdersByCloid("", cloids, bool(action.f))
            case ModifyAction():
                item = commands.Modification(action.oid, self._intent(action.order))
                return commands.ModifyOrders("", (item,), bool(action.a))
            case BatchModifyAction():
                items = (commands.Modification(item.oid, self._intent(item.order)) for item in action.modifies)
                return commands.ModifyOrders("", tuple(items), bool(action.a))
            case UpdateLeverageAction():
                return commands.UpdateLeverage("", action.asset, action.isCross, action.leverage)
            case ScheduleCancelAction():
                return commands.ScheduleCancel("", action.time)
            case NoopAction():
                return commands.Noop("")
            case TwapOrderAction():
                return twap_command(action, self._markets.get(action.twap.a))
            case TwapCancelAction():
                return twap_command(action, self._markets.get(action.a))
        command = account_command(action) or service_command(action)
        if command is None:  # pragma: no cover - the union of known actions ends here
            raise AssertionError(action)
        return command

    def _place(self, action: OrderAction) -> Command:
        builder = None if action.builder is None else commands.BuilderFee(action.builder.b, action.builder.f)
        intents = tuple(self._intent(order, builder) for order in action.orders)
        if isinstance(action.grouping, str):
            return commands.PlaceOrders("", intents, action.grouping)
        return commands.PlaceOrders("", intents, priority=action.grouping.p)

    def _intent(self, order: Order, builder: commands.BuilderFee | None = None) -> OrderIntent:
        state = self._markets.get(order.a)
        # An unknown asset is the engine's to refuse; sizes have no meaning there.
        sz = 0 if state is None else scaled(order.s, state.market.sz_decimals)
        px = scaled(order.p, PRICE_DECIMALS)
        if sz is None:
            raise NotPrevalidated("Order has invalid size.")
        if px is None:
            raise NotPrevalidated("Order has invalid price.")
        if order.t.trigger is None:
            assert order.t.limit is not None, "an order is one or the other"
            return OrderIntent(order.a, order.b, px, sz, order.r, order.t.limit.tif, order.c, builder)
        trigger_px = scaled(order.t.trigger.triggerPx, PRICE_DECIMALS)
        if trigger_px is None:
            raise NotPrevalidated("Order has invalid price.")
        trigger = Trigger(order.t.trigger.isMarket, trigger_px, order.t.trigger.tpsl)
        return OrderIntent(order.a, order.b, px, sz, order.r, "Gtc", order.c, builder, trigger)
