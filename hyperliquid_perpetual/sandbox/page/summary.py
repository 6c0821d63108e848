"""`GET /sandbox/summary`: the counters of a running sandbox and who trades on it, cheap enough to ask every second.

`/sandbox/status` has every account's money, orders and fills, which costs more the longer a bot trades; a page that
stays open needs none of that, because the venue's own streams bring it.
"""

import secrets
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from hyperliquid_perpetual.sandbox.driver import OutsideDriver
from hyperliquid_perpetual.sandbox.engine.state import Account
from hyperliquid_perpetual.sandbox.local_only import why_refused

if TYPE_CHECKING:
    from hyperliquid_perpetual.sandbox.sandbox import Sandbox

Json = dict[str, Any]


def counters(sandbox: "Sandbox") -> Json:
    """What an exchange has done so far, in numbers."""
    return {
        "seed": sandbox.seed,
        "market": sandbox.driver.regime,
        "condition": sandbox.driver.condition if isinstance(sandbox.driver, OutsideDriver) else "",
        "time": sandbox.clock.now(),
        "blocks": sandbox.chain.blocks,
        "requests": len(sandbox.api.captured),
        "weight": sandbox.api.meter.total,
        "refusedByWeight": sandbox.api.meter.refused,
        "refusedBySocketLimits": dict(sandbox.gate.refused),
        "websockets": sandbox.sockets,
        "connections": sandbox.gate.connections,
        "messages": sandbox.gate.messages,
        "faults": dict(sandbox.faults.counts),
    }


class Summary:
    """Adds the route of one sandbox to its server.

    `run` in the answer is another one for every start of an exchange.

    :param demo: the address of the account that every sandbox has.
    """

    def __init__(self, sandbox: "Sandbox", demo: str) -> None:
        self._sandbox = sandbox
        self._demo = demo
        self._run = secrets.token_hex(8)

    def add_routes(self, app: web.Application) -> None:
        """The one route, for callers on this machine."""
        app.router.add_get("/sandbox/summary", self._answer)

    async def _answer(self, request: web.Request) -> web.Response:
        refusal = why_refused(request)
        data, status = ({"error": refusal}, 403) if refusal else (self._summary(), 200)
        body = msgspec.json.encode(data)
        return web.Response(
            status=status, body=body, content_type="application/json", headers={"cache-control": "no-store"}
        )

    def _summary(self) -> Json:
        sandbox = self._sandbox
        engine = sandbox.engine
        restrictions = engine.config.restrictions
        return {
            "run": self._run,
            **counters(sandbox),
            "maintenance": {
                "halted": sandbox.chain.is_halted,
                "postOnly": restrictions.post_only,
                "capped": [engine.markets[asset].market.coin for asset in sorted(restrictions.capped)],
            },
            "dexs": len(sandbox.market_set.dexes),
            "listed": len(engine.markets),
            "delisted": sum(state.market.is_delisted for state in engine.markets.values()),
            "demo": self._demo,
            "accounts": [self._account(engine.accounts[address]) for address in sandbox.clients],
        }

    def _account(self, account: Account) -> Json:
        """Who it is: a sub-account or a vault with its name and whose it is."""
        found: Json = {"address": account.address, "kind": account.kind, "mode": account.mode}
        if account.name:
            found["name"] = account.name
        if account.master is not None:
            found["master"] = account.master
        return found
