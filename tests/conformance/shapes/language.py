"""The words that the venue's shapes are written in, and what is found when a value is held against one.

A shape says which keys an object has and in which order, which may be missing or null, which words a text may be, and
how numbers are spelled. It finds everything that is wrong with a value, and it notes every branch that the value has
shown: a field, an optional key there and not there, null and not null, each word, each variant. What a named shape has
shown counts wherever it was used. Nothing here knows the sandbox.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.(?:0|[0-9]*[1-9])")
_LOOSE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(slots=True)
class Findings:
    """What is wrong, and which branches were seen.

    :param ordered: whether the order of keys counts; recordings that were sorted by somebody do not have it.
    :param loose_numbers: whether numbers may be spelled in any way, as in recordings that somebody wrote by hand.
    :param may_lack: keys that older recordings do not have.
    :param may_have: keys that older recordings have on top.
    """

    ordered: bool = True
    loose_numbers: bool = False
    may_lack: frozenset[str] = frozenset()
    may_have: frozenset[str] = frozenset()
    errors: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def wrong(self, path: str, what: str) -> None:
        """Note a mistake."""
        self.errors.append(f"{path}: {what}")

    def aside(self) -> "Findings":
        """The same rules, with nothing found so far."""
        return Findings(self.ordered, self.loose_numbers, self.may_lack, self.may_have)


class Shape:
    """What a value may be. `path` says where it stands, in errors and in branches."""

    def check(self, value: Any, path: str, found: Findings) -> None:
        """Note what is wrong with a value and what it has shown."""
        raise NotImplementedError

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        """Everything that values of this shape can show. `known` are the named shapes that were asked already."""
        yield from ()


class Scalar(Shape):
    """A JSON value of one type, if wanted of one pattern."""

    def __init__(self, what: str, kind: type | tuple[type, ...], pattern: str | None = None) -> None:
        self._what = what
        self._kind = kind
        self._pattern = None if pattern is None else re.compile(pattern)

    def check(self, value: Any, path: str, found: Findings) -> None:
        kinds = self._kind if isinstance(self._kind, tuple) else (self._kind,)
        is_right = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not is_right or (self._pattern is not None and not self._pattern.fullmatch(str(value))):
            found.wrong(path, f"{value!r} is not {self._what}")


class Number(Shape):
    """A number in a text, spelled as floats are printed: ``84143.0``; no exponent, no zero too many (section 1.5)."""

    def check(self, value: Any, path: str, found: Findings) -> None:
        pattern = _LOOSE if found.loose_numbers else _FLOAT
        if not isinstance(value, str) or not pattern.fullmatch(value) or value == "-0.0":
            found.wrong(path, f"{value!r} is not a number in a text as floats are printed")


class Words(Shape):
    """One of some values, texts or JSON literals."""

    def __init__(self, *words: Any) -> None:
        self._words = words

    def check(self, value: Any, path: str, found: Findings) -> None:
        if not any(value == word and type(value) is type(word) for word in self._words):
            found.wrong(path, f"{value!r} is none of {self._words}")
        else:
            found.seen.add(f"{path} = {value}")

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        return (f"{path} = {word}" for word in self._words)


class Maybe(Shape):
    """Null, or something."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def check(self, value: Any, path: str, found: Findings) -> None:
        found.seen.add(f"{path} is {'null' if value is None else 'not null'}")
        if value is not None:
            self._shape.check(value, path, found)

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        yield from (f"{path} is null", f"{path} is not null")
        yield from self._shape.branches(path, known)


@dataclass(frozen=True, slots=True)
class Optional:
    """The shape of a key that may be missing."""

    shape: Shape


