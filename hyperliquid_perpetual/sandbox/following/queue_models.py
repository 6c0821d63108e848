"""How a user's order moves up its queue when others cancel: a decision that public data does not make for us.

A venue's stream says that a level has become smaller, not whose order it was. What was traded is known, and is taken
from the front. What was canceled stood somewhere among the orders that are not the user's; where is for the model.
"""

from collections.abc import Sequence
from typing import Protocol


class QueueModel(Protocol):
    """Says which of the others at a price have canceled."""

    def canceled(self, parts: Sequence[int], size: int) -> Sequence[int]:
        """How many lots leave each part of a level.

        :param parts: the lots of others in the order of the queue: those before the first order of a user, those
            between the first and the second, and so on, at last those behind all. Parts may be 0.
        :param size: the lots that are canceled together, at least 1, at most the sum of the parts.
        :return: for each part how much of `size` leaves it: at least 0, at most the part, `size` in all.
        """
        ...


class Pessimistic:
    """Whoever cancels stood behind: the user moves up by trades alone, until nobody is behind any more."""

    def canceled(self, parts: Sequence[int], size: int) -> Sequence[int]:
        return _from_the_end(parts, size)


class Optimistic:
    """Whoever cancels stood in front."""

    def canceled(self, parts: Sequence[int], size: int) -> Sequence[int]:
        return _from_the_end(parts[::-1], size)[::-1]


class Proportional:
    """Everybody is equally likely to cancel: each part loses its share; what rounding leaves over is from behind."""

    def canceled(self, parts: Sequence[int], size: int) -> Sequence[int]:
        total = sum(parts)
        shares = [part * size // total for part in parts]
        rest = _from_the_end([part - share for part, share in zip(parts, shares, strict=True)], size - sum(shares))
        return [share + more for share, more in zip(shares, rest, strict=True)]


QUEUE_MODELS: dict[str, QueueModel] = {
    "pessimistic": Pessimistic(),
    "proportional": Proportional(),
    "optimistic": Optimistic(),
}
DEFAULT_QUEUE = "proportional"


def queue_model(chosen: str | QueueModel) -> QueueModel:
    """A model by its name, or the one given.

    :raises ValueError: for another name.
    """
    if not isinstance(chosen, str):
        return chosen
    if chosen not in QUEUE_MODELS:
        raise ValueError(f"there is no queue model {chosen!r}; there are {', '.join(QUEUE_MODELS)}")
    return QUEUE_MODELS[chosen]


def spread(model: QueueModel, parts: Sequence[int], size: int) -> Sequence[int]:
    """What a model says, held to its contract.

    :raises ValueError: when it breaks it.
    """
    leaving = model.canceled(parts, size)
    within = len(leaving) == len(parts) and all(0 <= lots <= part for lots, part in zip(leaving, parts, strict=True))
    if not within or sum(leaving) != size:
        raise ValueError(f"{type(model).__name__}.canceled({list(parts)}, {size}) must not answer {list(leaving)}")
    return leaving


def _from_the_end(parts: Sequence[int], size: int) -> list[int]:
    leaving = [0] * len(parts)
    for index in reversed(range(len(parts))):
        leaving[index] = min(parts[index], size)
        size -= leaving[index]
    return leaving
