"""Prints the parameters of all regimes as Markdown tables, for `docs/traders.md`:

python -m hyperliquid_perpetual.sandbox.traders.parameters
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from hyperliquid_perpetual.sandbox.traders.regimes import BEHAVIOURS, Regime

_TITLES = {
    "path": "The fair price",
    "metaorders": "Metaorders",
    "momentum": "Momentum traders",
    "noise": "Noise traders",
    "sweepers": "Sweepers",
    "arbitrage": "The arbitrageur",
}


def tables() -> str:
    """Every parameter of every regime."""
    makers = {name: list(behaviour.makers) for name, behaviour in BEHAVIOURS.items()}
    parts = []
    for number in range(max(map(len, makers.values()))):
        column = {name: found[number] if number < len(found) else None for name, found in makers.items()}
        parts.append(_table(f"Maker {number + 1}", column))
    for kind, title in _TITLES.items():
        found = {name: getattr(each, kind) for name, each in BEHAVIOURS.items()}
        parts.append(_table(title, found))
    parts.append(_table("All makers", BEHAVIOURS, ("withdrawal", "absence_seconds")))
    return "\n\n".join(parts)


def _table(title: str, by_regime: Mapping[Regime, Any], names: Iterable[str] = ()) -> str:
    if not names:
        names = [each.name for each in fields(next(each for each in by_regime.values() if each is not None))]
    lines = [f"| {title} | " + " | ".join(by_regime) + " |", "|---|" + "---|" * len(by_regime)]
    for name in names:
        values = " | ".join(_text(None if each is None else getattr(each, name)) for each in by_regime.values())
        lines.append(f"| `{name}` | {values} |")
    return "\n".join(lines)


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.12g}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    print(tables())
