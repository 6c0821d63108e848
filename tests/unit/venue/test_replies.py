"""Replies to actions: three places for errors, words in place of objects, and things that are no reply at all."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.replies import (
    Done,
    Filled,
    RejectCode,
    Rejected,
    RequiredVolume,
    Resting,
    TwapRunning,
    Unclear,
    Waiting,
    classify_rejection,
    least_nonce,
    parse_action_reply,
    required_volume,
)

MIN_VALUE = "Order must have minimum value of $10. asset=4"
OUTCOMES = (Resting, Filled, Waiting, Done, TwapRunning, Rejected, Unclear)


def reply(kind: str, *statuses: Any) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": kind, "data": {"statuses": list(statuses)}}}


# ------------------------------------------------------------------------------------------------ what was accepted


def test_each_order_of_a_batch_has_its_own_outcome() -> None:
    body = reply(
        "order",
        {"resting": {"oid": 77738308, "cloid": "0x" + "1" * 32}},
        {"filled": {"totalSz": "0.02", "avgPx": "1891.4", "oid": 77747314}},
        {"error": MIN_VALUE},
        "waitingForFill",
        "waitingForTrigger",
    )
    assert parse_action_reply(body, 5) == [
        Resting(77738308),
        Filled(77747314, Decimal("0.02"), Decimal("1891.4")),
        Rejected(MIN_VALUE),
        Waiting("waitingForFill"),
        Waiting("waitingForTrigger"),
    ]


@pytest.mark.parametrize("word", ["waitingForFill", "waitingForTrigger"])
def test_a_bare_word_for_an_accepted_order_does_not_make_it_fail(word: str) -> None:
    """D17: the status was taken for a dict, which raised, and the accepted order was reported as failed."""
    assert parse_action_reply(reply("order", word), 1) == [Waiting(word)]


def test_cancels_answer_with_a_bare_success() -> None:
    """D17: the same for cancels."""
    gone = "Order was never placed, already canceled, or filled. asset=0"
    assert parse_action_reply(reply("cancel", "success", {"error": gone}), 2) == [Done(), Rejected(gone)]


def test_figures_of_a_fill_are_exact() -> None:
    body = reply("order", {"filled": {"totalSz": "123456789.12345678", "avgPx": "0.000001", "oid": 2**52}})
    assert parse_action_reply(body, 1) == [Filled(2**52, Decimal("123456789.12345678"), Decimal("0.000001"))]


@pytest.mark.parametrize(
    "response",
    [
        {"type": "default"},
        {"type": "default", "data": None},
        {"type": "createSubAccount", "data": "0x" + "0" * 40},
        {"type": "twapCancel", "data": {"status": "success"}},
    ],
)
def test_actions_without_items_are_done_when_the_venue_says_ok(response: dict[str, Any]) -> None:
    assert parse_action_reply({"status": "ok", "response": response}, 1) == [Done()]


def test_a_started_twap_has_its_id() -> None:
    body = {"status": "ok", "response": {"type": "twapOrder", "data": {"status": {"running": {"twapId": 77738308}}}}}
    assert parse_action_reply(body, 1) == [TwapRunning(77738308)]


@pytest.mark.parametrize("running", [{}, {"twapId": "77738308"}, {"twapId": True}, None, 77738308])
def test_a_started_twap_without_an_id_is_no_statement(running: Any) -> None:
    body = {"status": "ok", "response": {"type": "twapOrder", "data": {"status": {"running": running}}}}
    assert isinstance(parse_action_reply(body, 1)[0], Unclear)


# ------------------------------------------------------------------------------- the three places where errors stand


def test_an_error_at_the_top_refuses_everything_in_the_action() -> None:
    text = "Invalid nonce: nonce too low 1764221206959 < 1764221206960"
    outcomes = parse_action_reply({"status": "err", "response": text}, 3)
    assert outcomes == [Rejected(text, whole_action=True)] * 3


def test_a_nonce_that_was_used_says_nothing_of_the_action_which_may_have_used_it_itself() -> None:
    text = "Invalid nonce: duplicate nonce 1764221206959"
    assert parse_action_reply({"status": "err", "response": text}, 3) == [Unclear(text)] * 3


def test_an_error_of_one_item_refuses_that_item_alone() -> None:
    outcomes = parse_action_reply(reply("order", {"resting": {"oid": 1}}, {"error": MIN_VALUE}), 2)
    assert outcomes == [Resting(1), Rejected(MIN_VALUE, whole_action=False)]


def test_an_error_in_the_single_status_of_a_twap() -> None:
    text = "Invalid TWAP duration: 1 min(s)"
    body = {"status": "ok", "response": {"type": "twapOrder", "data": {"status": {"error": text}}}}
    assert parse_action_reply(body, 1) == [Rejected(text)]


@pytest.mark.parametrize("items", [2, 20])
def test_a_single_error_before_validation_stands_for_the_whole_batch(items: int) -> None:
    outcomes = parse_action_reply(reply("order", {"error": "Order has invalid price."}), items)
    assert outcomes == [Rejected("Order has invalid price.", whole_action=True)] * items


def test_an_error_of_a_single_order_is_its_own() -> None:
    assert parse_action_reply(reply("order", {"error": MIN_VALUE}), 1) == [Rejected(MIN_VALUE)]


# ------------------------------------------------------------------- what is no statement of the venue is not a failure


@pytest.mark.parametrize(
    ("statuses", "items"),
    [
        ([], 1),
        ([{"resting": {"oid": 1}}], 2),
        (["success"], 3),
        ([{"resting": {"oid": 1}}, {"error": MIN_VALUE}], 3),
        ([{"error": MIN_VALUE}, {"error": MIN_VALUE}], 3),
        ([{"resting": {"oid": 1}}, {"resting": {"oid": 2}}], 1),
    ],
)
def test_statuses_that_cannot_be_told_apart_leave_every_item_unclear(statuses: list[Any], items: int) -> None:
    outcomes = parse_action_reply(reply("order", *statuses), items)
    assert len(outcomes) == items
    assert all(isinstance(outcome, Unclear) for outcome in outcomes)


@pytest.mark.parametrize(
    "status",
    [
        None,
        5,
        True,
        [],
        {},
        "",
        "somethingNew",
        {"resting": None},
        {"resting": {}},
        {"resting": {"oid": None}},
        {"resting": {"oid": True}},
        {"resting": {"oid": 1.5}},
        {"resting": {"oid": float("inf")}},
        {"resting": [1]},
        {"filled": {"oid": 1}},
        {"filled": {"oid": 1, "totalSz": "NaN", "avgPx": "1"}},
        {"filled": {"oid": 1, "totalSz": "1", "avgPx": None}},
        {"filled": "yes"},
        {"error": None},
        {"error": {}},
        {"error": 5},
        {"somethingNew": {"oid": 1}},
    ],
    ids=repr,
)
def test_a_status_that_cannot_be_read_leaves_its_item_unclear_and_the_others_as_they_are(status: Any) -> None:
    """D17: the order may be live. It has to be asked for, not declared failed."""
    before, unclear, after = parse_action_reply(
        reply("order", {"resting": {"oid": 1}}, status, {"error": MIN_VALUE}), 3
    )
    assert (before, after) == (Resting(1), Rejected(MIN_VALUE))
    assert isinstance(unclear, Unclear)


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "success",
        "<html>502 Bad Gateway</html>",
        5,
        [],
        [{"status": "ok"}],
        {},
        {"status": "ok"},
        {"status": "ok", "response": None},
        {"status": "ok", "response": "fine"},
        {"status": "ok", "response": {}},
        {"status": "ok", "response": {"type": None}},
        {"status": "ok", "response": {"type": []}},
        {"status": "ok", "response": {"type": "order"}},
        {"status": "ok", "response": {"type": "order", "data": None}},
        {"status": "ok", "response": {"type": "order", "data": {}}},
        {"status": "ok", "response": {"type": "order", "data": {"statuses": None}}},
        {"status": "ok", "response": {"type": "order", "data": {"statuses": "success"}}},
        {"status": "ok", "response": {"type": "cancel", "data": []}},
        {"status": "ok", "response": {"type": "twapOrder", "data": {}}},
        {"status": "ok", "response": {"type": "default", "data": {"statuses": {}}}},
        {"status": "OK", "response": {"type": "default"}},
        {"status": "err"},
        {"status": "err", "response": None},
        {"status": "err", "response": {"type": "default"}},
        {"status": ["err"], "response": "no"},
        {"error": "Could not parse JSON: "},
        {"code": -1, "msg": "no", "data": None},
    ],
    ids=repr,
)
def test_a_body_that_is_no_reply_leaves_every_order_unclear(body: Any) -> None:
    """D17: a bare text as the body raised, and the orders that it left open were reported as failed."""
    outcomes = parse_action_reply(body, 2)
    assert len(outcomes) == 2
    assert all(isinstance(outcome, Unclear) for outcome in outcomes)


def test_an_unclear_outcome_quotes_what_came_without_being_as_long() -> None:
    (outcome,) = parse_action_reply({"status": "ok", "response": {"type": "order", "data": "x" * 10**6}}, 1)
    assert isinstance(outcome, Unclear)
    assert "order" in outcome.reason
    assert len(outcome.reason) < 300


def test_nesting_without_end_is_no_reply_either() -> None:
    body: Any = []
    for _ in range(50_000):
        body = [body]
    (outcome,) = parse_action_reply(reply("order", body), 1)
    assert isinstance(outcome, Unclear)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=25,
)
STATUS = JSON | st.dictionaries(
    st.sampled_from(["resting", "filled", "error", "running", "x"]),
    JSON | st.dictionaries(st.sampled_from(["oid", "totalSz", "avgPx", "twapId"]), JSON, max_size=3),
    max_size=2,
)
ALMOST_REPLIES = st.fixed_dictionaries(
    {"status": st.sampled_from(["ok", "err"]) | JSON},
    optional={
        "response": JSON
        | st.fixed_dictionaries(
            {"type": st.sampled_from(["order", "cancel", "default", "twapOrder", "twapCancel"]) | JSON},
            optional={
                "data": JSON
                | st.fixed_dictionaries(
                    {}, optional={"statuses": st.lists(STATUS, max_size=4) | JSON, "status": STATUS}
                )
            },
        )
    },
)


@given(body=JSON | ALMOST_REPLIES, items=st.integers(0, 4))
def test_every_body_gives_an_outcome_for_every_item(body: Any, items: int) -> None:
    """D17: the parser is total."""
    outcomes = parse_action_reply(body, items)
    assert len(outcomes) == items
    assert all(isinstance(outcome, OUTCOMES) for outcome in outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            assert outcome.code in RejectCode


@given(body=JSON | ALMOST_REPLIES, items=st.integers(1, 4))
def test_nothing_is_rejected_without_a_text_of_the_venue(body: Any, items: int) -> None:
    """What never bends, 1: failed needs proof."""
    texts: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, str):
            texts.append(value)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(inner)

    collect(body)
    for outcome in parse_action_reply(body, items):
        if isinstance(outcome, Rejected):
            assert outcome.reason in texts


@given(body=ALMOST_REPLIES.filter(lambda body: body["status"] not in ("err", "ok")))
def test_only_ok_and_err_are_words_of_the_venue(body: Any) -> None:
    assert all(isinstance(outcome, Unclear) for outcome in parse_action_reply(body, 2))


@given(st.text())
def test_replies_decoded_from_real_bytes(text: str) -> None:
    encoded = json.dumps({"status": "err", "response": text}).encode()
    assert parse_action_reply(msgspec.json.decode(encoded), 1) == [Rejected(text, whole_action=True)]


# --------------------------------------------------------------------------------------------- what refusals mean

TEXTS = {
    RejectCode.TICK: ["Price must be divisible by tick size.", "Order has invalid price."],
    RejectCode.SIZE: ["Order has invalid size.", "Order has zero size."],
    RejectCode.MIN_NOTIONAL: [
        "Order must have minimum value of $10.",
        "Order must have minimum value of 10 USDH.",
        "TWAP order value too small. Min is $1200, which is $10 per minute.",
    ],
    RejectCode.MARGIN: [
        "Insufficient margin to place order.",
        "Order has insufficient spot balance to trade",
        "Insufficient spot balance asset=10107",
        "Order would cause position to exceed margin tier limit at current leverage",
    ],
    RejectCode.REDUCE_ONLY: ["Reduce only order would increase position."],
    RejectCode.POST_ONLY_CROSSED: ["Post only order would have immediately matched, bbo was 84143@84144."],
    RejectCode.POST_ONLY_WINDOW: ["Only post-only orders allowed immediately after network upgrade"],
    RejectCode.NO_MATCH: ["Order could not immediately match against any resting orders."],
    RejectCode.NO_LIQUIDITY: ["No liquidity available for market order."],
    RejectCode.PRICE_TOO_FAR: [
        "Order price too far from oracle",
        "Price too far from oracle asset=4",
        "Order price cannot be more than 80% away from the reference price",
    ],
    RejectCode.OPEN_INTEREST: [
        "Order would increase open interest while open interest is capped",
        "Order rejected due to price more aggressive than oracle while at open interest cap",
        "Order would increase open interest too quickly",
    ],
    RejectCode.TRIGGER_PRICE: ["Invalid TP/SL price."],
    RejectCode.ORDER_GONE: [
        "Order was never placed, already canceled, or filled.",
        "Cannot modify canceled or filled order",
        "TWAP was never placed, already canceled, or filled.",
    ],
    RejectCode.TOO_MANY_ORDERS: ["Too many open orders", "Exceeded max number of active TWAP orders."],
    RejectCode.HALTED: ["Trading is halted."],
    RejectCode.SIGNATURE: [
        "User or API Wallet 0x1d6f0000000000000000000000000000000000ff does not exist.",
        "L1 error: User or API Wallet 0x1d6f0000000000000000000000000000000000ff does not exist.",
        "Must deposit before performing actions. User: 0x1d6f0000000000000000000000000000000000ff",
        "Unable to recover signer",
        "Vault not registered: 0x1d6f0000000000000000000000000000000000ff",
    ],
    RejectCode.NONCE: [
        "Invalid nonce: duplicate nonce 1764221206959",
        "Invalid nonce: nonce too low 1764221206959 < 1764221206960",
    ],
    RejectCode.RATE_LIMIT: [
        "Too many cumulative requests sent (15401 > 14642) for cumulative volume traded $4643. "
        "Place taker orders to free up 1 request per USDC traded."
    ],
    RejectCode.LEVERAGE: [
        "Invalid leverage value",
        "Cross margin is not allowed for this asset.",
        "Cannot switch leverage type with open position.",
        "Cross position does not have sufficient margin available to decrease leverage.",
    ],
    RejectCode.BUILDER_FEE: ["Builder fee has not been approved."],
    RejectCode.TRADED_VOLUME: [
        "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $704.86."
    ],
    RejectCode.SCHEDULED_CANCELS: ["Too many scheduled cancels triggered for the day. Limit is 10."],
    RejectCode.TWAP_DURATION: ["Invalid TWAP duration: 1 min(s)"],
    RejectCode.OTHER: [
        "",
        "Orders are empty",
        "Invalid TIF",
        "Action disabled when unified account is active",
        "A nonzero cloid is required for each order",
        "a text of tomorrow",
    ],
}


@pytest.mark.parametrize(("text", "code"), [(text, code) for code, texts in TEXTS.items() for text in texts])
def test_known_texts_of_the_venue_have_their_meaning(text: str, code: RejectCode) -> None:
    assert classify_rejection(text) is code
    assert classify_rejection(f"{text} asset=110007") is code, "live texts name the asset"
    assert classify_rejection(text.upper()) is code
    assert Rejected(text).code is code


def test_every_meaning_has_a_text() -> None:
    # How the venue words an expired action is not on record.
    assert set(RejectCode) - set(TEXTS) == {RejectCode.EXPIRED}
    assert classify_rejection("Action expired, expiresAfter was 1764221206959") is RejectCode.EXPIRED


@pytest.mark.parametrize(
    ("text", "required", "traded"),
    [
        (
            "Cannot set scheduled cancel time until enough volume traded. Required: $1000000. Traded: $704.86.",
            "1000000",
            "704.86",
        ),
        (
            "cannot set scheduled cancel time until enough volume traded. Required: $1,000,000. Traded: $0",
            "1000000",
            "0",
        ),
    ],
)
def test_refusal_for_want_of_traded_volume_tells_the_figures(text: str, required: str, traded: str) -> None:
    assert required_volume(text) == RequiredVolume(Decimal(required), Decimal(traded))


@pytest.mark.parametrize("text", ["", "Required: $. Traded: $.", "Required: $1.2.3. Traded: $1", "Trading is halted."])
def test_refusal_without_figures_has_none(text: str) -> None:
    assert required_volume(text) is None


# ------------------------------------------------------------------------------------------------- what the user reads


@pytest.mark.parametrize(
    ("body", "items", "reason"),
    [
        (["no", "object"], 1, "expected an object, got ['no', 'object']"),
        ({"status": "maybe"}, 1, "neither ok nor an error with a text: {'status': 'maybe'}"),
        (
            {"status": "ok", "response": {"data": 1}},
            1,
            "no type: {'response': {'data': 1}, 'status': 'ok'}",
        ),
        (
            {"status": "ok", "response": {"type": "order", "data": {"statuses": 5}}},
            1,
            "no list of statuses: {'response': {'data': {'statuses': 5}, 'type': 'order'}, 'status': 'ok'}",
        ),
        (
            {"status": "ok", "response": {"type": "cancel", "data": {"statuses": ["success"]}}},
            2,
            "1 statuses for 2 items: "
            "{'response': {'data': {'statuses': ['success']}, 'type': 'cancel'}, 'status': 'ok'}",
        ),
        (reply("order", "done?"), 1, "unknown status 'done?'"),
        (reply("order", {"resting": {"oid": "x"}}), 1, "unknown status {'resting': {'oid': 'x'}}"),
    ],
)
def test_reason_of_an_unclear_outcome_says_what_was_expected_and_what_came(body: Any, items: int, reason: str) -> None:
    assert parse_action_reply(body, items) == [Unclear(reason)] * items


@pytest.mark.parametrize("length", [10, 198])
def test_what_came_is_quoted_whole_while_it_is_short(length: int) -> None:
    keys = {"a" * (length // 2 - 4): "b" * (length - length // 2 - 4)}
    (outcome,) = parse_action_reply(reply("order", keys), 1)
    assert outcome == Unclear(f"unknown status {keys}")


def test_longer_quotations_end_with_an_ellipsis_after_200_characters() -> None:
    shown = [f"{number:0>60}" for number in range(5)]
    (outcome,) = parse_action_reply(reply("order", shown), 1)
    assert outcome == Unclear(f"unknown status {str(shown)[:200]}…")
    exactly = ["x" * 96, "y" * 96]
    assert len(str(exactly)) == 200
    assert parse_action_reply(reply("order", exactly), 1) == [Unclear(f"unknown status {exactly}")]


def test_refusal_of_a_low_nonce_tells_which_would_do() -> None:
    assert least_nonce("Invalid nonce: nonce too low 1790000000000 < 1790000000500") == 1790000000500
    assert least_nonce("INVALID NONCE: NONCE TOO LOW 1 < 2") == 2
    assert least_nonce("Invalid nonce: duplicate nonce 1790000000000") is None
