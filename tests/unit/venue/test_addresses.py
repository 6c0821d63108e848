"""Addresses as users type them; and what they type by mistake must not be quoted when it may be a key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.addresses import normalize_address

ADDRESS = "0x5e9ee1089755c3435139848e47e6635505d5a13a"
KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "typed",
    [
        ADDRESS,
        "0x5E9EE1089755C3435139848E47E6635505D5A13A",
        f"  {ADDRESS}\n",
        f"HL:{ADDRESS}",
        f"hl:{ADDRESS}",
        ADDRESS[2:],
        ADDRESS.upper(),
        f"HL:{ADDRESS[2:]}",
        f'"{ADDRESS}"',
        f"'HL:{ADDRESS}' ",
    ],
)
def test_an_address_is_accepted_in_every_way_that_people_write_it(typed: str) -> None:
    assert normalize_address(typed) == ADDRESS


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "0x",
        "my wallet",
        ADDRESS[:-1],
        ADDRESS + "0",
        ADDRESS[:-1] + "g",
        "0x" + "\uff11" * 40,  # digits, but full-width ones
        f"HL:HL:{ADDRESS}",
        f"{ADDRESS} {ADDRESS}",
    ],
)
def test_anything_else_gets_one_error_that_says_what_is_valid(typed: str) -> None:
    with pytest.raises(ValueError, match="expected an address of 0x and 40 hex digits"):
        normalize_address(typed)


def test_a_short_mistake_is_quoted() -> None:
    with pytest.raises(ValueError, match="my wallet"):
        normalize_address("my wallet")


@pytest.mark.parametrize(
    "typed", [KEY, f"0x{KEY}", f"0X{KEY}", f"  0x{KEY}  ", f"HL:{KEY}", KEY[:-1], f"0x{KEY}1", f"0x{KEY[:60]}"]
)
def test_a_private_key_in_the_place_of_the_address_is_not_quoted(typed: str) -> None:
    with pytest.raises(ValueError, match="private key") as caught:
        normalize_address(typed)
    assert KEY[:16] not in str(caught.value)


@given(st.binary(min_size=20, max_size=20))
def test_every_address_comes_back_in_lower_case(raw: bytes) -> None:
    assert normalize_address("0x" + raw.hex().upper()) == "0x" + raw.hex()


@given(st.text())
def test_no_text_gets_through_that_is_no_address(text: str) -> None:
    try:
        address = normalize_address(text)
    except ValueError:
        return
    assert len(bytes.fromhex(address[2:])) == 20
