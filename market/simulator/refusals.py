"""Answers in place of the right one.

Binance gives some of them, others come from what stands on the way to it.
"""

import time
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

HTML = "text/html"
_RESTRICTED = (
    '{"code":0,"msg":"Service unavailable from a restricted location according to '
    "'b. Eligibility' in the terms of use.\"}"
)
_FORBIDDEN = (
    "<html><head><title>403 Forbidden</title></head><body>Request blocked.</body></html>"
)
_PORTAL = "<html><body>Welcome! Please log in to use this network.</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer in place of the right one."""

    status: int
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"

    @classmethod
    def of(cls, status: int, retry_after_s: int | None = None) -> Self:
        """Return what Binance sends with an HTTP status.

        Args:
            status: 403, 418, 429, 451 or 5xx.
            retry_after_s: Silence that 418 and 429 ask for; None asks for what is usual.
        """
        match status:
            case 403:
                return cls.forbidden()
            case 418:
                return cls.banned(wall_ms() + 1_000 * (retry_after_s or 120))
            case 429:
                return cls.too_many(retry_after_s or 60)
            case 451:
                return cls.restricted()
            case _:
                return cls.broken(status)

    @classmethod
    def too_many(cls, retry_after_s: int = 60) -> Self:
        """Return 429: too much was asked, come back in so many seconds."""
        body = '{"code":-1003,"msg":"Too many requests; please use the websocket."}'
        return cls(status=429, body=body, headers={"Retry-After": str(retry_after_s)})

    @classmethod
    def banned(cls, until_ms: int) -> Self:
        """Return 418: the address is banned until *until_ms*, wall time, milliseconds UTC."""
        message = f"Way too much request weight used; IP banned until {until_ms}."
        seconds = max(1, -(-(until_ms - wall_ms()) // 1_000))
        return cls(
            status=418,
            body=f'{{"code":-1003,"msg":"{message}"}}',
            headers={"Retry-After": str(seconds)},
        )

    @classmethod
    def restricted(cls) -> Self:
        """Return 451: not in this country."""
        return cls(status=451, body=_RESTRICTED)

    @classmethod
    def forbidden(cls) -> Self:
        """Return 403 with a page, as a firewall sends it."""
        return cls(status=403, body=_FORBIDDEN, content_type=HTML)

    @classmethod
    def broken(cls, status: int = 503) -> Self:
        """Return 5xx: trouble on the exchange's side."""
        return cls(status=status, body='{"code":-1000,"msg":"An unknown error occurred."}')

    @classmethod
    def redirect(cls, location: str = "/elsewhere") -> Self:
        """Return 302 to *location*."""
        return cls(status=302, headers={"Location": location})

    @classmethod
    def portal(cls) -> Self:
        """Return 200 with a page, as the log-in page of a café's network does."""
        return cls(status=200, body=_PORTAL, content_type=HTML)

    @classmethod
    def bomb(cls) -> Self:
        """Return 200 with a small body that unpacks to 64 MiB of valid JSON."""
        return cls(status=200, body=_bomb(), headers={"Content-Encoding": "gzip"})


def wall_ms() -> int:
    """Return the wall clock, milliseconds UTC."""
    return time.time_ns() // 1_000_000


@lru_cache(1)
def _bomb() -> bytes:
    gzip = zlib.compressobj(3, wbits=31)  # a quarter of the time
    mebibyte = b" " * 2**20
    return b"".join([gzip.compress(mebibyte) for _ in range(64)] + [gzip.compress(b"{}")]) + (
        gzip.flush()
    )
