"""Names in the wrong case: found where they can only mean one thing, and never found otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.pair_names import FoldingDict, near_matches

NAMES = st.text(alphabet="aAbB:-", min_size=1, max_size=4)


@given(st.dictionaries(NAMES, st.integers()), NAMES)
def test_a_name_is_found_exactly_or_where_only_one_key_differs_in_case_alone(
    content: dict[str, int], name: str
) -> None:
    folding = FoldingDict(content)
    alike = [key for key in content if key.lower() == name.lower()]
    expected = content.get(name) if name in content else content[alike[0]] if len(alike) == 1 else None
    assert folding.get(name) == expected
    assert (name in folding) == (expected is not None)
    if expected is None:
        with pytest.raises(KeyError):
            folding[name]
    else:
        assert folding[name] == expected


@given(st.lists(st.tuples(st.sampled_from(["set", "del", "pop", "update", "default", "clear", "ior"]), NAMES)), NAMES)
def test_spellings_follow_every_change_of_the_keys(changes: list[tuple[str, str]], name: str) -> None:
    folding: FoldingDict[str] = FoldingDict()
    for what, key in changes:
        folding.get(name)
        match what:
            case "set":
                folding[key] = key
            case "del" if dict.__contains__(folding, key):
                del folding[key]
            case "pop":
                folding.pop(key, None)
            case "update":
                folding.update({key: key})
            case "default":
                folding.setdefault(key, key)
            case "clear":
                folding.clear()
            case "ior":
                folding |= {key: key}
    fresh = FoldingDict(dict(folding))
    assert folding.get(name) == fresh.get(name)


def test_keys_stay_as_they_were_given() -> None:
    folding = FoldingDict({"kPEPE-USD": 1})
    folding["KPEPE-USD"] = 2
    assert list(folding) == ["kPEPE-USD", "KPEPE-USD"]
    assert folding["kPEPE-USD"] == 1
    assert "kpepe-usd" not in folding  # it could mean either
    assert folding.copy()["KPEPE-USD"] == 2


def test_what_is_no_name_is_not_found() -> None:
    folding = FoldingDict({"BTC-USD": 1})
    assert None not in folding
    assert 7 not in folding
    assert folding.get("") is None


def test_near_matches_put_the_same_market_on_other_dexs_first() -> None:
    known = ["BTC-USD", "xyz:TSLA-USD", "km:US500-USD", "flx:TSLA-USD", "kPEPE-USD", "SOL-USD"]
    assert near_matches("TSLA-USD", known)[:2] == ["flx:TSLA-USD", "xyz:TSLA-USD"]
    assert near_matches("US500-USD", known)[0] == "km:US500-USD"
    assert near_matches("PEPE-USD", known)[0] == "kPEPE-USD"
    assert near_matches("abc:BTC-USD", known)[0] == "BTC-USD"
