"""Fault scripts: drawn from seeds, read from files, played on a server."""

import asyncio
import json
import sys
from itertools import islice
from pathlib import Path

import pytest

from market.binance.wire import AggTrade, decode_frame
from market.simulator import FaultScript, SimulatorServer, play, read_script
from market.simulator.garbage import BAD_UTF8, GARBAGE
from market.simulator.orders import read_order, written
from market.simulator.script import KINDS, BadScript, Step, script_of
from market.simulator.venue import BadOrder, Order
from tests.market.binance_script import until
from tests.market.simulation import rest, stopped_market
from tests.whole.home import environment


def first(script: FaultScript, count: int = 200) -> list[Step]:
    return list(islice(script, count))


# -- seeds ------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_script_each_time_it_is_read() -> None:
    script = FaultScript(7)

    assert first(script) == first(script) == first(FaultScript(7))


def test_another_seed_gives_another_script() -> None:
    scripts = [first(FaultScript(seed)) for seed in range(20)]

    assert all(scripts.count(script) == 1 for script in scripts)


async def test_a_seed_means_the_same_in_every_process(tmp_path: Path) -> None:
    asked = (
        "from itertools import islice\nfrom market.simulator import FaultScript\n"
        "print(list(islice(FaultScript(7), 200)))"
    )

    for hash_seed in ("1", "2"):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            asked,
            env=environment(tmp_path) | {"PYTHONHASHSEED": hash_seed},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()

        assert out.decode().strip() == str(first(FaultScript(7)))


def test_a_seed_draws_every_kind_in_legal_orders_within_the_pauses_asked_for() -> None:
    steps = first(FaultScript(3, every_s=(0.5, 1.5)), 2_000)

    texts = [written(order) for _, order in steps]
    assert {json.loads(text)["fault"] for text in texts} == set(KINDS)
    assert [read_order(json.loads(text)) for text in texts] == [order for _, order in steps]
    assert all(0.5 <= pause_s <= 1.5 for pause_s, _ in steps)


def test_kinds_and_symbols_can_be_chosen() -> None:
    script = FaultScript(1, kinds=["drop", "cut"], symbols=["PEPEUSDT"])

    drawn = [json.loads(written(order)) for _, order in first(script)]

    assert {one["fault"] for one in drawn} == {"drop", "cut"}
    assert {one["symbol"] for one in drawn if one["fault"] == "drop"} == {"PEPEUSDT"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="tick"):
        FaultScript(1, kinds=["cut", "tick"])


@pytest.mark.parametrize("frame", [*GARBAGE.values(), BAD_UTF8], ids=[*GARBAGE, "bad_utf8"])
def test_no_garbage_says_anything_of_a_symbol_that_is_listed(frame: bytes) -> None:
    event = decode_frame(frame)

    listed = stopped_market()[0].symbols
    assert not isinstance(event, AggTrade) or event.symbol not in listed


# -- files ------------------------------------------------------------------------------------


def test_a_file_is_read_in_time_order_and_empty_lines_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text(
        '\ufeff{"at_s":3.0,"fault":"cut"}\n\n{"fault":"late","at_s":5,"by_ms":70,"for_s":1}\n'
    )

    steps = read_script(file)

    assert [(pause_s, written(order)) for pause_s, order in steps] == [
        (3.0, '{"fault":"cut"}'),
        (2.0, '{"fault":"late","by_ms":70,"for_s":1.0}'),
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("cut", "no JSON object"),
        ("[3]", "no JSON object"),
        ('{"fault":"cut"}', "`at_s` is missing"),
        ('{"at_s":"3","fault":"cut"}', "`at_s` is missing"),
        ('{"at_s":true,"fault":"cut"}', "`at_s` is missing"),
        ('{"at_s":1,"fault":"cut"}', "the one before came at 2.0 s"),
        ('{"at_s":3}', "`fault` is one of"),
        ('{"at_s":3,"fault":"cut","for_s":3}', "unknown field `for_s`"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text(f'{{"at_s":2,"fault":"cut"}}\n{line}\n')

    with pytest.raises(BadScript, match="line 2") as refused:
        read_script(file)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "faults.jsonl"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(BadScript, match=r"faults\.jsonl cannot be read"):
        script_of(str(file))


# -- playing ----------------------------------------------------------------------------------


async def test_a_script_is_played_in_order_and_what_lasts_ends_in_time() -> None:
    told: list[str] = []

    def tell(order: Order) -> None:
        told.append(written(order))

    script = [
        (0.0, read_order({"fault": "rest", "status": 503, "for_s": 0.1})),
        (0.01, read_order({"fault": "clock", "offset_ms": 5, "for_s": 0.05})),
    ]
    async with (
        SimulatorServer(stopped_market()[0], tell=tell) as server,
        rest(server) as client,
    ):
        await play(script, server)
        during = (await client.get("ping")).status_code
        await until(lambda: not server.faults.on(), "the end of all faults")

        assert (await client.get("ping")).status_code == 200
    assert during == 503
    assert told == [written(order) for _, order in script]


async def test_ending_a_script_early_ends_its_faults() -> None:
    script = FaultScript(1, every_s=(0.001, 0.002), kinds=["late", "rest"])
    async with SimulatorServer(stopped_market()[0]) as server:
        playing = asyncio.create_task(play(script, server))
        await until(lambda: len(server.faults.on()) == 2, "two faults at once")
        playing.cancel()
        await asyncio.wait({playing})

        assert server.faults.on() == {}


async def test_a_script_about_a_symbol_that_is_not_listed_is_refused_when_it_comes() -> None:
    script = [(0.0, read_order({"fault": "drop", "symbol": "NOSUCH", "count": 1}))]
    async with SimulatorServer(stopped_market()[0]) as server:
        with pytest.raises(BadOrder, match="NOSUCH"):
            await play(script, server)


# -- the command ------------------------------------------------------------------------------


async def simulate(home: Path, faults: str, lines: int) -> list[str]:
    """Start the command; return what it says first on standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tui", "simulate", "--port", "0", "--faults", faults),
        env=environment(home),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr
    try:
        async with asyncio.timeout(10):
            return [(await process.stderr.readline()).decode() for _ in range(lines)]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_command_names_its_addresses_and_every_fault(tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text('{"at_s":0.01,"fault":"cut"}\n')

    heard = await simulate(tmp_path, str(file), 5)

    assert "Control http://127.0.0.1:" in heard[2]
    assert heard[2].endswith("/__sim__/\n")
    assert heard[4].endswith(' {"fault":"cut"}\n')


async def test_the_command_refuses_a_wrong_script(tmp_path: Path) -> None:
    file = tmp_path / "faults.jsonl"
    file.write_text('{"at_s":1,"fault":"tea"}\n')

    heard = await simulate(tmp_path, str(file), 4)

    assert "line 1: `fault` is one of cut, mute" in "".join(heard)
