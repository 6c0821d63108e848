"""The engine as bytes and back: one pickle of the living objects, and apart from it the histories.

The engine is a graph of objects that know each other, and pickle is the one format that writes such a graph as it is,
quickly enough to do it between two blocks. A pickle can also name any function of any module, and a state file may come
from somebody else, so reading is narrow: `_Unpickler` admits the classes that the engine and the market set define,
which do no input or output, and nothing else.

Histories (deques of finished orders, fills, trades ...) hold immutable records, and nearly all the bytes. The pickle
has placeholders in their stead; their records are copied by reference and can be written later, while the engine goes
on.
"""

import importlib
import io
import pickle
import pkgutil
from collections import deque
from dataclasses import dataclass
from enum import Enum
from functools import cache
from hashlib import blake2b
from types import MethodType
from typing import Any, get_args

import msgspec

from hyperliquid_perpetual.sandbox import engine
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.records import (
    Fill,
    FundingPayment,
    FundingRate,
    LedgerUpdate,
    OrderRecord,
    Trade,
    TwapRecord,
)
from hyperliquid_perpetual.sandbox.engine.state import OrderHistory
from hyperliquid_perpetual.sandbox.engine.treasury import Treasury
from hyperliquid_perpetual.sandbox.market_character import Character
from hyperliquid_perpetual.sandbox.market_set import Dex, Listing, MarketSet
from hyperliquid_perpetual.sandbox.state.errors import StateError

Record = Fill | OrderRecord | FundingPayment | LedgerUpdate | Trade | FundingRate | TwapRecord
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Record)}
_DECODERS = {name: msgspec.json.Decoder(list[kind]) for name, kind in _KINDS.items()}  # type: ignore[valid-type]
_ENGINE = engine.__name__ + "."
_MODULES = {
    name: importlib.import_module(name)
    for name in sorted(_ENGINE + found.name for found in pkgutil.iter_modules(engine.__path__))
}
"""All modules of the engine by their names."""
_OUTSIDE = {(cls.__module__, cls.__qualname__): cls for cls in (MarketSet, Dex, Listing, Character)}


@dataclass(slots=True)
class History:
    """The records of one history, the oldest first; `kind` is the name of their class, "" when there are none."""

    kind: str
    records: list[Any]


def decode_records(kind: str, data: bytes) -> list[Any]:
    """The records of a history from their JSON.

    :raises msgspec.DecodeError, KeyError: for what are no such records.
    """
    return _DECODERS[kind].decode(data)


# Stand in a pickle for what is made in another way when it is read; never called.


def _history(number: int, limit: int | None) -> None: ...


def _order_history(number: int, limit: int) -> None: ...


def _collateral(treasury: Treasury) -> None: ...


def dump(exchange: Exchange, markets: MarketSet) -> tuple[bytes, list[History]]:
    """The engine and its market set, and the histories that are to be kept with them.

    :raises StateError: when the engine has something in it that is not its own, such as a fee schedule of a test.
    """
    histories: list[History] = []

    def put_aside(records: list[Any]) -> int:
        histories.append(History(type(records[0]).__name__ if records else "", records))
        return len(histories) - 1

    def reduce_deque(found: deque[Any]) -> Any:
        return _history, (put_aside(list(found)), found.maxlen)

    def reduce_order_history(found: OrderHistory) -> Any:
        return _order_history, (put_aside(found.oldest_first()), found.capacity)

    def reduce_method(found: MethodType) -> Any:
        if isinstance(found.__self__, Treasury) and found.__name__ == "collateral":
            return _collateral, (found.__self__,)
        raise pickle.PicklingError(f"cannot keep {found}")

    file = io.BytesIO()
    pickler = pickle.Pickler(file, protocol=5)
    pickler.dispatch_table = {
        deque: reduce_deque,
        OrderHistory: reduce_order_history,
        MethodType: reduce_method,
    }
    foreign = type(exchange.config.fees)
    if not foreign.__module__.startswith(_ENGINE):
        raise StateError(f"a sandbox with a state file needs fees of its own, {foreign.__qualname__} cannot be kept")
    pickler.dump((exchange, markets))
    return file.getvalue(), histories


