"""Lets a validator see whatever a running sandbox says, on every path and every socket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from hyperliquid_perpetual.sandbox import api, session
from hyperliquid_perpetual.sandbox.traffic import Captured
from tests.conformance.shapes.validator import Validator


@contextmanager
def watched(validator: Validator) -> Iterator[Validator]:
    """Hold all replies and frames of all sandboxes of this process against the shapes."""
    ask, enqueue = api.Api.ask, session.Session._enqueue

    async def asked(self: api.Api, path: api.Path, body: bytes, *args: Any, **more: Any) -> api.Reply:
        reply = await ask(self, path, body, *args, **more)
        kind = Captured(0, path, body, "http", "").kind
        validator.on_reply(path, kind, reply.status, reply.content_type, reply.body)
        return reply

    def enqueued(self: session.Session, data: bytes) -> None:
        validator.on_frame(data)
        enqueue(self, data)

    with mock.patch.object(api.Api, "ask", asked), mock.patch.object(session.Session, "_enqueue", enqueued):
        yield validator
