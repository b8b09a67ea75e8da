"""The accounts: which there are, paying in and out, beginning anew, changing to another one."""

from collections.abc import Coroutine
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from desk.accounts import AccountView
from desk.errors import DeskError
from engine.account import Account
from engine.errors import Refused
from engine.money import plain
from store.errors import StoreError
from tui import format as fmt
from tui.entry import Mistyped, read_number
from tui.port import DeskSession
from tui.screens.form import Field, Form, show
from tui.text import ui_text

_AMOUNT = Field(name="amount", label="Amount", hint="How much, like 500.", figured=False)
_BALANCE = Field(
    name="amount", label="Balance", hint="What the new session begins with.", figured=False
)
_NOTE = Field(name="note", label="Note", hint="What it is for; may be empty.", figured=False)
_SHOWN = 12
"""Rows on the screen at once."""


class AccountsScreen(ModalScreen[str | None]):
    """All accounts; answers with the one to change to, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="accounts.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="accounts.down"),
        Binding("enter", "switch", "Change to it", id="accounts.switch"),
        Binding("d", "deposit", "Deposit", id="accounts.deposit"),
        Binding("w", "withdraw", "Withdraw", id="accounts.withdraw"),
        Binding("n", "new_session", "New session", id="accounts.new_session"),
        Binding("escape,q,A", "leave", "Back", key_display="esc", id="accounts.leave"),
    ]

    def __init__(self, session: DeskSession) -> None:
        super().__init__()
        self._session = session
        self._views: list[AccountView] = []
        self._cursor = 0
        self._rows = Static(id="question", markup=False)
        self._line = Static(id="line", markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        keys = ("enter", "change"), ("d", "deposit"), ("w", "withdraw"), ("n", "new session")
        parts = [Content.assemble((k, "bold $accent"), f" {w}") for k, w in (*keys, _BACK)]
        with Vertical(classes="dialog form") as box:
            box.border_title = "Accounts"
            yield self._rows
            yield self._line
            yield Static(Content("    ").join(parts), id="answers", markup=False)

    def on_mount(self) -> None:
        """Read the books."""
        self._run(self._load())

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._cursor = max(0, min(self._cursor + rows, len(self._views) - 1))
        self._say("")

    def action_leave(self) -> None:
        """Go back to the desk."""
        self.dismiss(None)

    def action_switch(self) -> None:
        """Leave with the account under the cursor, if the desk can be opened on it."""
        if (view := self._chosen()) is None:
            return
        header, settings = self._session.header(), self._session.settings
        if view.name == settings.account:
            self._say(f"The desk is on {view.name} already.")
        elif header.attached:
            self._say(f"This window is {header.attached}: quit that desk first.")
        elif view.name not in settings.accounts:
            self._say(f"The settings have no [accounts.{view.name}]: add that section first.")
        else:
            self.dismiss(view.name)

    def action_deposit(self) -> None:
        """Ask how much to pay in."""
        if account := self._opened():
            self._run(self._ask(TransferForm(self._session, account, sign=1)))

    def action_withdraw(self) -> None:
        """Ask how much to take out."""
        if account := self._opened():
            self._run(self._ask(TransferForm(self._session, account, sign=-1)))

    def action_new_session(self) -> None:
        """Ask what a new session begins with."""
        if account := self._opened():
            self._run(self._ask(SessionForm(self._session, account)))

    # Inside.

    async def _ask(self, form: "BookingForm") -> None:
        await self.app.push_screen_wait(form)
        await self._load()

    async def _load(self) -> None:
        first = not self._views
        try:
            self._views = await self._session.accounts()
        except StoreError as exc:
            self._say(str(exc))
            return
        if first:
            names = [view.name for view in self._views]
            own = self._session.settings.account
            self._cursor = names.index(own) if own in names else 0
        self._say("")

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.app.run_worker(work, name="accounts", exit_on_error=False)

    def _chosen(self) -> AccountView | None:
        return self._views[self._cursor] if self._views else None

    def _opened(self) -> Account | None:
        """Return the account under the cursor; one that was never opened has no money."""
        view = self._chosen()
        if view is not None and view.account is None:
            self._say(f"{view.name} was never opened: change to it first.")
        return view.account if view else None

    def _say(self, sentence: str) -> None:
        said = f"! {ui_text(sentence, 200)}" if sentence else ""
        show(self._line, Content.styled(said, "$loss"))
        top = max(0, self._cursor - _SHOWN + 1)
        rows = [
            self._row(view, chosen=index == self._cursor)
            for index, view in enumerate(self._views)
        ]
        show(self._rows, Content("\n").join([_HEAD, *rows[top : top + _SHOWN]]))

    def _row(self, view: AccountView, *, chosen: bool) -> Content:
        own = view.name == self._session.settings.account
        name = Content.assemble(
            "▸ " if chosen else "  ",
            (f"{ui_text(view.name, 20):<20}", "bold" if own else ""),
        )
        account = view.account
        if account is None:
            return name + Content.styled(" not opened yet", "$quiet")
        return name + Content(
            f" {account.market.value:<8}{fmt.money(account.balance):>15} "
            f"{ui_text(account.currency, 6):<6}{view.active:>7}{account.session:>8}  "
            f"{fmt.day(account.session_ms)}"
        )


class BookingForm(Form[bool | None]):
    """A form whose answer is whether something was booked."""

    def book(self, work: Coroutine[Any, Any, Account]) -> None:
        """Do *work* beside the screen; then the form goes, or says why it was refused."""
        self._sending = True
        self.say("")
        self.app.run_worker(self._book(work), name="booking", exit_on_error=False)

    async def _book(self, work: Coroutine[Any, Any, Account]) -> None:
        try:
            await work
        except (Refused, DeskError, StoreError) as refusal:
            self.refuse(str(refusal))
        else:
            if self.is_attached:
                self.dismiss(_BOOKED)
        finally:
            self._sending = False


class TransferForm(BookingForm):
    """Pays money in or out; answers whether it was booked."""

    def __init__(self, session: DeskSession, account: Account, *, sign: int) -> None:
        """Ask about *account*; *sign* is 1 for a deposit, -1 for a withdrawal."""
        title = "Deposit" if sign > 0 else "Withdraw"
        super().__init__(title, (_AMOUNT, _NOTE), {"amount": "", "note": ""})
        self._session = session
        self._account = account
        self._sign = sign

    def paint(self) -> None:
        """Say what there is."""
        self.show_head(_standing(self._account))
        self.show_answers([("enter", "book it"), ("esc", "cancel")])
        self.say("")

    def send(self) -> None:
        """Book it, or say what is wrong."""
        try:
            amount = self._sign * read_number("Amount", self.typed("amount"))
        except Mistyped as mistake:
            self.refuse(str(mistake))
            return
        note = ui_text(self.typed("note"))
        self.book(self._session.transfer(self._account.name, amount, note))


class SessionForm(BookingForm):
    """Begins an account anew; answers whether it did."""

    def __init__(self, session: DeskSession, account: Account) -> None:
        """Ask about *account*."""
        settings = session.settings
        usual = settings.deposit if account.name == settings.account else account.deposits
        super().__init__("New session", (_BALANCE,), {"amount": plain(usual)})
        self._session = session
        self._account = account

    def paint(self) -> None:
        """Say what becomes of the present session."""
        self.show_head(_standing(self._account))
        self.show_sums(Content("What was traded so far stays on record as a past session."))
        self.show_answers([("enter", "begin anew"), ("esc", "cancel")])
        self.say("")

    def send(self) -> None:
        """Begin, or say what is wrong."""
        try:
            balance = read_number("Balance", self.typed("amount"))
        except Mistyped as mistake:
            self.refuse(str(mistake))
            return
        self.book(self._session.new_session(self._account.name, balance))


def _standing(account: Account) -> Content:
    return Content.assemble(
        (account.name, "bold"),
        f"  balance {fmt.money(account.balance)} {ui_text(account.currency, 6)}",
        f"  session {account.session}",
    )


_BOOKED = True
_BACK = ("esc", "back")
_HEAD = Content.styled(
    f"  {'NAME':<20} {'MARKET':<8}{'BALANCE':>15} {'':<6}{'ACTIVE':>7}{'SESSION':>8}  SINCE",
    "bold $quiet",
)
