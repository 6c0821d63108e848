"""The connection against servers of good and bad manners."""

import asyncio
import base64
import hashlib
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from hyperliquid_perpetual.trading.connection import Connection, Subscription, Timings
from hyperliquid_perpetual.trading.host_limits import HostLimits
from hyperliquid_perpetual.trading.session import Lost
from hyperliquid_perpetual.venue.frames import ErrorFrame, Message, Trades, Unreadable
from hyperliquid_perpetual.venue.messages import Bbo
from tests.websocket_server import Json, ScriptedServer, acknowledge, drop, eventually

BBO = Subscription({"type": "bbo", "coin": "BTC"})
FAST = Subscription({"type": "l2Book", "coin": "BTC", "fast": True}, required=False)
BBO_FRAME: Json = {
    "channel": "bbo",
    "data": {"coin": "BTC", "time": 1, "bbo": [{"px": "10.0", "sz": "1.0", "n": 1}, None]},
}
QUICK = Timings(first_retry=0.01, longest_retry=0.05, close=0.1)
IMPATIENT = replace(QUICK, acknowledge=0.3, ping_every=0.1, pong_within=0.2)
ENDLESS = HostLimits(connects_per_minute=10_000, messages_per_second=1e6)


class Probe:
    """A connection and what it told."""

    def __init__(self, url: str, **options: Any) -> None:
        self.messages: list[Message] = []
        self.events: list[str] = []
        options = {"timings": QUICK, "limits": ENDLESS} | options
        self.connection = Connection(
            url,
            "test",
            self.messages.append,
            lambda: self.events.append("ready"),
            lambda: self.events.append("lost"),
            **options,
        )


@asynccontextmanager
async def running(connection: Connection) -> AsyncIterator[Connection]:
    task = asyncio.create_task(connection.run())
    try:
        yield connection
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


async def refuse_fast(_server: ScriptedServer, socket: web.WebSocketResponse, frame: Json) -> None:
    if frame["subscription"].get("fast"):
        text = 'Invalid subscription {"type":"l2Book","coin":"BTC","fast":true}'
        await socket.send_json({"channel": "error", "data": text})
    else:
        await acknowledge(_server, socket, frame)


async def answer_nothing(_server: ScriptedServer, _socket: web.WebSocketResponse, _frame: Json) -> None:
    pass


async def test_live_only_after_every_required_subscription_is_acknowledged(server: ScriptedServer) -> None:
    answer = asyncio.Event()

    async def slow(server: ScriptedServer, socket: web.WebSocketResponse, frame: Json) -> None:
        await answer.wait()
        await acknowledge(server, socket, frame)

    server.answer = slow
    probe = Probe(server.url, timings=Timings())
    assert not await probe.connection.subscribe(BBO, timeout=0)
    async with running(probe.connection) as connection:
        await eventually(lambda: server.subscribed)
        assert connection.is_connected
        assert not connection.is_live
        assert probe.events == []
        answer.set()
        assert await connection.wait_until_live(5)
        assert connection.is_acknowledged(BBO)
        assert probe.events == ["ready"]


