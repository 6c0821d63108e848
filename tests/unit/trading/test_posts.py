"""Actions over a socket: sent at once and in their order, answered by their number, unknown when the socket is lost."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading import requests as requests_module
from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.connection import Connection, Subscription
from hyperliquid_perpetual.trading.posts import MAX_IN_FLIGHT, PostLost, PostRefused, Posts
from hyperliquid_perpetual.trading.requests import Requests
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.client_ids import make_cloid
from hyperliquid_perpetual.venue.frames import PostResponse
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.nonces import NonceSource
from hyperliquid_perpetual.venue.replies import Done, Rejected, Resting, Unclear
from hyperliquid_perpetual.venue.signing import Signer
from tests.bot import eventually


def now_ms() -> int:
    return int(time.time() * 1000)


def bid(number: int) -> OrderRequest:
    cloid = make_cloid(bytes(4), number.to_bytes(8, "big"))
    return OrderRequest(0, True, Decimal(80000), Decimal("0.001"), False, cloid=cloid)


class Desk:
    """Requests whose actions go over a connection to a sandbox."""

    def __init__(self, exchange: Sandbox) -> None:
        self.exchange = exchange
        self.posts = Posts()
        self.heard: list[Any] = []
        self.connection = Connection(Network.SANDBOX.ws_url, "test", self.heard.append, posts=self.posts)
        self.requests = Requests(
            Network.SANDBOX,
            WeightBudget(),
            now_ms,
            Signer(DEMO_PRIVATE_KEY),
            NonceSource(now_ms),
            posts=self.posts,
        )
        self._running: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._running = asyncio.ensure_future(self.connection.run())
        await self.connection.subscribe(Subscription({"type": "allMids"}))

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def place(self, *numbers: int) -> list[Any]:
        action = actions.order([bid(number) for number in numbers])
        return (await self.requests.act(action, len(numbers), Priority.ORDER)).outcomes

    def ways(self, kind: str = "order") -> list[str]:
        return [request.via for request in self.exchange.requests("/exchange", kind)]


@pytest.fixture
async def desk(exchange: Sandbox) -> AsyncIterator[Desk]:
    made = Desk(exchange)
    await made.open()
    yield made
    await made.close()


async def test_actions_go_over_the_socket_while_it_is_open_and_over_http_else(exchange: Sandbox) -> None:
    desk = Desk(exchange)
    assert isinstance((await desk.place(1))[0], Resting)
    await desk.open()
    outcomes = await desk.place(2, 3)
    assert [type(outcome) for outcome in outcomes] == [Resting, Resting]
    await desk.close()
    assert isinstance((await desk.place(4))[0], Resting)
    assert desk.ways() == ["http", "ws", "http"]
    assert desk.posts.sent == 1


async def test_actions_arrive_in_the_order_of_their_nonces_however_many_are_under_way(desk: Desk) -> None:
    outcomes = await asyncio.gather(*(desk.place(number) for number in range(40)))
    assert all(isinstance(outcome, Resting) for (outcome,) in outcomes)
    arrived = [request.json for request in desk.exchange.requests("/exchange", "order")]
    nonces = [body["nonce"] for body in arrived]
    assert nonces == sorted(nonces)
    assert [body["action"]["orders"][0]["c"] for body in arrived] == [bid(number).cloid for number in range(40)]
    assert desk.ways() == ["ws"] * 40


async def test_what_is_more_than_the_venue_allows_to_be_under_way_goes_over_http(desk: Desk) -> None:
    desk.exchange.faults.delay(0.5, kind="order")
    desk.exchange.faults.delay(0.5, kind="order", next=MAX_IN_FLIGHT)
    await asyncio.gather(*(desk.place(number) for number in range(MAX_IN_FLIGHT + 3)))
    ways = desk.ways()
    assert ways.count("ws") == MAX_IN_FLIGHT
    assert ways.count("http") == 3


async def test_answers_that_come_in_another_order_reach_who_asked(desk: Desk) -> None:
    desk.exchange.faults.delay(0.3, kind="order")
    slow, fast = (
        asyncio.ensure_future(desk.place(1)),
        asyncio.ensure_future(desk.requests.act(actions.noop(), 1, Priority.CANCEL)),
    )
    assert (await fast).outcomes == [Done()]
    assert not slow.done()
    assert isinstance((await slow)[0], Resting)


async def test_action_whose_socket_is_lost_is_sent_again_over_http_and_takes_effect_once(desk: Desk) -> None:
    """The first copy arrives after all, later than the second one."""
    desk.exchange.faults.delay(1.0, kind="order", next=1)
    waiting = asyncio.ensure_future(desk.place(1))
    await eventually(lambda: desk.posts.sent == 1)
    desk.exchange.drop_websockets()
    (outcome,) = await waiting
    assert isinstance(outcome, Resting)
    first, second = desk.exchange.requests("/exchange", "order")
    assert (first.via, second.via) == ("ws", "http")
    assert first.body == second.body
    assert desk.requests.budget.used == 2
    await eventually(lambda: not desk.exchange.gate.under_way)
    assert len(desk.exchange.open_orders(DEMO_ADDRESS)) == 1


async def test_action_that_came_in_before_its_socket_was_lost_is_unknown_and_not_done_twice(desk: Desk) -> None:
    desk.exchange.faults.drop_reply(kind="order")
    (outcome,) = await desk.place(1)
    assert isinstance(outcome, Unclear)
    assert "duplicate nonce" in outcome.reason
    assert len(desk.exchange.open_orders(DEMO_ADDRESS)) == 1
    await eventually(lambda: desk.connection.is_live)
    assert isinstance((await desk.place(2))[0], Resting)
    assert desk.ways()[-1] == "ws"


async def test_refusal_of_the_second_copy_says_nothing_about_the_first(desk: Desk) -> None:
    desk.exchange.faults.delay(1.0, kind="order", next=1)
    waiting = asyncio.ensure_future(desk.place(1))
    await eventually(lambda: desk.posts.sent == 1)
    desk.exchange.faults.status(422, kind="order", body="not now")
    desk.exchange.drop_websockets()
    (outcome,) = await waiting
    assert isinstance(outcome, Unclear)
    assert "not now" in outcome.reason
    await eventually(lambda: len(desk.exchange.open_orders(DEMO_ADDRESS)) == 1)


async def test_order_that_is_refused_by_itself_is_refused_whichever_copy_it_was(desk: Desk) -> None:
    """An item that is refused has used the nonce up."""
    desk.exchange.faults.refuse_before(kind="order")
    tiny = OrderRequest(0, True, Decimal(80000), Decimal("0.00001"), False, cloid=bid(1).cloid)
    (outcome,) = (await desk.requests.act(actions.order([tiny]), 1, Priority.ORDER)).outcomes
    assert isinstance(outcome, Rejected)
    assert desk.ways() == ["ws", "http"]


async def test_action_under_way_when_the_connection_is_closed_at_this_end_is_unknown_and_not_sent_again(
    desk: Desk,
) -> None:
    """A bot that stops sends nothing more."""
    desk.exchange.faults.delay(0.5, kind="order")
    waiting = asyncio.ensure_future(desk.place(1))
    await eventually(lambda: desk.posts.sent == 1)
    await desk.close()
    assert await waiting == [Unclear("no answer: the connection was closed")]
    await eventually(lambda: not desk.exchange.gate.under_way)
    assert desk.ways() == ["ws"]


@pytest.mark.parametrize(
    ("status", "kind"), [(429, Unclear), (502, Unclear), (500, Unclear), (422, Rejected), (400, Rejected)]
)
async def test_http_status_that_is_told_over_the_socket_means_the_same(desk: Desk, status: int, kind: type) -> None:
    desk.exchange.faults.status(status, path="/exchange", body="why: because")
    (outcome,) = await desk.place(1)
    assert isinstance(outcome, kind)
    assert desk.ways() == ["ws"]
    if status != 429:
        assert outcome.reason == f"HTTP {status}: why: because"
    else:
        assert not desk.requests.budget.try_acquire(1, Priority.ORDER), "everybody backs off"


async def test_error_without_a_status_says_nothing_of_the_action(desk: Desk) -> None:
    for payload in ("sorry", {"code": 5}, ""):
        outcomes = desk.requests._outcomes_of_post(PostResponse(1, "error", payload), 2)
        assert [type(outcome) for outcome in outcomes] == [Unclear, Unclear]


async def test_action_that_the_venue_would_not_look_at_goes_over_http_with_the_same_bytes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`too many pending post requests` says that it was not executed."""
    written: list[bytes] = []
    real = desk.posts._write
    assert real is not None

    def refuse(frame: bytes) -> bool:
        written.append(frame)
        asyncio.get_running_loop().call_soon(desk.posts.take_error, "too many pending post requests id=1")
        return True

    monkeypatch.setattr(desk.posts, "_write", refuse)
    assert isinstance((await desk.place(1))[0], Resting)
    [request] = desk.exchange.requests("/exchange", "order")
    assert request.via == "http"
    assert request.body in written[0]


