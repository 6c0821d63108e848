"""The result of a run of chaos: the figures of `summary.json`, and why it is not good when it is not."""

import json
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.demo.books import plain


@dataclass(frozen=True)
class Summary:
    """The fields are the keys of `summary.json`.

    `orphans` counts orders that only one side knows, and orders whose terms differ. `balance_difference` has the
    balances and the funding payments in it, in USD.
    """

    seed: int
    seconds: int
    commands: int
    orders: int
    fills: int
    faults: dict[str, int]
    reconnects: int
    restarts: int
    lost_fills: int
    duplicate_fills: int
    phantom_failures: int
    orphans: int
    position_difference: Decimal
    balance_difference: Decimal
    limit_violations: int
    leaked_tasks: int

    def complaints(self) -> list[str]:
        """Why this is no success, one line each; empty when it is."""
        found = [
            f"{name.replace('_', ' ')}: {_plain(getattr(self, name))}" for name in NOUGHTS if getattr(self, name) != 0
        ]
        happened = {"fills": self.fills, "faults": sum(self.faults.values()), "restarts": self.restarts}
        found += [f"no {what} happened: nothing was tried" for what, count in happened.items() if not count]
        return found

    def as_json(self) -> str:
        """The content of `summary.json`."""
        return json.dumps({item.name: _plain(getattr(self, item.name)) for item in fields(self)}, indent=2) + "\n"

    def write(self, folder: Path) -> Path:
        """Write `summary.json` in one step."""
        file = folder / "summary.json"
        draft = folder / ".summary.json.new"
        draft.write_text(self.as_json(), encoding="utf-8")
        draft.replace(file)
        return file


NOUGHTS = (
    "lost_fills",
    "duplicate_fills",
    "phantom_failures",
    "orphans",
    "position_difference",
    "balance_difference",
    "limit_violations",
    "leaked_tasks",
)
"""What has to be zero."""


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, Decimal) else value
