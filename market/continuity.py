"""One symbol's prints in id order, each once, with no hole stepped over.

Aggregate-trade ids grow by one per print. A print that does not follow the last one waits; if
those before it do not arrive in time they are asked for, page by page, until the pages meet the
waiting prints. Pure: the caller brings prints, pages and the time.
"""

from collections.abc import Sequence

from engine.model import Tick

MAX_WAITING = 50_000
"""Beyond this many prints behind a hole they are forgotten: the pages bring them again."""

_BEFORE_ALL = -2
"""In place of the last id it lets no print pass: none has the next number."""


class Continuity:
    """What has passed of one symbol, and what waits behind a hole."""

    def __init__(self, hold_s: float, last_id: int | None = None) -> None:
        """Begin behind a print that is known.

        Args:
            hold_s: How long an early print waits before those in front of it count as missed.
            last_id: The print that is known; None begins with whichever comes next.
        """
        self.last_id = last_id
        """The newest print that passed; None before the first."""
        self.repeated = 0
        """Prints dropped because they had passed already."""
        self.lost = 0
        """Ids that the exchange itself does not have (any more)."""
        self.asking = False
        """Whether a page behind `last_id` is needed before anything else may pass."""
        self.held = False
        """Whether nothing may pass until `resume`: the past is being read elsewhere."""
        self._hold_s = hold_s
        self._waiting: dict[int, Tick] = {}
        self._waiting_since = 0.0

    @property
    def flowing(self) -> bool:
        """Whether nothing is held back or asked for."""
        return not (self.held or self.asking)

    @property
    def first_waiting(self) -> int | None:
        """The id of the first print that waits, or None when none does."""
        return min(self._waiting, default=None)

    def hold(self) -> None:
        """Let everything wait from now on until `resume` says where to go on."""
        self.held, self.asking, self.last_id = True, False, _BEFORE_ALL

    def resume(self, after_id: int, now_s: float) -> Sequence[Tick]:
        """Go on (again) right behind *after_id*; returns what may pass now.

        A page is needed unless the very next print waits already.
        """
        self.held, self.last_id = False, after_id
        self._waiting = {i: tick for i, tick in self._waiting.items() if i > after_id}
        passed = self._pass_waiting(now_s)
        self.asking = bool(self._waiting) or not passed
        return passed

    def doubt(self) -> None:
        """Learn that prints may be missing: ask, unless the next one proves otherwise."""
        self.asking = self.last_id is not None and not self.held

    def offer(self, tick: Tick, now_s: float) -> Sequence[Tick]:
        """Take one print off the stream; returns what may pass now, in order."""
        last_id, trade_id = self.last_id, tick.trade_id
        if last_id is None or trade_id == last_id + 1:
            self.last_id = trade_id
            self.asking = False
            return (tick, *self._pass_waiting(now_s)) if self._waiting else (tick,)
        if trade_id <= last_id or trade_id in self._waiting:
            self.repeated += 1
            return ()
        if not self._waiting:
            self._waiting_since = now_s
        elif len(self._waiting) >= MAX_WAITING:
            self._waiting.clear()
        self._waiting[trade_id] = tick
        return ()

    def missing_from(self, now_s: float) -> int | None:
        """Return the first id that a page is needed from, or None when none is."""
        if self.held:
            return None
        if self._waiting and now_s - self._waiting_since >= self._hold_s:
            self.asking = True
        if self.last_id is None or not self.asking:
            return None
        return self.last_id + 1

    def repair(
        self, from_id: int, page: Sequence[Tick], now_s: float, *, more: bool
    ) -> list[Tick]:
        """Take the exchange's own record of what was missed; returns what may pass now.

        Args:
            from_id: The id that the page was asked from.
            page: Prints in id order. An id that a page leaves out does not exist.
            now_s: Monotonic seconds.
            more: Whether the page was full, so that the record goes on behind it.
        """
        if self.held or self.last_id is None or from_id > self.last_id + 1:
            return []  # asked before the receiver went back: another page is needed
        passed = self._pass_page(page)
        met = self._pass_waiting(now_s)
        self.asking = bool(self._waiting) or (more and not met)
        return passed + met

    def _pass_page(self, page: Sequence[Tick]) -> list[Tick]:
        last_id = self.last_id or 0
        if not page or page[-1].trade_id <= last_id:
            return []
        for tick in page:
            self._waiting.setdefault(tick.trade_id, tick)
        end = page[-1].trade_id
        passed = []
        for trade_id in sorted(i for i in self._waiting if i <= end):
            tick = self._waiting.pop(trade_id)
            if trade_id > last_id:
                self.lost += trade_id - last_id - 1
                last_id = trade_id
                passed.append(tick)
        self.last_id = last_id
        return passed

    def _pass_waiting(self, now_s: float) -> list[Tick]:
        passed: list[Tick] = []
        last_id = self.last_id or 0
        while tick := self._waiting.pop(last_id + 1, None):
            passed.append(tick)
            last_id += 1
        self.last_id = last_id
        self._waiting_since = now_s
        return passed
