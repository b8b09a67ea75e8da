"""The settings turn the inboxes on: a whole desk takes signals by webhook and by folder."""

import asyncio
import json
import socket
from pathlib import Path

from click.testing import CliRunner, Result

from desk.settings import Home, load_settings
from desk.start import open_desk, running
from desk.token import NAME, read_token
from market.simulator import SimulatedExchange, SimulatorServer
from tests.desk.desks import Desk
from tests.desk.hooks import Hook
from tests.whole.home import idea
from tui.commands.webhook import webhook
from tui.work import Context


async def test_a_desk_with_both_inboxes_on_takes_from_both(tmp_path: Path) -> None:
    folder = tmp_path / "ideas"
    folder.mkdir()
    async with SimulatorServer(SimulatedExchange(seed=1)) as exchange:
        settings, _ = load_settings(
            tmp_path / "config.toml",
            {
                "market.rest_url": exchange.rest_url,
                "market.stream_url": exchange.stream_url,
                "inbox.webhook": True,
                "inbox.webhook_port": free_port(),
                "inbox.folder": str(folder),
            },
        )
        database = tmp_path / "paperdesk.db"
        async with open_desk(settings, database, scan=False) as session, running(session):
            (folder / "a.json").write_text(idea(exchange, "ETHUSDT"), encoding="utf-8")
            async with asyncio.timeout(10):
                await session.rules_known.wait()
                while len(session.signals) == 0:  # noqa: ASYNC110 - any condition
                    await asyncio.sleep(0.02)
            desk = Desk(session, session.feed, session.ledger, database)  # type: ignore[arg-type]  # a real feed will do
            hook = Hook(desk, settings.webhook_port, tmp_path)
            status, _ = await hook.post(idea(exchange, "BTCUSDT"))

            assert status == 200
            assert [one.symbol for one in session.signals] == ["ETHUSDT", "BTCUSDT"]


async def test_by_default_nothing_listens_and_no_token_is_made(tmp_path: Path) -> None:
    async with SimulatorServer(SimulatedExchange(seed=1)) as exchange:
        urls = {
            "market.rest_url": exchange.rest_url,
            "market.stream_url": exchange.stream_url,
        }
        settings, _ = load_settings(tmp_path / "config.toml", urls)
        database = tmp_path / "paperdesk.db"
        async with open_desk(settings, database, scan=False) as session, running(session):
            await session.rules_known.wait()

    assert NAME not in names_in(tmp_path)


def test_the_token_command_shows_the_same_address_until_a_new_one_is_asked_for(
    tmp_path: Path,
) -> None:
    first, second, new = (
        asked(tmp_path, *words) for words in (["--json"], ["--json"], ["--new", "--json"])
    )

    assert json.loads(first.stdout) == json.loads(second.stdout)
    assert json.loads(new.stdout)["token"] == read_token(tmp_path)
    assert json.loads(new.stdout)["token"] != json.loads(first.stdout)["token"]
    assert json.loads(new.stdout)["url"].startswith("http://127.0.0.1:9081/hook/")
    assert "The webhook is off" in first.stderr


def asked(home: Path, *words: str) -> Result:
    settings, found = load_settings(home / "none.toml")
    own = Home(config=home / "none.toml", data=home, logs=home)
    result = CliRunner().invoke(
        webhook, ["token", *words], obj=Context(own, settings, found, demo=False)
    )
    assert result.exit_code == 0
    return result


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
