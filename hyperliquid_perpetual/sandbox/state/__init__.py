"""A sandbox that survives its process: one file with its state, and a journal of what has happened since."""

from hyperliquid_perpetual.sandbox.state.errors import StateError

__all__ = ["StateError"]
