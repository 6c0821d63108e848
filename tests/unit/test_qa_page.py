"""Every point of Hummingbot's checks for connectors has a test, and the tests that the page names exist."""

from tests.unit.claims import ROOT, claims_of, lines_that_are_no_claims, missing_tests

PAGE = ROOT / "docs" / "qa.md"


def test_every_point_has_a_test() -> None:
    assert len(claims_of(PAGE)) == 25
    assert [number for number, tests in claims_of(PAGE).items() if not tests] == []


def test_every_line_of_a_table_is_a_point() -> None:
    assert lines_that_are_no_claims(PAGE) == []


def test_every_test_that_is_named_exists() -> None:
    assert missing_tests(PAGE) == []
