"""Who runs the desk: this process while it has the lease, another one else.

Law: whoever has the lease is the desk, everyone else is attached to it. When the lease becomes
free, an attached window takes it and starts the way every desk starts.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from desk.attach import AttachedDesk
from desk.errors import DeskBusy, DeskError, LeaseLost
from desk.lease import Holder, Lease, heartbeat_of, holder_of
from desk.news import News
from desk.session import Session
from desk.view import Fact, Notice
from engine.commands import Command
from engine.events import Event
from store.errors import StoreError

T = TypeVar("T")

log = logging.getLogger(__name__)

TRY_EVERY_S = 0.5
"""How often an attached window tries to get the lease."""
SPEAKS_WITHIN_S = 10.0
"""How long a new holder may take to say where its market is."""

Role = Session | AttachedDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """How a window opens what it can be."""

    hold: Callable[[Lease], AbstractAsyncContextManager[Session]]
    """Opens the desk under a lease that was acquired, and loads it."""
    attach: Callable[[Holder | None, News], AbstractAsyncContextManager[AttachedDesk]]
    """Opens the desk that another process runs; it is not loaded yet."""
    own_market: bool
    """Whether each holder runs a market of its own: who attaches needs its address."""


class Handover:
    """The roles of one window, one after the other."""

    def __init__(
        self, database: Path, account: str, roles: Roles, hear: Callable[[Fact], None]
    ) -> None:
        """Prepare; `begin` comes first, then `run`.

        Args:
            database: The desk's file.
            account: The one account of this window.
            roles: What the window can be.
            hear: Told every fact once, whoever runs the desk.
        """
        self._database = database
        self._roles = roles
        self._tell = hear
        self._account = account
        self._lease = Lease(database, account)
        self._news = News()
        self._role: Role | None = None
        self._visible: Collection[str] = ()
        self._subscriptions: list[Callable[[], None]] = []
        self._open = AsyncExitStack()
        """Holds what the present role has opened."""
        self._busy: set[asyncio.Task[Any]] = set()
        """Work that needs what its role has opened."""
        self._farewells: set[asyncio.Task[None]] = set()

    # -- life ---------------------------------------------------------------------------------

    @property
    def role(self) -> Role:
        """What this window is now: the desk itself, or attached to it."""
        assert self._role is not None  # `begin` comes first
        return self._role

    async def begin(self) -> None:
        """Take the desk, or attach to the process that runs it.

        Raises:
            DeskBusy: If that process does not say where its market is.
            DeskError: If it runs another account, or the desk's folder cannot be written.
            StoreError: If the books cannot be opened.
        """
        other: Holder | None = None
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + SPEAKS_WITHIN_S
        while True:
            try:
                self._lease.acquire()
            except DeskBusy:
                holder = holder_of(self._database)
                if holder and holder.account not in ("", self._account):
                    # A new holder's lock is there a moment before what the file says of it.
                    if holder == other:
                        raise DeskError(other_account(holder, self._account)) from None
                    other = holder
                elif self._reachable(holder):
                    await self._become_attached(holder)
                    return
                if loop.time() > give_up_s:
                    raise
            else:
                await self._become_holder()
                return
            await asyncio.sleep(TRY_EVERY_S / 5)

    async def run(self) -> None:
        """Run the desk, or follow it, until cancelled; `begin` comes first."""
        try:
            while True:
                if isinstance(self.role, Session):
                    await self._run_own(self.role)
                else:
                    await self._run_attached(self.role)
        finally:
            await self.end()

    async def end(self) -> None:
        """Close what is open and let go of the desk; doing so twice is harmless."""
        self._cancel_work()
        if self._farewells:
            await asyncio.wait(self._farewells)
        await self._open.aclose()

    def look_at(self, symbols: Collection[str]) -> None:
        """Say which symbols are on screen, now and after a change of roles."""
        self._visible = symbols
        self.role.look_at(symbols)

    async def submit(self, command: Command) -> Sequence[Event]:
        """Carry out a command, or have the holder do so; returns what happened, stored.

        Raises:
            Refused: If the rules or the database do not allow it; nothing has changed then.
            DeskError: If it cannot be done at present, or it is not known whether it was.
        """
        return await self.ask(lambda role: role.submit(command))

    async def ask(self, wish: Callable[[Role], Coroutine[Any, Any, T]]) -> T:
        """Have the present role do something, as `submit` does; returns what came of it."""
        order = self._work(wish(self.role))
        try:
            await asyncio.wait({order})
        finally:
            order.cancel()  # if whoever asked was cancelled
        if order.cancelled():
            raise DeskError(
                "The desk changed hands while the order was under way. Look at the trades "
                "before you repeat it."
            )
        return order.result()

    # -- the two roles ------------------------------------------------------------------------

    async def _run_own(self, session: Session) -> None:
        """Run the desk; comes back, attached, only if another process has taken it."""
        why = ""
        try:
            await session.run()
        except* LeaseLost as lost:
            why = str(_first(lost))
        finally:
            self._cancel_work()  # nobody is left to carry orders out
        log.error("the desk was lost: %s", why)
        await self._open.aclose()
        await self.begin()
        self._hear(Notice(why, "warning"))

    async def _run_attached(self, attached: AttachedDesk) -> None:
        """Follow the desk until this window's role changes."""
        following = self._work(attached.run())
        beat = 0
        try:
            while self._role is attached:
                await asyncio.wait({following}, timeout=TRY_EVERY_S)
                if beat != (beat := heartbeat_of(self._database)):
                    attached.holder_lives()
                if following.done():
                    following.result()
                try:
                    await self._try_to_take_over(attached)
                except (DeskError, StoreError) as exc:
                    log.warning("cannot change over: %s", exc)
        finally:
            following.cancel()
            await asyncio.wait({following})

    async def _try_to_take_over(self, attached: AttachedDesk) -> None:
        try:
            self._lease.acquire()
        except DeskBusy:
            await self._follow_holder(attached, holder_of(self._database))
            return
        try:
            await attached.look()  # what the holder did last was perhaps not told yet
            await self._become_holder()
        except BaseException:
            self._lease.release()
            raise
        ended = f"The desk's {attached.holder_name} has ended; this window now runs the desk."
        self._hear(Notice(ended, "warning"))

    async def _follow_holder(self, attached: AttachedDesk, holder: Holder | None) -> None:
        """Notice that another process has taken the desk over."""
        if holder is None or holder == attached.holder or not self._reachable(holder):
            return
        if self._roles.own_market:
            await self._become_attached(holder)
        attached.holder = holder
        if holder.account in ("", self._account):
            self._hear(Notice(f"The desk is now run by {attached.holder_name}."))
        else:
            self._hear(Notice(other_account(holder, self._account), "warning"))

    def _reachable(self, holder: Holder | None) -> bool:
        """Tell whether a window can attach: all prices come from a known place."""
        return not self._roles.own_market or (holder is not None and bool(holder.rest_url))

    # -- changing over ------------------------------------------------------------------------

    async def _become_holder(self) -> None:
        async with AsyncExitStack() as opening:
            opening.callback(self._lease.release)
            session = await opening.enter_async_context(self._roles.hold(self._lease))
            if not self._news.begun:
                newest = await session.ledger.trades(session.settings.account, limit=1)
                newest_id = newest[0].id if newest else 0
                self._news.begin(newest_id, session.book.active())
            for unsubscribe in self._subscriptions:
                unsubscribe()  # from now on the desk tells everything itself
            self._subscriptions = [session.subscribe(self._hear)]
            self._change(session, opening.pop_all())

    async def _become_attached(self, holder: Holder | None) -> None:
        known = {signal.id for signal in self._role.signals} if self._role else None
        async with AsyncExitStack() as opening:
            attached = await opening.enter_async_context(self._roles.attach(holder, self._news))
            self._subscriptions.append(attached.subscribe(self._hear))
            await attached.load(known)
            self._change(attached, opening.pop_all())

    def _change(self, role: Role, opened: AsyncExitStack) -> None:
        old, self._open = self._open, opened
        self._role = role
        role.look_at(self._visible)
        farewell = asyncio.create_task(self._close(old, tuple(self._busy)))
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)

    async def _close(self, old: AsyncExitStack, busy: Collection[asyncio.Task[Any]]) -> None:
        """Close an earlier role once its orders are answered, perhaps by the new one."""
        if busy:
            await asyncio.wait(busy)
        try:
            await old.aclose()
        except StoreError as exc:
            log.warning("the books were not closed in order: %s", exc)

    def _work(self, doing: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(doing)
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        return task

    def _cancel_work(self) -> None:
        for task in self._busy:
            task.cancel()

    def _hear(self, fact: Fact) -> None:
        self._news.hear(fact)
        self._tell(fact)


def other_account(holder: Holder, account: str) -> str:
    """Say in a sentence that a desk runs another account than is wanted."""
    return (
        f"The running desk (process {holder.pid}) trades the account {holder.account}, not "
        f"{account}. One desk runs one account at a time: quit that desk first."
    )


def _first(group: BaseExceptionGroup[LeaseLost]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
