"""The doctor says how everything is, in words, and leaves everything as it was."""

import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from desk.backup import make_backup
from desk.doctor.checkup import look_at_all, look_at_market, market_looks
from desk.doctor.ground import drive_kind, look_at_books, look_at_files
from desk.doctor.looks import Area, Look, Verdict, masked
from desk.doctor.reach import Reach, hosts_of, reach
from desk.lease import Lease
from desk.settings import Home, Settings, load_settings
from market.binance.hosts import DEFAULT_HOSTS, Host
from market.binance.limits import Timings
from market.simulator import SimulatedExchange, SimulatorServer
from market.simulator.refusals import Refusal
from tests.desk.test_settings import settings_file
from tests.store.files import permit, put, run_sql
from tests.store.sound import beside, sound_books
from tests.store.test_health import leave_a_hot_journal

QUICK = Timings(request_s=2.0, retry_s=0.01, connect_s=2.0, silence_s=5.0)
NOWHERE = Host(rest_url="http://127.0.0.1:1", stream_url="ws://127.0.0.1:1")


@asynccontextmanager
async def exchange(ahead_ms: int = 0) -> AsyncIterator[SimulatorServer]:
    def now_ms() -> int:
        return time.time_ns() // 1_000_000 + ahead_ms

    async with SimulatorServer(SimulatedExchange(now_ms=now_ms)) as server:
        yield server


def host_of(server: SimulatorServer) -> Host:
    return Host(rest_url=server.rest_url, stream_url=server.stream_url)


def named(looks: list[Look], ending: str) -> Look:
    [look] = [look for look in looks if look.name.endswith(ending)]
    return look


async def asked(*hosts: Host, timings: Timings = QUICK) -> tuple[list[Reach], list[Look]]:
    reached = await reach(hosts, timings)
    return reached, list(market_looks(reached))


# -- the exchange -----------------------------------------------------------------------------


async def test_an_exchange_that_answers_is_told_with_round_trip_weight_and_first_print() -> (
    None
):
    async with exchange() as server:
        [reached], looks = await asked(host_of(server))

    assert reached.usable
    assert {look.verdict for look in looks} == {Verdict.GOOD}
    assert named(looks, "rest").facts["weight"] == 4  # one ping, three times the clock
    assert "weight used 4 of 6000" in named(looks, "rest").text
    assert "first print after" in named(looks, "stream").text


@pytest.mark.parametrize(
    ("ahead_ms", "said", "verdict"),
    [
        (5_000, "clock is 5.0", Verdict.WARNING),
        (-90_000, "s ahead of the exchange's", Verdict.WARNING),
        (0, "clock is 0.0", Verdict.GOOD),
    ],
)
async def test_a_clock_that_is_off_is_told_which_way(
    ahead_ms: int, said: str, verdict: Verdict
) -> None:
    async with exchange(ahead_ms) as server:
        _, looks = await asked(host_of(server))

    clock = named(looks, "clock")
    assert said in clock.text
    assert clock.verdict is verdict
    assert abs(int(str(clock.facts["skew_ms"])) - ahead_ms) < 500


async def test_a_host_that_cannot_be_reached_is_wrong() -> None:
    _, looks = await asked(NOWHERE)

    assert [look.verdict for look in looks] == [Verdict.BAD, Verdict.BAD]
    assert "127.0.0.1:1 cannot be reached" in looks[0].text


async def test_a_spare_host_that_cannot_be_reached_is_only_worth_a_word() -> None:
    async with exchange() as server:
        _, looks = await asked(NOWHERE, host_of(server))

    assert looks[0].verdict is Verdict.WARNING
    assert "Another host can be used." in looks[0].text
    assert Verdict.BAD not in {look.verdict for look in looks}


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Refusal.of(451),
            "is not open in this country (HTTP 451). Binance does not serve every",
        ),
        (
            Refusal.of(429, 7),
            "asked for silence (HTTP 429). Too much was asked from this addre",
        ),
        (Refusal.of(418, 9), "(HTTP 418). Too much was asked from this address; wait 9 s."),
        (Refusal.of(403), "asked for silence (HTTP 403)"),
        (Refusal.of(503), "is in trouble (HTTP 503)"),
    ],
)
async def test_a_refusal_is_explained(refusal: Refusal, said: str) -> None:
    async with exchange() as server:
        server.faults.rest = server.faults.handshake = refusal
        [reached], looks = await asked(host_of(server))

    assert not reached.usable
    assert said in named(looks, "rest").text
    assert {look.verdict for look in looks} == {Verdict.BAD}


