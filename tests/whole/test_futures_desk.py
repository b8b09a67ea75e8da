"""A futures account from the command line, beside a desk that runs in a process of its own."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.model import Market
from market.simulator import SimulatedExchange, SimulatorServer
from tests.desk.perpetuals import before_the_hour
from tests.market.simulation import JumpingClock
from tests.whole.home import paperdesk, write_settings
from tests.whole.watching import Watch, watching

SYMBOL = "WIFUSDT"


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
async def exchange(clock: JumpingClock) -> AsyncIterator[SimulatorServer]:
    async with SimulatorServer(SimulatedExchange(seed=3, now_ms=clock)) as server:
        yield server


@pytest.fixture
async def running(tmp_path: Path, exchange: SimulatorServer) -> AsyncIterator[Watch]:
    write_settings(tmp_path, exchange)
    with (tmp_path / "config.toml").open("a") as settings:
        settings.write("[account]\nmarket = 'futures'\n")
    async with watching(tmp_path, "--json") as watch:
        await watch.event("FeedState")
        yield watch


async def said(home: Path, *words: str) -> Any:
    answer = await paperdesk(home, *words, "--json")
    assert answer.code == 0, answer
    return answer.json


async def test_leverage_funding_and_liquidation_from_the_command_line(
    tmp_path: Path, exchange: SimulatorServer, running: Watch, clock: JumpingClock
) -> None:
    market = exchange.exchange
    due_ms = before_the_hour(clock, 12_000)

    trade = await said(
        tmp_path,
        *("open", "--symbol", SYMBOL, "--side", "long", "--stake", "500"),
        *("--leverage", "10", "--stop", "3%", "--targets", "50%"),
    )
    clock.jump(max(0, due_ms + 2_500 - clock()))
    funding = await running.event("FundingPaid")
    market.force_mark(SYMBOL, Decimal(trade["entry_price"]) * Decimal("0.85"))
    gone = await running.event("TradeClosed")
    [listed] = await said(tmp_path, "trades", "--closed")

    assert trade["market"] == Market.FUTURES
    assert trade["leverage"] == 10
    assert Decimal(trade["liquidation"]) < Decimal(trade["stop"])
    assert funding["payment"]["time_ms"] == due_ms
    assert gone["trade"]["close_reason"] == "liquidation"
    wallet = Decimal(trade["margin"]) + Decimal(funding["payment"]["amount"])
    assert Decimal(gone["trade"]["gross"]) == -wallet
    assert listed["close_reason"] == "liquidation"
    assert listed["funding"] == funding["payment"]["amount"]


async def test_a_short_is_closed_by_hand(tmp_path: Path, running: Watch) -> None:
    await said(
        tmp_path,
        *("open", "--symbol", SYMBOL, "--side", "short", "--leverage", "3"),
        *("--stop", "5%", "--targets", "5%"),
    )

    ended = await said(tmp_path, "close", "1")
    event = await running.event("TradeClosed")

    assert ended["status"] == "CLOSED_MANUAL"
    assert event["trade"]["leverage"] == 3


async def test_the_doctor_asks_the_futures_market_by_both_routes(
    tmp_path: Path, running: Watch
) -> None:
    answer = await paperdesk(tmp_path, "doctor", "--json")

    looks = {look["name"].partition(" ")[2]: look for look in answer.json["looks"]}
    assert "of 2400" in looks["rest"]["message"]
    assert "first print" in looks["market stream"]["message"]
    assert "first quote" in looks["public stream"]["message"]
