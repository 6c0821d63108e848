"""A local exchange that speaks Hyperliquid's wire protocol, for tests and for paper trading.

`Sandbox` is the way in; see `sandbox.sandbox`. The engine, pure and without I/O, is in `sandbox.engine`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperliquid_perpetual.sandbox.sandbox import (
        DEMO_ADDRESS,
        DEMO_PRIVATE_KEY,
        AccountSetup,
        Sandbox,
    )

__all__ = ["DEMO_ADDRESS", "DEMO_PRIVATE_KEY", "AccountSetup", "Sandbox"]


def __getattr__(name: str) -> Any:
    # On first use: who wants only the engine does not load a web server with it.
    if name in __all__:
        from hyperliquid_perpetual.sandbox import sandbox

        return getattr(sandbox, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
