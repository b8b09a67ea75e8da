"""Messages that came by webhook: each text is taken once, and remembered for seven days.

Promise: what is answered with 200 is on disk. A text that comes again, at once or after a
restart, is a duplicate and changes nothing.
"""

import asyncio
import hashlib
import logging
import os
import re
import tempfile
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from desk.intake import take_signals
from desk.machine import error_json
from desk.session import Session
from engine.errors import Refused
from store.errors import StoreError

log = logging.getLogger(__name__)

ANSWER_WITHIN_S = 2.5
"""TradingView hangs up after 3 s without coming back; a 503 before that makes it come back."""
REMEMBER_MS = 7 * 24 * 3_600_000
_LINE = re.compile(r"([0-9]{1,16}) ([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reply:
    """How a delivery is answered."""

    status: HTTPStatus
    body: dict[str, Any]


_DUPLICATE = Reply(HTTPStatus.OK, {"duplicate": True, "signals": [], "added": 0, "refused": []})


class Deliveries:
    """Takes texts into a desk's signal table."""

    def __init__(self, session: Session, seen: "Seen") -> None:
        self._session = session
        self._seen = seen
        self._under_way: dict[str, asyncio.Task[Reply]] = {}

    async def take(self, text: str) -> Reply:
        """Store the signals of a text and say what became of them."""
        name = hashlib.sha256(text.strip().encode()).hexdigest()
        if self._seen.knows(name, wall_ms()):
            return _DUPLICATE
        task = self._under_way.get(name)
        copy = task is not None
        if task is None:
            task = asyncio.create_task(self._store(name, text))
            self._under_way[name] = task
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                # Whoever hangs up must not stop what is being stored.
                reply = await asyncio.shield(task)
        except TimeoutError:
            return _later("The desk is busy")
        return _DUPLICATE if copy and reply.status == HTTPStatus.OK else reply

    async def close(self) -> None:
        """Give up what is under way; it was not answered with 200 yet."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _store(self, name: str, text: str) -> Reply:
        try:
            answer = await take_signals(self._session, text, "json")
        except Refused as exc:
            if exc.code == "no_rules":
                return _later("The exchange's symbols are not known yet")
            return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, error_json(exc))
        except StoreError as exc:
            log.warning("signals of the webhook not stored: %s", exc)
            return _later("The desk cannot store signals now")
        if not answer["signals"]:
            return Reply(HTTPStatus.UNPROCESSABLE_ENTITY, answer)
        await self._seen.add(name, wall_ms())
        return Reply(HTTPStatus.OK, answer)


class Seen:
    """Names of texts that were taken, on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._taken_ms: dict[str, int] = {}
        """By name, the oldest first."""

    def load(self, now_ms: int) -> None:
        """Read what an earlier desk has taken, and leave out of the file what is too old."""
        try:
            text = self._path.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            return
        except OSError as exc:
            log.warning("texts taken earlier are not known: %s", exc)
            return
        found = (_LINE.fullmatch(line) for line in text.split("\n"))
        self._taken_ms = {match[2]: int(match[1]) for match in found if match}
        self._forget(now_ms)
        try:
            self._rewrite()
        except OSError as exc:
            log.warning("the list of texts taken cannot be written: %s", exc)

    def knows(self, name: str, now_ms: int) -> bool:
        """Was this text taken within the last seven days?"""
        return now_ms - self._taken_ms.get(name, now_ms - REMEMBER_MS) < REMEMBER_MS

    async def add(self, name: str, now_ms: int) -> None:
        """Remember a text whose signals are stored.

        A list that cannot be written is no reason to refuse them, only one to say so.
        """
        self._forget(now_ms)
        self._taken_ms.pop(name, None)
        self._taken_ms[name] = now_ms
        try:
            await asyncio.to_thread(self._append, f"{now_ms} {name}\n")
        except OSError as exc:
            log.warning("the list of texts taken cannot be written: %s", exc)

    def _forget(self, now_ms: int) -> None:
        while self._taken_ms:
            oldest = next(iter(self._taken_ms))
            if now_ms - self._taken_ms[oldest] < REMEMBER_MS:
                break
            del self._taken_ms[oldest]

    def _append(self, line: str) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _rewrite(self) -> None:
        """Write the list anew; a line that was cut off is gone then."""
        handle, draft = tempfile.mkstemp(dir=self._path.parent, prefix=f"{self._path.name}.")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.writelines(f"{ms} {name}\n" for name, ms in self._taken_ms.items())
        Path(draft).replace(self._path)


def _later(why: str) -> Reply:
    body = {"error": "later", "message": f"{why}; send it again."}
    return Reply(HTTPStatus.SERVICE_UNAVAILABLE, body)


def wall_ms() -> int:
    """Return the time of this machine, milliseconds UTC."""
    return time.time_ns() // 1_000_000
