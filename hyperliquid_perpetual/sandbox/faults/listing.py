"""The table of kinds as the command prints it."""

import textwrap

from hyperliquid_perpetual.sandbox.faults.kinds import COMMON, KINDS, Value


def listing() -> list[str]:
    """Lines that say which kinds there are, what they do and take, for the command."""
    lines: list[str] = []
    for kind in KINDS.values():
        lines.append(kind.name)
        lines += textwrap.wrap(kind.does, 96, initial_indent="    ", subsequent_indent="    ")
        for entry in kind.parameters:
            default = "" if entry.default is None else f" ({_shown(entry.default)})"
            lines.append(f"      {entry.name:<10} {entry.valid}{default}")
        common = [name for name in kind.fields if name in COMMON]
        lines += [f"      {', '.join(common)}", ""]
    lines.append("What can be said about many:")
    lines += [f"      {entry.name:<10} {entry.means}: {entry.valid}" for entry in COMMON.values()]
    return lines


def _shown(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
