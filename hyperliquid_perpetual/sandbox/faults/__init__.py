"""Faults on demand: what can go wrong, how it is asked for, and how it is done to requests, frames and sockets.

`kinds` is the table of all of them, `specification` and `plan` are what was asked for, `faults.Faults` is what a
running exchange has.
"""

from hyperliquid_perpetual.sandbox.faults.faults import Faults
from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.plan import FaultPlan, RandomFaults
from hyperliquid_perpetual.sandbox.faults.specification import Fault, InvalidFault, make_fault, parse_fault

__all__ = ["KINDS", "Fault", "FaultPlan", "Faults", "InvalidFault", "RandomFaults", "make_fault", "parse_fault"]
