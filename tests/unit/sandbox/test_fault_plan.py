"""Faults in their notations: a line, a TOML file, JSON and a call say the same, and bad input says what is valid."""

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.faults import KINDS, Fault, FaultPlan, InvalidFault, RandomFaults, parse_fault
from hyperliquid_perpetual.sandbox.faults.kinds import COMMON
from hyperliquid_perpetual.sandbox.faults.listing import listing
from hyperliquid_perpetual.sandbox.faults.specification import as_json, as_text

ROUGH_DAY = Path(__file__).resolve().parents[3] / "conf" / "faults" / "rough_day.toml"

ADDRESS = "0x" + "Ab" * 20
SAME: list[tuple[str, str, dict[str, Any]]] = [
    (
        "drop_reply kind=order next=3",
        'fault = "drop_reply"\nkind = "order"\nnext = 3',
        {"fault": "drop_reply", "kind": "order", "next": 3},
    ),
    (
        f"status code=429 user={ADDRESS} at=5 lasts=2.5 every=30 after=true body='slow down'",
        f'fault = "status"\ncode = 429\nuser = "{ADDRESS}"\nat = 5\nlasts = 2.5\nevery = 30\nafter = true\n'
        'body = "slow down"',
        {
            "fault": "status",
            "code": 429,
            "user": ADDRESS,
            "at": 5,
            "lasts": 2.5,
            "every": 30,
            "after": True,
            "body": "slow down",
        },
    ),
    (
        "corrupt_frames how=wrong_type channel=l2Book coin=xyz:TSLA chance=0.25",
        'fault = "corrupt_frames"\nhow = "wrong_type"\nchannel = "l2Book"\ncoin = "xyz:TSLA"\nchance = 0.25',
        {"fault": "corrupt_frames", "how": "wrong_type", "channel": "l2Book", "coin": "xyz:TSLA", "chance": 0.25},
    ),
    ("outage", 'fault = "outage"', {"fault": "outage"}),
    (
        "clock_skew ms=-250 lasts=9",
        'fault = "clock_skew"\nms = -250\nlasts = 9',
        {"fault": "clock_skew", "ms": -250, "lasts": 9},
    ),
]


