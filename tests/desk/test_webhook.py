"""The webhook on a real socket: what is acknowledged is stored once, abuse changes nothing."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from desk import deliveries
from desk import webhook as server
from desk.deliveries import Deliveries, Seen
from desk.settings import Settings
from desk.token import NAME, ensure_token, new_token, read_token
from desk.view import Notice
from desk.webhook import Webhook, keep_webhook
from store.ledger import Ledger
from tests.desk.desks import Desk
from tests.desk.hooks import Hook, idea

Start = Callable[[], Awaitable[Desk]]


@pytest.fixture
async def hook(start: Start, tmp_path: Path) -> AsyncIterator[Hook]:
    desk = await start()
    ensure_token(tmp_path)
    seen = Seen(tmp_path / "paperdesk.seen")
    served = Webhook(Deliveries(desk.session, seen), lambda: read_token(tmp_path))
    await served.start(0)
    try:
        yield Hook(desk, served.port, tmp_path)
    finally:
        await served.stop()


async def test_an_alert_is_on_disk_when_it_is_answered_and_opens_no_trade(hook: Hook) -> None:
    status, answer = await hook.post(idea(), Content_Type="text/plain; charset=utf-8")

    assert status == 200
    assert answer["added"] == 1
    assert answer["refused"] == []
    other = await Ledger.open(hook.desk.database)
    stored = await other.signals(limit=10)
    await other.close()
    assert [signal.id for signal in stored] == [answer["signals"][0]["id"]]
    assert hook.desk.session.trade_views() == []


async def test_a_request_in_single_bytes_is_read_like_one_that_came_whole(hook: Hook) -> None:
    data = hook.request(idea())
    cut = data.index(b"\r\n\r\n") + 2

    status, _ = await hook.send(data[:10], data[10:cut], data[cut : cut + 5], data[cut + 5 :])

    assert status == 200


async def test_the_same_text_again_is_a_duplicate_even_at_another_price(hook: Hook) -> None:
    text = json.dumps({"symbol": "BTCUSDT", "side": "buy", "sl": 95, "tp": 110})
    hook.desk.session.look_at(["BTCUSDT"])
    hook.desk.feed.quote("BTCUSDT", "100", "100", "100")
    await hook.post(text)
    hook.desk.feed.quote("BTCUSDT", "101", "101", "101")

    status, answer = await hook.post(text)

    assert (status, answer["duplicate"]) == (200, True)
    assert await hook.stored() == 1


async def test_of_two_hundred_copies_at_once_one_is_stored(hook: Hook) -> None:
    data = hook.request(idea())

    answers = await asyncio.gather(*(hook.send(data) for _ in range(200)))

    fresh = [body for status, body in answers if status == 200 and "duplicate" not in body]
    assert len(fresh) == 1
    assert {status for status, _ in answers} <= {200, 429, 503}
    assert await hook.stored() == 1


async def test_a_message_in_parts_is_refused_row_by_row(hook: Hook) -> None:
    status, answer = await hook.post(idea() + "\n" + idea(sl=105))

    assert status == 200
    assert (len(answer["signals"]), answer["refused"][0]["line"]) == (1, 2)


@pytest.mark.parametrize("text", [idea(sl=105), "{", "", "[]", idea(side="close")])
async def test_what_is_refused_whole_is_answered_with_422(hook: Hook, text: str) -> None:
    status, _ = await hook.post(text)

    assert status == 422
    assert await hook.stored() == 0


async def test_a_refused_text_is_judged_anew_when_it_comes_again(hook: Hook) -> None:
    rules = hook.desk.session.instruments.pop("ETHUSDT")
    assert (await hook.post(idea(symbol="ETHUSDT")))[0] == 422
    hook.desk.session.instruments["ETHUSDT"] = rules

    assert (await hook.post(idea(symbol="ETHUSDT")))[0] == 200


async def test_before_the_symbols_are_known_the_sender_is_asked_to_come_again(
    hook: Hook,
) -> None:
    hook.desk.session.instruments.clear()

    assert (await hook.post(idea()))[0] == 503


async def test_a_store_that_fails_is_a_503_and_the_text_may_come_again(hook: Hook) -> None:
    with closing(sqlite3.connect(hook.desk.database)) as other:
        other.execute(
            "CREATE TRIGGER no BEFORE INSERT ON signal BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        status, answer = await hook.post(idea())
        other.execute("DROP TRIGGER no")

    assert status == 503
    assert str(hook.folder) not in answer["message"]
    assert (await hook.post(idea()))[1]["added"] == 1


async def test_a_store_that_is_busy_is_a_503_and_the_next_try_a_duplicate(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "ANSWER_WITHIN_S", 0.1)
    with closing(sqlite3.connect(hook.desk.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, _ = await hook.post(idea())
    await hook.desk.until(lambda: len(hook.desk.session.signals) == 1)

    again, answer = await hook.post(idea())

    assert status == 503
    assert (again, answer["duplicate"]) == (200, True)


async def test_a_bug_ends_one_request_and_not_the_server(hook: Hook) -> None:
    def token() -> str:
        raise RuntimeError("a bug")

    seen = Seen(hook.folder / "other.seen")
    served = Webhook(Deliveries(hook.desk.session, seen), token)
    await served.start(0)
    data = hook.request(idea())

    answers = [await Hook(hook.desk, served.port, hook.folder).send(data) for _ in range(2)]
    await served.stop()

    assert [status for status, _ in answers] == [500, 500]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Transfer_Encoding": "chunked"}, 400),
        ({"Content_Length": "16385"}, 413),
        ({"X_Long": "x" * 9_000}, 431),
        ({"X_Endless": "x" * 300_000}, 431),
    ],
)
async def test_abuse_is_answered_and_changes_nothing(
    hook: Hook, fields: dict[str, str], status: int
) -> None:
    answered, _ = await hook.post(idea(), **fields)

    assert answered == status
    assert await hook.stored() == 0


async def test_a_second_request_in_one_connection_is_not_read(hook: Hook) -> None:
    status, _ = await hook.send(hook.request(idea()) + hook.request(idea(symbol="ETHUSDT")))

    assert status == 200
    assert await hook.stored() == 1


async def test_headers_that_never_end_are_cut_off_and_others_still_served(hook: Hook) -> None:
    slow = [asyncio.create_task(hook.send(b"POST /ho")) for _ in range(60)]

    status, _ = await hook.post(idea())

    assert status == 200
    assert {answer[0] for answer in await asyncio.gather(*slow)} == {408}


async def test_a_body_that_never_ends_is_cut_off(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_WITHIN_S", 0.2)

    assert (await hook.send(hook.request(idea())[:-1]))[0] == 408


async def test_beyond_128_connections_the_sender_is_asked_to_come_again(hook: Hook) -> None:
    held = [await asyncio.open_connection("127.0.0.1", hook.port) for _ in range(128)]

    answered, _ = await hook.send()

    assert answered == 503
    for _, writer in held:
        writer.close()


async def test_who_hangs_up_has_not_stopped_what_is_being_stored(hook: Hook) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", hook.port)
    writer.write(hook.request(idea()))
    await writer.drain()
    writer.transport.abort()

    await hook.desk.until(lambda: len(hook.desk.session.signals) == 1)


async def test_abuse_writes_one_line_of_a_kind_and_never_the_token(
    hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    for _ in range(9):
        await hook.post(idea(), Host="evil.example")

    lines = [record.getMessage() for record in caplog.records if "webhook" in record.name]
    assert len(lines) == 1
    assert read_token(hook.folder) not in caplog.text


async def test_a_new_token_holds_at_once_and_the_old_one_no_more(hook: Hook) -> None:
    old = hook.request(idea())
    new_token(hook.folder)

    assert (await hook.send(old))[0] == 404
    assert (await hook.post(idea()))[0] == 200


async def test_without_a_readable_token_nothing_is_served(hook: Hook) -> None:
    data = hook.request(idea())
    (hook.folder / NAME).chmod(0o644)

    assert (await hook.send(data))[0] == 404


async def test_a_port_that_is_taken_is_said_once_and_tried_until_it_is_free(
    start: Start, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LISTEN_AGAIN_S", 0.01)
    desk = await start()
    other = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    desk.session.settings = replace(settings, webhook=True, webhook_port=port)

    chore = asyncio.create_task(keep_webhook(desk.session, desk.database))
    await desk.until(lambda: bool(desk.told(Notice)))
    other.close()
    await other.wait_closed()
    answer = (0, None)
    async with asyncio.timeout(5):
        while answer[0] != 200:
            await asyncio.sleep(0.02)
            answer = await Hook(desk, port, tmp_path).post(idea())
    chore.cancel()

    assert len(desk.told(Notice)) == 1
