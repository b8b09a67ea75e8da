"""Scripts of faults: drawn from a seed, or written down in a file.

The same seed gives the same script, on every machine and in every process.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

import msgspec

from market.simulator.fault import Status
from market.simulator.garbage import GARBAGE
from market.simulator.orders import AnyFault, read_order
from market.simulator.rest_faults import (
    Bomb,
    Clock,
    Drip,
    Portal,
    Redirect,
    Rest,
    RestLag,
    Slow,
    Truncate,
)
from market.simulator.server import SimulatorServer
from market.simulator.stream_faults import (
    AcceptThenClose,
    BadUtf8,
    Cut,
    Drop,
    Duplicate,
    Garbage,
    Handshake,
    Huge,
    Late,
    Mute,
    Reorder,
    Rotate,
    Shutdown,
)
from market.simulator.venue import BadOrder

Option = TypeVar("Option")

Step = tuple[float, AnyFault]
"""Real seconds to wait, and the fault that comes then."""

PASSING: tuple[Status, ...] = (418, 429, 500, 502, 503, 504)
"""Errors that a client gets over within seconds; 403 and 451 rightly end its day."""
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


class BadScript(Exception):
    """A script that cannot be played; the message is a sentence."""


class _Dice:
    """Random numbers that read well."""

    def __init__(self, seed: int, symbols: Sequence[str]) -> None:
        self._rng = Random(seed)
        self._symbols = symbols

    def pick(self, options: Sequence[Option]) -> Option:
        return options[self._rng.randrange(len(options))]

    def symbol(self) -> str:
        return self.pick(self._symbols)

    def count(self, least: int, most: int) -> int:
        return self._rng.randint(least, most)

    def seconds(self, least: float, most: float) -> float:
        return round(self._rng.uniform(least, most), 2)

    def refusal(self) -> AnyFault:
        status = self.pick(PASSING)
        wait_s = self.count(1, 3) if status < 500 else None
        return Rest(status=status, retry_after_s=wait_s, for_s=self.seconds(1, 3))


_DRAWN: dict[str, Callable[[_Dice], AnyFault]] = {
    "cut": lambda _: Cut(),
    "mute": lambda _: Mute(),
    "shutdown": lambda dice: Shutdown(delay_s=dice.seconds(0.2, 3)),
    "garbage": lambda dice: Garbage(kind=dice.pick(list(GARBAGE))),
    "bad_utf8": lambda _: BadUtf8(),
    "huge": lambda dice: Huge(bytes=dice.count(1, 9) * 2**20),
    "drop": lambda dice: Drop(symbol=dice.symbol(), count=dice.count(1, 40)),
    "duplicate": lambda dice: Duplicate(symbol=dice.symbol(), count=dice.count(1, 40)),
    "reorder": lambda dice: Reorder(symbol=dice.symbol(), window=dice.count(0, 8)),
    "late": lambda dice: Late(by_ms=dice.count(100, 8_000), for_s=dice.seconds(1, 4)),
    "rotate": lambda dice: Rotate(age_s=dice.seconds(1, 3), for_s=dice.seconds(1, 4)),
    "handshake": lambda dice: Handshake(status=503, for_s=dice.seconds(1, 4)),
    "accept_then_close": lambda dice: AcceptThenClose(for_s=dice.seconds(0.5, 3)),
    "rest": lambda dice: dice.refusal(),
    "redirect": lambda dice: Redirect(for_s=dice.seconds(0.5, 3)),
    "portal": lambda dice: Portal(for_s=dice.seconds(0.5, 3)),
    "bomb": lambda dice: Bomb(for_s=dice.seconds(0.5, 3)),
    "slow": lambda dice: Slow(delay_s=dice.seconds(0.5, 12), for_s=dice.seconds(1, 4)),
    "drip": lambda dice: Drip(pause_s=0.2, for_s=dice.seconds(1, 4)),
    "truncate": lambda dice: Truncate(for_s=dice.seconds(0.5, 3)),
    "rest_lag": lambda dice: RestLag(by_ms=dice.count(100, 5_000), for_s=dice.seconds(1, 4)),
    "clock": lambda dice: Clock(offset_ms=dice.count(-5_000, 5_000), for_s=dice.seconds(1, 4)),
}
KINDS = tuple(_DRAWN)
"""What a seed draws from: everything that leaves the market itself as it is, and passes."""


class FaultScript:
    """An endless script that a seed stands for."""

    def __init__(
        self,
        seed: int,
        *,
        every_s: tuple[float, float] = (2.0, 6.0),
        kinds: Sequence[str] = KINDS,
        symbols: Sequence[str] = SYMBOLS,
    ) -> None:
        """Choose a script.

        Args:
            seed: Which one.
            every_s: Shortest and longest pause between two faults, real seconds.
            kinds: What may come, some of `KINDS`.
            symbols: Whose prints may be disturbed.

        Raises:
            ValueError: If one of *kinds* is not known.
        """
        if unknown := set(kinds) - set(KINDS):
            raise ValueError(f"No script draws {', '.join(sorted(unknown))}.")
        self.seed = seed
        self._every_s = every_s
        self._kinds = tuple(kinds)
        self._symbols = tuple(symbols)

    def __iter__(self) -> Iterator[Step]:
        dice = _Dice(self.seed, self._symbols)
        while True:
            yield dice.seconds(*self._every_s), _DRAWN[dice.pick(self._kinds)](dice)


def script_of(text: str) -> Iterable[Step]:
    """Return the script that a seed or the path of a file means.

    Raises:
        BadScript: If the file cannot be read.
    """
    return FaultScript(int(text)) if text.isdecimal() else read_script(Path(text))


def read_script(file: Path) -> list[Step]:
    """Return the script in a file of JSON lines: `{"at_s":3.0,"fault":"cut"}`.

    Raises:
        BadScript: If it cannot be read; the message names the line.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise BadScript(f"{file} cannot be read: {exc}.") from exc
    steps: list[Step] = []
    before_s = 0.0
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                at_s, order = _read_line(line, before_s)
            except BadOrder as exc:
                raise BadScript(f"{file} line {number}: {exc}") from exc
            steps.append((at_s - before_s, order))
            before_s = at_s
    return steps


def _read_line(line: str, before_s: float) -> tuple[float, AnyFault]:
    try:
        value = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.MsgspecError, ValueError, RecursionError) as exc:
        raise BadOrder(f"This is no JSON object: {exc}.") from exc
    at_s = value.pop("at_s", None)
    if isinstance(at_s, bool) or not isinstance(at_s, int | float):
        raise BadOrder("`at_s` is missing: when the fault comes, seconds from the start.")
    if at_s < before_s:
        raise BadOrder(f"It comes at {at_s} s, but the one before came at {before_s} s.")
    return float(at_s), read_order(value)


async def play(script: Iterable[Step], server: SimulatorServer) -> None:
    """Carry out a script on a running server; if cancelled, end the faults that are on.

    Raises:
        BadOrder: If a fault makes no sense when its time has come.
    """
    try:
        for pause_s, order in script:
            await asyncio.sleep(pause_s)
            server.do(order)
    except asyncio.CancelledError:
        server.clear()
        raise
