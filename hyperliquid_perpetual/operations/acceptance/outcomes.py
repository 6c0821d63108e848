"""How the steps of an acceptance run end."""

import enum
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


class Outcome(enum.StrEnum):
    """How a step ended."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    SKIPPED = "skipped"


class StepFailed(Exception):
    """The venue or the connector did something else than it should; the message says what."""


class StepSkipped(Exception):
    """The step cannot be done here; the message says why."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a step that passed has to tell."""

    detail: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step, when it has ended."""

    step: str
    outcome: Outcome
    detail: str
    seconds: float
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AcceptanceReport:
    """A whole run."""

    network: str
    url: str
    pair: str
    account: str
    max_notional: str
    results: Sequence[StepResult]
    is_interrupted: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether no step failed, and the run came to its end."""
        return not self.is_interrupted and all(result.outcome is not Outcome.FAIL for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """How many steps ended how."""
        return {outcome.value: sum(r.outcome is outcome for r in self.results) for outcome in Outcome}

    def as_json(self) -> str:
        """One JSON object."""
        content = {**asdict(self), "passed": self.is_passed, "counts": self.counts}
        return json.dumps(content, indent=2, default=str)
