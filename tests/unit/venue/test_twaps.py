"""Names of TWAPs where an order id is expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.venue.twaps import id_of, name_of


@given(st.integers(0, 2**63))
def test_a_name_leads_back_to_its_id(twap_id: int) -> None:
    assert id_of(name_of(twap_id)) == twap_id


@pytest.mark.parametrize("name", [None, "", "7", "twap:", "twap:x", "twap:-7", "twap:²", "order:7"])
def test_anything_else_is_no_twap(name: str | None) -> None:
    assert id_of(name) is None