@pytest.mark.parametrize(("line", "toml", "value"), SAME, ids=[line.split()[0] for line, _, _ in SAME])
def test_line_file_json_and_call_say_the_same(line: str, toml: str, value: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(f"[[faults]]\n{toml}\n")
    by_json = FaultPlan.from_data(msgspec.json.decode(msgspec.json.encode(value)))
    exchange = Sandbox(market="empty", clock="virtual")
    name = value["fault"]
    exchange.faults.add(name, **{key: entry for key, entry in value.items() if key != "fault"})
    (called,) = (armed.fault for armed in exchange.faults.armed)
    (expected,) = FaultPlan.from_lines([line]).faults
    assert FaultPlan.from_file(file).faults == by_json.faults == (expected,) == (called,)
    assert expected.fault == name


def test_what_is_not_said_has_its_default() -> None:
    assert parse_fault("status") == Fault(fault="status", code=502, next=1)
    assert parse_fault("status lasts=2") == Fault(fault="status", code=502, lasts=2.0)
    assert parse_fault("status chance=0.5") == Fault(fault="status", code=502, chance=0.5)
    assert parse_fault("outage") == Fault(fault="outage", how="refused", lasts=10.0)
    assert parse_fault("mute") == Fault(fault="mute")
    assert parse_fault(f"lose_user_frames user={ADDRESS}").user == ADDRESS.lower()


def test_every_field_of_a_kind_is_one_of_a_fault_and_the_other_way_round() -> None:
    named = {name for kind in KINDS.values() for name in kind.fields}
    assert {field.name for field in dataclasses.fields(Fault)} == {"fault", *named}


@pytest.mark.parametrize(
    ("line", "valid"),
    [
        ("", "a fault begins with the name of its kind, one of refuse_before, drop_reply"),
        ("drop_everything", "there is no fault 'drop_everything', there are refuse_before, drop_reply"),
        ("drop_reply often", "'often' in 'drop_reply often' is not of the form name=value"),
        ("drop_reply channel=bbo", "drop_reply has no 'channel', it has hang, path, kind, via, coin, user, at"),
        ("drop_reply next=3 next=4", "next is said twice"),
        ("drop_reply next=0", "next of drop_reply is a whole number from 1 on, got 0"),
        ("drop_reply next=1.5", "next of drop_reply is a whole number from 1 on, got '1.5'"),
        ("drop_reply hang=yes", "hang of drop_reply is true or false, got 'yes'"),
        ("drop_reply kind=ordr", "there is no type of request 'ordr', did you mean order"),
        ("drop_reply kind=zzz", "there are activateOutcomeDeployer, activeAssetData, "),
        ("drop_reply path=/ws", "path of drop_reply is /info or /exchange, got '/ws'"),
        ("drop_reply user=me", "user of drop_reply is an address, 0x and 40 hex digits, got 'me'"),
        ("lose_frames channel=l2book", "there is no channel 'l2book', did you mean l2Book"),
        ("lose_frames channel=userEvents", "there is no channel 'userEvents'"),
        ("lose_frames chance=nan", "chance of lose_frames is a probability"),
        ("lose_frames chance=1.01", "more than 0 and at most 1, got 1.01"),
        ("mute chance=0.5", "mute has no 'chance', it has user, at, lasts, every"),
        ("status code=99", "an HTTP status, 200 to 599, got 99"),
        ("close_websockets code=1006", "a close code: 1000-1003, 1007-1014 or 3000-4999, got 1006"),
        ("corrupt_reply how=maybe", "one of not_json, truncated, empty, html, wrong_type, cut_off, got 'maybe'"),
        ("status body='no end", "has a quotation mark that is not closed"),
        ("mute every=10", "mute with every needs lasts"),
        ("status lasts=10 every=10", "status lasts 10 seconds, so every is more than that, got 10"),
        ("upgrade halt=5 post_only=5 every=9", "upgrade lasts 10 seconds"),
        ("outage every=10", "outage lasts 10 seconds"),
        ("clock_skew ms=0", "whole milliseconds, not 0"),
        ("delay seconds=inf", "seconds, more than 0 and at most 3600"),
    ],
)
def test_bad_line_says_what_would_be_valid(line: str, valid: str) -> None:
    with pytest.raises(InvalidFault) as invalid:
        parse_fault(line)
    assert valid in str(invalid.value)


@pytest.mark.parametrize(
    ("data", "valid"),
    [
        (17, "a plan is a fault, a list of faults, or a table of faults, random and seed"),
        ({}, "a plan is a fault, a list of faults"),
        ({"fautls": []}, "a plan has no 'fautls', only faults, random, seed"),
        ({"faults": {"fault": "mute"}}, "the faults of a plan are a list, in TOML each under [[faults]]"),
        ({"faults": ["mute", {"kind": "order"}]}, "fault 2: a fault says its kind as fault = one of refuse_before"),
        (
            [{"fault": "mute", "lasts": True}],
            "fault 1: lasts of mute is seconds, more than 0 and at most 3600, got True",
        ),
        ([{"fault": "status", "next": 1.0}], "next of status is a whole number from 1 on, got 1.0"),
        ([{"fault": "status", "body": 17}], "body of status is a text, got 17"),
        ([17], "fault 1: a fault is a line of text or a table, got 17"),
        ({"seed": "x", "faults": []}, "the seed of a plan is a whole number"),
        ({"random": "x"}, "random faults have a seed"),
        ({"random": {"seed": 1, "speed": 2}}, "random faults has no 'speed', only seed, intensity, only"),
        ({"random": {"seed": 1, "intensity": 0}}, "more than 0 and at most 600, got 0"),
        ({"random": {"seed": 1, "only": ["nothing"]}}, "there is no fault 'nothing', there are refuse_before"),
        ({"random": {"seed": 1, "only": "mute"}}, "only is a list of kinds of faults"),
        ({"random": {"seed": 1, "intensity": 10**5000}}, "at most 600, got a number of many digits"),
        ({"faults": 10**5000}, "the faults of a plan are a list"),
        ({"random": {"seed": 1.5}}, "the seed of random faults is a whole number, got 1.5"),
    ],
)
def test_bad_plan_says_what_would_be_valid(data: object, valid: str) -> None:
    with pytest.raises(InvalidFault) as invalid:
        FaultPlan.from_data(data)
    assert valid in str(invalid.value)


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (b"[[faults]]\nfault = drop", "plan.toml is no TOML file"),
        (b"\xff\xfe", "plan.toml is no TOML file"),
        (b"seed = " + b"9" * 5000, "plan.toml is no TOML file"),
        (b'[[faults]]\nfault = "drop"', "plan.toml: fault 1: there is no fault 'drop', there are"),
    ],
)
def test_bad_file_is_named(content: bytes, valid: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_bytes(content)
    with pytest.raises(InvalidFault) as invalid:
        FaultPlan.from_file(file)
    assert valid in str(invalid.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFault, match=r"cannot read .*nothing\.toml: No such file or directory"):
        FaultPlan.from_file(tmp_path / "nothing.toml")


def test_coin_that_is_not_listed_is_refused_and_nothing_of_the_plan_begins() -> None:
    exchange = Sandbox(market="empty", clock="virtual")
    with pytest.raises(ValueError, match="NOPE is not listed here"):
        exchange.faults.follow(FaultPlan.from_lines(["status next=5", "stale_books coin=NOPE"]))
    assert exchange.faults.armed == ()
    with pytest.raises(ValueError, match="NOPE is not listed here"):
        Sandbox(market="empty", fault_plan=FaultPlan.from_lines(["lose_frames coin=NOPE"]))


def test_plans_add_up() -> None:
    first = FaultPlan.from_data({"faults": ["mute"], "seed": 1, "random": 5})
    second = FaultPlan.from_data({"faults": ["outage"], "random": {"seed": 6, "intensity": 2, "only": ["status"]}})
    both = first + second
    assert [fault.fault for fault in both.faults] == ["mute", "outage"]
    assert (both.seed, both.random) == (1, RandomFaults(6, 2, ("status",)))
    assert FaultPlan.from_data(both.as_json()) == both


# ---------------------------------------------------------------------- properties

WORDS = st.one_of(
    st.sampled_from([*KINDS, *COMMON, "order", "l2Book", "true", "-1", "0", "1", "0.5", "1e400", "nan", ADDRESS]),
    st.text(max_size=8),
)
PIECES = st.one_of(WORDS, st.tuples(WORDS, WORDS).map("=".join))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**5000, 10**5001) | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=5).map(" ".join))
def test_no_line_leads_to_anything_but_a_fault_or_the_one_error(line: str) -> None:
    fault = None
    with contextlib.suppress(InvalidFault):
        fault = parse_fault(line)
    assert fault is None or parse_fault(as_text(fault)) == fault


