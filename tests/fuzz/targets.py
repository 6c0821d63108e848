"""All targets of fuzzing by their names, and how one input is tried: nothing raised, in time, within memory."""

import resource
import time
from pathlib import Path

from tests.fuzz import connector_file_targets, connector_targets, file_targets, sandbox_targets
from tests.fuzz.target import Target

CORPUS = Path(__file__).parent / "corpus"
"""Inputs that were findings once, or are the kind that could be: one folder for each target."""
SLOWEST_SECONDS = 5.0
"""Processor time that no input may take. The slowest, nested YAML, takes a fifth of it, all others a twentieth."""
MEMORY_BYTES = 300 * 2**20
"""What trying all inputs of a target may add to the memory of the process."""
RENEWED_EVERY = 150

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        *connector_targets.TARGETS,
        *connector_file_targets.TARGETS,
        *sandbox_targets.TARGETS,
        *file_targets.TARGETS,
    )
}


class TooSlow(AssertionError):
    """An input has taken more time than any may."""


def attempt(target: Target, data: bytes) -> None:
    """Try one input.

    :raises TooSlow: when it took too long; anything else that is raised is what the target raised.
    """
    began = time.process_time()
    target.run(data)
    taken = time.process_time() - began
    if taken > SLOWEST_SECONDS:
        raise TooSlow(f"{len(data)} bytes took {target.name} {taken:.1f} s")


def peak_memory() -> int:
    """The most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def corpus(name: str) -> list[Path]:
    """The committed inputs of a target."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())
