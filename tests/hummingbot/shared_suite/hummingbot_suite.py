"""Hummingbot's shared suite of perpetual connectors, imported whole.

It is part of the released package, but for one helper, which its modules import as a top-level module of Hummingbot's
repository. Ours stands in while they are imported.
"""

import sys

from tests.hummingbot.shared_suite import asyncio_test_case

_HELPER = "test.isolated_asyncio_wrapper_test_case"

sys.modules[_HELPER] = asyncio_test_case
try:
    from hummingbot.connector.test_support.perpetual_derivative_test import AbstractPerpetualDerivativeTests
finally:
    del sys.modules[_HELPER]

__all__ = ["AbstractPerpetualDerivativeTests"]