@settings(deadline=None)
@given(
    st.one_of(
        VALUES,
        st.fixed_dictionaries({"fault": st.sampled_from(list(KINDS))}, optional=dict.fromkeys(COMMON, VALUES)),
        st.fixed_dictionaries({"random": VALUES, "faults": VALUES}),
    )
)
def test_no_data_lead_to_anything_but_a_plan_or_the_one_error(data: object) -> None:
    plan = None
    with contextlib.suppress(InvalidFault):
        plan = FaultPlan.from_data(data)
    assert plan is None or FaultPlan.from_data(plan.as_json()) == plan


GOOD: dict[str, st.SearchStrategy[Any]] = {
    "path": st.sampled_from(["/info", "/exchange"]),
    "kind": st.sampled_from(["order", "openOrders", "noop"]),
    "via": st.sampled_from(["http", "ws"]),
    "channel": st.sampled_from(["l2Book", "user", "post", "pong"]),
    "coin": st.text(min_size=1, max_size=9),
    "user": st.just(ADDRESS),
    "at": st.floats(0, 1e6),
    "lasts": st.floats(0.001, 3600),
    "every": st.floats(3601, 1e6),
    "next": st.integers(1, 10**12),
    "chance": st.floats(0.001, 1),
    "body": st.text(max_size=9),
    "reason": st.text(max_size=9),
    "seconds": st.floats(0.001, 3600),
}


@settings(deadline=None)
@given(st.data(), st.sampled_from(list(KINDS)))
def test_good_fault_is_the_same_in_every_notation(data: st.DataObject, name: str) -> None:
    known = {field: strategy for field, strategy in GOOD.items() if field in KINDS[name].fields}
    said = data.draw(st.fixed_dictionaries({}, optional=known))
    if "every" in said and "lasts" in KINDS[name].fields:
        said.setdefault("lasts", 1.0)
    (fault,) = FaultPlan.from_data({"fault": name, **said}).faults
    assert parse_fault(as_text(fault)) == fault
    assert FaultPlan.from_data(msgspec.json.decode(msgspec.json.encode(as_json(fault)))).faults == (fault,)
    for key, value in said.items():
        assert getattr(fault, key) == (value.lower() if key == "user" else value)


# ---------------------------------------------------------------------- what is shown


def test_listing_says_every_kind_with_all_that_it_takes() -> None:
    text = "\n".join(listing())
    for name, kind in KINDS.items():
        part = text.split(f"{name}\n", 1)[1].split("\n\n", 1)[0]
        for field in kind.fields:
            assert field in part, (name, field)
    for name in COMMON:
        assert f"      {name} " in text


def test_example_plan_is_one() -> None:
    plan = FaultPlan.from_file(ROUGH_DAY)
    assert len(plan.faults) == 11
    assert plan.seed == 7
