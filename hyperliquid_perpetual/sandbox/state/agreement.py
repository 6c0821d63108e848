"""What a sandbox was asked to be, against what the state file that it resumes says."""

from collections.abc import Mapping
from dataclasses import dataclass

from hyperliquid_perpetual.sandbox.market_set import MarketSet
from hyperliquid_perpetual.sandbox.state.errors import StateError
from hyperliquid_perpetual.sandbox.state.files import Saved
from hyperliquid_perpetual.sandbox.traders.regimes import REGIMES


@dataclass(frozen=True, slots=True)
class Agreement:
    """What counts, and a sentence about each thing that was asked for and is otherwise."""

    seed: int
    market: str
    notices: tuple[str, ...]


def agree(
    saved: Saved, seed: int | None, market: str | None, market_set: MarketSet | None, settings: Mapping[str, object]
) -> Agreement:
    """Seed, markets and settings are the state's; how the markets move can be chosen anew.

    :raises StateError: when the state cannot be what was asked for in code: other markets, or other engine settings.
    """
    header, engine = saved.snapshot.header, saved.snapshot.engine
    notices = []
    if market is None and header.market not in REGIMES:
        # A replay or mirror moved the markets: nothing of it is in the file.
        market = "calm"
    if seed is not None and seed != header.seed:
        notices.append(f"The seed is {header.seed} as in the state file, not {seed}.")
    if market is not None and market != header.market:
        notices.append(
            f"The market is {market} from now on, it was {header.market}: the traders of before have canceled their "
            "orders, new ones begin at the last prices."
        )
    listed = saved.snapshot.market_set.by_coin
    unknown = sorted(set() if market_set is None else market_set.by_coin.keys() - listed.keys())
    if unknown:
        raise StateError(f"The state file lists other markets: {', '.join(unknown)} are not in it. Use another file.")
    for name, value in settings.items():
        kept = getattr(engine.config, name)
        if kept != value:
            raise StateError(f"The state file was made with {name}={kept!r}, not {value!r}. Use another file.")
    return Agreement(header.seed, header.market if market is None else market, tuple(notices))
