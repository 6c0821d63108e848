"""The table of an order's states: what the page says and what the code does are the same, and ends stay ends."""

import re

import pytest
from hummingbot.core.data_type.in_flight_order import OrderState

from hyperliquid_perpetual.trading import lifecycle
from hyperliquid_perpetual.trading.lifecycle import Evidence, next_state


def documented_table() -> dict[tuple[str, str], str]:
    rows = [line.split("|")[1:-1] for line in (lifecycle.__doc__ or "").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row] for row in rows]
    states = cells[0][1:]
    return {
        (row[0], state): re.sub(r" \(created\)", "", cell)
        for row in cells[2:]
        for state, cell in zip(states, row[1:], strict=True)
    }


def test_code_and_documented_table_agree() -> None:
    table = documented_table()
    assert len(table) == len(Evidence) * 4
    for (evidence, state), expected in table.items():
        following = next_state(OrderState[state], Evidence[evidence])
        assert (following.name if following else "") == expected, (evidence, state)


@pytest.mark.parametrize("end", [OrderState.FILLED, OrderState.CANCELED, OrderState.FAILED])
@pytest.mark.parametrize("evidence", list(Evidence))
def test_no_evidence_leads_out_of_an_end(end: OrderState, evidence: Evidence) -> None:
    assert next_state(end, evidence) is None
