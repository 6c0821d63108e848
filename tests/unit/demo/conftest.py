"""The Python files of conf/, which belong to no package until they are in a bot home, as modules."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

CONF = Path(__file__).resolve().parents[3] / "conf"


def load(path: str) -> ModuleType:
    """The module in a file of conf/. Hummingbot looks modules up by name, so it is registered."""
    name = "conf_" + Path(path).stem
    spec = importlib.util.spec_from_file_location(name, CONF / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def inventory_quotes() -> ModuleType:
    """The market-making controller."""
    return load("controllers/market_making/inventory_quotes.py")


@pytest.fixture(scope="session")
def v2_with_controllers() -> ModuleType:
    """The script that runs controllers."""
    return load("scripts/v2_with_controllers.py")
