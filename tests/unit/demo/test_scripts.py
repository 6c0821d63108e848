"""What all scripts of conf/ have in common: Hummingbot ticks on while it is stopping, and nothing may begin then."""

import inspect
from typing import Any

import pytest
from hummingbot.strategy.strategy_v2_base import StrategyV2Base, StrategyV2ConfigBase

from tests.unit.demo.conftest import CONF, load

SCRIPTS = sorted(file.name for file in (CONF / "scripts").glob("*.py"))


def member(name: str, base: type) -> Any:
    """The script's own class of a kind; Hummingbot finds them the same way, so there must be one of each."""
    module = load(f"scripts/{name}")
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, base)]
    own = [kind for kind in found if kind.__module__ == module.__name__]
    assert len(own) == 1
    return own[0]


@pytest.mark.parametrize("name", [name for name in SCRIPTS if name != "v2_with_controllers.py"])
def test_a_script_that_is_being_stopped_does_nothing_on_a_tick(name: str) -> None:
    script = member(name, StrategyV2Base)
    # Without anything that it could act on: any attempt raises.
    bare = script.__new__(script)
    bare._is_stop_triggered = True

    bare.on_tick()

    bare._is_stop_triggered = False
    with pytest.raises(AttributeError):
        bare.on_tick()


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_can_be_configured_without_a_word(name: str) -> None:
    assert member(name, StrategyV2ConfigBase)().script_file_name == name
