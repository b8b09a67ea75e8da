"""Each command in a process of its own, against the simulated exchange."""

import asyncio
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from market.simulator import SimulatorServer
from tests.whole.home import idea, last_price, on_tick, paperdesk


async def test_a_signal_is_opened_closed_and_listed_by_scripts(
    home: Path, exchange: SimulatorServer
) -> None:
    added = await paperdesk(home, "signals", "add", idea(exchange), "--json")
    signal_id = added.json["id"]
    opened = await paperdesk(home, "open", signal_id, "--stake", "250", "--json")
    again = await paperdesk(home, "open", signal_id, "--json")
    listed = await paperdesk(home, "trades", "--open", "--json")
    closed = await paperdesk(home, "close", "1", "--json")
    twice = await paperdesk(home, "close", "1", "--json")

    assert (added.code, added.json["status"]) == (0, "ACTIVE")
    assert opened.code == 0
    assert opened.json["stake"] == "250"
    assert opened.json["fills"][0]["model"] == "touch"
    assert (again.code, again.json["error"], again.json["trade_id"]) == (1, "duplicate", 1)
    assert [trade["id"] for trade in listed.json] == [1]
    assert closed.json["status"] == "CLOSED_MANUAL"
    net = Decimal(closed.json["gross"]) - Decimal(closed.json["fees"])
    assert Decimal(closed.json["net"]) == net
    assert (twice.code, twice.json["error"]) == (1, "not_open")


async def test_half_is_closed_by_a_script_and_the_target_closes_the_rest(
    home: Path, exchange: SimulatorServer
) -> None:
    target = on_tick(last_price(exchange, "BTCUSDT") * Decimal("1.01"))
    added = await paperdesk(home, "signals", "add", idea(exchange, tp=[target]), "--json")
    opened = await paperdesk(home, "open", added.json["id"], "--json")
    wrong = await paperdesk(home, "close", "1", "--fraction", "0.5", "--quantity", "1")
    part = await paperdesk(home, "close", "1", "--fraction", "50%", "--json")

    exchange.exchange.force("BTCUSDT", on_tick(Decimal(target) * 2))
    await _another_desk_for_a_moment(home, exchange)
    [trade] = (await paperdesk(home, "trades", "--closed", "--json")).json

    whole, left = Decimal(opened.json["quantity"]), Decimal(part.json["quantity"])
    assert (wrong.code, part.code, part.json["status"]) == (2, 0, "OPEN")
    assert 0 < left < whole
    assert [fill["kind"] for fill in trade["fills"]] == ["ENTRY", "MANUAL", "TARGET"]
    assert Decimal(trade["fills"][2]["quantity"]) == left
    assert (trade["status"], trade["quantity"]) == ("CLOSED_TP", "0")


async def test_what_happened_while_nothing_ran_is_booked_at_its_true_price(
    home: Path, exchange: SimulatorServer
) -> None:
    target = on_tick(last_price(exchange, "BTCUSDT") * Decimal("1.01"))
    added = await paperdesk(home, "signals", "add", idea(exchange, tp=[target]), "--json")
    await paperdesk(home, "open", added.json["id"], "--json")

    exchange.exchange.force("BTCUSDT", on_tick(Decimal(target) * 2))
    beyond = exchange.exchange.now_ms()
    await _another_desk_for_a_moment(home, exchange)
    [trade] = (await paperdesk(home, "trades", "--closed", "--json")).json

    assert trade["status"] == "CLOSED_TP"
    assert Decimal(trade["exit_price"]) == Decimal(target)
    assert trade["fills"][-1]["source"] == "BACKFILL"
    assert abs(trade["closed_ms"] - beyond) < 1000


