"""What the keys of the open trades do: ask, send the command, say what came of it."""

from collections.abc import Coroutine, Sequence

from textual.content import Content
from textual.screen import Screen

from desk.errors import DeskError
from desk.view import TradeView
from engine.commands import BreakEvenOrder, CancelTrade, Command, EditTrade, UndoEdit
from engine.errors import Refused
from engine.events import Event, TradeEdited
from engine.model import Trade, TradeStatus
from tui import format as fmt
from tui import trade_words as words
from tui.port import DeskSession, tick_of
from tui.screens.close import CloseQuestion
from tui.screens.close_all import CloseAllQuestion
from tui.screens.confirm import Confirm
from tui.screens.edit import EditDialog
from tui.screens.trade_page import FindTrade, TradePage, why_page
from tui.widgets.open_trades import Wish

_SHOWN_REFUSALS = 3
"""Sentences that one toast can hold."""


class TradeActions:
    """Acts on the trade that was under the cursor when its key was pressed."""

    def __init__(self, screen: Screen[None], session: DeskSession, find: FindTrade) -> None:
        """Act for *screen*.

        Args:
            screen: Over which the dialogs open.
            session: Takes the commands.
            find: Gives the newest view of a trade, for its page.
        """
        self._screen = screen
        self._session = session
        self._find = find

    def act(self, wish: Wish, view: TradeView) -> None:
        """Do what the trader wants with the trade of *view*."""
        match wish:
            case Wish.CLOSE if view.trade.status is TradeStatus.PENDING:
                self._run(self._cancel(view.trade), "cancel")
            case Wish.CLOSE:
                self._run(self._close(view), "close")
            case Wish.EDIT:
                self._screen.app.push_screen(EditDialog(self._session, view))
            case Wish.BREAK_EVEN:
                self._run(self._break_even(view.trade), "break-even")
            case Wish.UNDO:
                self._run(self._undo(view.trade), "undo")
            case Wish.DETAIL:
                self._screen.app.push_screen(TradePage(self._session, view, self._find))
            case Wish.WHY:
                self._screen.app.push_screen(why_page(view.trade))

    def close_all(self) -> None:
        """Ask to close every trade and to cancel every order."""
        if self._session.trade_views():
            self._run(self._close_all(), "close all")
        else:
            self._screen.notify("There is no trade to close.", timeout=4)

    def _run(self, action: Coroutine[None, None, None], name: str) -> None:
        self._screen.app.run_worker(action, name=name, exit_on_error=False)

    async def _close(self, view: TradeView) -> None:
        question = CloseQuestion(self._session, view)
        order = await self._screen.app.push_screen_wait(question)
        if order is not None:
            await self._submit(order, "Not closed")

    async def _break_even(self, trade: Trade) -> None:
        order = EditTrade(trade_id=trade.id, break_even=BreakEvenOrder())
        if (after := _edited(await self._submit(order, "Not moved"))) is None:
            return
        name = words.name(after)
        if after.break_even is not None and after.break_even.stop is not None:
            price = fmt.price(after.stop, tick_of(self._session, after.symbol))
            said = f"Stop of {name} to break-even {price}"
        else:
            said = f"Stop of {name} goes to break-even once the market is beyond it"
        self._screen.notify(said, title="◆ Break-even", timeout=4)

    async def _undo(self, trade: Trade) -> None:
        order = UndoEdit(trade_id=trade.id)
        if (after := _edited(await self._submit(order, "Nothing undone"))) is not None:
            exits = words.exits(after, tick_of(self._session, after.symbol))
            said = f"{words.name(after)}: {exits}"
            self._screen.notify(said, title="Edit taken back", timeout=4)

    async def _close_all(self) -> None:
        orders = await self._screen.app.push_screen_wait(CloseAllQuestion(self._session))
        refusals: list[str] = []
        for order in orders or ():
            try:
                await self._session.submit(order)
            except (Refused, DeskError) as refusal:
                refusals.append(str(refusal))
        if refusals:
            shown = refusals[:_SHOWN_REFUSALS]
            more = len(refusals) - len(shown)
            shown += [f"and {more} more"] if more else []
            title = f"{len(refusals)} of {len(orders or ())} not closed"
            self._screen.notify("\n".join(shown), title=title, severity="warning", timeout=15)

    async def _cancel(self, trade: Trade) -> None:
        tick = tick_of(self._session, trade.symbol)
        order = f"{words.name(trade)} {fmt.quantity(trade.quantity)} "
        question = Content.assemble(
            "Take back ", (f"{order}{words.waiting_for(trade, tick)}", "bold"), "?"
        )
        dialog = Confirm("Cancel order", question, yes="cancel the order", no="keep")
        if await self._screen.app.push_screen_wait(dialog):
            await self._submit(CancelTrade(trade_id=trade.id), "Not cancelled")

    async def _submit(self, command: Command, title: str) -> Sequence[Event]:
        try:
            return await self._session.submit(command)
        except (Refused, DeskError) as refusal:
            self._screen.notify(str(refusal), title=title, severity="warning", timeout=8)
            return ()


def _edited(events: Sequence[Event]) -> Trade | None:
    return next((one.trade for one in events if isinstance(one, TradeEdited)), None)
