"""Requests against a real local exchange: what each kind of answer, error and silence is taken for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox.sandbox import DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.trading import answers
from hyperliquid_perpetual.trading import requests as requests_module
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.batches import MAX_BATCH, OrderDesk
from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.replacements import Cancel
from hyperliquid_perpetual.trading.requests import RateLimited, Requests, VenueRefusal, VenueUnavailable
from hyperliquid_perpetual.venue import actions
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.client_ids import make_cloid
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE, Network
from hyperliquid_perpetual.venue.nonces import NonceSource
from hyperliquid_perpetual.venue.replies import Done, RejectCode, Rejected, Resting, Unclear
from hyperliquid_perpetual.venue.signing import Signer

BTC = 0


def now_ms() -> int:
    return int(time.time() * 1000)


@pytest.fixture
async def strict_exchange(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """One that opens no account for strangers, as the venue does not."""
    async with Sandbox(seed=3, market="still", block_ms=0, newcomers="refuse") as sandbox:
        monkeypatch.setenv(SANDBOX_URL_VARIABLE, sandbox.url)
        yield sandbox


@pytest.fixture
async def requests(exchange: Sandbox) -> AsyncIterator[Requests]:
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer(DEMO_PRIVATE_KEY), NonceSource(now_ms))
    made.keep_open()
    yield made
    await made.close()


def bid(number: int, price: str = "80000", size: str = "0.001", **changes: Any) -> OrderRequest:
    return OrderRequest(
        BTC, True, Decimal(price), Decimal(size), False, cloid=make_cloid(bytes(4), bytes([number] * 8)), **changes
    )


async def test_read_is_decoded_and_its_weight_spent(requests: Requests) -> None:
    mids = await requests.info({"type": "allMids"}, dict[str, Decimal])
    assert mids["BTC"] > 0
    assert requests.budget.used == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_error_on_a_read_says_nothing(exchange: Sandbox, requests: Requests, status: int) -> None:
    exchange.faults.status(status, path="/info")
    with pytest.raises(VenueUnavailable):
        await requests.info({"type": "allMids"})
    assert await requests.info({"type": "allMids"})


async def test_429_on_a_read_makes_everyone_back_off(exchange: Sandbox, requests: Requests) -> None:
    exchange.faults.status(429, path="/info")
    with pytest.raises(RateLimited):
        await requests.info({"type": "allMids"})
    assert not requests.budget.try_acquire(2, Priority.READ)
    assert requests.budget.try_acquire(1, Priority.CANCEL)


async def test_request_the_venue_cannot_read_is_a_refusal(requests: Requests) -> None:
    with pytest.raises(VenueRefusal):
        await requests.info({"type": "noSuchRequest"})


async def test_answer_of_another_shape_is_no_answer(requests: Requests) -> None:
    with pytest.raises(VenueUnavailable):
        await requests.info({"type": "allMids"}, list[int])


async def test_one_row_that_cannot_be_read_costs_only_itself(exchange: Sandbox, requests: Requests) -> None:
    row = '{"coin":"BTC","px":"1","sz":"1","side":"B","time":5,"oid":7,"fee":"0","tid":9}'
    exchange.faults.status(200, path="/info", body=f'[{row},{{"coin":17}},"rubbish"]')
    fills = await AccountReader(requests, Signer(DEMO_PRIVATE_KEY).address).fills_since(0)
    assert [fill.tid for fill in fills] == [9]


async def test_connection_refused_is_unavailable_for_reads_and_unclear_for_actions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(SANDBOX_URL_VARIABLE, "http://127.0.0.1:9")
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer(DEMO_PRIVATE_KEY), NonceSource(now_ms))
    with pytest.raises(VenueUnavailable):
        await made.info({"type": "allMids"})
    result = await made.act(actions.noop(), 1, Priority.ORDER)
    assert isinstance(result.outcomes[0], Unclear)
    assert result.expires_after is not None
    assert result.expires_after > now_ms()


async def test_action_without_a_key_is_not_even_tried(exchange: Sandbox) -> None:
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms)
    with pytest.raises(RuntimeError, match="no key"):
        await made.act(actions.noop(), 1, Priority.ORDER)
    assert exchange.requests("/exchange") == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_http_error_on_an_action_is_unclear(exchange: Sandbox, requests: Requests, status: int) -> None:
    exchange.faults.status(status)
    outcome = (await requests.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Unclear)


async def test_time_out_of_an_action_is_unclear(
    exchange: Sandbox, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "ACTION_TIMEOUT_SECONDS", 0.2)
    exchange.faults.drop_reply(hang=True)
    outcome = (await requests.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Unclear)
    assert "time-out" in outcome.reason


async def test_reply_that_is_no_json_is_unclear(exchange: Sandbox, requests: Requests) -> None:
    exchange.faults.status(200, body="<html>please wait</html>")
    outcome = (await requests.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Unclear)


async def test_answer_that_makes_the_decoder_give_up_is_no_answer(exchange: Sandbox, requests: Requests) -> None:
    nested = "[" * 100_000
    exchange.faults.status(200, body=nested)
    outcome = (await requests.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Unclear)
    exchange.faults.status(200, body=nested, path="/info")
    with pytest.raises(VenueUnavailable):
        await requests.info({"type": "allMids"})


async def test_answer_that_is_no_text_is_no_answer(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> None:
    async def post(_path: str, _body: bytes, _timeout: float) -> tuple[int, bytes]:
        return 200, b'{"status":"ok\xff"}'

    monkeypatch.setattr(requests, "_post", post)
    outcome = (await requests.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Unclear)
    with pytest.raises(VenueUnavailable):
        await requests.info({"type": "allMids"})


async def test_body_the_venue_cannot_read_is_its_own_word(requests: Requests) -> None:
    outcome = (await requests.act({"type": "noSuchAction"}, 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Rejected)
    assert outcome.whole_action


async def test_wrong_key_is_named(strict_exchange: Sandbox) -> None:
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer("0x" + "77" * 32), NonceSource(now_ms))
    outcome = (await made.act(actions.order([bid(1)]), 1, Priority.ORDER)).outcomes[0]
    assert isinstance(outcome, Rejected)
    assert outcome.code is RejectCode.SIGNATURE
    assert "does not exist" in outcome.reason


async def test_more_orders_than_a_batch_holds_leave_in_several(exchange: Sandbox, requests: Requests) -> None:
    desk = OrderDesk(requests)
    answers = await asyncio.gather(*(desk.place(bid(number)) for number in range(MAX_BATCH + 3)))
    assert all(isinstance(answer.outcome, Resting) for answer in answers)
    assert len(exchange.requests("/exchange", "order")) == 2
    cancelled = await asyncio.gather(
        *(desk.cancel(Cancel(BTC, bid(number).cloid or "")) for number in range(MAX_BATCH + 3))
    )
    assert all(isinstance(answer.outcome, Done) for answer in cancelled)
    assert len(exchange.requests("/exchange", "cancelByCloid")) == 2


async def test_one_bad_order_does_not_take_its_neighbours_down(exchange: Sandbox, requests: Requests) -> None:
    """The venue refuses a whole batch for a price beyond its band: the others go again, with the same cloids."""
    desk = OrderDesk(requests)
    good, far, small = await asyncio.gather(
        desk.place(bid(1)), desk.place(bid(2, price="1")), desk.place(bid(3, size="0.0001"))
    )
    assert isinstance(good.outcome, Resting)
    assert isinstance(far.outcome, Rejected)
    assert far.outcome.code is RejectCode.PRICE_TOO_FAR
    assert isinstance(small.outcome, Rejected)
    assert small.outcome.code is RejectCode.MIN_NOTIONAL
    assert len(exchange.open_orders(Signer(DEMO_PRIVATE_KEY).address)) == 1


async def test_refusal_that_no_item_is_to_blame_for_is_not_repeated(strict_exchange: Sandbox) -> None:
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer("0x" + "77" * 32), NonceSource(now_ms))
    desk = OrderDesk(made)
    answers = await asyncio.gather(desk.place(bid(1)), desk.place(bid(2)))
    assert all(isinstance(answer.outcome, Rejected) for answer in answers)
    assert len(strict_exchange.requests("/exchange")) == 1


async def test_clock_that_was_set_back_between_two_lives_does_not_keep_the_bot_from_trading(exchange: Sandbox) -> None:
    """The signer's hundred highest nonces lie ahead of the clock; the venue says what it wants, and gets it."""

    def made(clock: Callable[[], int]) -> Requests:
        return Requests(Network.SANDBOX, WeightBudget(), now_ms, Signer(DEMO_PRIVATE_KEY), NonceSource(clock))

    earlier, later = made(lambda: now_ms() + 3_600_000), made(now_ms)
    for _ in range(100):
        await earlier.act(actions.noop(), 1, Priority.ORDER)
    for number in (1, 2):
        result = await later.act(actions.order([bid(number)]), 1, Priority.ORDER)
        assert isinstance(result.outcomes[0], Resting)
    assert len(exchange.requests("/exchange", "order")) == 3
    assert result.nonce > now_ms() + 3_000_000


