"""What the sandbox is sent: client frames, bodies of `/info` and `/exchange`, and of everything under `/sandbox`."""

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any, cast, get_args

import msgspec
from aiohttp import web

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.control import Control
from hyperliquid_perpetual.sandbox.info_requests import KnownInfo
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS
from hyperliquid_perpetual.sandbox.session import Session
from hyperliquid_perpetual.sandbox.signed_requests import (
    KnownAction,
    Malformed,
    SignedRequest,
    Unsupported,
    canonical_bytes,
    decode_request,
)
from hyperliquid_perpetual.sandbox.subscriptions import KnownSubscription
from hyperliquid_perpetual.sandbox.user_signed import KnownUserSigned
from hyperliquid_perpetual.venue.signing import Signer, hash_packed_action, signing_digest
from tests.fuzz.mutations import as_json, sample
from tests.fuzz.target import Target, finish, named
from tests.unit.sandbox.client import USER_SIGNED, order, orders, sign_user_action, trigger, wallet

ADDRESS = DEMO_ADDRESS.lower()
_SIGNERS = [Signer("0x" + number.to_bytes(32, "big").hex()) for number in (11, 12)]
_WALLETS = [wallet(11), wallet(12)]
_USER_SIGNED = get_args(KnownUserSigned)
_MAX_REPLY = 8 * 2**20


class _Place:
    """One sandbox with accounts, orders, on a clock that stands still, with the routes under `/sandbox`."""

    def __init__(self) -> None:
        self.sandbox: Sandbox = finish(self._open())
        self.nonce = self.sandbox.clock.now()
        self.control = {
            (route.method, str(route.resource.canonical)): route.handler
            for route in self._app().router.routes()
            if route.resource is not None
        }

    async def _open(self) -> Sandbox:
        sandbox = Sandbox(seed=1, market="still", clock="virtual")
        await sandbox.start()
        for signer in _SIGNERS:
            sandbox.fund(signer.address)
        return sandbox

    def _app(self) -> web.Application:
        app = web.Application()
        Control(self.sandbox).add_routes(app)
        return app

    def close(self) -> None:
        finish(self.sandbox.stop())

    def check(self) -> None:
        """Whatever came in, the exchange goes on."""
        assert not self.sandbox.chain.is_broken
        finish(self._ask("/info", b'{"type":"clearinghouseState","user":"%b"}' % _SIGNERS[0].address.encode(), (200,)))

    async def _ask(self, path: Any, body: bytes, allowed: tuple[int, ...] = (200, 400, 422)) -> None:
        reply = await self.sandbox.api.ask(path, body, "127.0.0.1")
        assert reply.status in allowed, reply
        assert len(reply.body) < _MAX_REPLY
        if reply.status == 200:
            msgspec.json.decode(reply.body)


_place: _Place | None = None


def _here() -> _Place:
    global _place
    if _place is None:
        _place = _Place()
    return _place


def _renew() -> None:
    global _place
    if _place is not None:
        _place.close()
    _place = None


# ---------------------------------------------------------------------------------------------- /info


def info_seeds(chance: random.Random) -> Iterator[bytes]:
    """One request of each kind, by its schema."""
    for kind in get_args(KnownInfo):
        for _ in range(2):
            yield sample(kind, chance).replace(b'"0x0000', b'"' + ADDRESS[:6].encode())
    yield as_json({"type": "userFills", "user": ADDRESS})
    yield as_json({"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1m", "startTime": 0}})


def run_info(data: bytes) -> None:
    """A request is answered, or refused with the HTTP errors of the reference."""
    finish(_here()._ask("/info", data, (200, 400, 422, 500)))


# ---------------------------------------------------------------------------------------------- /exchange


def body_seeds(chance: random.Random) -> Iterator[bytes]:
    """Signed requests of every kind of action."""
    for kind in get_args(KnownAction):
        signature = {"r": "0x" + "7" * 64, "s": "0x" + "3" * 64, "v": 27}
        action = json.loads(sample(kind, chance))
        yield json.dumps({"action": action, "nonce": 1_700_000_000_000, "signature": signature}).encode()
        yield sample(SignedRequest, chance)


def run_body(data: bytes) -> None:
    """A body is answered, or refused with the HTTP errors of the reference."""
    finish(_here()._ask("/exchange", data))
    _here().check()


