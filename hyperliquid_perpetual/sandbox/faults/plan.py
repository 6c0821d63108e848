"""A whole plan of faults: what goes wrong when, read from lines, from a TOML file or from JSON."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hyperliquid_perpetual.sandbox.faults.kinds import KINDS
from hyperliquid_perpetual.sandbox.faults.specification import (
    Fault,
    InvalidFault,
    as_json,
    fault_from,
    parse_fault,
    shown,
)

DEFAULT_INTENSITY = 6.0
MOST_INTENSITY = 600.0
_KEYS = ("faults", "random", "seed")
_RANDOM_KEYS = ("seed", "intensity", "only")


@dataclass(frozen=True, slots=True)
class RandomFaults:
    """Faults drawn from a seed: `intensity` of them a minute on average, of all kinds or of those in `only`.

    :raises InvalidFault: for an intensity or a kind that there is not.
    """

    seed: int
    intensity: float = DEFAULT_INTENSITY
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if type(self.seed) is not int:
            raise InvalidFault(f"the seed of random faults is a whole number, got {shown(self.seed)}")
        if type(self.intensity) not in (int, float) or not 0 < self.intensity <= MOST_INTENSITY:
            raise InvalidFault(
                f"the intensity of random faults is how many there are a minute, more than 0 and at most "
                f"{MOST_INTENSITY:g}, got {shown(self.intensity)}"
            )
        for name in self.only:
            if name not in KINDS:
                raise InvalidFault(f"there is no fault {shown(name)}, there are {', '.join(KINDS)}")

    @classmethod
    def from_data(cls, data: object) -> Self:
        """From a seed alone, or a table or object with `seed`, `intensity` and `only`.

        :raises InvalidFault: with what would be valid.
        """
        if isinstance(data, int):
            return cls(data)
        if not isinstance(data, Mapping) or "seed" not in data:
            raise InvalidFault(f"random faults have a seed, and if wanted intensity and only, got {shown(data)}")
        _check_keys("random faults", data, _RANDOM_KEYS)
        only = data.get("only", ())
        if not isinstance(only, list | tuple) or not all(isinstance(name, str) for name in only):
            raise InvalidFault(f"only is a list of kinds of faults, of {', '.join(KINDS)}")
        return cls(data["seed"], data.get("intensity", DEFAULT_INTENSITY), tuple(only))

    def as_json(self) -> dict[str, Any]:
        """As an object that `from_data` takes back."""
        return {"seed": self.seed, "intensity": self.intensity, "only": list(self.only)}


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults with their times, counted from when the plan begins.

    `seed` decides what happens with a chance and which value is corrupted; None takes the exchange's seed.
    """

    faults: tuple[Fault, ...] = ()
    random: RandomFaults | None = None
    seed: int | None = None

    @classmethod
    def from_lines(cls, lines: Iterable[str]) -> Self:
        """One fault a line; see `parse_fault`.

        :raises InvalidFault: with what would be valid.
        """
        return cls(tuple(parse_fault(line) for line in lines))

    @classmethod
    def from_file(cls, path: Path | str) -> Self:
        """A TOML file; see `from_data`.

        :raises InvalidFault: with the file's name, and what would be valid.
        """
        try:
            with Path(path).open("rb") as file:
                data = tomllib.load(file)
        except OSError as error:
            raise InvalidFault(f"cannot read {path}: {error.strerror or error}") from None
        except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of too many digits
            raise InvalidFault(f"{path} is no TOML file: {error}") from None
        try:
            return cls.from_data(data)
        except InvalidFault as invalid:
            raise InvalidFault(f"{path}: {invalid}") from None

    @classmethod
    def from_data(cls, data: object) -> Self:
        """What TOML or JSON say: a plan as a table of `faults`, `random` and `seed`, a list of faults, or one fault.

        :raises InvalidFault: with the number of the fault, and what would be valid.
        """
        if isinstance(data, str) or (isinstance(data, Mapping) and "fault" in data):
            return cls((fault_from(data),))
        if isinstance(data, list):
            return cls(_faults(data))
        if not isinstance(data, Mapping) or not data:
            raise InvalidFault("a plan is a fault, a list of faults, or a table of faults, random and seed")
        _check_keys("a plan", data, _KEYS)
        seed = data.get("seed")
        if seed is not None and type(seed) is not int:
            raise InvalidFault(f"the seed of a plan is a whole number, got {shown(seed)}")
        listed = data.get("faults", [])
        if not isinstance(listed, list):
            raise InvalidFault("the faults of a plan are a list, in TOML each under [[faults]]")
        random = data.get("random")
        return cls(_faults(listed), None if random is None else RandomFaults.from_data(random), seed)

    def __add__(self, other: "FaultPlan") -> "FaultPlan":
        """Both together; of two seeds, or two kinds of random faults, the later counts."""
        seed = self.seed if other.seed is None else other.seed
        return FaultPlan(self.faults + other.faults, other.random or self.random, seed)

    def as_json(self) -> dict[str, Any]:
        """As an object that `from_data` takes back."""
        found: dict[str, Any] = {"faults": [as_json(fault) for fault in self.faults]}
        if self.random is not None:
            found["random"] = self.random.as_json()
        if self.seed is not None:
            found["seed"] = self.seed
        return found


def _faults(listed: list[Any]) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for number, entry in enumerate(listed, 1):
        try:
            found.append(fault_from(entry))
        except InvalidFault as invalid:
            raise InvalidFault(f"fault {number}: {invalid}") from None
    return tuple(found)


def _check_keys(what: str, data: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    for key in data:
        if key not in known:
            raise InvalidFault(f"{what} has no {shown(key)}, only {', '.join(known)}")