class Obj(Shape):
    """An object with these keys, in this order, and no others."""

    def __init__(self, **fields: Shape | Optional) -> None:
        self.fields = fields

    def check(self, value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.wrong(path, f"{value!r} is not an object")
            return
        for key in value:
            if key not in self.fields and key not in found.may_have:
                found.wrong(path, f"has {key!r}, which is not known")
        for key, entry in self.fields.items():
            place = f"{path}.{key}"
            shape, is_optional = (entry.shape, True) if isinstance(entry, Optional) else (entry, False)
            if key in value:
                if is_optional:
                    found.seen.add(f"{place} present")
                shape.check(value[key], place, found)
            elif is_optional:
                found.seen.add(f"{place} absent")
            elif key not in found.may_lack:
                found.wrong(path, f"lacks {key!r}")
        wanted = [key for key in self.fields if key in value]
        if found.ordered and [key for key in value if key in self.fields] != wanted:
            found.wrong(path, f"has its keys in the order {list(value)}, not {wanted}")

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        for key, entry in self.fields.items():
            place = f"{path}.{key}"
            if isinstance(entry, Optional):
                yield from (f"{place} present", f"{place} absent")
            yield from (entry.shape if isinstance(entry, Optional) else entry).branches(place, known)


class Arr(Shape):
    """A list of any length up to `at_most`; an empty one shows nothing of its items."""

    def __init__(self, item: Shape, at_most: int | None = None) -> None:
        self._item = item
        self._at_most = at_most

    def check(self, value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, list):
            found.wrong(path, f"{value!r} is not a list")
            return
        if self._at_most is not None and len(value) > self._at_most:
            found.wrong(path, f"has {len(value)} items, more than {self._at_most}")
        if value:
            found.seen.add(f"{path}[] has items")
        for item in value:
            self._item.check(item, f"{path}[]", found)

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        yield f"{path}[] has items"
        yield from self._item.branches(f"{path}[]", known)


class Tup(Shape):
    """A list of exactly these items."""

    def __init__(self, *items: Shape) -> None:
        self._items = items

    def check(self, value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, list) or len(value) != len(self._items):
            found.wrong(path, f"{value!r} is not a list of {len(self._items)}")
            return
        for number, (shape, item) in enumerate(zip(self._items, value, strict=True)):
            shape.check(item, f"{path}[{number}]", found)

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        for number, shape in enumerate(self._items):
            yield from shape.branches(f"{path}[{number}]", known)


class Map(Shape):
    """An object whose keys are data."""

    def __init__(self, item: Shape, key: str = r".+") -> None:
        self._item = item
        self._key = re.compile(key)

    def check(self, value: Any, path: str, found: Findings) -> None:
        if not isinstance(value, dict):
            found.wrong(path, f"{value!r} is not an object")
            return
        if value:
            found.seen.add(f"{path}{{}} has items")
        for key, item in value.items():
            if not self._key.fullmatch(key):
                found.wrong(path, f"{key!r} is no such key")
            self._item.check(item, f"{path}{{}}", found)

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        yield f"{path}{{}} has items"
        yield from self._item.branches(f"{path}{{}}", known)


class OneOf(Shape):
    """One of several shapes, each with a name."""

    def __init__(self, **variants: Shape) -> None:
        self._variants = variants

    def check(self, value: Any, path: str, found: Findings) -> None:
        tried: list[tuple[str, Findings]] = []
        for name, shape in self._variants.items():
            aside = found.aside()
            shape.check(value, f"{path}<{name}>", aside)
            if not aside.errors:
                found.seen |= aside.seen | {f"{path} as {name}"}
                return
            tried.append((name, aside))
        _, closest = min(tried, key=lambda entry: len(entry[1].errors))
        found.errors += closest.errors

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        for name, shape in self._variants.items():
            yield f"{path} as {name}"
            yield from shape.branches(f"{path}<{name}>", known)


class Named(Shape):
    """A shape that stands in several places; what it shows counts once for all of them."""

    def __init__(self, name: str, shape: Shape | None = None) -> None:
        self._name = name
        self.shape = shape

    def check(self, value: Any, path: str, found: Findings) -> None:
        assert self.shape is not None
        before = len(found.errors)
        self.shape.check(value, self._name, found)
        for index in range(before, len(found.errors)):
            found.errors[index] = f"{path} > {found.errors[index]}"

    def branches(self, path: str, known: set[str]) -> Iterator[str]:
        if self._name not in known:
            known.add(self._name)
            assert self.shape is not None
            yield from self.shape.branches(self._name, known)


class Anything(Shape):
    """What is looked at elsewhere."""

    def check(self, value: Any, path: str, found: Findings) -> None:
        pass


def all_branches(shapes: Iterable[tuple[str, Shape]]) -> set[str]:
    """Everything that values of these named shapes can show; that each was there at all is one of them."""
    known: set[str] = set()
    found: set[str] = set()
    for name, shape in shapes:
        found.add(f"{name} seen")
        found.update(shape.branches(name, known))
    return found


TEXT = Scalar("a text", str)
WHOLE = Scalar("a whole number", int)
COUNT = Scalar("a whole number from 0 on", int, r"[0-9]+")
TIME = Scalar("a time in Unix milliseconds", int, r"[0-9]{13}|0")
REAL = Scalar("a JSON number", (int, float))
FLAG = Scalar("true or false", bool)
TRUE = Words(True)
ADDRESS = Scalar("an address in lower case", str, r"0x[0-9a-f]{40}")
HASH = Scalar("a hash", str, r"0x[0-9a-f]{64}")
CLOID = Scalar("a cloid", str, r"0x[0-9a-f]{32}")
COIN = Scalar("the name of a market", str, r"(?:[a-z0-9]+:)?[A-Za-z0-9/@+#]+")
NUMBER = Number()
EMPTY = Obj()
