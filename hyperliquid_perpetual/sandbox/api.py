"""The two paths of the exchange, ``/info`` and ``/exchange``, whichever way a request comes in.

Between the socket and the exchange stand, in this order: the record of requests, the weight limit of the caller's
address, and the faults that a test or an operator has asked for.
"""

import asyncio
from collections import deque

import msgspec

from hyperliquid_perpetual.sandbox.chain import Broken, Chain
from hyperliquid_perpetual.sandbox.faults import Faults
from hyperliquid_perpetual.sandbox.gatekeeper import Gatekeeper
from hyperliquid_perpetual.sandbox.info import Info, ServerFault
from hyperliquid_perpetual.sandbox.info_requests import decode_info, type_of
from hyperliquid_perpetual.sandbox.refusals import Refused
from hyperliquid_perpetual.sandbox.replies import refusal, reply_to
from hyperliquid_perpetual.sandbox.signed_requests import Malformed
from hyperliquid_perpetual.sandbox.traffic import (
    JSON,
    RATE_LIMIT_BODIES,
    TEXT,
    Captured,
    ConnectionBroken,
    Path,
    Reply,
    Way,
)
from hyperliquid_perpetual.sandbox.weights import WeightMeter, action_weight, info_weight

MAX_CAPTURED = 20_000

APART_SECONDS = 0.1
"""What the quirk `reply_order` puts between a reply and the frames of its block."""
_encode = msgspec.json.Encoder().encode


class Api:
    """Answers requests."""

    def __init__(
        self,
        chain: Chain,
        gatekeeper: Gatekeeper,
        info: Info,
        meter: WeightMeter,
        faults: Faults,
        limit_weights: bool,
    ) -> None:
        self._chain = chain
        self._gatekeeper = gatekeeper
        self._info = info
        self.meter = meter
        self.faults = faults
        self._limit_weights = limit_weights
        self._quirks = chain.exchange.config.quirks
        self._markets = chain.exchange.markets
        self.captured: deque[Captured] = deque(maxlen=MAX_CAPTURED)

    async def ask(self, path: Path, body: bytes, address: str, via: Way = "http") -> Reply:
        """Answer one request of a caller.

        :raises ConnectionBroken, NoAnswer: when a fault leaves it unanswered.
        """
        if self._chain.is_broken:
            raise ConnectionBroken
        captured = Captured(self._chain.clock.now(), path, body, via, address)
        self.captured.append(captured)
        weighs = via == "http" or self._quirks.post_weight == "charged"
        if weighs and self._limit_weights and self.meter.is_exhausted(address):
            return Reply(429, *RATE_LIMIT_BODIES[self._quirks.rate_limit_body])
        faults = self.faults.requests
        if faults is None:
            return await self._perform(captured, weighs)
        return await faults.carry(captured, lambda: self._perform(captured, weighs), self.captured.append)

    async def _perform(self, request: Captured, weighs: bool) -> Reply:
        if request.path == "/info":
            reply, weight = self._answer_info(request.body)
        else:
            reply, weight = await self._answer_exchange(request.body)
        if weighs:
            self.meter.charge(request.address, weight)
        return reply

    def _answer_info(self, body: bytes) -> tuple[Reply, int]:
        try:
            request = decode_info(body)
        except Malformed as malformed:
            return _text(malformed), info_weight("", None)
        kind = type_of(request)
        try:
            data = self._info.answer(request)
        except Broken:
            raise ConnectionBroken from None
        except ServerFault:
            return Reply(500, b"null"), info_weight(kind, None)
        return Reply(200, _encode(data), JSON, kind, data), info_weight(kind, data)

    async def _answer_exchange(self, body: bytes) -> tuple[Reply, int]:
        try:
            received = self._gatekeeper.receive(body)
        except Malformed as malformed:
            return _text(malformed), action_weight(1)
        except Refused as refused:
            return Reply(200, _encode(refusal(refused.text, self._quirks))), action_weight(1)
        outcome = await self._chain.submit(received)
        action = received.request.action
        if self._quirks.reply_order == "stream_first":
            await asyncio.sleep(APART_SECONDS)
        reply = reply_to(action, outcome, self._markets, self._quirks)
        return Reply(200, _encode(reply)), action_weight(action.items)


def _text(malformed: Malformed) -> Reply:
    return Reply(malformed.status, malformed.text.encode(), TEXT)
