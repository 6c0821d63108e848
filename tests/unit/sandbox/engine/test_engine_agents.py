"""Agents: who may sign for whom, for how long, and who is replaced."""

import pytest

from hyperliquid_perpetual.sandbox.engine.account_commands import CreateSubAccount, SendAsset
from hyperliquid_perpetual.sandbox.engine.commands import ApproveAgent, Deposit
from hyperliquid_perpetual.sandbox.engine.events import AgentApproved, AgentRemoved
from hyperliquid_perpetual.sandbox.engine.records import Agent
from tests.unit.sandbox.engine.venue import ALICE, BOB, BTC, DAVE, Venue, money

DAY = 86_400_000
ONE, TWO, THREE, FOUR = (f"0x{digit * 40}" for digit in "1234")


def approve(venue: Venue, account: str, agent: str, name: str = "", valid_until: int | None = None) -> str | None:
    """Ask for an agent; returns the error."""
    return venue.reply(ApproveAgent(account, agent, name, valid_until)).error


def test_agent_finds_its_master_until_it_expires() -> None:
    venue = Venue()
    assert approve(venue, ALICE, ONE, "bot", venue.now + DAY) is None
    assert venue.exchange.master_of(ONE, venue.now) == ALICE
    assert venue.exchange.master_of(ONE, venue.now + DAY - 1) == ALICE
    assert venue.exchange.master_of(ONE, venue.now + DAY) is None
    assert venue.exchange.master_of(TWO, venue.now) is None


def test_agent_without_expiry_lives_180_days() -> None:
    venue = Venue()
    assert approve(venue, ALICE, ONE) is None
    assert venue.account(ALICE).agents[""].valid_until == venue.now + 180 * DAY


def test_new_agent_of_a_name_replaces_the_old_one() -> None:
    venue = Venue()
    approve(venue, ALICE, ONE)
    approve(venue, ALICE, TWO, "bot")
    assert approve(venue, ALICE, THREE) is None
    told = next(event for event in venue.events if isinstance(event, AgentApproved))
    assert (told.agent.address, told.replaced) == (THREE, ONE)
    assert venue.exchange.master_of(ONE, venue.now) is None
    assert venue.exchange.master_of(TWO, venue.now) == ALICE
    assert venue.exchange.master_of(THREE, venue.now) == ALICE


def test_renewing_an_agent_replaces_nobody() -> None:
    venue = Venue()
    approve(venue, ALICE, ONE, "bot", venue.now + DAY)
    assert approve(venue, ALICE, ONE, "bot", venue.now + 2 * DAY) is None
    told = next(event for event in venue.events if isinstance(event, AgentApproved))
    assert told.replaced is None
    assert venue.exchange.master_of(ONE, venue.now + DAY) == ALICE


def test_three_named_agents_are_the_most_and_expired_ones_make_room() -> None:
    venue = Venue()
    approve(venue, ALICE, ONE, "a", venue.now + DAY)
    approve(venue, ALICE, TWO, "b")
    approve(venue, ALICE, THREE, "c")
    assert approve(venue, ALICE, DAVE) is None  # the unnamed one does not count
    assert "Too many agents" in str(approve(venue, ALICE, FOUR, "d"))
    venue.tick(venue.now + DAY)
    assert approve(venue, ALICE, FOUR, "d") is None
    assert sorted(venue.account(ALICE).agents) == ["", "b", "c", "d"]


def test_agent_of_one_account_cannot_become_that_of_another_while_it_lives() -> None:
    venue = Venue()
    approve(venue, ALICE, ONE, "bot", venue.now + DAY)
    assert approve(venue, BOB, ONE) == "Agent address is already in use."
    assert approve(venue, ALICE, ONE, "other") == "Agent address is already in use."
    venue.tick(venue.now + DAY)
    assert approve(venue, BOB, ONE) is None
    assert venue.exchange.master_of(ONE, venue.now) == BOB
    assert venue.account(ALICE).agents == {}


