"""``/sandbox/...``: what another process on this machine may see and do, beyond what the venue offers.

Only for callers on this machine, and never for a page of another site (`local_only`).
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from hyperliquid_perpetual.sandbox.account_view import Json
from hyperliquid_perpetual.sandbox.chain import Broken
from hyperliquid_perpetual.sandbox.engine.pools import AccountMode
from hyperliquid_perpetual.sandbox.fault_control import FaultControl
from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot
from hyperliquid_perpetual.sandbox.local_only import why_refused
from hyperliquid_perpetual.sandbox.page.summary import counters

if TYPE_CHECKING:
    from hyperliquid_perpetual.sandbox.sandbox import Sandbox

PREFIX = "/sandbox"

Handler = Callable[[web.Request], Awaitable[Json]]


class _Opening(msgspec.Struct):
    """An account to open; see `Sandbox.open_account`."""

    address: str
    mode: AccountMode = "default"
    dexs: dict[str, Decimal] | None = None
    spot: dict[str, Decimal] | None = None


class _Approval(msgspec.Struct, rename="camel"):
    """An agent to approve; see `Sandbox.approve_agent`."""

    master: str
    agent: str
    name: str = ""
    valid_until: int | None = None


class Control:
    """Adds the routes of one sandbox to its server."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def add_routes(self, app: web.Application) -> None:
        """Status, accounts, and what can be changed from outside."""
        app.router.add_get(f"{PREFIX}/status", self._guarded(self._status))
        app.router.add_get(f"{PREFIX}/accounts/{{address}}", self._guarded(self._account))
        app.router.add_post(f"{PREFIX}/fund", self._guarded(self._fund))
        app.router.add_post(f"{PREFIX}/account", self._guarded(self._open_account))
        app.router.add_post(f"{PREFIX}/sub_account", self._guarded(self._sub_account))
        app.router.add_post(f"{PREFIX}/agent", self._guarded(self._agent))
        app.router.add_post(f"{PREFIX}/vault", self._guarded(self._vault))
        app.router.add_post(f"{PREFIX}/referral_code", self._guarded(self._referral_code))
        app.router.add_post(f"{PREFIX}/stake", self._guarded(self._stake))
        app.router.add_post(f"{PREFIX}/price", self._guarded(self._price))
        app.router.add_get(f"{PREFIX}/quirks", self._guarded(self._quirks))
        app.router.add_post(f"{PREFIX}/quirks", self._guarded(self._set_quirks))
        app.router.add_post(f"{PREFIX}/delist", self._guarded(self._delist))
        app.router.add_post(f"{PREFIX}/list", self._guarded(self._list))
        app.router.add_post(f"{PREFIX}/add_dex", self._guarded(self._add_dex))
        app.router.add_post(f"{PREFIX}/break_metadata", self._guarded(self._break_metadata))
        app.router.add_post(f"{PREFIX}/maintenance", self._guarded(self._maintenance))
        app.router.add_post(f"{PREFIX}/drop_websockets", self._guarded(self._drop_websockets))
        FaultControl(self._sandbox.faults).add_routes(app, f"{PREFIX}/faults", self._guarded)

    async def _status(self, request: web.Request) -> Json:
        sandbox = self._sandbox
        accounts = [account_json(sandbox.account(address), with_fills=False) for address in sandbox.clients]
        return {**counters(sandbox), "accounts": accounts}

    async def _account(self, request: web.Request) -> Json:
        return account_json(self._sandbox.account(request.match_info["address"]), with_fills=True)

    async def _fund(self, request: web.Request) -> Json:
        body = await _body(request)
        amount = None if body.get("amount") is None else Decimal(str(body["amount"]))
        place, token = str(body.get("dex", "")), str(body.get("token", "USDC"))
        self._sandbox.fund(str(body.get("address", "")), amount, place, token)
        return account_json(self._sandbox.account(str(body["address"])), with_fills=False)

    async def _open_account(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read(), type=_Opening)
        address = self._sandbox.open_account(body.address, body.mode, body.dexs, body.spot)
        return account_json(self._sandbox.account(address), with_fills=False)

    async def _sub_account(self, request: web.Request) -> Json:
        body = await _body(request)
        amount = None if body.get("amount") is None else Decimal(str(body["amount"]))
        master, name, dex = (str(body.get(key, other)) for key, other in (("master", ""), ("name", "sub"), ("dex", "")))
        return account_json(
            self._sandbox.account(self._sandbox.create_sub_account(master, name, amount, dex)), with_fills=False
        )

    async def _agent(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read(), type=_Approval)
        self._sandbox.approve_agent(body.master, body.agent, body.name, body.valid_until)
        return {"master": body.master.lower(), "agent": body.agent.lower(), "name": body.name}

    async def _vault(self, request: web.Request) -> Json:
        body = await _body(request)
        leader, name, amount = str(body.get("leader", "")), str(body.get("name", "vault")), body.get("amount", 1_000)
        return account_json(
            self._sandbox.account(self._sandbox.create_vault(leader, name, Decimal(str(amount)))), with_fills=False
        )

    async def _referral_code(self, request: web.Request) -> Json:
        body = await _body(request)
        address, code = str(body.get("address", "")), str(body.get("code", ""))
        self._sandbox.register_referrer(address, code)
        return {"address": address.lower(), "code": code}

    async def _stake(self, request: web.Request) -> Json:
        body = await _body(request)
        address = str(body.get("address", ""))
        delegated, undelegated = (Decimal(str(body.get(key, 0))) for key in ("delegated", "undelegated"))
        self._sandbox.stake(address, delegated, undelegated)
        return {"address": address.lower(), "delegated": _text(delegated), "undelegated": _text(undelegated)}

    async def _price(self, request: web.Request) -> Json:
        body = await _body(request)
        coin, price = str(body.get("coin", "")), str(body.get("price", ""))
        self._sandbox.set_price(coin, price)
        return {"coin": coin, "price": price}

    async def _quirks(self, request: web.Request) -> Json:
        return {
            choice.name: {"value": choice.value, "values": list(choice.values)}
            for choice in self._sandbox.quirks.choices
        }

    async def _set_quirks(self, request: web.Request) -> Json:
        chosen = await _body(request)
        for name, value in chosen.items():
            self._sandbox.quirks.check(name, value)
        for name, value in chosen.items():
            self._sandbox.set_quirk(name, value)
        return await self._quirks(request)

    async def _delist(self, request: web.Request) -> Json:
        body = await _body(request)
        coin, price = str(body.get("coin", "")), body.get("price")
        self._sandbox.listings.delist(coin, None if price is None else str(price))
        return {"coin": coin}

    async def _list(self, request: web.Request) -> Json:
        body = await _body(request)
        state = self._sandbox.listings.list_market(
            str(body.get("coin", "")),
            str(body.get("price", "")),
            _integer(body, "szDecimals", 2),
            _integer(body, "maxLeverage", 10),
        )
        return {"coin": state.market.coin, "asset": state.market.asset}

    async def _add_dex(self, request: web.Request) -> Json:
        body = await _body(request)
        name = str(body.get("name", ""))
        self._sandbox.listings.add_dex(name, str(body.get("collateral", "USDC")))
        return {"name": name, "index": len(self._sandbox.market_set.dexes) - 1}

    async def _break_metadata(self, request: web.Request) -> Json:
        body = await _body(request)
        name = str(body.get("name", ""))
        self._sandbox.listings.break_metadata(name, bool(body.get("broken", True)))
        return {"name": name}

    async def _maintenance(self, request: web.Request) -> Json:
        body = await _body(request)
        maintenance = self._sandbox.maintenance
        if "capped" in body:
            if not isinstance(body["capped"], list):
                raise ValueError("capped is a list of coins")
            maintenance.cap_open_interest([str(coin) for coin in body["capped"]])
        if "postOnly" in body:
            maintenance.post_only(bool(body["postOnly"]))
        if "halted" in body:
            maintenance.halt(bool(body["halted"]))
        restrictions = self._sandbox.engine.config.restrictions
        markets = self._sandbox.engine.markets
        return {
            "halted": self._sandbox.chain.is_halted,
            "postOnly": restrictions.post_only,
            "capped": [markets[asset].market.coin for asset in sorted(restrictions.capped)],
        }

    async def _drop_websockets(self, request: web.Request) -> Json:
        dropped = self._sandbox.sockets
        self._sandbox.drop_websockets()
        return {"dropped": dropped}

    def _guarded(self, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            refusal = why_refused(request)
            if refusal is not None:
                return _respond({"error": refusal}, 403)
            try:
                return _respond(await handler(request))
            except InvalidOperation:
                return _respond({"error": "not a number"}, 400)
            except RecursionError:
                return _respond({"error": "nested too deep"}, 400)
            except (ValueError, msgspec.DecodeError) as error:
                return _respond({"error": str(error)}, 400)
            except Broken as error:
                return _respond({"error": str(error)}, 503)

        return guarded


def account_json(account: AccountSnapshot, with_fills: bool) -> Json:
    """An account's ledger: what the demo compares with the books of a bot. Numbers are decimal strings."""
    found: Json = {
        "address": account.address,
        "mode": account.mode,
        "accountValue": _text(account.account_value),
        "withdrawable": _text(account.withdrawable),
        "spot": {token: _text(amount) for token, amount in account.spot.items()},
        "fills": len(account.fills),
        "feesPaid": {token: _text(fee) for token, fee in account.fees_paid.items()},
        "positions": {position.coin: _text(position.size) for position in account.positions},
        "openOrders": [
            {
                "oid": order.oid,
                "cloid": order.cloid,
                "coin": order.coin,
                "side": "B" if order.is_buy else "A",
                "px": _text(order.price),
                "sz": _text(order.remaining),
            }
            for order in account.open_orders
        ],
    }
    if with_fills:
        found["fillList"] = [
            {
                "tid": fill.tid,
                "oid": fill.oid,
                "cloid": fill.cloid,
                "coin": fill.coin,
                "side": "B" if fill.is_buy else "A",
                "px": _text(fill.price),
                "sz": _text(fill.size),
                "fee": _text(fill.fee),
                "feeToken": fill.fee_token,
                "closedPnl": _text(fill.closed_pnl),
                "crossed": fill.crossed,
                "time": fill.time,
                "twapId": fill.twap_id,
            }
            for fill in account.fills
        ]
    return found


async def _body(request: web.Request) -> dict[str, Any]:
    return msgspec.json.decode(await request.read(), type=dict[str, Any])


def _integer(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise ValueError(f"{name} is a whole number")
    return int(value)


def _respond(data: Json, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(data), content_type="application/json")


def _text(value: Decimal) -> str:
    return format(value.normalize() + 0, "f")
