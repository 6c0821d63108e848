"""The weight budget of an address: never more than the limit in any minute, cancels first."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.budget import Priority, WeightBudget, shared_budget


class Clock:
    """Seconds that only move when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.integers(1, 120), st.sampled_from(list(Priority))), min_size=1, max_size=200
    )
)
def test_no_sixty_seconds_ever_hold_more_than_the_limit(requests: list[tuple[float, int, Priority]]) -> None:
    clock = Clock()
    budget = WeightBudget(limit=300, clock=clock)
    spent: list[tuple[float, int]] = []
    for wait, weight, priority in requests:
        clock.now += wait
        if budget.try_acquire(weight, priority):
            spent.append((clock.now, weight))
        window = sum(weight for at, weight in spent if at > clock.now - 60)
        assert window <= 300
        assert window <= budget.used


def test_reads_leave_room_for_orders_and_orders_for_cancels() -> None:
    budget = WeightBudget(limit=300, clock=Clock())
    while budget.try_acquire(20, Priority.READ):
        pass
    assert budget.used == 180
    while budget.try_acquire(1, Priority.ORDER):
        pass
    assert budget.used == 260
    assert not budget.try_acquire(1, Priority.ORDER)
    while budget.try_acquire(1, Priority.CANCEL):
        pass
    assert budget.used == 300


def test_weight_comes_back_after_a_minute() -> None:
    clock = Clock()
    budget = WeightBudget(limit=300, clock=clock)
    assert budget.try_acquire(180, Priority.READ)
    clock.now += 59
    assert not budget.try_acquire(20, Priority.READ)
    clock.now += 2.5
    assert budget.try_acquire(20, Priority.READ)
    assert budget.used == 20


def test_what_an_answer_cost_on_top_is_counted() -> None:
    budget = WeightBudget(limit=300, clock=Clock())
    budget.charge(500)
    assert budget.used == 500
    assert not budget.try_acquire(1, Priority.CANCEL)


def test_back_off_stops_everyone_but_cancels() -> None:
    clock = Clock()
    budget = WeightBudget(clock=clock)
    budget.back_off(5)
    assert not budget.try_acquire(2, Priority.READ)
    assert not budget.try_acquire(1, Priority.ORDER)
    assert budget.try_acquire(1, Priority.CANCEL)
    clock.now += 5
    assert budget.try_acquire(2, Priority.READ)


def test_a_limit_is_only_ever_lowered() -> None:
    budget = WeightBudget(limit=1200, clock=Clock())
    budget.limit_to(600)
    budget.limit_to(900)
    assert budget.limit == 600
    budget.limit_to(0)
    assert budget.limit > 0


async def test_a_waiting_cancel_goes_before_a_waiting_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    budget = WeightBudget(limit=300, clock=clock)
    budget.charge(300)
    order: list[str] = []

    async def acquire(name: str, weight: int, priority: Priority) -> None:
        await budget.acquire(weight, priority)
        order.append(name)

    real_sleep = asyncio.sleep

    async def skip(_seconds: float) -> None:
        clock.now += 0.25
        await real_sleep(0)

    monkeypatch.setattr("hyperliquid_perpetual.trading.budget.asyncio.sleep", skip)
    await asyncio.gather(acquire("read", 2, Priority.READ), acquire("cancel", 1, Priority.CANCEL))
    assert order == ["cancel", "read"]


def test_one_budget_per_host() -> None:
    assert shared_budget("http://one.example") is shared_budget("http://one.example")
    assert shared_budget("http://one.example") is not shared_budget("http://two.example")