# ---------------------------------------------------------------------------------------------- what the user reads


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (400, "bad request", VenueRefusal, "HTTP 400 on allMids: bad request"),
        (404, "  not here\n", VenueRefusal, "HTTP 404 on allMids: not here"),
        (499, "x" * 300, VenueRefusal, "HTTP 499 on allMids: " + "x" * 200),
        (500, "", VenueUnavailable, "HTTP 500 on allMids: empty body"),
        (503, "<html>", VenueUnavailable, "HTTP 503 on allMids: a page without a title"),
        (429, "", RateLimited, "the venue limits requests of this address (429 on allMids)"),
        (302, "elsewhere", VenueUnavailable, "HTTP 302 on allMids: elsewhere"),
    ],
)
async def test_error_of_a_read_names_the_request_and_what_came_back(
    exchange: Sandbox, requests: Requests, status: int, body: str, kind: type[Exception], text: str
) -> None:
    exchange.faults.status(status, path="/info", body=body)
    with pytest.raises(kind) as raised:
        await requests.info({"type": "allMids"})
    assert type(raised.value) is kind
    assert str(raised.value) == text


async def test_answer_that_cannot_be_read_names_the_request(requests: Requests) -> None:
    with pytest.raises(VenueUnavailable, match=r"^the answer to allMids cannot be read: Expected `array`"):
        await requests.info({"type": "allMids"}, list[int])


