"""What the answer to an action says about its items, and above all what it does not say."""

import pytest

from hyperliquid_perpetual.trading import answers
from hyperliquid_perpetual.venue.replies import Done, Outcome, Rejected, Resting, Unclear

RESTS = (
    b'{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":7}},{"error":"No asset=1"}]}}}'
)
REFUSED = b'{"status":"err","response":"Order has zero size."}'


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (429, b"slower", Unclear("the venue limits requests of this address (HTTP 429)")),
        (400, b"no", Rejected("HTTP 400: no", whole_action=True)),
        (405, b"", Rejected("HTTP 405: empty body", whole_action=True)),
        (415, b"no", Rejected("HTTP 415: no", whole_action=True)),
        (422, b"no", Rejected("HTTP 422: no", whole_action=True)),
        (201, b"created", Unclear("HTTP 201: created")),
        (401, b"who?", Unclear("HTTP 401: who?")),
        (404, b"", Unclear("HTTP 404: empty body")),
        (500, b"no", Unclear("HTTP 500: no")),
        (502, b"<html>", Unclear("HTTP 502: a page without a title")),
        (200, REFUSED, Rejected("Order has zero size.", whole_action=True)),
    ],
)
def test_every_item_shares_the_fate_of_an_action_that_was_answered_as_a_whole(
    status: int, body: bytes, outcome: Outcome
) -> None:
    assert answers.outcomes(status, body, 3) == [outcome] * 3


def test_answer_about_the_items_is_one_outcome_each() -> None:
    assert answers.outcomes(200, RESTS, 2) == [Resting(7), Rejected("No asset=1")]


@pytest.mark.parametrize("body", [b"nonsense", b'{"status":"ok\xff"}', b"[" * 100_000])
def test_answer_that_cannot_be_read_says_nothing_and_why(body: bytes) -> None:
    first, second = answers.outcomes(200, body, 2)
    assert isinstance(first, Unclear)
    assert first == second
    assert first.reason.startswith("the reply cannot be read: ")
    assert len(first.reason) > len("the reply cannot be read: ")
    assert "None" not in first.reason


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ("429 Too Many Requests: null", (429, b"null")),
        ("422 Unprocessable Entity: Failed to deserialize: at line 1", (422, b"Failed to deserialize: at line 1")),
        ("502 Bad Gateway: <html>\n<body>", (502, b"<html>\n<body>")),
        ("502 Bad Gateway", (502, b"")),
        ("500", (500, b"")),
        ("500: \u00e9", (500, "\u00e9".encode())),
        ("5000: more digits than a status has", None),
        ("sorry, 500: no", None),
        ("", None),
        ({"code": 500}, None),
        (500, None),
        (None, None),
    ],
)
def test_status_and_body_are_read_out_of_the_text_that_mirrors_them(
    payload: object, found: tuple[int, bytes] | None
) -> None:
    assert answers.mirrored(payload) == found


def test_refusal_of_a_second_copy_as_a_whole_leaves_open_what_became_of_the_first() -> None:
    assert answers.of_second_copy(Rejected("Trading is halted.", whole_action=True)) == Unclear(
        "the second copy was refused, the first may have come in: Trading is halted."
    )
    said: tuple[Outcome, ...] = (Rejected("Order has zero size."), Resting(7), Done(), Unclear("no answer"))
    for outcome in said:
        assert answers.of_second_copy(outcome) is outcome, "the venue's word about the item, whichever copy it was"


def test_least_nonce_is_that_of_a_whole_action_that_was_refused_for_it() -> None:
    low = "Invalid nonce: nonce too low 1790000000000 < 1790000000500"
    whole = Rejected(low, whole_action=True)
    assert answers.least_nonce_of([whole, Done()]) == 1_790_000_000_500
    assert answers.least_nonce_of([Done(), whole]) is None
    assert answers.least_nonce_of([Rejected(low)]) is None, "an item that is refused has used its nonce up"
    assert answers.least_nonce_of([Rejected("Order has zero size.", whole_action=True)]) is None
    assert answers.least_nonce_of([Unclear(low)]) is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "empty body"),
        (b" \n ", "empty body"),
        (b"  not here\n", "not here"),
        (b"x" * 200, "x" * 200),
        (b"x" * 201, "x" * 200),
        (b"x" * 199 + "\u00e9".encode(), "x" * 199 + "\ufffd"),
        (b" " * 200 + b"x", "empty body"),
        (b"\n<html><TITLE>502 Bad Gateway\n</TITLE>" + b"x" * 900, "a page, 502 Bad Gateway"),
        (b"<html><body>" + b"x" * 5_000, "a page without a title"),
    ],
)
def test_body_is_quoted_by_its_beginning(body: bytes, text: str) -> None:
    assert answers.short(body) == text


def test_text_is_cut_where_a_body_is() -> None:
    assert answers.shortened("\u00e9" * 300) == "\u00e9" * 200
    assert answers.shortened(" ") == "empty body"
