"""The result of a demo: the figures of `summary.json`, whether they are good, and the report a person reads."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hyperliquid_perpetual.report.text import plain

SHOWN_DIFFERENCES = 10


@dataclass(frozen=True)
class Summary:
    """One run, in figures. The fields are the keys of `summary.json`."""

    hummingbot: str
    strategy: str
    #: From the start of the Hummingbot process until its connector called itself ready.
    ready_seconds: float
    orders_created: int
    orders_cancelled: int
    fills_bot: int
    fills_exchange: int
    fill_differences: int
    position_difference: Decimal
    fee_difference: Decimal
    orders_left_open: int
    errors_logged: int

    def complaints(self) -> list[str]:
        """Why this run is not a success, one line each; empty when it is."""
        checks = {
            "no fill happened: nothing was compared": self.fills_bot == 0 and self.fills_exchange == 0,
            f"{self.fill_differences} fill(s) differ between bot and exchange": self.fill_differences != 0,
            f"the positions differ by {plain(self.position_difference)}": self.position_difference != 0,
            f"the fees differ by {plain(self.fee_difference)}": self.fee_difference != 0,
            f"{self.orders_left_open} order(s) still rest on the exchange": self.orders_left_open != 0,
            f"the bot logged {self.errors_logged} error(s)": self.errors_logged != 0,
        }
        return [complaint for complaint, applies in checks.items() if applies]

    def as_json(self) -> str:
        """The content of `summary.json`."""
        values = {name: plain(value) if isinstance(value, Decimal) else value for name, value in vars(self).items()}
        return json.dumps(values, indent=2) + "\n"

    def write(self, folder: Path) -> Path:
        """Write `summary.json` in one step, so that a reader never sees half of it."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "summary.json"
        draft = folder / ".summary.json.new"
        draft.write_text(self.as_json(), encoding="utf-8")
        draft.replace(file)
        return file


def report(summary: Summary, details: list[str], logs: list[Path], file: Path, page: str) -> str:
    """The run in a few lines.

    :param details: one line per difference and error.
    :param page: where the drawn report is, or why there is none.
    """
    complaints = summary.complaints()
    shown = details[:SHOWN_DIFFERENCES]
    if len(details) > len(shown):
        shown.append(f"... and {len(details) - len(shown)} more")
    lines = [
        "",
        f"Hummingbot {summary.hummingbot}, {summary.strategy}: ready after {summary.ready_seconds:.1f} s",
        f"  orders   {summary.orders_created} created, {summary.orders_cancelled} cancelled,"
        f" {summary.orders_left_open} left open on the exchange",
        f"  fills    {summary.fills_bot} in the bot's database, {summary.fills_exchange} in the exchange's ledger,"
        f" {summary.fill_differences} differ",
        f"  position {plain(summary.position_difference)} difference",
        f"  fees     {plain(summary.fee_difference)} difference",
        f"  errors   {summary.errors_logged} in the bot's log",
        *(f"    {detail}" for detail in shown),
        f"  report   {page}",
        f"  summary  {file}",
        *(f"  log      {log}" for log in logs),
        "",
        "FAILED: " + "; ".join(complaints) if complaints else "OK: bot and exchange agree.",
    ]
    return "\n".join(lines)
