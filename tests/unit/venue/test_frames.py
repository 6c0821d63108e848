"""Frames of the stream: each channel, broken items, and garbage (reference, section 8)."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue import frame_decoding, frames
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import (
    PONG,
    DexClearinghouseState,
    ErrorFrame,
    OrderUpdates,
    PostResponse,
    SubscriptionResponse,
    Trades,
    Unreadable,
    UserEvent,
    UserFills,
    UserFundings,
)
from hyperliquid_perpetual.venue.messages import (
    ActiveAssetContext,
    ActiveAssetData,
    AllDexsClearinghouseState,
    Bbo,
    CanceledByVenue,
    FundingPayment,
    L2Book,
    Level,
    SpotState,
)
from hyperliquid_perpetual.venue.twaps import TwapPhase

USER = "0x31ca8395cf837de08b24da3f660e77761dfb974b"
CLOID = "0x1234567890abcdef1234567890abcdef"
ORDER = {
    "coin": "kPEPE",
    "side": "B",
    "limitPx": "0.012345",
    "sz": "0.0",
    "oid": 591490942011,
    "timestamp": 1681247412573,
    "origSz": "5000.0",
    "cloid": CLOID,
}
UPDATE = {"order": ORDER, "status": "filled", "statusTimestamp": 1681247412600}
FILL = {
    "coin": "BTC",
    "px": "66653.0",
    "sz": "0.001",
    "side": "A",
    "time": 1781528065899,
    "startPosition": "-0.0213",
    "dir": "Open Short",
    "closedPnl": "0.0",
    "hash": "0xe29f",
    "oid": 55030848197,
    "crossed": False,
    "fee": "0.009997",
    "tid": 745210434703679,
    "cloid": CLOID,
    "feeToken": "USDC",
    "twapId": None,
}
FUNDING = {
    "time": 1781528400000,
    "coin": "ETH",
    "usdc": "-3.625312",
    "szi": "49.1477",
    "fundingRate": "0.0000417",
    "nSamples": None,
}
TRADE = {
    "coin": "BTC",
    "side": "A",
    "px": "84143.0",
    "sz": "0.00036",
    "time": 1790232216193,
    "hash": "0x0",
    "tid": 1045359869404765,
    "users": [USER, USER],
}
SUMMARY = {"accountValue": "1.5", "totalNtlPos": "0.0", "totalRawUsd": "1.5", "totalMarginUsed": "0.0"}
STATE = {
    "marginSummary": SUMMARY,
    "crossMarginSummary": SUMMARY,
    "withdrawable": "1.5",
    "assetPositions": [],
    "time": 1708622398623,
}
LEVEL = {"px": "84143.0", "sz": "10.2", "n": 36}
SPACED = json.JSONEncoder(indent=2).encode


def frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


# ---------------------------------------------------------------------------------------------------- market channels


def test_book() -> None:
    book = decode_frame(frame("l2Book", {"coin": "BTC", "time": 7, "levels": [[LEVEL], []], "fast": True}))
    assert book == L2Book("BTC", 7, ([Level("84143.0", "10.2", 36)], []), fast=True)


def test_best_prices_with_an_empty_side() -> None:
    best = decode_frame(frame("bbo", {"coin": "BTC", "time": 1790232237145, "bbo": [LEVEL, None]}))
    assert best == Bbo("BTC", 1790232237145, (Level("84143.0", "10.2", 36), None))


def test_a_book_with_a_broken_level_is_no_book() -> None:
    """A level left out would be a wrong book, so here the whole frame goes."""
    message = decode_frame(frame("l2Book", {"coin": "BTC", "time": 7, "levels": [[LEVEL, {"px": None}], []]}))
    assert isinstance(message, Unreadable)
    assert message.channel == "l2Book"


def test_trades() -> None:
    message = decode_frame(frame("trades", [TRADE, {**TRADE, "tid": 0}]))
    assert isinstance(message, Trades)
    assert [trade.tid for trade in message.trades] == [1045359869404765, 0]
    assert message.malformed == 0


def test_context_of_a_coin() -> None:
    """D60: the rate of the context is its ``funding``."""
    ctx = {"funding": "0.0000125", "openInterest": "605822.25", "oraclePx": "2124.6", "markPx": "2123.7", "midPx": None}
    message = decode_frame(frame("activeAssetCtx", {"coin": "ETH", "ctx": ctx}))
    assert isinstance(message, ActiveAssetContext)
    assert message.ctx.funding == Decimal("0.0000125")


# ------------------------------------------------------------------------------------------------------ user channels


def test_order_updates() -> None:
    """D28: coins keep their lower-case letters."""
    message = decode_frame(frame("orderUpdates", [UPDATE]))
    assert isinstance(message, OrderUpdates)
    (update,) = message.updates
    assert (update.status, update.order.coin, update.order.cloid) == ("filled", "kPEPE", CLOID)
    assert (update.order.origSz, update.order.sz) == (Decimal(5000), 0)


@pytest.mark.parametrize(
    "broken", [None, {}, {"order": None}, {**UPDATE, "status": 5}, {**UPDATE, "order": {}}], ids=repr
)
def test_one_broken_update_does_not_cost_the_cancel_beside_it(broken: Any) -> None:
    """D26: an unknown status stopped the frame, and a cancel of another order in it was lost."""
    message = decode_frame(frame("orderUpdates", [broken, {**UPDATE, "status": "canceled"}]))
    assert isinstance(message, OrderUpdates)
    assert [update.status for update in message.updates] == ["canceled"]
    assert message.malformed == 1


def test_a_status_that_is_not_known_is_passed_on() -> None:
    """D26: what it means is decided elsewhere; it never makes a frame unreadable."""
    message = decode_frame(frame("orderUpdates", [{**UPDATE, "status": "statusOfTomorrow"}]))
    assert isinstance(message, OrderUpdates)
    assert message.updates[0].status == "statusOfTomorrow"


@pytest.mark.parametrize(
    ("extra", "is_snapshot"),
    [({"isSnapshot": True}, True), ({"isSnapshot": False}, False), ({}, False), ({"isSnapshot": None}, False)],
)
@pytest.mark.parametrize("encode", [json.dumps, SPACED])
def test_user_fills_say_whether_they_repeat_old_ones(extra: dict[str, Any], is_snapshot: bool, encode: Any) -> None:
    text = encode({"channel": "userFills", "data": {"user": USER, **extra, "fills": [FILL]}})
    for sent in (text, text.encode()):
        message = decode_frame(sent)
        assert isinstance(message, UserFills)
        assert message.is_snapshot is is_snapshot
        assert message.user == USER
        assert message.fills[0].tid == 745210434703679


def test_one_broken_fill_does_not_cost_the_others() -> None:
    message = decode_frame(
        frame("userFills", {"user": USER, "fills": [FILL, {**FILL, "px": None}, {**FILL, "tid": 2}]})
    )
    assert isinstance(message, UserFills)
    assert [fill.tid for fill in message.fills] == [745210434703679, 2]
    assert message.malformed == 1


def test_fills_are_read_when_the_address_beside_them_is_not() -> None:
    message = decode_frame(frame("userFills", {"user": None, "fills": [FILL]}))
    assert isinstance(message, UserFills)
    assert message.user == ""
    assert len(message.fills) == 1


@pytest.mark.parametrize("fills", [None, 5, {}, "none"])
def test_user_fills_without_a_list_are_not_taken_for_no_fills(fills: Any) -> None:
    assert isinstance(decode_frame(frame("userFills", {"user": USER, "isSnapshot": True, "fills": fills})), Unreadable)


def test_fundings() -> None:
    message = decode_frame(frame("userFundings", {"user": USER, "isSnapshot": True, "fundings": [FUNDING, {}]}))
    assert isinstance(message, UserFundings)
    assert message.fundings == [
        FundingPayment(1781528400000, "ETH", Decimal("-3.625312"), Decimal("49.1477"), Decimal("0.0000417"))
    ]
    assert message.is_snapshot
    assert message.user == USER
    assert message.malformed == 1


@pytest.mark.parametrize("channel", ["user", "userEvents"])
def test_user_events_of_every_kind(channel: str) -> None:
    liquidation = {"lid": 1, "liquidator": USER, "liquidated_user": USER}
    assert decode_frame(frame(channel, {"fills": [FILL]})).fills[0].oid == 55030848197  # type: ignore[union-attr]
    assert decode_frame(frame(channel, {"funding": FUNDING})).funding.usdc == Decimal("-3.625312")  # type: ignore[union-attr]
    assert decode_frame(frame(channel, {"liquidation": liquidation})).liquidation == liquidation  # type: ignore[union-attr]
    canceled = decode_frame(frame(channel, {"nonUserCancel": [{"coin": "BTC", "oid": 5}]}))
    assert canceled == UserEvent(non_user_cancels=[CanceledByVenue("BTC", 5)])
    assert decode_frame(frame(channel, {"twapSliceFills": []})) == UserEvent()


@pytest.mark.parametrize(
    "broken",
    [
        {"funding": None},
        {"funding": 5},
        {"liquidation": []},
        {"nonUserCancel": None},
        {"nonUserCancel": [{"oid": "x"}]},
    ],
    ids=repr,
)
def test_a_broken_member_of_an_event_does_not_cost_the_fill_beside_it(broken: Any) -> None:
    message = decode_frame(frame("user", {**broken, "fills": [FILL]}))
    assert isinstance(message, UserEvent)
    assert len(message.fills) == 1
    assert message.malformed == 1


def test_account_states() -> None:
    both = decode_frame(frame("allDexsClearinghouseState", {"user": USER, "clearinghouseStates": [["", STATE]]}))
    assert isinstance(both, AllDexsClearinghouseState)
    one = decode_frame(frame("clearinghouseState", {"user": USER, "dex": "xyz", "clearinghouseState": STATE}))
    assert isinstance(one, DexClearinghouseState)
    assert both.clearinghouseStates == [("", one.clearinghouseState)]
    wallet = decode_frame(frame("spotState", {"user": USER, "spotState": {"balances": []}}))
    assert isinstance(wallet, SpotState)


def test_a_broken_position_is_named_in_its_state() -> None:
    """Left out, it would read as closed."""
    state = {**STATE, "assetPositions": [{"position": {"coin": "BTC"}}]}
    message = decode_frame(frame("clearinghouseState", {"user": USER, "dex": "", "clearinghouseState": state}))
    assert isinstance(message, DexClearinghouseState)
    assert message.clearinghouseState.unread == ("BTC",)
    assert not message.clearinghouseState.assetPositions


@pytest.mark.parametrize("broken", [{"no": "state"}, ["xyz"], ["xyz", {"withdrawable": "many"}], 7, None])
def test_a_broken_dex_does_not_cost_the_others(broken: Any) -> None:
    message = decode_frame(
        frame("allDexsClearinghouseState", {"user": USER, "clearinghouseStates": [broken, ["km", STATE]]})
    )
    assert isinstance(message, AllDexsClearinghouseState)
    assert [dex for dex, _ in message.clearinghouseStates] == ["km"]


def test_a_state_without_its_sums_is_no_state() -> None:
    state = {**STATE, "withdrawable": None}
    message = decode_frame(frame("clearinghouseState", {"user": USER, "dex": "", "clearinghouseState": state}))
    assert isinstance(message, Unreadable)


@pytest.mark.parametrize("broken", [{"total": "1.0"}, {"coin": "USDH", "total": "NaN"}, 7])
def test_a_broken_token_does_not_cost_the_others(broken: Any) -> None:
    rows = [broken, {"coin": "USDC", "total": "5.0", "hold": "1.0", "token": "zero"}]
    message = decode_frame(frame("spotState", {"user": USER, "spotState": {"balances": rows}}))
    assert isinstance(message, SpotState)
    assert [row.coin for row in message.spotState.balances] == ["USDC"]


def test_leverage_setting_of_a_coin() -> None:
    data = {"user": USER, "coin": "APT", "leverage": {"type": "isolated", "value": 3, "rawUsd": "0.0"}}
    message = decode_frame(frame("activeAssetData", {**data, "maxTradeSzs": ["1.0", "1.0"], "markPx": "4.4716"}))
    assert isinstance(message, ActiveAssetData)
    assert (message.coin, message.leverage.type, message.leverage.value) == ("APT", "isolated", 3)


# --------------------------------------------------------------------------------------------------- everything else


def test_acknowledgement_of_a_subscription_with_the_defaults_the_venue_adds() -> None:
    subscription = {"type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": False}
    message = decode_frame(frame("subscriptionResponse", {"method": "subscribe", "subscription": subscription}))
    assert message == SubscriptionResponse("subscribe", subscription)


@pytest.mark.parametrize("text", ['{"channel":"pong"}', '{"channel":"pong","data":null}', b'{"channel":"pong"}'])
def test_pong(text: str | bytes) -> None:
    assert decode_frame(text) is PONG


@pytest.mark.parametrize(
    ("data", "text"), [("Already subscribed: {}", "Already subscribed: {}"), ({"a": 1}, '{"a": 1}'), (None, "null")]
)
def test_errors(data: Any, text: str) -> None:
    assert decode_frame(frame("error", data)) == ErrorFrame(text)


@pytest.mark.parametrize(
    ("response", "kind", "payload"),
    [
        ({"type": "action", "payload": {"status": "ok"}}, "action", {"status": "ok"}),
        ({"type": "info", "payload": {"type": "l2Book", "data": None}}, "info", {"type": "l2Book", "data": None}),
        ({"type": "error", "payload": "429 Too Many Requests: null"}, "error", "429 Too Many Requests: null"),
        ({"type": "action"}, "action", None),
    ],
)
def test_answers_to_posts(response: Any, kind: str, payload: Any) -> None:
    assert decode_frame(frame("post", {"id": 257, "response": response})) == PostResponse(257, kind, payload)


@pytest.mark.parametrize(
    "data", [None, {}, {"id": 1}, {"id": "1", "response": {"type": "info"}}, {"id": 1, "response": 5}]
)
def test_an_answer_that_names_no_request_is_unreadable(data: Any) -> None:
    assert isinstance(decode_frame(frame("post", data)), Unreadable)


def test_a_channel_of_tomorrow_is_passed_over() -> None:
    assert decode_frame(frame("webData9", {"x": 1})) == Unreadable("webData9", "unknown channel", b'{"x": 1}')


@pytest.mark.parametrize(
    "sent",
    [
        "Websocket connection established.",
        "",
        b"",
        "null",
        "[]",
        "5",
        "{}",
        '{"channel":null}',
        '{"channel":5,"data":{}}',
        '{"data":{}}',
        '{"channel":"l2Book"',
        '{"channel":"l2Book"}',
        '{"channel":"userFills","data":"x"}',
        '{"channel":"trades","data":{}}',
        '{"channel":"orderUpdates","data":null}',
        b"\xff\xfe\x00",
        b'{"channel":"error","data":"\xff"}',
        b'{"channel":"user","data":{"\xff":1}}',
        "\ud800",
        '{"channel":"error","data":"\ud800"}',
        "[" * 100_000,
        '{"channel":"x","data":' + "[" * 100_000,
        '{"channel":"user","data":{"fills":' + "[" * 100_000 + "]" * 100_000 + "}}",
        '{"channel":"post","data":{"id":1,"response":{"type":"x","payload":' + "[" * 100_000 + "]" * 100_000 + "}}}",
    ],
    ids=lambda sent: repr(sent)[:60],
)
def test_a_frame_that_makes_no_sense_is_unreadable_and_nothing_worse(sent: str | bytes) -> None:
    message = decode_frame(sent)
    assert isinstance(message, Unreadable)
    assert message.reason
    assert len(repr(message)) < 400, "the frame itself is not part of what is logged"


def test_an_item_that_is_no_text_costs_only_itself() -> None:
    trade = b'{"coin":"BTC","side":"A","px":"1.0","sz":"1.0","time":1,"tid":1}'
    message = decode_frame(b'{"channel":"trades","data":[' + trade + b',{"coin":"\xff"}]}')
    assert isinstance(message, Trades)
    assert (len(message.trades), message.malformed) == (1, 1)


def test_an_unreadable_frame_keeps_what_arrived() -> None:
    assert decode_frame(b"garbage") == Unreadable("", decode_frame(b"garbage").reason, b"garbage")  # type: ignore[union-attr]


CHANNELS = st.sampled_from(sorted(frame_decoding._DECODERS))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
CANDLE = {
    **{"t": 1790232180000, "T": 1790232239999, "s": "kPEPE", "i": "1m"},
    **{"o": "0.0043", "c": "0.0044", "h": "0.0045", "l": "0.0042", "v": "189.0", "n": 7},
}
TWAP_STATE = {
    "coin": "BTC",
    "user": USER,
    "side": "B",
    "sz": "1.5",
    "executedSz": "0.5",
    "executedNtl": "42000.0",
    "minutes": 30,
    "reduceOnly": False,
    "randomize": True,
    "timestamp": 1_700_000_000_000,
}
TWAP_ROW = {"time": 1_700_000_100, "state": TWAP_STATE, "status": {"status": "terminated"}, "twapId": 9}
SAMPLES: dict[str, Any] = {
    "l2Book": {"coin": "BTC", "time": 7, "levels": [[LEVEL], [LEVEL]]},
    "bbo": {"coin": "BTC", "time": 7, "bbo": [LEVEL, LEVEL]},
    "trades": [TRADE, TRADE],
    "candle": CANDLE,
    "activeAssetCtx": {"coin": "BTC", "ctx": {"funding": "1", "openInterest": "1", "oraclePx": "1", "markPx": "1"}},
    "activeAssetData": {"user": USER, "coin": "BTC", "leverage": {"type": "cross", "value": 3}},
    "orderUpdates": [UPDATE, UPDATE],
    "userFills": {"user": USER, "isSnapshot": True, "fills": [FILL, FILL]},
    "userFundings": {"user": USER, "fundings": [FUNDING]},
    "user": {"fills": [FILL], "funding": FUNDING, "nonUserCancel": [{"coin": "BTC", "oid": 1}]},
    "userEvents": {"fills": [FILL]},
    "userTwapHistory": {"user": USER, "isSnapshot": True, "history": [TWAP_ROW, TWAP_ROW | {"twapId": None}]},
    "userTwapSliceFills": {"user": USER, "twapSliceFills": [{"fill": FILL, "twapId": 9}]},
    "allDexsClearinghouseState": {"user": USER, "clearinghouseStates": [["", STATE], ["xyz", STATE]]},
    "clearinghouseState": {"user": USER, "dex": "", "clearinghouseState": STATE},
    "spotState": {"user": USER, "spotState": {"balances": [{"coin": "USDC", "total": "1", "hold": "0"}]}},
    "subscriptionResponse": {"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}},
    "error": "text",
    "pong": None,
    "post": {"id": 1, "response": {"type": "action", "payload": {}}},
}


def test_every_channel_has_a_sample_that_is_read() -> None:
    assert set(SAMPLES) == set(frame_decoding._DECODERS)
    for channel, data in SAMPLES.items():
        assert not isinstance(decode_frame(frame(channel, data)), Unreadable), channel


def test_a_candle_is_read_alone_and_in_a_list() -> None:
    """The documentation shows a list, the wire one object (section 8.2)."""
    alone, listed = decode_frame(frame("candle", CANDLE)), decode_frame(frame("candle", [CANDLE, {"t": None}]))
    assert isinstance(alone, frames.Candles)
    assert isinstance(listed, frames.Candles)
    assert alone.candles == listed.candles
    assert (alone.malformed, listed.malformed) == (0, 1)
    assert alone.candles[0].h == Decimal("0.0045")


@given(st.binary() | st.text())
@example(b'{"channel":"trades","data":[null]}')
def test_no_bytes_and_no_text_raise(sent: bytes | str) -> None:
    assert isinstance(decode_frame(sent), frames.Message)


@given(channel=CHANNELS | st.text(max_size=8), data=JSON)
def test_no_json_in_any_channel_raises(channel: str, data: Any) -> None:
    assert isinstance(decode_frame(frame(channel, data)), frames.Message)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a payload."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in paths(item, (*at, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@given(data=st.data(), channel=CHANNELS)
def test_no_damage_to_a_sound_frame_raises(data: st.DataObject, channel: str) -> None:
    sample = SAMPLES[channel]
    path = data.draw(st.sampled_from(paths(sample)))
    damaged = replaced(sample, path, data.draw(JSON))
    assert isinstance(decode_frame(frame(channel, damaged)), frames.Message)


@given(data=st.data(), channel=CHANNELS)
def test_no_frame_that_was_cut_or_scrambled_raises(data: st.DataObject, channel: str) -> None:
    sound = bytearray(frame(channel, SAMPLES[channel]))
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode_frame(bytes(sound[: data.draw(st.integers(0, len(sound)))])), frames.Message)


@given(data=st.data(), channel=CHANNELS)
def test_a_frame_says_the_same_read_whole_as_in_steps(data: st.DataObject, channel: str) -> None:
    """Sound, or with a value in it that is another."""
    said = json.loads(frame(channel, SAMPLES[channel]))
    if data.draw(st.booleans()):
        place: Any = said
        while isinstance(place, list | dict) and place:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if data.draw(st.booleans()):
                place[key] = data.draw(JSON)
                break
            place = place[key]
    sent = json.dumps(said).encode()
    assert decode_frame(sent) == frame_decoding._decode_in_steps(sent)


def test_decoded_messages_cannot_be_changed() -> None:
    """They are handed to several listeners."""
    message = decode_frame(frame("userFills", SAMPLES["userFills"]))
    assert isinstance(message, UserFills)
    with pytest.raises(AttributeError):
        message.fills[0].px = Decimal(1)  # type: ignore[misc]
    assert msgspec.structs.replace(message.fills[0], px=Decimal(1)).px == 1


def test_rows_of_a_twap_history_are_read_with_times_in_seconds_or_milliseconds() -> None:
    message = decode_frame(frame("userTwapHistory", SAMPLES["userTwapHistory"]))
    assert isinstance(message, frames.UserTwapHistory)
    assert message.is_snapshot
    first = message.records[0]
    assert (first.twapId, first.phase) == (9, TwapPhase.TERMINATED)
    assert (first.state.sz, first.state.executed) == (Decimal("1.5"), Decimal("0.5"))
    assert first.told_at == 1_700_000_100
    assert first.started_ms == 1_700_000_000_000
    in_milliseconds = msgspec.structs.replace(first, time=1_700_000_100_000)
    assert in_milliseconds.told_at == first.told_at


def test_fills_of_slices_say_whose_they_are_whichever_stream_tells_them() -> None:
    by_stream = decode_frame(frame("userTwapSliceFills", SAMPLES["userTwapSliceFills"]))
    by_event = decode_frame(frame("user", {"twapSliceFills": SAMPLES["userTwapSliceFills"]["twapSliceFills"]}))
    assert isinstance(by_stream, UserFills)
    assert isinstance(by_event, UserEvent)
    assert [fill.twapId for fill in by_stream.fills] == [fill.twapId for fill in by_event.fills] == [9]


def test_a_broken_row_of_a_twap_history_costs_only_itself() -> None:
    broken = {**TWAP_ROW, "state": {**TWAP_STATE, "sz": "NaN"}}
    message = decode_frame(frame("user", {"twapHistory": [broken, TWAP_ROW], "fills": [FILL]}))
    assert isinstance(message, UserEvent)
    assert (len(message.twap_records), len(message.fills), message.malformed) == (1, 1, 1)


@pytest.mark.parametrize(
    ("status", "phase", "words"),
    [
        ({"status": "activated"}, TwapPhase.RUNNING, "activated"),
        ({"status": "finished"}, TwapPhase.FINISHED, "finished"),
        ("terminated", TwapPhase.TERMINATED, "terminated"),
        ({"status": "error", "description": "Insufficient margin"}, TwapPhase.ERROR, "Insufficient margin"),
        ({"status": "ascended"}, TwapPhase.UNKNOWN, "ascended"),
    ],
)
def test_what_is_left_to_expect_of_a_twap(status: Any, phase: TwapPhase, words: str) -> None:
    message = decode_frame(frame("user", {"twapHistory": [{**TWAP_ROW, "status": status}]}))
    assert isinstance(message, UserEvent)
    assert (message.twap_records[0].phase, message.twap_records[0].description) == (phase, words)
