"""What distinguishes one market from another of the same regime: how rough, busy, wide and deep it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Character:
    """A market measured by BTC, which is 1 in everything."""

    volatility: float = 1.5
    activity: float = 1.0
    """How often people trade. It also sets how often the traders look at the market at all (`traders.schedule`)."""
    spread: float = 1.0
    """Scales every distance from the fair price at which somebody quotes or sweeps."""
    depth: float = 1.0
    """Scales the notional of every order."""


ORDINARY = Character()
"""Of a market that nobody has described."""
