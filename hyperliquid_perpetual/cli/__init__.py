"""The operator's command, `hyperliquid-perpetual`: parses, calls, prints. One module for each group of commands."""

from hyperliquid_perpetual.cli import (  # noqa: F401 - they add their commands
    acceptance,
    demo,
    doctor,
    home,
    report,
    sandbox,
    switching,
)
from hyperliquid_perpetual.cli.application import app as app
from hyperliquid_perpetual.cli.application import main as main
