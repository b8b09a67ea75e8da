"""The signals that can still be traded: stored first, then shown."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from desk.view import Fact, SignalsArrived
from engine.model import Signal, SignalStatus
from market.clock import ExchangeClock
from store.ledger import Ledger

log = logging.getLogger(__name__)


class SignalTable:
    """Signals in order of arrival; the ledger's ACTIVE and TAKEN ones, kept in memory."""

    def __init__(
        self, ledger: Ledger, clock: ExchangeClock, publish: Callable[[Fact], None]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._publish = publish
        self._signals: dict[str, Signal] = {}

    def __iter__(self) -> Iterator[Signal]:
        """Yield the signals in order of arrival."""
        return iter(self._signals.values())

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._signals)

    def get(self, signal_id: str) -> Signal | None:
        """Return a signal that can still be traded, or None."""
        return self._signals.get(signal_id)

    def fill(self, stored: Iterable[Signal]) -> None:
        """Begin with what the ledger holds."""
        now = self._clock.now_ms()
        self._signals = {s.id: s for s in stored if s.expires_ms > now}

    async def add(self, signals: Sequence[Signal]) -> list[Signal]:
        """Store signals, then show the new ones; returns those.

        Raises:
            StoreError: If they cannot be stored; none is then.
        """
        if not signals:
            return []
        added = await self._ledger.add_signals(signals)
        new = [signal for signal, fresh in zip(signals, added, strict=True) if fresh]
        self.show(new)
        return new

    def show(self, stored: Iterable[Signal]) -> None:
        """Show signals that are already stored, by this process or another."""
        now = self._clock.now_ms()
        new = tuple(s for s in stored if s.id not in self._signals and s.expires_ms > now)
        if new:
            self._signals.update((signal.id, signal) for signal in new)
            self._publish(SignalsArrived(new))

    def mark_taken(self, signal_id: str) -> None:
        """Note that a trade was opened on a signal (the ledger knows already)."""
        if signal := self._signals.get(signal_id):
            self._signals[signal_id] = replace(signal, status=SignalStatus.TAKEN)

    async def expire(self) -> None:
        """Drop the signals whose time has passed.

        Raises:
            StoreError: If that cannot be stored; they stay in the table until it can.
        """
        now = self._clock.now_ms()
        if any(signal.expires_ms <= now for signal in self):
            await self._ledger.expire_signals(now)
            self._signals = {k: s for k, s in self._signals.items() if s.expires_ms > now}