def action_seeds(chance: random.Random) -> Iterator[bytes]:
    """Lists of actions: an exchange in use, and one action of each kind by its schema."""
    cloid = "0x" + "ab" * 16
    place = orders(order(0, True, "80000", "0.01", cloid=cloid), order(0, False, "90000", "0.02"))
    yield as_json([place, {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": cloid}]}])
    yield as_json([orders(order(0, True, "84000", "1")), orders(order(0, False, "84000", "0.4", tif="Ioc"))])
    yield as_json([orders(trigger(0, False, "70000", "0.1", "70000", "sl"))])
    yield as_json([{"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 5}, place])
    yield as_json([{"type": "cancel", "cancels": [{"a": 0, "o": 1}]}, {"type": "scheduleCancel"}])
    yield as_json([{"type": "batchModify", "modifies": [{"oid": cloid, "order": order(0, True, "79000", "0.01")}]}])
    twap = {"a": 0, "b": True, "s": "0.1", "r": False, "m": 5, "t": False}
    yield as_json([{"type": "twapOrder", "twap": twap}, {"type": "twapCancel", "a": 0, "t": 1}])
    yield as_json([{"type": "createSubAccount", "name": "sub"}])
    for kind in get_args(KnownAction):
        for _ in range(2):
            yield json.dumps([json.loads(sample(kind, chance))]).encode()


def run_actions(data: bytes) -> None:
    """Actions with a signature that is right, so that they reach the exchange itself."""
    try:
        actions = msgspec.json.decode(data, type=list[msgspec.Raw])[:20]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    place = _here()
    for number, action in enumerate(actions):
        place.nonce += 1
        finish(place._ask("/exchange", _signed(bytes(action), place.nonce, number % 2)))
    place.check()


def _signed(action: bytes, nonce: int, who: int) -> bytes:
    """An action in the envelope of a request; unsigned when it is none."""
    unsigned = b'{"action":%b,"nonce":%d,"signature":{"r":"0x1","s":"0x1","v":27}}' % (action, nonce)
    try:
        request = decode_request(unsigned)
    except (Malformed, Unsupported):
        return unsigned
    if isinstance(request.action, _USER_SIGNED):
        plain = msgspec.to_builtins(request.action)
        if plain["type"] not in USER_SIGNED:
            return unsigned
        plain[request.action.signed_fields[-1][0]] = nonce
        try:
            signature = sign_user_action(_WALLETS[who], plain)
        except Exception:  # what the other library cannot sign goes out without a signature
            return unsigned
        return as_json({"action": plain, "nonce": nonce, "signature": signature})
    digest = signing_digest(hash_packed_action(canonical_bytes(request.action), nonce, None, None), False)
    return as_json({"action": request.action, "nonce": nonce, "signature": _SIGNERS[who].sign_digest(digest)})


# ---------------------------------------------------------------------------------------------- frames of clients


class _Socket:
    """What a session writes a close frame to."""

    async def close(self, **_: Any) -> bool:
        return True


class _Transport:
    def abort(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


def frame_seeds(chance: random.Random) -> Iterator[bytes]:
    """Every subscription by its schema, posts, pings; several frames are lines."""
    for kind in get_args(KnownSubscription):
        text = sample(kind, chance)
        yield b'{"method":"subscribe","subscription":%b}\n{"method":"unsubscribe","subscription":%b}' % (text, text)
    yield b'{"method":"ping"}'
    yield b'{"method":"post","id":7,"request":{"type":"info","payload":{"type":"meta"}}}'
    action = b'{"action":{"type":"noop"},"nonce":1,"signature":{"r":"0x1","s":"0x1","v":27}}'
    yield b'{"method":"post","id":8,"request":{"type":"action","payload":%b}}' % action


def run_client_frame(data: bytes) -> None:
    """Frames on one socket: whatever they are, the session answers or drops the client."""
    place = _here()
    sandbox = place.sandbox
    texts = [line.decode(errors="replace") for line in data.split(b"\n")[:20]]

    async def say() -> None:
        socket = cast(web.WebSocketResponse, _Socket())
        session = Session(socket, "127.0.0.1", sandbox.api, sandbox._streams, sandbox.gate)
        session._transport = cast(asyncio.Transport, _Transport())
        sandbox.gate.sessions[session] = None
        try:
            for text in texts:
                session._on_text(text)
                posts = list(session._posts)
                if posts:
                    await asyncio.gather(*posts)
                for frame in session._queue:
                    assert len(frame) < _MAX_REPLY
                    msgspec.json.decode(frame)
                session._queue.clear()
        finally:
            sandbox._streams.drop(session, session.subscriptions)
            del sandbox.gate.sessions[session]

    finish(say())
    place.check()


# ---------------------------------------------------------------------------------------------- /sandbox/...


class _Request:
    """What the handlers under `/sandbox` look at."""

    remote = "127.0.0.1"
    host = "127.0.0.1:3001"

    def __init__(self, body: bytes, parameter: str) -> None:
        self.headers: dict[str, str] = {}
        self.match_info = {"address": parameter, "number": parameter}
        self._body = body

    async def read(self) -> bytes:
        return self._body


_BODIES: dict[str, Any] = {
    "fund": {"address": ADDRESS, "amount": "100", "dex": "", "token": "USDC"},
    "account": {"address": "0x" + "cd" * 20, "mode": "default", "dexs": {"": "100"}, "spot": {"USDC": 7}},
    "sub_account": {"master": ADDRESS, "name": "sub", "amount": 5},
    "agent": {"master": ADDRESS, "agent": "0x" + "ef" * 20, "name": "bot", "validUntil": 2**42},
    "vault": {"leader": ADDRESS, "name": "vault", "amount": 1_000},
    "referral_code": {"address": ADDRESS, "code": "ABC"},
    "stake": {"address": ADDRESS, "delegated": 10, "undelegated": 0},
    "price": {"coin": "BTC", "price": "80000"},
    "quirks": {"reply_order": "reply_first"},
    "delist": {"coin": "SOL", "price": "100"},
    "list": {"coin": "NEW", "price": "10", "szDecimals": 1, "maxLeverage": 5},
    "add_dex": {"name": "new", "collateral": "USDC"},
    "break_metadata": {"name": "km", "broken": True},
    "maintenance": {"capped": ["BTC"], "postOnly": True, "halted": False},
    "drop_websockets": {},
    "faults": {"fault": "status", "code": 502, "kind": "order", "next": 3},
}


def control_seeds(chance: random.Random) -> Iterator[bytes]:
    """One request of each route: method and path, and the body on the next line."""
    for name, body in _BODIES.items():
        yield f"POST /sandbox/{name}\n".encode() + as_json(body)
    yield b"POST /sandbox/faults\n" + as_json([{"fault": "drop_reply"}, "drop_frames channel=l2Book lasts=5"])
    yield b"POST /sandbox/faults\n" + as_json({"faults": [], "random": {"seed": 1, "intensity": 3}, "seed": 2})
    yield b"GET /sandbox/accounts/" + ADDRESS.encode()
    yield b"DELETE /sandbox/faults/1"
    yield b"GET /sandbox/status"


def run_control(data: bytes) -> None:
    """A request of an operator is done, or answered with one sentence of why not."""
    line, body = named(data)
    method, _, path = line.partition(" ")
    place = _here()
    handler, parameter = place.control.get((method, path)), ""
    if handler is None:
        folder, _, parameter = path.rpartition("/")
        found = [name for name in place.control if name[0] == method and name[1].startswith(folder + "/{")]
        handler = place.control[found[0]] if found else place.control["POST", "/sandbox/faults"]

    async def ask() -> None:
        response = await handler(cast(web.Request, _Request(body, parameter)))
        assert response.status in (200, 400, 503), response.status
        assert response.body is not None
        assert len(response.body) < _MAX_REPLY
        answer = msgspec.json.decode(response.body)
        if response.status != 200:
            assert 0 < len(answer["error"]) < 20_000

    finish(ask())
    place.sandbox.faults.clear()
    place.sandbox.maintenance.halt(False)
    place.check()


TARGETS = (
    Target("info_request", run_info, info_seeds, _renew),
    Target("exchange_body", run_body, body_seeds, _renew),
    Target("signed_actions", run_actions, action_seeds, _renew),
    Target("client_frame", run_client_frame, frame_seeds, _renew),
    Target("operator_request", run_control, control_seeds, _renew),
)
