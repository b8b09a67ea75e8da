"""The accounts by key: listed, paid into, begun anew, changed."""

from decimal import Decimal

import pytest
from textual.widgets import Input

from engine.account import Account
from engine.model import Market
from tests.tui.fake_session import FakeSession, sample_desk
from tests.tui.screens import press, running, screen_text, settled, until
from tui.app import DeskApp
from tui.screens.accounts import AccountsScreen, SessionForm, TransferForm

D = Decimal
SMALL = (80, 24)


def a_desk() -> FakeSession:
    """Two accounts; this desk runs main."""
    session = sample_desk()
    session.settings.accounts = ("main", "swing")
    session.others["swing"] = Account(
        name="swing", currency="USDT", market=Market.FUTURES, deposits=D(700), session=3
    )
    session.others["unwritten"] = Account(name="unwritten", currency="USDT", deposits=D(1))
    return session


async def test_the_list_shows_every_account_on_a_small_terminal() -> None:
    async with running(a_desk(), SMALL) as pilot:
        await press(pilot, "A")
        await until(pilot, lambda: "swing" in screen_text(pilot.app))
        text = screen_text(pilot.app)

    [row] = [line for line in text.splitlines() if "swing" in line]
    assert "FUTURES" in row
    assert "700.00" in row
    assert " 3 " in row
    assert all(word in text for word in ("enter change", "d deposit", "n new session"))


@pytest.mark.parametrize(("key", "amount"), [("d", D("50.5")), ("w", D("-50.5"))])
async def test_money_is_paid_in_and_out_by_key(key: str, amount: Decimal) -> None:
    session = a_desk()
    async with running(session, SMALL) as pilot:
        await press(pilot, "A", "down", key)
        assert isinstance(pilot.app.screen, TransferForm)
        await press(pilot, *"50.5", "tab", *"rent", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AccountsScreen))
        await until(pilot, lambda: f"{700 + amount:.2f}" in screen_text(pilot.app))

    assert session.booked == [("swing", amount, "rent")]


async def test_what_is_refused_is_said_in_the_form_and_stays_there() -> None:
    async with running(a_desk(), SMALL) as pilot:
        await press(pilot, "A", "down", "w", *"9000", "enter")
        await until(pilot, lambda: "can be withdrawn" in screen_text(pilot.app))

        assert pilot.app.screen.query_one("#amount", Input).value == "9000"


async def test_a_new_session_is_refused_while_trades_are_active() -> None:
    async with running(a_desk(), SMALL) as pilot:
        await press(pilot, "A", "n")
        assert isinstance(pilot.app.screen, SessionForm)
        assert pilot.app.screen.query_one("#amount", Input).value == "10000"
        await press(pilot, "enter")
        await until(pilot, lambda: "active trades" in screen_text(pilot.app))


async def test_enter_leaves_for_the_other_account_after_a_question() -> None:
    session = a_desk()
    async with running(session, SMALL) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await press(pilot, "A", "down", "enter")
        await until(pilot, lambda: "While the desk is on swing" in screen_text(app))
        await press(pilot, "n")
        await settled(pilot)
        assert app.next_account is None
        await press(pilot, "A", "down", "enter")
        await until(pilot, lambda: "While the desk is on swing" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: app.next_account == "swing")


@pytest.mark.parametrize(
    ("keys", "said"),
    [((), "is on main already"), (("down", "down"), r"no [accounts.unwritten]")],
)
async def test_why_an_account_cannot_be_changed_to_is_said(
    keys: tuple[str, ...], said: str
) -> None:
    async with running(a_desk(), SMALL) as pilot:
        await press(pilot, "A", *keys, "enter")
        await until(pilot, lambda: said in screen_text(pilot.app))

        assert isinstance(pilot.app.screen, AccountsScreen)


async def test_the_status_line_names_the_market() -> None:
    session = FakeSession(market=Market.FUTURES)
    session.settings.market = Market.FUTURES
    async with running(session, SMALL) as pilot:
        await settled(pilot)
        top = screen_text(pilot.app).splitlines()[0]

    assert "FUTURES" in top
    assert "main" not in top