async def test_frames_reach_the_listener_typed_and_in_order(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    await probe.connection.subscribe(BBO, timeout=0)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        await server.push(BBO_FRAME, {"channel": "trades", "data": []}, b'{"channel":"trades","data":[]}')
        await eventually(lambda: len(probe.messages) == 3)
    assert [type(message) for message in probe.messages] == [Bbo, Trades, Trades]
    assert connection.last_received > 1.7e9


async def test_greeting_and_garbage_do_not_end_the_connection(server: ScriptedServer) -> None:
    server.greeting = "Websocket connection established."
    probe = Probe(server.url)
    await probe.connection.subscribe(BBO, timeout=0)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        await server.push('"text"', "[]", "{", b"\xff\x00", '{"channel":7}', '{"channel":"bbo","data":{}}', BBO_FRAME)
        await eventually(lambda: probe.messages and isinstance(probe.messages[-1], Bbo))
        assert connection.reconnects == 0
    assert all(isinstance(message, Unreadable) for message in probe.messages[:-1])
    assert len(probe.messages) == 8


async def test_error_in_the_listener_is_logged_once_and_does_not_stop_the_reader(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    taken = []

    def fail(message: Message) -> None:
        taken.append(message)
        raise ValueError("the listener's own fault")

    connection = Connection(server.url, "test", fail, timings=QUICK, limits=ENDLESS)
    async with running(connection):
        await eventually(lambda: server.sockets)
        await server.push(BBO_FRAME, BBO_FRAME, BBO_FRAME)
        await eventually(lambda: len(taken) == 3)
        assert connection.reconnects == 0
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1


async def test_server_that_closes_after_the_handshake_is_not_stormed(server: ScriptedServer) -> None:
    server.close_after_handshake = True
    probe = Probe(server.url, timings=Timings(), limits=HostLimits())
    async with running(probe.connection):
        await eventually(lambda: server.handshakes >= 2)
        await asyncio.sleep(1.5)
    # Delays double from 0.5 s: the built-in connector came to thousands here.
    assert server.handshakes < 20


async def test_dropped_socket_is_replaced_and_everything_is_subscribed_again(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    await probe.connection.subscribe(BBO, FAST, timeout=0)
    async with running(probe.connection) as connection:
        for times in (1, 2, 3):
            await eventually(lambda: connection.is_live and connection.is_acknowledged(FAST))
            await server.hang_up()
            await eventually(lambda times=times: connection.reconnects == times)
        await eventually(lambda: connection.is_live and connection.is_acknowledged(FAST))
    assert server.subscribed[:2] == [dict(BBO.wire), dict(FAST.wire)]
    assert server.subscribed[-2:] == [dict(BBO.wire), dict(FAST.wire)]
    assert connection.reconnects == 3
    assert probe.events == ["ready", "lost"] * 4


async def test_closing_handshake_of_the_server_is_followed_by_a_new_socket(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        await server.hang_up(politely=True)
        await eventually(lambda: server.handshakes == 2)


async def test_peer_that_answers_protocol_pings_only_is_replaced(server: ScriptedServer) -> None:
    server.answer_pings = False
    probe = Probe(server.url, timings=IMPATIENT)
    await probe.connection.subscribe(BBO, timeout=0)
    async with running(probe.connection) as connection:
        await eventually(lambda: server.handshakes >= 3)
        server.answer_pings = True
        await connection.wait_until_live(5)
        handshakes = server.handshakes
        pings = server.pings
        await eventually(lambda: server.pings >= pings + 5)
        assert server.handshakes == handshakes


async def test_peer_that_sends_data_but_takes_nothing_in_is_replaced(server: ScriptedServer) -> None:
    server.answer_pings = False
    probe = Probe(server.url, timings=IMPATIENT)
    async with running(probe.connection):
        while server.handshakes < 2:
            await server.push(BBO_FRAME)
            await asyncio.sleep(0.02)
    assert server.pings >= 3


async def test_half_open_peer_that_never_reads_again_is_replaced() -> None:
    handshakes = 0

    async def shake_hands_and_sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal handshakes
        handshakes += 1
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
        digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()  # noqa: S324
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        writer.transport.pause_reading()
        try:
            await asyncio.sleep(60)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(shake_hands_and_sleep, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    probe = Probe(f"ws://127.0.0.1:{port}/ws", timings=Timings(ping_every=0.05, pong_within=0.05, close=0.1))
    before = asyncio.all_tasks()
    async with running(probe.connection):
        await eventually(lambda: handshakes >= 2)
    server.close()
    for task in asyncio.all_tasks() - before:
        task.cancel()


async def test_refused_optional_subscription_leaves_the_rest_alive(server: ScriptedServer) -> None:
    server.answer = refuse_fast
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        assert await connection.subscribe(BBO, FAST)
        assert connection.refused == [FAST]
        assert connection.is_live
        assert connection.reconnects == 0
    assert not any(isinstance(message, ErrorFrame) for message in probe.messages)


async def test_refused_required_subscription_means_another_socket(server: ScriptedServer) -> None:
    server.answer = refuse_fast
    probe = Probe(server.url)
    await probe.connection.subscribe(Subscription(FAST.wire, required=True), timeout=0)
    async with running(probe.connection) as connection:
        await eventually(lambda: server.handshakes >= 3)
        assert not connection.is_live
        server.answer = acknowledge
        assert await connection.wait_until_live(5)


async def test_unanswered_required_subscription_means_another_socket(server: ScriptedServer) -> None:
    server.answer = answer_nothing
    probe = Probe(server.url, timings=IMPATIENT)
    async with running(probe.connection) as connection:
        assert not await connection.subscribe(BBO, timeout=0.1)
        await eventually(lambda: server.handshakes >= 3)
        assert probe.events == []


async def test_unanswered_optional_subscription_is_given_up(server: ScriptedServer) -> None:
    server.answer = answer_nothing
    probe = Probe(server.url, timings=IMPATIENT)
    async with running(probe.connection) as connection:
        assert await connection.subscribe(FAST)
        assert connection.refused == [FAST]
        assert connection.reconnects == 0


async def test_market_over_which_the_server_hangs_up_does_not_take_the_others_along(server: ScriptedServer) -> None:
    async def hang_up_on_unknown(server: ScriptedServer, socket: web.WebSocketResponse, frame: Json) -> None:
        if frame["subscription"]["coin"] == "btc":
            await drop(socket)
        else:
            await acknowledge(server, socket, frame)

    server.answer = hang_up_on_unknown
    unknown = Subscription({"type": "bbo", "coin": "btc"}, required=False)
    probe = Probe(server.url)
    await probe.connection.subscribe(unknown, BBO, FAST, timeout=0)
    async with running(probe.connection) as connection:
        await eventually(lambda: connection.refused == [unknown])
        assert await connection.wait_until_live(5)
        assert connection.is_acknowledged(FAST)
        assert connection.reconnects == 3


async def test_error_frame_about_something_else_reaches_the_listener(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        assert await connection.subscribe(BBO)
        await server.push({"channel": "error", "data": "too many pending post requests id=1234"})
        await eventually(lambda: probe.messages == [ErrorFrame("too many pending post requests id=1234")])
        assert connection.is_live


async def test_subscribing_while_connected_waits_for_the_acknowledgement(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        assert await connection.subscribe(BBO)
        assert server.subscribed == [dict(BBO.wire)]
        assert await connection.subscribe(BBO)
        assert len(server.subscribed) == 1
        assert await connection.unsubscribe(BBO)
        assert server.unsubscribed == [dict(BBO.wire)]
        assert connection.subscriptions == []
        await server.hang_up()
        await eventually(lambda: connection.reconnects == 1)
        await connection.wait_until_live(5)
        assert len(server.subscribed) == 1


async def test_unsubscribing_without_a_socket_is_done_at_once() -> None:
    probe = Probe("ws://127.0.0.1:1/ws")
    await probe.connection.subscribe(BBO, timeout=0)
    assert await probe.connection.unsubscribe(BBO)
    assert probe.connection.subscriptions == []


async def test_many_subscriptions_are_paced(server: ScriptedServer) -> None:
    limits = HostLimits(messages_per_second=100, message_burst=5)
    probe = Probe(server.url, timings=Timings(), limits=limits)
    many = [Subscription({"type": "bbo", "coin": f"C{index}"}) for index in range(30)]
    loop = asyncio.get_running_loop()
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        started = loop.time()
        assert await connection.subscribe(*many)
        assert loop.time() - started >= 0.24  # 25 of the 30 wait for 10 ms each


async def test_server_that_is_not_there_yet_is_found_when_it_comes() -> None:
    with sockets.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    probe = Probe(f"ws://127.0.0.1:{port}/ws")
    async with running(probe.connection) as connection:
        await asyncio.sleep(0.1)
        assert not connection.is_connected
        late = web.Application()

        async def serve(request: web.Request) -> web.WebSocketResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.receive()
            return socket

        late.router.add_get("/ws", serve)
        runner = web.AppRunner(late, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        assert await connection.wait_until_live(5)
    await runner.cleanup()


async def test_redirect_is_not_followed(server: ScriptedServer) -> None:
    async with ScriptedServer() as elsewhere:
        server.redirect_to = elsewhere.url.replace("ws://", "http://")
        probe = Probe(server.url)
        async with running(probe.connection):
            await eventually(lambda: server.handshakes >= 3)
        assert elsewhere.handshakes == 0


async def test_proxy_of_the_environment_is_not_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        assert await connection.wait_until_live(5)


async def test_server_that_never_finishes_the_handshake_is_given_up() -> None:
    attempts = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
    async with running(Probe(url, timings=Timings(connect=0.05, first_retry=0.01)).connection):
        await eventually(lambda: attempts >= 2)
    server.close()


async def test_cancelling_leaves_no_task_and_no_socket(server: ScriptedServer) -> None:
    before = asyncio.all_tasks()
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        await connection.subscribe(BBO)
    assert not connection.is_connected
    assert not connection.is_live
    assert probe.events == ["ready", "lost"]
    await eventually(lambda: not server.sockets)
    await eventually(lambda: not {t for t in asyncio.all_tasks() - before if "connection" in repr(t.get_coro())})


async def test_cancelling_in_the_moment_in_which_the_socket_is_lost_ends_the_connection(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss and the cancellation meet in one turn of the loop; the connection went on with the next socket."""
    probe = Probe(server.url)
    run = asyncio.create_task(probe.connection.run())
    assert await probe.connection.wait_until_live(5)
    session = probe.connection._session
    assert session is not None

    async def lose(*_args: Any) -> None:
        run.cancel()
        raise Lost("at the same moment")

    monkeypatch.setattr(session._socket, "send_frame", lose)
    await probe.connection.subscribe(FAST, timeout=0)
    done, _ = await asyncio.wait([run], timeout=2)
    run.cancel()
    assert done == {run}
    assert run.cancelled()


async def test_connection_can_run_again_after_it_was_cancelled(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    for _ in range(2):
        async with running(probe.connection) as connection:
            assert await connection.subscribe(BBO)
    assert server.handshakes == 2


async def test_running_twice_at_once_is_an_error(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        with pytest.raises(RuntimeError, match="running already"):
            await connection.run()


async def test_user_of_the_data_can_ask_for_another_socket(server: ScriptedServer) -> None:
    probe = Probe(server.url)
    async with running(probe.connection) as connection:
        await connection.wait_until_live(5)
        connection.replace_socket("the book of BTC stands still")
        await eventually(lambda: connection.reconnects == 1)
        assert await connection.wait_until_live(5)


async def test_delays_grow_with_losses_in_a_row_and_start_over_after_a_healthy_time(server: ScriptedServer) -> None:
    probe = Probe(server.url, timings=replace(QUICK, healthy_after=0.2))
    failures: list[int] = []
    async with running(probe.connection) as connection:
        connection._on_lost = lambda: failures.append(connection._backoff.failures)
        for times in range(5):
            await eventually(lambda times=times: connection.reconnects == times and connection.is_live)
            if times == 4:
                await asyncio.sleep(0.25)
            await server.hang_up()
            await eventually(lambda times=times: len(failures) == times + 1)
    assert failures[:5] == [1, 2, 3, 4, 1]