@pytest.mark.parametrize(
    "text",
    [
        "too many pending post requests id=7",
        "too many pending post requests id=",
        "too many pending post requests id=\uff11",
        "too many pending post requests id=" + "9" * 30,
        "Invalid subscription {}",
    ],
)
async def test_other_errors_are_not_taken_for_an_answer(text: str) -> None:
    posts = Posts()
    posts.open(lambda _frame: True, lambda _reason: None, lambda: 0.0)
    answer = posts.post(b"{}")
    assert answer is not None
    assert not posts.take_error(text)
    assert not answer.done()


async def test_action_without_an_answer_in_time_is_unknown_and_the_next_ones_go_over_http(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "ACTION_TIMEOUT_SECONDS", 0.2)
    desk.exchange.faults.delay(0.6, kind="order")
    assert await desk.place(1) == [Unclear("no answer: time-out")]
    monkeypatch.setattr(requests_module, "ACTION_TIMEOUT_SECONDS", 10.0)
    assert isinstance((await desk.place(2))[0], Resting)
    assert desk.ways() == ["ws", "http"]
    desk.posts._not_before = 0.0
    assert isinstance((await desk.place(3))[0], Resting)
    assert desk.ways()[-1] == "ws", "and over the socket again after a while"


@pytest.mark.parametrize(("silence", "replaced"), [(0.5, False), (10.0, True)])
async def test_socket_on_which_nothing_was_heard_while_an_answer_was_missing_is_replaced(
    silence: float, replaced: bool
) -> None:
    reasons: list[str] = []
    posts = Posts()
    posts.open(lambda _frame: True, reasons.append, lambda: silence)
    posts.doubt(10.0)
    assert bool(reasons) is replaced
    assert posts.post(b"{}") is None


async def test_socket_that_cannot_be_written_to_is_no_way() -> None:
    posts = Posts()
    assert posts.post(b"{}") is None
    posts.open(lambda _frame: False, lambda _reason: None, lambda: 0.0)
    assert posts.post(b"{}") is None
    assert posts.sent == 0
    posts.lose("")


async def test_answer_that_comes_too_late_or_to_nobody_is_dropped() -> None:
    posts = Posts()
    posts.open(lambda _frame: True, lambda _reason: None, lambda: 0.0)
    answer = posts.post(b"{}")
    assert answer is not None
    answer.cancel()
    posts.take(PostResponse(1, "action", {}))
    posts.take(PostResponse(99, "action", {}))
    lost = posts.post(b"{}")
    assert lost is not None
    posts.lose("gone")
    with pytest.raises(PostLost, match="gone"):
        await lost
    refused = Posts()
    refused.open(lambda _frame: True, lambda _reason: None, lambda: 0.0)
    waiting = refused.post(b"{}")
    assert waiting is not None
    assert refused.take_error("too many pending post requests id=1")
    with pytest.raises(PostRefused):
        await waiting
