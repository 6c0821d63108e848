"""Hummingbot's remote interface from the other side: commands to bots over MQTT, and what bots say by themselves.

A command is a message on `<namespace>/<bot>/<command>` that names a topic for the answer. Beside answers, bots send a
sign of life every ten seconds, their log, their notices and the events of their orders.
"""

import asyncio
import json
import time
import uuid
from collections import Counter, defaultdict
from types import TracebackType
from typing import Any, Self

import aiomqtt

from tests.fleet.broker import Broker

NAMESPACE = "hbot"
ANSWER_SECONDS = 60.0
SUCCESS = 200


class RemoteError(RuntimeError):
    """A bot refused a command, or did not answer it."""


class Remote:
    """One connection to the broker, for all bots."""

    def __init__(self, broker: Broker) -> None:
        self._client = aiomqtt.Client(
            broker.host, broker.port, username=broker.user, password=broker.password, identifier="fleet-operator"
        )
        self._answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._listening: asyncio.Task[None] | None = None
        self.last_heard: dict[str, float] = {}
        """When each bot gave its last sign of life, by `time.monotonic`."""
        self.events: dict[str, Counter[str]] = defaultdict(Counter)
        """How many events of each kind a bot has told."""
        self.said: dict[str, list[str]] = defaultdict(list)
        """The notices of each bot, as a person would see them on its screen."""

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        await self._client.subscribe(f"{NAMESPACE}/#")
        await self._client.subscribe("fleet-operator/#")
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listening is not None
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._client.__aexit__(kind, error, trace)

    async def ask(self, bot: str, command: str, **data: Any) -> dict[str, Any]:
        """Send a command, and return its answer.

        :raises RemoteError: when the bot refuses it, with its words, or does not answer.
        """
        topic = f"fleet-operator/{uuid.uuid4().hex}"
        answer = self._answers[topic] = asyncio.get_running_loop().create_future()
        request = {"header": {"reply_to": topic, "timestamp": int(time.time() * 1000)}, "data": data}
        try:
            await self._client.publish(f"{NAMESPACE}/{bot}/{command}", json.dumps(request), qos=1)
            async with asyncio.timeout(ANSWER_SECONDS):
                told = await answer
        except TimeoutError:
            raise RemoteError(f"{bot} did not answer to {command} within {ANSWER_SECONDS:g} s") from None
        finally:
            del self._answers[topic]
        if told.get("status") != SUCCESS:
            raise RemoteError(f"{bot} refused {command}: {told.get('msg')}")
        return told

    async def until_alive(self, bot: str, seconds: float, after: float = 0.0) -> None:
        """Wait for a sign of life.

        :param after: a reading of `time.monotonic`: earlier signs do not count.
        :raises RemoteError: when there is none in time.
        """
        deadline = time.monotonic() + seconds
        while self.last_heard.get(bot, 0.0) <= after:
            if time.monotonic() > deadline:
                raise RemoteError(f"{bot} gave no sign of life within {seconds:g} s")
            await asyncio.sleep(0.1)

    async def _listen(self) -> None:
        async for message in self._client.messages:
            topic = str(message.topic)
            try:
                payload = json.loads(message.payload or b"")
            except (TypeError, ValueError):
                continue
            if (answer := self._answers.get(topic)) is not None:
                if not answer.done():
                    answer.set_result(payload["data"])
                continue
            _, _, rest = topic.partition("/")
            bot, _, kind = rest.partition("/")
            if kind == "hb":
                self.last_heard[bot] = time.monotonic()
            elif kind == "events":
                self.events[bot][payload["type"]] += 1
            elif kind == "notify":
                self.said[bot].append(payload["msg"])
