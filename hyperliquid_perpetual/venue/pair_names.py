"""Names of trading pairs as people and other programs write them: with the wrong case, or nearly right.

The venue's names have a case of their own (``kPEPE``, ``xyz:TSLA``), and over unknown ones it hangs up (section 8.1):
it is only ever told its own spelling. Hummingbot writes some names in capitals before it looks them up or stores
them. A name in the wrong case is taken for the one it can only mean; where there are two, it means neither.
"""

import difflib
from collections.abc import Iterable
from typing import Any


def fold(name: str) -> str:
    """What spellings of one name have in common."""
    return name.casefold()


def unambiguous(names: Iterable[str]) -> dict[str, str]:
    """The folded form of every name that shares it with no other."""
    found: dict[str, str | None] = {}
    for name in names:
        key = fold(name)
        found[key] = None if found.get(key, name) != name else name
    return {key: name for key, name in found.items() if name is not None}


def near_matches(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known pairs that the given one may have been meant for, best first.

    The same market on other dexs comes first, then markets whose names look alike; the quote tells nothing.
    """
    names = list(known)
    bases = {each: _base(each) for each in names}
    wanted = _base(name)
    same = [each for each in names if bases[each] == wanted]
    ends_alike = [each for each in names if bases[each].removeprefix("k") == wanted.removeprefix("k")]
    look_alike = difflib.get_close_matches(wanted, set(bases.values()), n=count, cutoff=0.75)
    alike = [each for close in look_alike for each in names if bases[each] == close]
    return list(dict.fromkeys(sorted(same) + ends_alike + alike))[:count]


def _base(pair: str) -> str:
    """What is traded, without dex and quote."""
    return fold(pair).partition("-")[0].rpartition(":")[2]


class FoldingDict[V](dict[str, V]):
    """A dictionary by name that also answers to a name in the wrong case, if that can only mean one of its keys.

    Keys stay as they were given: iterating, storing and removing go by them exactly. The exact key always wins.
    """

    __slots__ = ("_spellings",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spellings: dict[str, str] | None = None

    def spelling(self, name: object) -> str | None:
        """The key that a name stands for; None when there is none, or more than one in another case."""
        if super().__contains__(name):
            return str(name)
        if not isinstance(name, str):
            return None
        # In one step each: other threads may read, and the keeper change, at the same time.
        spellings = self._spellings
        if spellings is None:
            spellings = self._spellings = unambiguous(list(self))
        return spellings.get(fold(name))

    def __missing__(self, name: str) -> V:
        key = self.spelling(name)
        if key is None:
            raise KeyError(name)
        return self[key]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.spelling(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """The value of the name, or the default."""
        key = self.spelling(name)
        return default if key is None else self[key]

    # Whatever changes the keys makes the spellings be looked up anew.

    def __setitem__(self, name: str, value: V) -> None:
        self._spellings = None
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._spellings = None
        super().__delitem__(name)

    def pop(self, *args: Any) -> Any:
        """Removes exactly this key."""
        self._spellings = None
        return super().pop(*args)

    def popitem(self) -> tuple[str, V]:
        """Removes the newest key."""
        self._spellings = None
        return super().popitem()

    def clear(self) -> None:
        """Removes all keys."""
        self._spellings = None
        super().clear()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Stores keys exactly as they are given."""
        self._spellings = None
        super().update(*args, **kwargs)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of exactly this key, stored if there was none."""
        self._spellings = None
        return super().setdefault(name, default)

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self._spellings = None
        return super().__ior__(other)

    def copy(self) -> "FoldingDict[V]":
        """Another one of the kind."""
        return FoldingDict(self)
