"""Client order ids that the venue takes and that we recognise as ours."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.actions import check_cloid
from hyperliquid_perpetual.venue.client_ids import (
    PREFIX,
    RANDOM_BYTES,
    TAG_BYTES,
    TWAP_RANDOM_BYTES,
    TwapId,
    has_tag,
    is_ours,
    is_twap,
    make_cloid,
    make_twap_id,
    read_twap_id,
)


@given(
    st.binary(min_size=TAG_BYTES, max_size=TAG_BYTES),
    st.binary(min_size=TAG_BYTES, max_size=TAG_BYTES),
    st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES),
)
def test_our_ids_have_the_form_that_the_venue_takes_and_name_their_bot(
    tag: bytes, other: bytes, random_bytes: bytes
) -> None:
    cloid = make_cloid(tag, random_bytes)
    assert check_cloid(cloid) == cloid
    assert len(cloid) == 34
    assert is_ours(cloid)
    assert has_tag(cloid, tag)
    assert has_tag(cloid, other) is (tag == other)
    assert cloid.endswith(random_bytes.hex())


def test_the_prefix_spells_hummingbot() -> None:
    assert bytes.fromhex(PREFIX[2:]) == b"HBOT"


def test_different_randomness_gives_different_ids() -> None:
    assert len({make_cloid(b"bot1", os.urandom(RANDOM_BYTES)) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(("tag", "randomness"), [(4, 0), (4, 7), (4, 9), (3, 8), (5, 7), (0, 12)])
def test_the_wrong_number_of_bytes_is_refused(tag: int, randomness: int) -> None:
    with pytest.raises(ValueError, match=f"got {tag} and {randomness}"):
        make_cloid(bytes(tag), bytes(randomness))


@pytest.mark.parametrize("cloid", [None, "", "0x", "0x" + "1" * 32, PREFIX[2:] + "0" * 26])
def test_ids_of_others_are_not_ours(cloid: str | None) -> None:
    assert not is_ours(cloid)
    assert not has_tag(cloid, bytes(4))


@given(
    st.binary(min_size=TWAP_RANDOM_BYTES, max_size=TWAP_RANDOM_BYTES),
    st.integers(5, 1440),
    st.booleans(),
    st.integers(1_500_000_000_000, 9_999_999_999_999),
)
def test_the_id_of_a_twap_keeps_its_terms(random_bytes: bytes, minutes: int, randomize: bool, created: int) -> None:
    terms = TwapId(minutes, randomize, created)
    order_id = make_twap_id(random_bytes, terms)
    assert read_twap_id(order_id) == terms
    assert is_twap(order_id)
    assert len(order_id) <= 34, "no longer than other ids"
    with pytest.raises(ValueError, match="client order id"):
        check_cloid(order_id)


@pytest.mark.parametrize("order_id", ["", "twap-", "twap-30", "0x" + "1" * 32, "twap-30-1-zz", "TWAP-30-1-0000000000"])
def test_other_ids_are_not_taken_for_one_of_a_twap(order_id: str) -> None:
    assert not is_twap(order_id)
    assert read_twap_id(order_id) is None


@pytest.mark.parametrize("length", [0, 4, 6])
def test_id_of_a_twap_out_of_too_few_or_too_many_bytes_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected 5 random bytes, got {length}"):
        make_twap_id(bytes(length), TwapId(30, False, 1))
