"""Requests of other processes are answered once each, whatever they hold."""

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desk import door
from desk.errors import DeskError, Halted
from desk.requests import as_request
from engine.commands import CancelTrade, CloseTrade, Command, UndoEdit, one_target
from engine.errors import DuplicateTrade, NotOpen, Refused
from engine.model import EntryMode
from engine.sizes import Risk, Stake
from store.commands import MAX_PAYLOAD
from store.errors import StoreBusy
from store.ledger import Ledger
from tests.desk.desks import Desk
from tests.engine.desk import D, order, signal

Start = Callable[[], Awaitable[Desk]]
ORDER = order(stop="95", target="110", stake="1000")


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(door.serve(desk.session))
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def served(start: Start, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A desk that answers at its door."""
    monkeypatch.setattr(door, "POLL_S", 0.01)
    monkeypatch.setattr(door, "ASK_AGAIN_S", 0.01)
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    async with serving(desk):
        yield desk


@pytest.fixture
async def other(served: Desk) -> AsyncIterator[Ledger]:
    """The books as another process has opened them."""
    ledger = await Ledger.open(served.database)
    yield ledger
    await ledger.close()


async def reply_to(other: Ledger, number: int) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while (reply := await other.command_reply(number)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    answer: dict[str, Any] = json.loads(reply)
    return answer


async def ask_raw(database: Path, kind: object, payload: object) -> dict[str, Any]:
    """Write a request into the table past all our code, as any program could."""
    number = write_row(database, kind, payload, time.time_ns() // 1_000_000)
    other = await Ledger.open(database)
    try:
        return await reply_to(other, number)
    finally:
        await other.close()


def write_row(
    database: Path, kind: object, payload: object, created_ms: object, status: str = "PENDING"
) -> int:
    with closing(sqlite3.connect(database)) as db, db:
        row = db.execute(
            "INSERT INTO command (kind, payload, status, created_ms) VALUES (?, ?, ?, ?)",
            (kind, payload, status, created_ms),
        )
        assert row.lastrowid
        return row.lastrowid


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# -- what a window can ask --------------------------------------------------------------------


async def test_a_tickets_own_levels_size_and_note_reach_the_holder(
    served: Desk, other: Ledger
) -> None:
    await served.session.signals.add([signal()])
    command = replace(
        ORDER,
        signal=signal(),
        stop=D("94.5"),
        targets=one_target(D("111.25")),
        size=Stake(D("250.5")),
        note="own mind",
    )

    answer = await door.ask_through(other, *as_request(command))

    [view] = served.session.trade_views()
    assert answer["id"] == view.trade.id
    assert view.trade.signal
    assert view.trade.signal.id == "s1"
    assert (view.trade.stop, view.trade.targets[0].price) == (D("94.5"), D("111.25"))
    assert (view.trade.stake, view.trade.note) == (D("250.5"), "own mind")


async def test_an_order_needs_no_signal(served: Desk, other: Ledger) -> None:
    answer = await door.ask_through(other, *as_request(replace(ORDER, size=Risk(D("0.01")))))

    [view] = served.session.trade_views()
    assert (answer["id"], answer["signal_id"]) == (1, None)
    assert view.trade.symbol == "BTCUSDT"
    assert 1924 < view.trade.stake < 1925  # 5 % of it and two fees are 1 % of 10,000


async def test_what_an_order_leaves_out_is_its_signals(served: Desk, other: Ledger) -> None:
    await served.session.signals.add([signal()])

    answer = await door.ask_through(other, "open", {"signal_id": "s1", "entry": "classic"})

    assert answer["stop"] == "95"
    assert answer["entry_mode"] == EntryMode.CLASSIC


async def test_an_order_that_contradicts_its_signal_is_refused(
    served: Desk, other: Ledger
) -> None:
    await served.session.signals.add([signal()])

    for wrong in ({"symbol": "ETHUSDT"}, {"direction": "SHORT"}):
        with pytest.raises(Refused, match="not the signal's"):
            await door.ask_through(other, "open", {"signal_id": "s1"} | wrong)

    assert served.session.trade_views() == []


async def test_refusals_come_back_as_what_they_were(served: Desk, other: Ledger) -> None:
    await door.ask_through(other, *as_request(ORDER))

    with pytest.raises(DuplicateTrade) as duplicate:
        await door.ask_through(other, *as_request(ORDER))
    with pytest.raises(DuplicateTrade) as at_the_desk:
        await served.session.submit(ORDER)
    with pytest.raises(NotOpen, match="Trade #9 is not open") as not_open:
        await door.ask_through(other, "close", {"trade_id": 9})
    with pytest.raises(Refused, match="no fresh price for ETHUSDT") as refused:
        await door.ask_through(other, *as_request(replace(ORDER, symbol="ETHUSDT")))

    assert str(duplicate.value) == str(at_the_desk.value)
    assert duplicate.value.trade_id == 1
    assert not_open.value.trade_id == 9
    assert refused.value.code == "no_price"


async def test_a_halted_desk_says_so_through_the_door(
    served: Desk, other: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def halted(command: Command) -> None:
        raise Halted("Trading is halted. The disk is full.")

    monkeypatch.setattr(served.session, "submit", halted)

    with pytest.raises(Halted, match="The disk is full"):
        await door.ask_through(other, "close", {"trade_id": 1})


# -- orders that wait, edits, plans -----------------------------------------------------------

LIMIT = {"symbol": "BTCUSDT", "direction": "LONG", "stop": "95", "targets": "110"} | {
    "entry": "limit",
    "price": "99",
    "size": "1000",
}
WIDEN = {"widen": True}


async def test_a_plan_says_what_an_order_would_do_and_stores_nothing(
    served: Desk, other: Ledger
) -> None:
    asked = LIMIT | {"entry": "market", "price": None, "targets": "1R,2R", "trail": "1%"}

    plan = await door.ask_through(other, "plan", asked)

    assert (plan["symbol"], plan["quantity"], plan["fee"]) == ("BTCUSDT", "10", "1")
    assert [target["price"] for target in plan["targets"]] == ["105", "110"]
    assert plan["trailing"]["distance"] == "0.01"
    assert served.session.trade_views() == []


async def test_a_plan_is_refused_as_the_order_would_be(served: Desk, other: Ledger) -> None:
    with pytest.raises(Refused) as refused:
        await door.ask_through(other, "plan", LIMIT | {"stop": "120"})
    with pytest.raises(Refused, match="no fresh price for ETHUSDT"):
        await door.ask_through(other, "plan", LIMIT | {"symbol": "ETHUSDT"})

    assert refused.value.code == "stop_on_wrong_side"


async def test_an_order_can_wait_be_edited_and_be_cancelled_through_the_door(
    served: Desk, other: Ledger
) -> None:
    placed = await door.ask_through(other, "open", LIMIT | {"expires": "2h", "hold": "4h"})
    edited = await door.ask_through(other, "edit", {"trade_id": 1, "stop": "94"} | WIDEN)
    cancelled = await door.ask_through(other, *as_request(CancelTrade(trade_id=1)))

    assert (placed["status"], placed["entry_price"]) == ("PENDING", "99")
    assert placed["expires_ms"] == placed["placed_ms"] + 2 * 3_600_000
    assert (edited["stop"], edited["hold_ms"]) == ("94", 4 * 3_600_000)
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("CANCELLED", "trader")


async def test_an_edit_can_be_undone_through_the_door(served: Desk, other: Ledger) -> None:
    await door.ask_through(other, *as_request(ORDER))

    edited = await door.ask_through(
        other, "edit", {"trade_id": 1, "stop": "96", "targets": "108:50%,runner:50%"}
    )
    undone = await door.ask_through(other, *as_request(UndoEdit(trade_id=1)))

    assert (edited["stop"], edited["stop_reason"]) == ("96", "moved")
    assert [target["price"] for target in edited["targets"]] == ["108"]
    assert (undone["stop"], undone["stop_reason"]) == ("95", "initial")
    assert [target["price"] for target in undone["targets"]] == ["110"]


async def test_a_stop_is_widened_only_by_explicit_choice(served: Desk, other: Ledger) -> None:
    await door.ask_through(other, *as_request(ORDER))

    with pytest.raises(Refused):
        await door.ask_through(other, "edit", {"trade_id": 1, "stop": "90"})
    widened = await door.ask_through(other, "edit", {"trade_id": 1, "stop": "90"} | WIDEN)

    assert widened["stop"] == "90"


async def test_closing_all_closes_what_is_open_and_cancels_what_waits(
    served: Desk, other: Ledger
) -> None:
    served.feed.quote("ETHUSDT", "100", "100")
    await door.ask_through(other, *as_request(ORDER))
    await door.ask_through(other, "open", LIMIT | {"symbol": "ETHUSDT"})

    answer = await door.ask_through(other, "close_all", {})

    assert [trade["status"] for trade in answer["trades"]] == ["CLOSED_MANUAL", "CANCELLED"]
    assert answer["refused"] == []
    assert served.session.trade_views() == []


async def test_closing_all_goes_on_behind_a_trade_that_cannot_be_closed(
    served: Desk, other: Ledger
) -> None:
    served.feed.quote("ETHUSDT", "100", "100")
    await door.ask_through(other, *as_request(replace(ORDER, symbol="ETHUSDT")))
    await door.ask_through(other, *as_request(ORDER))
    served.feed.board["ETHUSDT"].live = False

    answer = await door.ask_through(other, "close_all", {})

    assert [trade["id"] for trade in answer["trades"]] == [2]
    assert [(one["trade_id"], one["error"]) for one in answer["refused"]] == [(1, "no_price")]


# -- garbage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("dance", "{}"),
        ("close", "{}"),
        ("close", '{"trade_id": "one"}'),
        ("close", '{"trade_id": true}'),
        ("close", '{"trade_id": 1.0}'),
        ("open", "{}"),
        ("open", '{"signal_id": 5}'),
        ("open", '{"signal_id": "s1", "size": 5}'),
        ("open", '{"signal_id": "s1", "size": "much"}'),
        ("open", '{"signal_id": "s1", "stop": "-1"}'),
        ("open", '{"signal_id": "s1", "entry": ["market"]}'),
        ("open", '{"signal_id": "s1", "note": {}}'),
        ("open", '{"symbol": "BTCUSDT"}'),
        ("open", '{"symbol": "BTCUSDT", "direction": "UP", "stop": "1", "targets": "2"}'),
        ("open", '{"symbol": "BTCUSDT", "direction": "LONG", "stop": 1, "targets": "2"}'),
        ("open", '{"symbol": "BTCUSDT", "direction": "LONG", "stop": "1e3", "targets": "2"}'),
        ("plan", '{"symbol": "BTCUSDT", "direction": "LONG", "stop": "9%", "targets": "x"}'),
        ("edit", '{"trade_id": 1}'),
        ("edit", '{"trade_id": 1, "stop": "1R"}'),
        ("edit", '{"stop": "95"}'),
        ("cancel", "{}"),
        ("undo", '{"trade_id": null}'),
        ("signals", '{"text": 5, "format": "json"}'),
        ("close", "not json"),
        ("close", ""),
        ("close", "[]"),
        ("close", "null"),
        ("close", "[" * 100_000),
        ("close", '{"trade_id": ' + "9" * 10_000 + "}"),
        ("close", b"\xff\xfe\x00"),
        (b"\xff", "{}"),
        ("\x1b[2J" * 10_000, "{}"),
        (7, 7),
    ],
    ids=range(33),
)
async def test_a_request_that_makes_no_sense_is_refused_and_the_next_one_answered(
    served: Desk, kind: object, payload: object
) -> None:
    await served.session.signals.add([signal()])

    refused = await ask_raw(served.database, kind, payload)
    after = await ask_raw(served.database, "close", '{"trade_id": 9}')

    assert refused["error"] == "bad_command"
    assert refused["message"].endswith(".")
    assert "\x1b" not in refused["message"]
    assert len(refused["message"]) < 300
    assert after["error"] == "not_open"
    assert served.session.trade_views() == []


async def test_text_that_is_not_utf_8_keeps_no_other_request_from_being_read(
    served: Desk,
) -> None:
    with closing(sqlite3.connect(served.database)) as db, db:
        [bad] = db.execute(
            "INSERT INTO command (kind, payload, status, created_ms) "
            f"VALUES ('close', CAST(x'FF7B7D' AS TEXT), 'PENDING', {now_ms()}) RETURNING id"
        ).fetchone()

    after = await ask_raw(served.database, "close", '{"trade_id": 9}')
    other = await Ledger.open(served.database)
    refused = await reply_to(other, bad)
    await other.close()

    assert refused["error"] == "bad_command"
    assert after["error"] == "not_open"


async def test_names_with_half_characters_and_colours_are_unknown_and_harmless(
    served: Desk,
) -> None:
    signal_id = await ask_raw(served.database, "open", r'{"signal_id": "\ud800\u001b[2J"}')
    symbol = await ask_raw(
        served.database,
        "open",
        r'{"symbol": "\ud800\u001b[2J", "direction": "LONG", "stop": "1", "targets": "2"}',
    )

    assert signal_id["error"] == "unknown_signal"
    assert symbol["error"] == "unknown_symbol"
    for said in (signal_id, symbol):
        assert said["message"].isprintable()


async def test_a_request_too_long_to_read_is_refused(
    served: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.commands.MAX_PAYLOAD", 1000)
    monkeypatch.setattr("desk.requests.MAX_PAYLOAD", 1000)
    long = json.dumps({"trade_id": 9, "padding": "x" * 2000})

    refused = await ask_raw(served.database, "close", long)

    assert MAX_PAYLOAD > 16_000_000  # files of signals pass
    assert "too long" in refused["message"]


async def test_whatever_a_request_holds_it_is_answered_and_the_desk_goes_on(
    served: Desk, other: Ledger
) -> None:
    chance = random.Random(11)
    await served.session.signals.add([signal()])

    with closing(sqlite3.connect(served.database)) as db, db:
        db.executemany(
            "INSERT INTO command (kind, payload, status, created_ms) "
            f"VALUES (?, ?, 'PENDING', {now_ms()})",
            [(chance.choice(KINDS), json.dumps(anything(chance))) for _ in range(100)],
        )
    answers = [await reply_to(other, number) for number in range(1, 101)]

    # Some make sense by chance; each of the others is refused with a sentence.
    refused = [answer["message"] for answer in answers if "error" in answer]
    assert len(refused) > 50
    assert all(message.isprintable() and message.endswith(".") for message in refused)


KINDS = ("open", "plan", "close", "close_all", "cancel", "edit", "undo", "signals")


def anything(chance: random.Random) -> dict[str, object]:
    """Make up a request that may nearly make sense."""
    values: list[object] = [
        *("s1", "BTCUSDT", "LONG", "SHORT", "95", "110", "1%", "market", "json", "csv", "{}"),
        *(None, True, 1, -1, 10**30, 1.5, float("nan"), [], {}, ["x"], {"a": 1}, "", " "),
        *("\ud800", "\x00", "\x1b[2J", "9" * 5000, "1e5", "[red]", "\u202e", "٣", "½"),
        *('[{"symbol": "\ud800"}]', "symbol\nBTCUSDT", "[" * 3000, '{"symbol": "BTCUSDT"}'),
    ]
    names = ["signal_id", "symbol", "direction", "stop", "targets", "size", "entry", "note"]
    names += ["trade_id", "text", "format", "price", "expires", "leverage", "trail", "widen"]
    names += ["break_even", "after_target", "hold", "add_margin"]
    return {name: chance.choice(values) for name in names if chance.random() < 0.8}


# -- once each, or not at all -----------------------------------------------------------------


async def test_what_a_dead_holder_took_is_answered_but_never_carried_out_again(
    start: Start,
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    kind, payload = as_request(ORDER)
    taken = write_row(desk.database, kind, json.dumps(payload), now_ms(), "TAKEN")

    async with serving(desk):
        answer = await reply_to(desk.ledger, taken)

    assert answer["error"] == "unknown_outcome"
    assert "not known whether" in answer["message"]
    assert desk.session.trade_views() == []


async def test_an_order_that_waited_until_nobody_wanted_it_any_more_is_not_carried_out(
    served: Desk, other: Ledger
) -> None:
    kind, payload = as_request(ORDER)
    old = now_ms() - door.TOO_LATE_MS - 1

    late = await reply_to(other, await other.post_command(kind, json.dumps(payload), old))
    odd = write_row(served.database, kind, json.dumps(payload), "yesterday")
    undated = await reply_to(other, odd)

    assert (late["error"], undated["error"]) == ("too_late", "too_late")
    assert served.session.trade_views() == []


async def test_who_gives_up_has_withdrawn_the_order(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await start()
    desk.feed.quote("BTCUSDT", "100", "100")
    monkeypatch.setattr(door, "ANSWER_WITHIN_S", 0.05)
    other = await Ledger.open(desk.database)

    with pytest.raises(DeskError, match="did not answer; the request was withdrawn"):
        await door.ask_through(other, *as_request(ORDER))
    async with serving(desk):
        await door.ask_through(other, "signals", {"text": "{}", "format": "json"})
    await other.close()

    assert desk.session.trade_views() == []


async def test_answered_requests_are_deleted_after_a_day(start: Start) -> None:
    desk = await start()
    day_ago, hour_ago = now_ms() - 25 * 3_600_000, now_ms() - 3_600_000
    old = write_row(desk.database, "close", "{}", day_ago, "ANSWERED")
    gone = write_row(desk.database, "close", "{}", day_ago, "WITHDRAWN")
    recent = write_row(desk.database, "close", "{}", hour_ago, "ANSWERED")

    async with serving(desk):
        await ask_raw(desk.database, "close", '{"trade_id": 9}')

    with closing(sqlite3.connect(desk.database)) as db:
        left = {number for (number,) in db.execute("SELECT id FROM command")}
    assert recent in left
    assert not left & {old, gone}


async def test_a_request_is_answered_late_when_the_books_could_not_be_read_at_first(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await start()
    other = await Ledger.open(desk.database)
    number = await other.post_command("close", '{"trade_id": 9}', now_ms())
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
    async with serving(desk):
        await reply_to(other, number)
    await other.close()

    assert len(looked) >= 2


async def test_an_answer_that_cannot_be_stored_at_first_is_stored_later_and_others_follow(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await start()
    other = await Ledger.open(desk.database)
    numbers = [
        await other.post_command("close", f'{{"trade_id": {n}}}', now_ms()) for n in (7, 8)
    ]
    monkeypatch.setattr(door, "POLL_S", 0.01)
    stores, failures = desk.ledger.answer_command, [StoreBusy("The database is locked.")]

    async def locked_once(number: int, reply: str) -> None:
        if failures:
            raise failures.pop()
        await stores(number, reply)

    monkeypatch.setattr(desk.ledger, "answer_command", locked_once)
    async with serving(desk):
        answers = [await reply_to(other, number) for number in numbers]
    await other.close()

    assert [answer["trade_id"] for answer in answers] == [7, 8]


async def test_a_close_through_the_door_is_stored_before_it_is_answered(
    served: Desk, other: Ledger
) -> None:
    [opened] = await served.session.submit(ORDER)

    answer = await door.ask_through(other, *as_request(CloseTrade(trade_id=opened.trade.id)))
    stored = await other.trade("main", answer["id"])

    assert stored
    assert not stored.status.active
    assert answer["status"] == stored.status


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"fraction": "0.5"}, "5"),
        ({"fraction": "25%"}, "7.5"),
        ({"quantity": "4"}, "6"),
        ({"fraction": None}, "0"),
    ],
)
async def test_a_part_can_be_closed_through_the_door(
    served: Desk, other: Ledger, asked: dict[str, str | None], left: str
) -> None:
    await served.session.submit(ORDER)

    answer = await door.ask_through(other, "close", {"trade_id": 1, **asked})

    assert answer["quantity"] == left
    assert answer["status"] == ("CLOSED_MANUAL" if left == "0" else "OPEN")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"fraction": "half"}, "bad_command"),
        ({"fraction": 0.5}, "bad_command"),
        ({"quantity": "-1"}, "bad_command"),
        ({"fraction": "150%"}, "bad_fraction"),
        ({"fraction": "0.5", "quantity": "1"}, "bad_part"),
        ({"quantity": "0.00001"}, "below_notional"),
    ],
)
async def test_a_part_that_cannot_be_is_refused_through_the_door(
    served: Desk, other: Ledger, asked: dict[str, object], code: str
) -> None:
    await served.session.submit(ORDER)

    with pytest.raises(Refused) as refused:
        await door.ask_through(other, "close", {"trade_id": 1, **asked})

    assert refused.value.code == code
    assert len(served.session.trade_views()) == 1
