"""Requests of other processes are answered once each, whatever they hold."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from desk import door
from store.errors import StoreBusy
from store.ledger import Ledger
from tests.desk.desks import Desk
from tests.feeds import START_MS


@pytest.fixture
async def served(start: Callable[[], Awaitable[Desk]]) -> AsyncIterator[Desk]:
    """A desk that answers at its door."""
    desk = await start()
    serving = asyncio.create_task(door.serve(desk.session))
    yield desk
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


async def ask(other: Ledger, kind: str, payload: object) -> dict[str, object]:
    number = await other.post_command(kind, json.dumps(payload), START_MS)
    async with asyncio.timeout(5):
        while (reply := await other.command_reply(number)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    answer: dict[str, object] = json.loads(reply)
    return answer


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("dance", {}),
        ("close", {}),
        ("close", {"trade_id": "one"}),
        ("open", {}),
        ("signals", {"text": 5, "format": "json"}),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_and_the_next_one_answered(
    served: Desk, kind: str, payload: object
) -> None:
    other = await Ledger.open(served.database)

    refused = await ask(other, kind, payload)
    after = await ask(other, "close", {"trade_id": 9})
    await other.close()

    assert refused["error"] == "bad_command"
    assert str(refused["message"]).endswith(".")
    assert after["error"] == "not_open"


async def test_a_request_is_answered_late_when_the_books_could_not_be_read_at_first(
    start: Callable[[], Awaitable[Desk]], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await start()
    other = await Ledger.open(desk.database)
    number = await other.post_command("close", '{"trade_id": 9}', START_MS)
    looked: list[int] = []
    monkeypatch.setattr(door, "POLL_S", 0.01)
    # Another program holds the file at the very moment of the look.
    reads = desk.ledger.signals_since

    async def locked_once(arrival: int) -> object:
        looked.append(arrival)
        if len(looked) == 1:
            raise StoreBusy("The database is locked.")
        return await reads(arrival)

    monkeypatch.setattr(desk.ledger, "signals_since", locked_once)
    serving = asyncio.create_task(door.serve(desk.session))
    async with asyncio.timeout(5):
        while await other.command_reply(number) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    serving.cancel()
    await other.close()

    assert len(looked) >= 2
