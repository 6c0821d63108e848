"""What stands between two random numbers: objects that write down how they stand, as something that JSON can hold."""

from array import array
from base64 import b64decode, b64encode
from random import Random
from typing import Any, ClassVar


class Remembering:
    """Writes down its random numbers and the attributes that it names, and takes them over again."""

    _remembers: ClassVar[tuple[str, ...]] = ()
    """Attributes that change while it lives: numbers, flags, None, and lists of them."""
    _random: Random

    def dump(self) -> dict[str, Any]:
        """How it stands."""
        return {"random": dump_random(self._random), **{name: getattr(self, name) for name in self._remembers}}

    def load(self, dumped: dict[str, Any]) -> None:
        """Stand as it did when it was dumped."""
        load_random(self._random, dumped["random"])
        for name in self._remembers:
            setattr(self, name, dumped[name])


def dump_random(random: Random) -> list[Any]:
    """The state of a generator of random numbers."""
    version, numbers, following = random.getstate()
    return [version, b64encode(array("I", numbers).tobytes()).decode(), following]


def load_random(random: Random, dumped: list[Any]) -> None:
    """Go on with the random numbers that `dump_random` wrote down."""
    version, numbers, following = dumped
    found = array("I")
    found.frombytes(b64decode(numbers))
    random.setstate((version, tuple(found), following))