async def test_a_stream_that_opens_and_stays_silent_is_wrong() -> None:
    async with exchange() as server:
        server.faults.dropped["BTCUSDT"] = 1_000_000
        impatient = replace(QUICK, silence_s=0.2)
        [reached], looks = await asked(host_of(server), timings=impatient)

    assert reached.rest.trouble is None
    assert named(looks, "stream").verdict is Verdict.BAD
    assert "but brings no prices" in named(looks, "stream").text


async def test_a_stream_that_is_closed_at_once_is_wrong() -> None:
    async with exchange() as server:
        server.faults.close_on_accept = True
        _, looks = await asked(host_of(server))

    assert named(looks, "stream").verdict is Verdict.BAD


async def test_the_demo_needs_no_exchange(settings: Settings) -> None:
    [look] = await look_at_market(settings, demo=True)

    assert look.verdict is Verdict.GOOD
    assert "its own exchange" in look.text


def test_hosts_come_from_the_settings(settings: Settings, tmp_path: Path) -> None:
    text = '[market]\nrest_url = "http://a.example"\nstream_url = "ws://b.example"'
    own, _ = load_settings(settings_file(tmp_path, text))

    assert hosts_of(settings) == DEFAULT_HOSTS
    assert hosts_of(own) == (Host(rest_url="http://a.example", stream_url="ws://b.example"),)


# -- the books --------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "paperdesk.db"


async def test_sound_books_are_told_with_what_they_hold(path: Path) -> None:
    await sound_books(path)

    looks = list(look_at_books(path))

    assert {look.verdict for look in looks} == {Verdict.GOOD}
    books = named(looks, "books")
    assert (books.facts["trades"], books.facts["active"], books.facts["signals"]) == (5, 2, 3)
    assert books.facts["bytes"] == path.stat().st_size  # noqa: ASYNC240 - a glance
    assert "every total is the sum of its fills" in named(looks, "audit").text
    assert "WAL-reset fix" in named(looks, "sqlite").text


def test_missing_books_are_no_trouble_and_are_not_made(path: Path) -> None:
    looks = list(look_at_books(path))

    assert {look.verdict for look in looks} == {Verdict.GOOD}
    assert "the first start makes them" in named(looks, "books").text
    assert beside(path) == {}


@pytest.mark.parametrize(
    ("damage", "name", "said"),
    [
        (lambda path: put(path, b"a diary" * 999), "books", "is not a database"),
        (lambda path: run_sql(path, "PRAGMA application_id = 1"), "books", "another program"),
        (lambda path: run_sql(path, "PRAGMA user_version = 77"), "books", "newer Paperdesk"),
        (
            lambda path: run_sql(path, "UPDATE account SET fees = 0"),
            "audit",
            "Account main: fees",
        ),
        (lambda path: os.truncate(path, 9000), "books", "damaged"),
    ],
)
async def test_books_that_are_not_in_order_are_wrong_and_left_alone(
    path: Path, damage: Callable[[Path], None], name: str, said: str
) -> None:
    await sound_books(path)
    damage(path)
    before = beside(path)

    look = named(list(look_at_books(path)), name)

    assert look.verdict is Verdict.BAD
    assert said in look.text
    assert beside(path) == before


async def test_a_write_that_was_cut_off_is_worth_a_word(path: Path) -> None:
    await sound_books(path)
    leave_a_hot_journal(path)
    before = beside(path)

    look = named(list(look_at_books(path)), "books")

    assert look.verdict is Verdict.WARNING
    assert "the next start of Paperdesk" in look.text
    assert beside(path) == before


async def test_books_that_others_can_read_are_told_with_the_cure(path: Path) -> None:
    await sound_books(path)
    permit(path, 0o644)
    permit(path.parent, 0o755)

    look = named(list(look_at_books(path)), "permissions")

    assert look.verdict is Verdict.WARNING
    assert f"chmod 600 {path}, chmod 700 {path.parent}" in look.text


