"""Every claim of the page about security has a test, and the tests that it names exist."""

from tests.unit.claims import ROOT, claims_of, functions_of, lines_that_are_no_claims, missing_tests

PAGE = ROOT / "docs" / "security.md"


def test_every_claim_has_a_test() -> None:
    assert len(claims_of(PAGE)) > 25
    assert [number for number, tests in claims_of(PAGE).items() if not tests] == []


def test_every_line_of_a_table_is_a_claim() -> None:
    assert lines_that_are_no_claims(PAGE) == []


def test_every_test_that_is_named_exists() -> None:
    assert missing_tests(PAGE) == []


def test_every_test_of_security_is_named() -> None:
    named = {name for tests in claims_of(PAGE).values() for name in tests}
    there = {
        f"security/{path.name}::{name}"
        for path in (ROOT / "tests" / "security").glob("test_*.py")
        for name in functions_of(path)
        if name.startswith("test_")
    }
    assert there - named == set()
