"""The terminal app around a running desk.

Prints are never messages here: one timer reads snapshots and paints. Facts are told by the
desk, after they are stored. When the desk itself fails, the app stays up and says so.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.dom import DOMNode
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed, WorkerState

from desk.errors import SettingsError
from desk.view import Fact, Header
from tui.port import DeskSession, tick_of
from tui.screens.confirm import Confirm
from tui.screens.desk import DeskScreen
from tui.text import ui_text
from tui.themes import THEMES, fallback_variables
from tui.told import TOASTS_AT_ONCE, Toast, tell, toasts
from tui.widgets.open_trades import OpenTrades
from tui.widgets.signals_table import SignalsTable

TOAST_BREATH_S = 1.0
"""After a full handful of toasts, what follows waits this long and comes together."""

log = logging.getLogger(__name__)


@runtime_checkable
class Painted(Protocol):
    """A screen that shows live values."""

    def paint(self) -> None:
        """Show the values of this moment."""


class DeskApp(App[None]):
    """Paperdesk in a terminal."""

    TITLE = "Paperdesk"
    CSS_PATH = "desk.tcss"
    ENABLE_COMMAND_PALETTE = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "ask_quit", "Quit", id="app.quit"),
        Binding("ctrl+q", "quit", "Quit now", show=False, priority=True, id="app.quit_now"),
        Binding("t", "next_theme", "Next theme", show=False, id="app.theme"),
    ]

    def __init__(
        self,
        session: DeskSession,
        *,
        refresh_hz: int = 4,
        theme: str = "desk-dark",
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Show *session*.

        Args:
            session: A loaded desk; the app runs it.
            refresh_hz: Paints a second.
            theme: Name of one of the desk's or Textual's themes.
            ready: Called once, after the first picture.

        Raises:
            SettingsError: If there is no such theme.
        """
        super().__init__()
        self.animation_level = "none"
        for own in THEMES:
            self.register_theme(own)
        if theme not in self.available_themes:
            known = ", ".join(sorted(self.available_themes))
            raise SettingsError(f"There is no theme {theme!r}; known are {known}.")
        self.theme = theme
        self._variables = self.get_css_variables()
        self.stylesheet.set_variables(self._variables)
        self._session = session
        self._refresh_hz = refresh_hz
        self._when_ready = ready
        self._facts: list[Fact] = []
        self._toasted_at = 0.0
        self._toasted = 0
        self.next_account: str | None = None
        """The account to open the desk on once this app has ended."""
        self._desk_worker: Worker[None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self.desk = DeskScreen(session)

    # Life.

    def get_default_screen(self) -> Screen[None]:
        """The desk is the first screen."""
        return self.desk

    def on_mount(self) -> None:
        """Start the paint timer, and a clean end for the usual signals."""
        self._unsubscribe = self._session.subscribe(self._facts.append)
        self.set_interval(1 / self._refresh_hz, self.paint)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
            # Windows has no such handlers, nor has a loop outside of the main thread.
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self.exit)

    def on_ready(self) -> None:
        """Start the desk behind the first picture: loading the market's client takes time."""
        self._when_ready()
        self._desk_worker = self.run_worker(
            self._session.run(), name="desk", exit_on_error=False
        )

    async def on_unmount(self) -> None:
        """Let the desk finish what it is storing before the terminal is given back."""
        self._unsubscribe()
        if self._desk_worker is not None:
            self._desk_worker.cancel()
            with contextlib.suppress(WorkerCancelled, WorkerFailed):
                await self._desk_worker.wait()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say what failed; the app stays up whatever it was."""
        worker = event.worker
        if event.state is not WorkerState.ERROR:
            return
        log.error("%s failed", worker.name, exc_info=worker.error)
        if worker.name == "desk":
            self.desk.stopped = (
                f"THE DESK HAS STOPPED: {ui_text(worker.error)}. Nothing watches your trades. "
                "They are safe on disk: quit with q and start again. The log has the details."
            )
            self.paint()
        else:
            self.notify(
                f"{worker.name} failed: {ui_text(worker.error)}. The log has the details.",
                severity="error",
            )

    def _fatal_error(self) -> None:
        # Textual would print the traceback with every local value on the terminal.
        log.error("the screen failed", exc_info=self._exception)
        self.panic(
            "Paperdesk's screen failed. Your trades are safe on disk: start it again. "
            "The log has the details."
        )

    # Painting and telling.

    def paint(self) -> None:
        """Show what has changed since the last time."""
        if not self.is_running:
            return  # the screens are being taken down, and the timer with them
        self._tell_facts()
        if self.desk.is_mounted:
            self.desk.paint()  # behind a dialog too: what is seen must be true
        screen = self.screen
        if screen is not self.desk and isinstance(screen, Painted) and screen.is_mounted:
            screen.paint()

    def _tell_facts(self) -> None:
        """Tell what the desk reported; after many toasts the next ones come joined."""
        now = asyncio.get_running_loop().time()
        if now - self._toasted_at >= TOAST_BREATH_S:
            self._toasted = 0
        if not self._facts or self._toasted >= TOASTS_AT_ONCE:
            return
        facts, self._facts[:] = self._facts[:], []
        now_ms = self._session.header().now_ms
        grid = partial(tick_of, self._session)
        told = [tell(fact, grid, now_ms) for fact in facts]
        self.desk.tell(told)
        for toast in toasts(told):
            self._show_toast(toast)
            self._toasted += 1
            self._toasted_at = now

    def _show_toast(self, toast: Toast) -> None:
        self.notify(
            toast.message, title=toast.title, severity=toast.severity, timeout=toast.seconds
        )

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a toast whose text is text, whatever brackets it has."""
        super().notify(
            "\n".join(ui_text(line, 300) for line in message.split("\n")),
            title=ui_text(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    # Colours.

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give Textual's own themes the variables that the stylesheet uses."""
        return fallback_variables(self.current_theme)

    def refresh_css(self, animate: bool = True) -> None:  # noqa: FBT001, FBT002 - Textual's own
        """Parse the stylesheet again if a theme has changed its variables.

        Textual asks for it before the first picture too, when nothing has changed yet.
        """
        if (variables := self.get_css_variables()) != self._variables:
            self._variables = variables
            super().refresh_css(animate=animate)

    def action_next_theme(self) -> None:
        """Change from dark to light to the one for colour-blind eyes."""
        names = [own.name for own in THEMES]
        at = names.index(self.theme) + 1 if self.theme in names else 0
        self.theme = names[at % len(names)]

    # Leaving.

    def action_ask_quit(self) -> None:
        """Leave for good."""
        self.leave()

    def leave(self, account: str | None = None) -> None:
        """Leave; with open trades that nobody watches then, only after a question.

        Args:
            account: On which the desk is wanted next; None for none.
        """
        header = self._session.header()
        count = header.open + header.pending
        if not count or header.attached or self.desk.stopped:
            self._leave_for(account)
        else:
            self.run_worker(self._ask_quit(header, account), name="quit", exit_on_error=False)

    def on_desk_screen_account_wanted(self, wanted: DeskScreen.AccountWanted) -> None:
        """Leave for another account."""
        self.leave(wanted.name)

    def _leave_for(self, account: str | None) -> None:
        self.next_account = account
        self.exit()

    async def _ask_quit(self, header: Header, account: str | None) -> None:
        count, waiting = header.open, header.pending
        trades = "1 trade is open" if count == 1 else f"{count} trades are open"
        if waiting:
            trades += ", 1 order waits" if waiting == 1 else f", {waiting} orders wait"
        away = "Paperdesk is closed" if account is None else f"the desk is on {account}"
        question = Content(
            f"{trades}. While {away} nothing watches stop and target; "
            "the next start catches up with everything that was traded meanwhile."
        )
        title, yes = ("Quit", "quit") if account is None else ("Change account", "change")
        if await self.push_screen_wait(Confirm(title, question, yes=yes, no="stay")):
            self._leave_for(account)

    # The palette.

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the desk with its key."""
        desk = self.desk
        owners: list[tuple[DOMNode, list[BindingType]]] = [
            (desk.signals, SignalsTable.BINDINGS),
            (desk.trades, OpenTrades.BINDINGS[:-1]),
            (desk, DeskScreen.BINDINGS),
            (self, DeskApp.BINDINGS),
        ]
        for owner, bindings in owners:
            for binding in bindings:
                if isinstance(binding, Binding):
                    yield self._command(binding, owner)
        yield from (c for c in super().get_system_commands(screen) if c.title != "Quit")

    def _command(self, binding: Binding, owner: DOMNode) -> SystemCommand:
        """Make a palette entry of a key."""
        key = binding.key_display or binding.key.split(",")[0]

        async def run() -> None:
            await self.run_action(binding.action, default_namespace=owner)

        return SystemCommand(binding.tooltip or binding.description, f"key {key}", run)
