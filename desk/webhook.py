"""The webhook: a small HTTP server on this machine that takes signals, and nothing else.

Promise: it listens on 127.0.0.1 only, reads one request a connection within fixed bounds of
bytes and time, and never opens a trade. The part of HTTP that is needed is read by ourselves:
a general parser bounds only what has not arrived yet, and takes requests that name two lengths.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from desk.deliveries import Deliveries, Reply, Seen, wall_ms
from desk.errors import DeskError
from desk.machine import dumps
from desk.session import Session
from desk.token import ensure_token, read_token
from desk.view import Notice
from signals.inbox.webhook import (
    MAX_HEAD,
    Denied,
    Rate,
    judge,
    read_body,
    read_head,
    write_reply,
)

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
MAX_CONNECTIONS = 128
HEAD_WITHIN_S = 1.0
REQUEST_WITHIN_S = 5.0
LINGER_S = 0.5
"""How long an answer may take to be fetched."""
LINGER_BYTES = 65_536
LISTEN_AGAIN_S = 5.0
LOG_EVERY_S = 10.0


async def keep_webhook(session: Session, database: Path) -> None:
    """Serve the webhook; a port that is taken is tried again until it is free.

    Args:
        session: The running desk.
        database: The desk's file: the token and the list of texts taken lie beside it.
    """
    folder, settings = database.parent, session.settings
    try:
        ensure_token(folder)
    except DeskError as exc:
        session.publish(Notice(f"The webhook is off. {exc}", "error"))
        return
    seen = Seen(database.with_suffix(".seen"))
    seen.load(wall_ms())
    hook = Webhook(Deliveries(session, seen), lambda: read_token(folder), settings.webhook_host)
    try:
        await _listen(session, hook)
        await asyncio.Event().wait()
    finally:
        await hook.stop()


async def _listen(session: Session, hook: "Webhook") -> None:
    port, told = session.settings.webhook_port, False
    while True:
        try:
            await hook.start(port)
        except OSError as exc:
            if not told:
                why = f"The webhook cannot listen on port {port} ({exc.strerror})."
                session.publish(Notice(f"{why} It tries again.", "warning"))
                told = True
            await asyncio.sleep(LISTEN_AGAIN_S)
        else:
            log.info("the webhook listens on %s:%s", HOST, hook.port)
            return


class Webhook:
    """Serves `POST /hook/<token>`."""

    def __init__(
        self, deliveries: Deliveries, token: Callable[[], str], public_host: str = ""
    ) -> None:
        """Prepare to serve; see `start`.

        Args:
            deliveries: Where messages go.
            token: Returns the token that holds now; may raise a `DeskError`.
            public_host: A further name by which a tunnel may call us.
        """
        self.port = 0
        """Where it listens, once started."""
        self._deliveries = deliveries
        self._token = token
        self._public_host = public_host.lower()
        self._hosts: frozenset[str] = frozenset()
        self._rate = Rate()
        self._report = _Report()
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        """Begin to listen; port 0 takes any.

        Raises:
            OSError: If the port cannot be used.
        """
        self._server = await asyncio.start_server(
            self._connected, HOST, port, limit=MAX_HEAD, backlog=2 * MAX_CONNECTIONS
        )
        self.port = self._server.sockets[0].getsockname()[1]
        names = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        self._hosts = frozenset(names | ({self._public_host} if self._public_host else set()))

    async def stop(self) -> None:
        """Listen no more and hang up."""
        if self._server:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._deliveries.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            busy = Denied(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections.")
            writer.write(_denial(busy))
            writer.close()
            self._report.say(busy.status, str(busy))
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Who has hung up before we looked has no name any more.
            peer = (writer.get_extra_info("peername") or ("",))[0]
            await _send(await self._answer(reader, peer), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self._report.say("hung up", "The sender hung up.")
        except Exception:
            # One message that we cannot digest must not take the desk's prices down.
            log.exception("the webhook failed at a request")
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            writer.write(_denial(Denied(status, "Something went wrong that should not.")))
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, peer: str) -> bytes:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                reply = await self._request(reader, peer)
        except Denied as exc:
            self._report.say(exc.status, str(exc))
            return _denial(exc)
        except TimeoutError:
            late = _too_slow()
            self._report.say(late.status, str(late))
            return _denial(late)
        self._report.say(reply.status, "A message was answered.")
        return write_reply(reply.status, dumps(reply.body))

    async def _request(self, reader: asyncio.StreamReader, peer: str) -> Reply:
        data = await _read_head(reader)
        if not self._rate.allows(peer, asyncio.get_running_loop().time()):
            raise Denied(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests in one second.")
        length = judge(read_head(data), token=self._secret(), hosts=self._hosts)
        return await self._deliveries.take(read_body(await reader.readexactly(length)))

    def _secret(self) -> str:
        """Read the token anew each time: a new one holds at once."""
        try:
            return self._token()
        except DeskError as exc:
            self._report.say("token", str(exc))
            raise Denied(HTTPStatus.NOT_FOUND, "There is nothing here.") from exc


class _Report:
    """Writes to the log one line of a kind each ten seconds, with the number of the others."""

    def __init__(self) -> None:
        self._silent: dict[object, tuple[float, int]] = {}
        """By kind: when it was written last, seconds, and how many were left out since."""

    def say(self, kind: object, sentence: str) -> None:
        now_s = asyncio.get_running_loop().time()
        then_s, left_out = self._silent.get(kind, (now_s - LOG_EVERY_S, 0))
        if now_s - then_s < LOG_EVERY_S:
            self._silent[kind] = (then_s, left_out + 1)
            return
        self._silent[kind] = (now_s, 0)
        log.info("webhook, %s: %s (and %s more before)", kind, sentence, left_out)


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(HEAD_WITHIN_S):
            return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as exc:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise Denied(status, f"The headers are longer than {MAX_HEAD:,} bytes.") from exc
    except TimeoutError as exc:
        raise _too_slow() from exc


async def _send(
    answer: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send an answer, and read on a little: hanging up on unread bytes would destroy it."""
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(LINGER_S):
            writer.write(answer)
            await writer.drain()
            writer.write_eof()
            left = LINGER_BYTES
            while left > 0 and (data := await reader.read(4_096)):
                left -= len(data)


def _too_slow() -> Denied:
    return Denied(HTTPStatus.REQUEST_TIMEOUT, "The request took too long.")


def _denial(denied: Denied) -> bytes:
    body = {"error": denied.status.phrase.lower().replace(" ", "_"), "message": str(denied)}
    return write_reply(denied.status, dumps(body))