class _Unpickler(pickle.Unpickler):
    """Reads what `dump` wrote, and refuses everything else."""

    def __init__(self, data: bytes, histories: list[list[Any]]) -> None:
        super().__init__(io.BytesIO(data))
        self._histories = histories
        self._made = {
            "_history": lambda number, limit: deque(histories[number], limit),
            "_order_history": self._order_history,
            "_collateral": lambda treasury: _checked(treasury, Treasury).collateral,
        }

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name in self._made:
            return self._made[name]
        if (module, name) == ("msgspec._utils", "rebuild"):
            return _rebuild
        if (module, name) in _OUTSIDE:
            return _OUTSIDE[module, name]
        if module in _MODULES:
            found = vars(_MODULES[module]).get(name)
            if isinstance(found, type) and found.__module__ == module:
                return found
        raise StateError(f"it names {module}.{name}, which no state file of the sandbox does")

    def _order_history(self, number: int, limit: int) -> OrderHistory:
        history = OrderHistory(limit)
        for record in self._histories[number]:
            history.add(record)
        return history


def load(data: bytes, histories: list[list[Any]]) -> tuple[Exchange, MarketSet]:
    """What `dump` was given.

    :raises StateError: for anything that is not what `dump` makes; nothing foreign has been run then.
    """
    before = {cls: dict(vars(cls)) for cls in _classes()}
    try:
        loaded = _Unpickler(data, histories).load()
    except StateError:
        raise
    except Exception as error:  # a broken pickle can fail in any way
        raise StateError(f"its engine cannot be read ({error})") from None
    finally:
        # A pickle can set attributes of what it names, which are the classes themselves.
        meddled = [cls for cls, attributes in before.items() if dict(vars(cls)) != attributes]
        for cls in meddled:
            _restore(cls, before[cls])
    if meddled:
        raise StateError(f"it changes the class {meddled[0].__qualname__}, which no state file of the sandbox does")
    if isinstance(loaded, tuple) and len(loaded) == 2:
        exchange, markets = loaded
        if isinstance(exchange, Exchange) and isinstance(markets, MarketSet):
            return exchange, markets
    raise StateError("it does not hold an engine")


@cache
def shape() -> str:
    """A fingerprint of what the engine's objects are made of: files of engines of other shapes cannot be read."""
    text = [f"{cls.__module__}.{cls.__qualname__}:{_attributes(cls)}" for cls in _classes()]
    return blake2b("\n".join(sorted(text)).encode(), digest_size=8).hexdigest()


def _classes() -> list[type[Any]]:
    found: list[type[Any]] = list(_OUTSIDE.values())
    for name, module in _MODULES.items():
        found += [cls for cls in vars(module).values() if isinstance(cls, type) and cls.__module__ == name]
    return found


def _attributes(cls: type[Any]) -> list[str]:
    if issubclass(cls, Enum):
        return sorted(cls.__members__)
    slots = vars(cls).get("__slots__", ())
    return sorted({*([slots] if isinstance(slots, str) else slots), *vars(cls).get("__annotations__", {})})


def _restore(cls: type[Any], attributes: dict[str, Any]) -> None:
    for name in [name for name in vars(cls) if name not in attributes]:
        delattr(cls, name)
    for name, value in attributes.items():
        if vars(cls).get(name) is not value:
            setattr(cls, name, value)


def _rebuild(kind: Any, fields: dict[str, Any]) -> Any:
    """How msgspec writes a Struct whose fields have to be named."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        raise StateError(f"it makes a {kind} in a way in which only records are made")
    return kind(**fields)


def _checked[Kind](value: Any, kind: type[Kind]) -> Kind:
    if not isinstance(value, kind):
        raise StateError(f"it has a {type(value).__name__} where a {kind.__name__} belongs")
    return value
