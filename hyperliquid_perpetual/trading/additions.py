"""What is added to Hummingbot's own registries while they are loaded: candles and rates of all our networks.

Hummingbot keeps the names of candles feeds and of rate sources in dictionaries of its own, which know mainnet alone.
Nothing of Hummingbot's is changed on disk: without the plugin the dictionaries are what they were.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from pydantic import Field, create_model


def add_candles(module: ModuleType) -> None:
    """Registers our feeds with the candles factory. Ours take mainnet's name too.

    The stock feed opens a socket for each pair and interval, of which an address may have ten; counts each request as
    one of 1,200 when it costs 20 and more; asks for the metadata (20) with each look at the network; and asks for names
    in the wrong case, at which the venue hangs up.
    """
    from .candles_feed import CANDLES

    module.CandlesFactory._candles_map.update(CANDLES)


def add_rate_sources(module: ModuleType) -> None:
    """Registers our sources with the rate oracle."""
    from .rate_source import RATES

    module.RATE_ORACLE_SOURCES.update(RATES)


def add_rate_choices(module: ModuleType) -> None:
    """Lets ``config rate_oracle_source`` choose them."""
    from .rate_source import RATES

    # Made of the one that Hummingbot has for mainnet, because only kinds of what it knows are valid values there.
    base: Any = module.HyperliquidPerpetualRateSourceMode
    for name in RATES:
        if name not in module.RATE_SOURCE_MODES:
            mode = create_model(
                "".join(map(str.capitalize, name.split("_"))) + "RateSourceMode",
                __base__=base,
                __module__=__name__,
                name=(str, Field(default=name)),
            )
            mode.model_config["title"] = name
            module.RATE_SOURCE_MODES[name] = mode


ADDITIONS: dict[str, Callable[[ModuleType], None]] = {
    "hummingbot.data_feed.candles_feed.candles_factory": add_candles,
    "hummingbot.core.rate_oracle.rate_oracle": add_rate_sources,
    "hummingbot.client.config.client_config_map": add_rate_choices,
}
