"""What is mutated, and which tests have to notice: the parts of `make mutation`."""

from dataclasses import dataclass

_PACKAGE = "hyperliquid_perpetual"


@dataclass(frozen=True)
class Part:
    """Some modules and the tests that judge their mutants."""

    name: str
    modules: tuple[str, ...]
    """Patterns of file names below the project."""
    tests: tuple[str, ...]
    """Not those that look into the frames of a call: mutmut's own frames are in between."""


PARTS = (
    Part(
        "rules",
        tuple(
            f"{_PACKAGE}/venue/{name}.py"
            for name in ("signing", "nonces", "prices", "numbers", "actions", "client_ids", "replies", "statuses")
        ),
        (
            "tests/unit/venue",
            "tests/conformance/test_official_sdk_signatures.py",
            "tests/conformance/test_published_vectors.py",
        ),
    ),
    Part(
        "orders",
        tuple(
            f"{_PACKAGE}/trading/{name}.py"
            for name in (
                "answers",
                "outcomes",
                "fills",
                "legs",
                "lifecycle",
                "order_tracker",
                "posts",
                "replacements",
                "requests",
            )
        ),
        (
            "tests/unit/trading/test_amended_orders.py",
            "tests/unit/trading/test_answers.py",
            "tests/unit/trading/test_outcomes.py",
            "tests/unit/trading/test_fills_and_funding.py",
            "tests/unit/trading/test_legs.py",
            "tests/unit/trading/test_lifecycle.py",
            "tests/unit/trading/test_order_tracker.py",
            "tests/unit/trading/test_posts.py",
            "tests/unit/trading/test_posts_alone.py",
            "tests/unit/trading/test_replacements.py",
            "tests/unit/trading/test_requests.py",
        ),
    ),
    Part(
        "engine",
        (f"{_PACKAGE}/sandbox/engine/*.py",),
        # Two runs of one mutant agree as well as two of the engine.
        ("tests/unit/sandbox/engine", "--deselect", "tests/unit/sandbox/engine/test_engine_determinism.py"),
    ),
)