async def test_bytes_that_are_no_text_are_quoted_all_the_same(requests: Requests) -> None:
    assert answers.short(b"\xff bad") == "\ufffd bad"


async def test_no_answer_to_a_read_says_why(
    requests: Requests, exchange: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests_module, "READ_TIMEOUT_SECONDS", 0.2)
    exchange.faults.delay(1.0, path="/info")
    with pytest.raises(VenueUnavailable, match=r"^no answer to allMids: time-out$"):
        await requests.info({"type": "allMids"})


async def test_rows_that_cannot_be_read_are_told_once_for_each_kind_of_request(
    exchange: Sandbox, requests: Requests, caplog: pytest.LogCaptureFixture
) -> None:
    reader = AccountReader(requests, Signer(DEMO_PRIVATE_KEY).address)
    for _ in range(2):
        exchange.faults.status(200, path="/info", body='["rubbish",{"coin":17}]')
        await reader.fills_since(0)
    exchange.faults.status(200, path="/info", body='["rubbish"]')
    await reader.open_orders("")
    assert await reader.open_orders("") == []
    told = [record.message for record in caplog.records if "could not be read" in record.message]
    assert told == [
        "2 items in the answer to userFillsByTime could not be read and were passed over",
        "1 items in the answer to frontendOpenOrders could not be read and were passed over",
    ]


async def test_rows_of_a_long_answer_are_paid_for_when_they_have_come(exchange: Sandbox, requests: Requests) -> None:
    """Section 9.1: `userFillsByTime` costs 20, and 1 more for each 20 rows."""
    row = '{"coin":"BTC","px":"1","sz":"1","side":"B","time":5,"oid":7,"fee":"0","tid":%d}'
    exchange.faults.status(200, path="/info", body=f"[{','.join(row % tid for tid in range(60))}]")
    assert len(await AccountReader(requests, Signer(DEMO_PRIVATE_KEY).address).fills_since(0)) == 60
    assert requests.budget.used == 23


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (429, "", Unclear, "the venue limits requests of this address (HTTP 429)"),
        (400, "what?", Rejected, "HTTP 400: what?"),
        (405, "", Rejected, "HTTP 405: empty body"),
        (415, "", Rejected, "HTTP 415: empty body"),
        (422, "Failed to deserialize", Rejected, "HTTP 422: Failed to deserialize"),
        (401, "who?", Unclear, "HTTP 401: who?"),
        (502, "<html>", Unclear, "HTTP 502: a page without a title"),
    ],
)
async def test_outcome_of_an_action_that_met_an_error_says_which(
    exchange: Sandbox, requests: Requests, status: int, body: str, kind: type, reason: str
) -> None:
    exchange.faults.status(status, path="/exchange", body=body)
    result = await requests.act(actions.noop(), 2, Priority.ORDER)
    assert [type(outcome) for outcome in result.outcomes] == [kind, kind]
    assert [outcome.reason for outcome in result.outcomes] == [reason, reason]  # type: ignore[union-attr]