async def test_the_last_backup_is_remembered_and_missed(path: Path, tmp_path: Path) -> None:
    await sound_books(path)
    none = named(list(look_at_books(path)), "backup")
    make_backup(path, tmp_path / "copy.db", force=False)
    made = named(list(look_at_books(path)), "backup")
    (tmp_path / "copy.db").rename(tmp_path / "else.db")
    gone = named(list(look_at_books(path)), "backup")

    assert "No backup is known of" in none.text
    assert made.verdict is Verdict.GOOD
    assert made.facts["file"] == str(tmp_path / "copy.db")
    assert (gone.verdict, gone.text[-14:]) == (Verdict.WARNING, "which is gone.")


@pytest.mark.parametrize("note", ["", "[]", "{}", '{"file": 1, "time_ms": "x"}', "\x00"])
async def test_a_note_of_a_backup_that_makes_no_sense_is_passed_over(
    path: Path, note: str
) -> None:
    await sound_books(path)
    put(path.with_name(path.name + ".last-backup"), note.encode())

    assert "No backup is known of" in named(list(look_at_books(path)), "backup").text


def test_a_network_drive_is_known_by_the_nearest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n"
        f"server:/home {tmp_path}/far\\040away nfs4 rw 0 0\n"
        f"none {tmp_path}/far tmpfs rw 0 0\nnonsense\n\n"
    )

    assert drive_kind(tmp_path / "far away" / "books", mounts) == "nfs4"
    assert drive_kind(tmp_path / "far" / "books", mounts) == "tmpfs"
    assert drive_kind(tmp_path, mounts) == "ext4"
    assert drive_kind(tmp_path, tmp_path / "none") == ""


# -- files and processes ----------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(config=tmp_path / "config.toml", data=tmp_path, logs=tmp_path / "logs")


def test_files_that_do_not_exist_yet_are_no_trouble_and_are_not_made(
    home: Home, path: Path
) -> None:
    looks = list(look_at_files(home, path))

    assert {look.verdict for look in looks} == {Verdict.GOOD}
    assert list(home.data.iterdir()) == []


def test_a_wrong_setting_is_told_by_its_name(home: Home, path: Path) -> None:
    settings_file(home.data, "[screen]\nrefresh_hz = 99")

    look = named(list(look_at_files(home, path)), "settings")

    assert look.verdict is Verdict.BAD
    assert "screen.refresh_hz" in look.text


HOLD = """
import sys, pathlib
from desk.lease import Lease
with Lease(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_process_that_runs_the_desk_is_named_until_it_is_gone(
    home: Home, path: Path
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"

    running = named(list(look_at_files(home, path)), "desk")
    holder.kill()
    holder.communicate()
    gone = named(list(look_at_files(home, path)), "desk")

    assert running.facts["pid"] == holder.pid
    assert str(holder.pid) in running.text
    assert gone.facts["pid"] is None


def test_a_process_that_only_has_the_holders_number_runs_no_desk(
    home: Home, path: Path
) -> None:
    with Lease(path):
        pass  # the file now names this process, which holds nothing any more

    look = named(list(look_at_files(home, path)), "desk")

    assert look.facts["pid"] is None


# -- all together -----------------------------------------------------------------------------


async def test_everything_is_looked_at_and_nothing_is_changed(home: Home, path: Path) -> None:
    await sound_books(path)
    before = beside(path)
    async with exchange() as server:
        text = f'[market]\nrest_url = "{server.rest_url}"\nstream_url = "{server.stream_url}"'
        settings, _ = load_settings(settings_file(home.data, text))
        before = beside(path)

        looks = await look_at_all(home, settings, path, demo=False)

    assert {look.area for look in looks} == {Area.MARKET, Area.BOOKS, Area.FILES}
    assert {look.verdict for look in looks} == {Verdict.GOOD}
    assert beside(path) == before
    assert json.dumps([dict(look.facts) for look in looks])


async def test_no_secret_of_an_address_is_told(home: Home, path: Path) -> None:
    text = (
        '[market]\nrest_url = "http://me:hunter2@127.0.0.1:1"\n'
        'stream_url = "ws://me:hunter2@127.0.0.1:1"'
    )
    settings, _ = load_settings(settings_file(home.data, text))

    looks = await look_at_all(home, settings, path, demo=False)

    told = json.dumps([(look.name, look.text, dict(look.facts)) for look in looks])
    assert "hunter2" not in told
    assert "***@127.0.0.1:1" in told


def test_an_address_without_secrets_is_told_as_it_is() -> None:
    text = "https://api.example/x cannot be reached: [Errno 1] at 10:00."

    assert masked(text) == text