async def _another_desk_for_a_moment(home: Path, exchange: SimulatorServer) -> None:
    """Opening a second trade starts a desk, which catches up before it stops."""
    second = await paperdesk(home, "signals", "add", idea(exchange, "ETHUSDT"), "--json")
    for _ in range(20):
        await paperdesk(home, "open", second.json["id"], "--json")
        listed = await paperdesk(home, "trades", "--closed", "--json")
        if listed.json:
            return


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sl": "200000"}, "wrong_side"),
        ({"sl": "0"}, "bad_number"),
        ({"sl": "-5"}, "bad_number"),
        ({"sl": "NaN"}, "bad_number"),
        ({"entry": "1e30"}, "bad_number"),
        ({"symbol": "NOSUCHUSDT"}, "unknown_symbol"),
        ({"symbol": "[red]BTC\x1b[2J"}, "unknown_symbol"),
        ({"symbol": "LUNCUSDT"}, "not_trading"),
        ({"tp": []}, "missing"),
    ],
)
async def test_a_bad_signal_is_refused_with_a_sentence_and_nothing_is_stored(
    home: Path, exchange: SimulatorServer, changes: dict[str, object], code: str
) -> None:
    bad = json.dumps(json.loads(idea(exchange)) | changes)

    said = await paperdesk(home, "signals", "add", bad, "--json")
    listed = await paperdesk(home, "signals", "list", "--json")

    assert (said.code, said.json["error"]) == (1, code)
    assert "\x1b" not in said.out
    assert listed.json == []


async def test_a_file_keeps_its_good_rows_and_names_the_bad_ones(
    home: Path, exchange: SimulatorServer, tmp_path: Path
) -> None:
    last = last_price(exchange, "BTCUSDT")
    low, high = on_tick(last * Decimal("0.95")), on_tick(last * Decimal("1.05"))
    file = tmp_path / "signals.csv"
    file.write_text(
        "symbol;direction;entry;sl;tp1\n"
        f"BTCUSDT;LONG;{last};{low};{high}\n"
        f"BTCUSDT;LONG;{last};{high};{low}\n"
        f"BTCUSDT;SHORT;{last};{high};{low}\n"
    )

    said = await paperdesk(home, "signals", "import", str(file), "--json")

    assert said.code == 1
    assert said.json["added"] == 2
    assert [row["line"] for row in said.json["refused"]] == [3]


async def test_a_file_that_is_too_long_is_refused_as_a_whole(
    home: Path, exchange: SimulatorServer, tmp_path: Path
) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_text((idea(exchange) + "\n") * 20_001)

    said = await paperdesk(home, "signals", "import", str(file))
    listed = await paperdesk(home, "signals", "list", "--json")

    assert said.code == 1
    assert "20,000" in said.err
    assert listed.json == []


async def test_signals_come_from_standard_input_too(
    home: Path, exchange: SimulatorServer
) -> None:
    lines = "\n".join((idea(exchange), idea(exchange, "ETHUSDT"), "not json"))

    said = await paperdesk(home, "signals", "add", "-", "--json", given=lines)

    assert said.code == 1
    assert said.json["added"] == 2
    assert said.json["refused"][0]["line"] == 3


async def test_without_a_network_a_command_says_what_it_tried_and_what_to_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.toml").write_text(
        '[market]\nrest_url = "http://127.0.0.1:1"\nstream_url = "ws://127.0.0.1:1"\n'
    )

    said = await paperdesk(tmp_path, "signals", "add", json.dumps({"symbol": "BTCUSDT"}))

    assert said.code == 3
    assert "127.0.0.1:1" in said.err
    assert "paperdesk demo" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[trading]\nsize = 'much'", "trading.size"),
        ("[trading]\nsise = '1%'", "trading.sise"),
        ("[market]\nrest_url = 'http://x'", "market.stream_url"),
        ("[screen]\nrefresh_hz = 99", "from 1 to 10"),
        ("not toml", "config.toml"),
    ],
)
async def test_a_wrong_setting_is_named_in_a_sentence(
    tmp_path: Path, text: str, named: str
) -> None:
    (tmp_path / "config.toml").write_text(text)

    said = await paperdesk(tmp_path, "trades")

    assert said.code == 2
    assert named in said.err
    assert "Traceback" not in said.err


async def test_a_database_that_is_not_one_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "paperdesk.db"
    file.write_bytes(b"this is a diary, not a database" * 100)

    said = await paperdesk(tmp_path, "trades", "--json")

    assert (said.code, said.json["trade_id"]) == (4, None)
    assert file.read_bytes().startswith(b"this is a diary")


async def test_info_never_loads_the_screen_library(tmp_path: Path) -> None:
    said = await paperdesk(tmp_path, "info", "--json")
    code = "import sys; sys.argv[1:] = ['info']; from tui.cli import main\ntry: main()\n"
    code += "except SystemExit: print('textual' in sys.modules, 'httpx' in sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()

    assert said.json["database"] == str(tmp_path / "paperdesk.db")
    assert out.decode().splitlines()[-1] == "False False"