@pytest.mark.parametrize(
    ("agent", "name", "days", "error"),
    [
        (ONE, "a" * 17, 1, "at most 16 characters"),
        (BOB, "bot", 1, "an account of its own"),
        (ONE, "bot", 0, "expire in the future"),
        (ONE, "bot", -1, "expire in the future"),
        (ONE, "bot", 181, "within 180 days"),
    ],
)
def test_impossible_agent_is_refused(agent: str, name: str, days: int, error: str) -> None:
    venue = Venue()
    assert error in str(approve(venue, ALICE, agent, name, venue.now + days * DAY))
    assert venue.exchange.master_of(agent, venue.now) is None
    assert venue.account(ALICE).agents == {}


def test_agent_of_the_longest_name_may_live_for_exactly_180_days() -> None:
    venue = Venue()
    error = "Agent must expire in the future, and within 180 days."
    for valid_until, expected in ((0, error), (1, None), (180 * DAY, None), (180 * DAY + 1, error)):
        assert approve(venue, ALICE, ONE, "x" * 16, venue.now + valid_until) == expected
    assert approve(venue, ALICE, TWO, "x" * 17) == "Agent name must have at most 16 characters."
    assert approve(venue, ALICE, BOB) == f"Agent address {BOB} is an account of its own."
    assert venue.account(ALICE).agents == {"x" * 16: Agent(ONE, "x" * 16, venue.now + 180 * DAY)}


def test_agents_are_remembered_after_they_ended() -> None:
    venue = Venue()
    assert not venue.exchange.was_agent(ONE)
    approve(venue, ALICE, ONE)
    assert venue.exchange.was_agent(ONE)
    approve(venue, ALICE, TWO)
    assert venue.exchange.master_of(ONE, venue.now) is None
    assert [venue.exchange.was_agent(address) for address in (ONE, TWO, ALICE)] == [True, True, False]


def test_each_sub_account_is_good_for_two_more_agents() -> None:
    venue = Venue()
    for number in range(3):
        assert approve(venue, ALICE, f"0x{number:040x}", f"bot {number}") is None
    assert approve(venue, ALICE, ONE, "more") == "Too many agents: at most 3 named ones."
    venue.apply(CreateSubAccount(ALICE, "sub"))
    assert approve(venue, ALICE, ONE, "more") is None
    assert approve(venue, ALICE, TWO, "yet more") is None
    assert approve(venue, ALICE, THREE, "too much") == "Too many agents: at most 5 named ones."


def test_agents_end_with_the_last_of_the_money() -> None:
    venue = Venue(BTC, deposits=100)
    approve(venue, ALICE, ONE)
    approve(venue, ALICE, TWO, "bot")
    venue.now += 1
    venue.apply(SendAsset(ALICE, BOB, "", "", "USDC", money(99)))
    assert venue.exchange.master_of(TWO, venue.now) == ALICE
    venue.apply(SendAsset(ALICE, BOB, "", "", "USDC", money(1)))
    ended = {
        (event.time, event.account, event.agent.address) for event in venue.events if isinstance(event, AgentRemoved)
    }
    assert ended == {(venue.now, ALICE, ONE), (venue.now, ALICE, TWO)}
    assert venue.exchange.master_of(ONE, venue.now) is None
    venue.apply(Deposit(ALICE, money(100)))
    assert venue.exchange.master_of(TWO, venue.now) is None, "what ended does not come back with the money"
    assert approve(venue, ALICE, TWO, "bot") is None


def test_agents_stay_while_there_is_money_anywhere() -> None:
    venue = Venue(BTC, deposits=100)
    approve(venue, ALICE, ONE)
    venue.apply(SendAsset(ALICE, ALICE, "", "spot", "USDC", money(100)))
    assert venue.exchange.master_of(ONE, venue.now) == ALICE


def test_who_ever_was_an_agent_is_known_for_good() -> None:
    venue = Venue()
    assert not venue.exchange.was_agent(ONE)
    approve(venue, ALICE, ONE, "bot", venue.now + DAY)
    approve(venue, ALICE, TWO, "bot")
    assert venue.exchange.master_of(ONE, venue.now) is None
    assert venue.exchange.was_agent(ONE)
    assert venue.exchange.was_agent(TWO)
    assert not venue.exchange.was_agent(THREE)
