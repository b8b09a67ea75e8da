"""The webhook's rules: one HTTP request in, a verdict out; no I/O and no clock.

Promise: whoever does not know the token learns nothing and changes nothing. Only a small part
of HTTP/1.1 is understood, and what is doubtful is refused instead of guessed, so that no proxy
in front can read a request differently from us.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from http import HTTPStatus
from typing import Final

MAX_HEAD: Final = 8_192
"""Bytes of the request line and all headers."""
MAX_BODY: Final = 16_384
"""Bytes of a message."""
REQUESTS_A_SECOND: Final = 10
"""From one peer."""

_REQUEST = re.compile(r"([A-Z]{1,20}) ([!-~]+) HTTP/1\.[01]")
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_HIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)
_ONCE: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "origin", "sec-fetch-site"}
)
"""Headers that would say two things if they came twice."""
_TYPES: Final = frozenset({"", "application/json", "text/plain"})
_MANY_PEERS: Final = 1_000


class Denied(Exception):
    """A request that is not served; the message is a sentence for who sent it."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        """Deny with an HTTP *status* and a readable *message*."""
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The request line and the headers."""

    method: str
    target: str
    fields: Mapping[str, str]
    """By lower-case name."""


def read_head(data: bytes) -> Head:
    """Read a request up to and including its empty line.

    Raises:
        Denied: If it is not plain HTTP/1.1, or says two things about its length.
    """
    first, *lines = data.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None:
        raise _bad("This is not an HTTP/1.1 request.")
    fields: dict[str, str] = {}
    for line in lines:
        match = _FIELD.fullmatch(line)
        # A bare CR or LF would let one reader see a header that another does not.
        if match is None or _HIDDEN.search(line):
            raise _bad("A header cannot be read.")
        name = match[1].lower()
        if name in fields and name in _ONCE:
            raise _bad(f"The header {name} is there twice.")
        fields[name] = match[2]
    if "content-length" in fields and "transfer-encoding" in fields:
        raise _bad("Content-Length and Transfer-Encoding contradict each other.")
    return Head(method=request[1], target=request[2], fields=fields)


def judge(head: Head, *, token: str, hosts: Collection[str]) -> int:
    """Decide whether a request may deliver a message; returns its length in bytes.

    Args:
        head: What was asked.
        token: The secret part of the path.
        hosts: Names by which the webhook may be called, lower-case, with ports.

    Raises:
        Denied: If it may not.
    """
    if head.fields.get("host", "").lower() not in hosts:
        raise Denied(HTTPStatus.MISDIRECTED_REQUEST, "No such host is served here.")
    if "origin" in head.fields or "sec-fetch-site" in head.fields:
        raise Denied(HTTPStatus.FORBIDDEN, "Web pages may not send signals.")
    # One answer for every mistake: nobody may find out half of the secret.
    known = compare_digest(head.target.encode(), f"/hook/{token}".encode())
    if not known or head.method != "POST":
        raise Denied(HTTPStatus.NOT_FOUND, "There is nothing here.")
    kind = head.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _TYPES:
        raise Denied(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "The Content-Type must be application/json or text/plain.",
        )
    return _length(head)


def read_body(body: bytes) -> str:
    """Return a message's text.

    Raises:
        Denied: If it is not UTF-8.
    """
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise _bad("The message is not UTF-8 text.") from exc


def write_reply(status: HTTPStatus, body: str) -> bytes:
    """Return a whole answer with a JSON text as its body; it ends the connection."""
    data = body.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + data


class Rate:
    """Lets so many requests a second through from each peer."""

    def __init__(self, a_second: int = REQUESTS_A_SECOND) -> None:
        self._a_second = a_second
        self._left: dict[str, tuple[float, float]] = {}
        """By peer: how many requests were left, and when that was, seconds."""

    def allows(self, peer: str, now_s: float) -> bool:
        """Count a request at *now_s* (any clock that only goes on); may it be served?"""
        left, then_s = self._left.get(peer, (float(self._a_second), now_s))
        left = min(self._a_second, left + (now_s - then_s) * self._a_second)
        allowed = left >= 1
        self._left[peer] = (left - 1 if allowed else left, now_s)
        if len(self._left) > _MANY_PEERS:
            # After a second of silence a peer stands as one that was never here.
            fresh = {p: v for p, v in self._left.items() if now_s - v[1] < 1}
            self._left = fresh
        return allowed


def _length(head: Head) -> int:
    text = head.fields.get("content-length")
    if text is None:
        raise Denied(HTTPStatus.LENGTH_REQUIRED, "The message must come with Content-Length.")
    if not _LENGTH.fullmatch(text):
        raise _bad("Content-Length is not a number.")
    if int(text) > MAX_BODY:
        raise Denied(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"A message may have {MAX_BODY:,} bytes; send it in parts.",
        )
    return int(text)


def _bad(message: str) -> Denied:
    return Denied(HTTPStatus.BAD_REQUEST, message)
