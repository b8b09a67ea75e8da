"""What a ledger's guard forbids is not done, not even in part."""

import pytest

from store.ledger import Ledger
from tests.feeds import START_MS
from tests.store.desk import desk, load


class Forbidden(Exception):
    """The guard said no."""


def forbid() -> None:
    raise Forbidden


async def test_a_forbidden_commit_stores_nothing(ledger: Ledger) -> None:
    own = await desk(ledger)
    await own.open("BTCUSDT")
    before = await load(ledger)

    ledger.guard = forbid
    with pytest.raises(Forbidden):
        await own.open("ETHUSDT")
    with pytest.raises(Forbidden):
        await own.close(1)

    assert await load(ledger) == before


async def test_requests_are_not_handed_out_to_who_is_forbidden_to_take_them(
    ledger: Ledger,
) -> None:
    number = await ledger.post_command("close", "{}", START_MS)

    ledger.guard = forbid
    with pytest.raises(Forbidden):
        await ledger.pending_commands()
    with pytest.raises(Forbidden):
        await ledger.answer_abandoned("{}")
    ledger.guard = lambda: None
    [request] = await ledger.pending_commands()

    assert request == (number, "close", "{}", START_MS)


async def test_the_guard_is_asked_for_each_commit(ledger: Ledger) -> None:
    own, asked = await desk(ledger), []
    ledger.guard = lambda: asked.append(True)

    await own.open("BTCUSDT")
    await own.close(1)

    assert len(asked) == 2
