"""Lists in which one item is broken."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.lists import ListOf
from hyperliquid_perpetual.venue.messages import FILL_DETAILS, Fill, Trade

TRADE = {"coin": "BTC", "side": "A", "px": "84143.0", "sz": "0.00036", "time": 1790232216193, "tid": 1045359869404765}
FILL: dict[str, Any] = {
    "coin": "BTC",
    "px": "66653.0",
    "sz": "0.001",
    "side": "A",
    "time": 1781528065899,
    "startPosition": "-0.0213",
    "dir": "Open Short",
    "closedPnl": "0.5",
    "hash": "0xe29f",
    "oid": 55030848197,
    "crossed": False,
    "fee": "0.009997",
    "tid": 745210434703679,
    "cloid": "0xe8d5fd7ebbb4c3cff4d1803472a11463",
    "liquidation": {"liquidatedUser": "0x3608", "markPx": "66607.0", "method": "market"},
    "feeToken": "USDC",
    "builderFee": "0.001",
    "twapId": 7,
}

trades = ListOf(Trade)
fills = ListOf(Fill, expendable=FILL_DETAILS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def test_a_sound_list_is_decoded_whole() -> None:
    decoded, malformed = trades.decode(json.dumps([TRADE, {**TRADE, "tid": 2}]))
    assert [trade.tid for trade in decoded] == [1045359869404765, 2]
    assert malformed == 0
    assert trades.decode(b"[]") == ([], 0)


@pytest.mark.parametrize("broken", [None, 5, "trade", [], {}, {**TRADE, "px": None}, {**TRADE, "tid": "x"}], ids=repr)
def test_a_broken_item_costs_only_itself(broken: Any) -> None:
    decoded, malformed = trades.decode(json.dumps([TRADE, broken, {**TRADE, "tid": 2}]))
    assert [trade.tid for trade in decoded] == [1045359869404765, 2]
    assert malformed == 1


@pytest.mark.parametrize("text", ["null", "{}", "5", '"[]"', "[", "[{}", "", "nonsense"])
def test_what_is_no_list_is_an_error(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        trades.decode(text)


@pytest.mark.parametrize("detail", FILL_DETAILS)
@pytest.mark.parametrize("broken", [True, [5], {"method": 5}, "NaN"], ids=repr)
def test_a_detail_that_cannot_be_read_does_not_cost_the_fill(detail: str, broken: Any) -> None:
    """The venue says what was bought, for how much and in which trade: a fill is booked on that."""
    decoded, malformed = fills.decode(json.dumps([{**FILL, detail: broken}, FILL]))
    assert malformed == 0
    damaged, sound = decoded
    assert (damaged.px, damaged.sz, damaged.fee, damaged.tid, damaged.oid) == (
        sound.px,
        sound.sz,
        sound.fee,
        sound.tid,
        sound.oid,
    )
    others = {name: getattr(sound, name) for name in FILL_DETAILS if name != detail}
    assert {name: getattr(damaged, name) for name in others} == others, "other details stay"


@pytest.mark.parametrize(
    "field", ["coin", "px", "sz", "side", "time", "oid", "fee", "tid", "cloid", "feeToken", "crossed"]
)
def test_a_fill_whose_substance_cannot_be_read_is_not_made_up(field: str) -> None:
    """Without its trade id a fill would be booked twice, without its token the fee in the wrong money."""
    assert fills.decode(json.dumps([{**FILL, field: [1]}, FILL]))[1] == 1


def test_expendable_fields_have_defaults() -> None:
    required = {field.name for field in msgspec.structs.fields(Fill) if field.required}
    assert not required & set(FILL_DETAILS)


@given(items=st.lists(JSON, max_size=5), where=st.integers(0, 5))
def test_good_items_survive_any_neighbours(items: list[Any], where: int) -> None:
    for kind, good in ((trades, TRADE), (fills, FILL)):
        decoded, malformed = kind.decode(json.dumps([*items[:where], good, *items[where:]]))
        assert len(decoded) == 1
        assert malformed == len(items)


@given(st.dictionaries(st.sampled_from(sorted(FILL)), JSON, min_size=1))
def test_no_field_of_a_fill_raises(damage: dict[str, Any]) -> None:
    decoded, malformed = fills.decode(json.dumps([{**FILL, **damage}, FILL]))
    assert len(decoded) + malformed == 2
    assert decoded[-1].tid == FILL["tid"]


def test_item_that_is_no_text_costs_only_itself() -> None:
    text = json.dumps([FILL, {**FILL, "coin": "@"}]).encode().replace(b"@", b"\xff")
    read, malformed = fills.decode(text)
    assert [fill.coin for fill in read] == ["BTC"]
    assert malformed == 1


def test_detail_that_is_no_text_does_not_cost_the_fill() -> None:
    text = json.dumps([{**FILL, "dir": "@"}]).encode().replace(b"@", b"\xff")
    (fill,), malformed = fills.decode(text)
    assert (fill.dir, malformed) == ("", 0)


@pytest.mark.parametrize("field", ["px", "sz", "fee"])
def test_fill_with_a_number_beyond_all_measure_costs_only_itself(field: str) -> None:
    read, malformed = fills.decode(json.dumps([FILL, {**FILL, field: "1e999999999"}]))
    assert (len(read), malformed) == (1, 1)
