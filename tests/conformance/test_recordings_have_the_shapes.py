"""The shapes that the sandbox is held against are those of real payloads: every recording passes them.

Recordings that somebody sorted say nothing about the order of keys, and old ones lack what was added since; both are
written down here, file by file, so that nothing else may be missing.
"""

from pathlib import Path

import msgspec
import pytest

from tests.conformance.shapes.info_shapes import INFO
from tests.conformance.shapes.language import Findings
from tests.conformance.shapes.stream_shapes import CHANNELS

RECORDED = Path(__file__).resolve().parents[1] / "fixtures" / "recorded"

FILL_OF_2023 = frozenset(("tid", "feeToken", "twapId"))
LACKS: dict[str, frozenset[str]] = {
    "info_allPerpMetas_nonUsdcCollateral": frozenset(("marginTableId",)),
    "info_clearinghouseState": frozenset(
        ("crossMaintenanceMarginUsed", "withdrawable", "time", "maxLeverage", "cumFunding")
    ),
    "info_fundingHistory_nautilus": frozenset(("premium",)),
    "info_l2Book": frozenset(("time",)),
    "info_l2Book_btc": frozenset(("n",)),
    "info_l2Book_sample": frozenset(("n",)),
    "info_meta": frozenset(("marginTableId", "marginTables", "collateralToken")),
    "info_meta_nautilus": frozenset(("marginTableId", "marginTables", "collateralToken")),
    "info_openOrders": frozenset(("origSz",)),
    "info_spotMeta_nonUsdcCollateral": frozenset(("evmContract", "fullName", "deployerTradingFeeShare")),
    "info_userFills": FILL_OF_2023,
    "info_userFillsByTime": FILL_OF_2023,
    "info_userRateLimit": frozenset(("nRequestsSurplus",)),
}
"""Keys that an old or shortened recording does not have."""
HAS: dict[str, frozenset[str]] = {"info_clearinghouseState": frozenset(("maxTradeSzs",))}
"""Keys that the venue has dropped since."""
BY_HAND = frozenset(
    (
        "info_fundingHistory_nautilus",
        "info_l2Book_sample",
        "info_recentTrades_btc",
        "info_spotClearinghouseState",
        "ws_l2Book",
    )
)
"""Somebody wrote these, not the venue: numbers and the order of keys are theirs."""
NOT_A_PAYLOAD: dict[str, str] = {
    "info_meta_nautilus": "has null where the venue leaves the key out",
    "info_recentTrades_btc": "its addresses are made up",
    "ws_l2Book": "is the data of a frame without the frame",
}


def test_every_recording_is_looked_at() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} >= {*LACKS, *HAS, *BY_HAND, *NOT_A_PAYLOAD}
    assert len(list(RECORDED.glob("*.json"))) >= 28


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_recording_has_the_shape_that_the_reference_gives_it(path: Path) -> None:
    name = path.stem
    value = msgspec.json.decode(path.read_bytes())
    is_ordered = is_in_order(value) and name not in BY_HAND
    found = Findings(is_ordered, name in BY_HAND, LACKS.get(name, frozenset()), HAS.get(name, frozenset()))
    kind, _, what = name.partition("_")
    what = what.split("_")[0]
    if kind == "info":
        INFO[what].check(value, name, found)
    elif name == "ws_l2Book":
        found.ordered = False
        CHANNELS["l2Book"].check(value, name, found)
    else:
        assert list(value) == ["channel", "data"]
        CHANNELS[value["channel"]].check(value["data"], name, found)
    wrong = found.errors
    if name == "info_meta_nautilus":
        wrong = [error for error in wrong if "None is none of (True,)" not in error]
    if name == "info_recentTrades_btc":
        wrong = [error for error in wrong if "is not an address" not in error]
    assert wrong == []


def is_in_order(value: object) -> bool:
    """Whether the keys of a recording are as the venue sent them: not sorted by whoever kept it."""
    objects = list(objects_in(value))
    return any(list(entry) != sorted(entry) for entry in objects)


def objects_in(value: object) -> list[dict[str, object]]:
    if isinstance(value, dict):
        return [value, *(entry for item in value.values() for entry in objects_in(item))]
    if isinstance(value, list):
        return [entry for item in value for entry in objects_in(item)]
    return []


def test_number_with_an_exponent_a_zero_too_many_or_none_at_all_is_found() -> None:
    shape = INFO["perpDexStatus"]
    for text in ("1e-06", "1.50", "84143", ".5", "1.", "-0.0", "0x1", 84143.0, None):
        found = Findings()
        shape.check({"totalNetDeposit": text}, "x", found)
        assert found.errors, text
    for text in ("84143.0", "0.0", "-0.5", "170043721737.450012207"):
        found = Findings()
        shape.check({"totalNetDeposit": text}, "x", found)
        assert found.errors == [], text


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"role": "user", "more": 1}, "has 'more', which is not known"),
        ({}, "lacks 'role'"),
        ({"role": "boss"}, "is none of"),
        ({"data": {"user": "0x" + "12" * 20}, "role": "agent"}, "has its keys in the order"),
        ({"role": "agent", "data": {"user": "0x12"}}, "is not an address"),
        (["role"], "is not an object"),
    ],
)
def test_value_that_differs_from_its_shape_is_found(value: object, wrong: str) -> None:
    found = Findings()
    INFO["userRole"].check(value, "userRole", found)
    assert any(wrong in error for error in found.errors), found.errors
    assert not found.seen