async def test_reply_that_is_no_json_says_so(exchange: Sandbox, requests: Requests) -> None:
    exchange.faults.status(200, path="/exchange", body="nonsense")
    [outcome] = (await requests.act(actions.noop(), 1, Priority.ORDER)).outcomes
    assert isinstance(outcome, Unclear)
    assert outcome.reason.startswith("the reply cannot be read: JSON is malformed")


async def test_action_is_signed_for_the_vault_that_its_body_names(exchange: Sandbox) -> None:
    signer, vault = Signer(DEMO_PRIVATE_KEY), "0x1719884eb866cb12b2287399b15f7db5e7d775ea"
    made = Requests(Network.SANDBOX, WeightBudget(), now_ms, signer, NonceSource(now_ms), vault)
    await made.act(actions.noop(), 1, Priority.ORDER)
    [sent] = exchange.requests("/exchange", "noop")
    assert sent.json["vaultAddress"] == vault
    assert sent.json["signature"] == signer.sign_action(
        {"type": "noop"}, sent.json["nonce"], False, vault, sent.json["expiresAfter"]
    )


async def test_without_a_key_nothing_is_sent(exchange: Sandbox) -> None:
    for keys in ((None, None), (Signer(DEMO_PRIVATE_KEY), None), (None, NonceSource(now_ms))):
        made = Requests(Network.SANDBOX, WeightBudget(), now_ms, *keys)
        with pytest.raises(RuntimeError, match=r"^this connector has no key: it can read but not trade$"):
            await made.act(actions.noop(), 1, Priority.ORDER)
    assert not exchange.requests("/exchange", "noop")


async def test_action_costs_its_weight_and_its_items_count(requests: Requests) -> None:
    """Section 9.1: 1, and 1 more for each 40 items; section 9.3 counts the items."""
    assert requests.items_sent == 0
    await requests.act(lambda: actions.noop(), 79, Priority.ORDER)
    await requests.act(actions.noop(), 1, Priority.CANCEL)
    assert requests.items_sent == 80
    assert requests.budget.used == 3


async def test_action_expires_by_the_venues_clock_and_is_over_by_the_later_of_both(exchange: Sandbox) -> None:
    for distance in (20_000, -20_000):
        made = Requests(
            Network.SANDBOX, WeightBudget(), lambda: 1_000_000, Signer(DEMO_PRIVATE_KEY), NonceSource(now_ms)
        )
        for _ in range(5):
            made.venue_clock.note(1_000_000 + distance)
        result = await made.act(actions.noop(), 1, Priority.ORDER)
        sent = exchange.requests("/exchange", "noop")[-1]
        assert sent.json["expiresAfter"] == 1_030_000 + distance
        assert result.expires_after == 1_030_000 + max(distance, 0)


async def test_connection_is_kept_warm_until_it_is_closed(requests: Requests) -> None:
    await requests.info({"type": "allMids"})
    warm = requests._session
    assert warm is not None
    await requests.info({"type": "allMids"})
    assert requests._session is warm
    await requests.close()
    assert warm.closed
    await requests.info({"type": "allMids"})
    assert requests._session is None, "each request cleans up after itself now"
    requests.keep_open()
    await requests.info({"type": "allMids"})
    renewed = requests._session
    assert renewed is not None
    await renewed.close()
    assert await requests.info({"type": "allMids"}), "a session that somebody closed is replaced"


def test_error_without_a_text_is_described_by_its_name() -> None:
    assert requests_module._describe(ConnectionResetError()) == "ConnectionResetError"
    assert requests_module._describe(OSError("gone")) == "gone"
    assert requests_module._describe(TimeoutError("after a while")) == "time-out"


async def test_cancels_get_through_when_orders_have_to_wait_for_weight(requests: Requests) -> None:
    requests.budget.charge(1_170)  # orders leave 40 of 1,200 to cancels
    async with asyncio.timeout(5):
        assert (await requests.act(actions.noop(), 1, Priority.CANCEL)).outcomes == [Done()]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await requests.act(actions.noop(), 1, Priority.ORDER)
