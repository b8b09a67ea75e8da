import random
import time

from market.binance.limits import (
    Backoff,
    ConnectBudget,
    MessageLimiter,
    Timings,
    WeightBudget,
)


def test_requests_may_spend_half_of_what_the_host_allows() -> None:
    budget = WeightBudget(per_minute=100)

    budget.observe(45)

    assert budget.pause_s(5) == 0
    assert 0 < budget.pause_s(6) <= 60


def test_requests_under_way_count_before_the_host_has_counted_them() -> None:
    budget = WeightBudget(per_minute=100)

    with budget.spending(40):
        pause_meanwhile = budget.pause_s(20)
    pause_afterwards = budget.pause_s(20)

    assert pause_meanwhile > 0
    assert pause_afterwards == 0


def test_what_other_programs_spend_counts_too() -> None:
    budget = WeightBudget(per_minute=6000)
    budget.pause_s(1)

    budget.observe(5900)

    assert budget.pause_s(1) > 0


def test_a_new_minute_of_the_host_frees_the_budget() -> None:
    budget = WeightBudget(per_minute=100)
    budget.pause_s(1)
    budget.observe(50)

    budget.observe(3)

    assert budget.pause_s(20) == 0


def test_a_question_larger_than_the_budget_may_be_asked_alone() -> None:
    budget = WeightBudget(per_minute=100)

    assert budget.pause_s(80) == 0


async def test_messages_never_burst() -> None:
    limiter = MessageLimiter(gap_s=0.02)
    began_s = time.monotonic()

    for _ in range(4):
        await limiter.turn()

    assert time.monotonic() - began_s >= 3 * 0.02


def test_connects_are_capped_whatever_their_reason() -> None:
    budget = ConnectBudget(Timings(connects=2, connects_window_s=300))

    budget.note()
    pause_before_the_second = budget.pause_s()
    budget.note()

    assert pause_before_the_second == 0
    assert 299 < budget.pause_s() <= 300


def test_pauses_grow_up_to_a_cap_and_are_never_zero() -> None:
    backoff = Backoff(Timings(), random.Random(7))

    pauses = [backoff.next_s() for _ in range(200)]

    assert min(pauses) >= 0.25
    assert pauses[0] <= 0.5
    assert 20 < max(pauses) <= 30


def test_only_a_connection_that_lasted_resets_the_pauses() -> None:
    backoff = Backoff(Timings(), random.Random(7))
    for _ in range(10):
        backoff.next_s()

    backoff.lived(59.0)
    after_a_short_life = [backoff.next_s() for _ in range(20)]
    backoff.lived(60.0)
    after_a_healthy_one = backoff.next_s()

    assert max(after_a_short_life) > 5
    assert after_a_healthy_one <= 0.5
