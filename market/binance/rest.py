"""One host's REST interface: questions over HTTP, within deadlines, sizes and limits.

Only GET, no redirects, no keys. Whatever goes wrong comes out as a `MarketError`.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from market.binance.hosts import Host, is_loopback
from market.binance.limits import Timings, WeightBudget
from market.binance.venue import SPOT, Venue
from market.errors import BadAnswer, BadRequest, Blocked, Limited, Unreachable

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

ATTEMPTS = 3
BODY_CAP = 4 * 1024 * 1024
"""Bytes after decompression; a page of 1000 rows has about 0.2 million."""
BIG_BODY_CAP = 16 * 1024 * 1024
"""For answers about every symbol of the exchange."""
QUIET_S = {403: 300.0, 418: 120.0, 429: 60.0}
"""How long to leave a host alone that does not say for how long itself."""

Params = Mapping[str, str | int]

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


class RestClient:
    """Asks one host, and keeps what the host said about limits."""

    def __init__(
        self, host: Host, timings: Timings, rng: random.Random, venue: Venue = SPOT
    ) -> None:
        self.host = host
        self.venue = venue
        self.budget = WeightBudget(venue.weight_per_minute)
        self._timings = timings
        self._rng = rng
        self._quiet_until = 0.0
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections; asking again opens new ones."""
        http, self._http = self._http, None
        if http:
            await http.aclose()

    async def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        weight: int,
        cap: int = BODY_CAP,
        attempts: int = ATTEMPTS,
    ) -> bytes:
        """Return the body of a good answer.

        Args:
            path: Behind the market's root: ``time`` for ``/api/v3/time``.
            params: Query; values are percent-encoded here.
            weight: What Binance charges for it.
            cap: Most bytes to read.
            attempts: Tries when the host fails to answer at all.

        Raises:
            MarketError: One of its kinds, see `market.errors`.
        """
        pause_s = self._timings.retry_s
        for _ in range(attempts - 1):
            try:
                return await self._once(path, params, weight, cap)
            except Unreachable as exc:
                log.info("asking again: %s", exc)
            await asyncio.sleep(self._rng.uniform(pause_s / 2, pause_s))
            pause_s *= 2
        return await self._once(path, params, weight, cap)

    async def _wait_for_budget(self, weight: int) -> None:
        while True:
            quiet = self._quiet_until - time.monotonic()
            if quiet > 0:
                raise Limited(f"{self.host.name} asked for silence.", quiet)
            pause = self.budget.pause_s(weight)
            if pause <= 0:
                return
            await asyncio.sleep(min(pause, 1.0))

    async def _once(self, path: str, params: Params | None, weight: int, cap: int) -> bytes:
        import httpx

        await self._wait_for_budget(weight)
        try:
            with self.budget.spending(weight):
                async with asyncio.timeout(self._timings.request_s):
                    return await self._exchange(path, params, weight, cap)
        except TimeoutError as exc:
            raise Unreachable(f"{self.host.name} did not answer in time.") from exc
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            reason = _ERRNO.sub("", str(exc)) or type(exc).__name__
            raise Unreachable(f"{self.host.name} cannot be reached: {reason}.") from exc

    async def _exchange(self, path: str, params: Params | None, weight: int, cap: int) -> bytes:
        url = f"{self.host.rest_url.rstrip('/')}{self.venue.root}/{path}"
        async with self._client().stream("GET", url, params=params) as response:
            used = response.headers.get("x-mbx-used-weight-1m", "")
            if used.isascii() and used.isdigit():
                self.budget.observe(int(used))
            else:
                self.budget.spent(weight)
            body = await self._read(response, cap)
            if not response.is_success:
                self._refuse(response, body)
            if "json" not in response.headers.get("content-type", ""):
                raise BadAnswer(f"{self.host.name} answered with something that is not JSON.")
            return body

    def _client(self) -> "httpx.AsyncClient":
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(
                timeout=httpx.Timeout(self._timings.request_s, pool=2.0),
                limits=httpx.Limits(max_connections=8, max_keepalive_connections=4),
                follow_redirects=False,
                trust_env=not is_loopback(self.host.rest_url),
                headers={"accept": "application/json", "user-agent": "paperdesk"},
            )
        return self._http

    async def _read(self, response: "httpx.Response", cap: int) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > cap:
                raise BadAnswer(f"{self.host.name} sent more than {cap} bytes.")
        return bytes(body)

    def _refuse(self, response: "httpx.Response", body: bytes) -> None:
        status, name = response.status_code, self.host.name
        if status in QUIET_S:
            seconds = quiet_s(status, response.headers)
            self.be_quiet(seconds)
            raise Limited(f"{name} asked for silence (HTTP {status}).", seconds)
        if status == 451:
            raise Blocked(f"{name} is not open in this country (HTTP 451).")
        if status == 408 or status >= 500:
            raise Unreachable(f"{name} is in trouble (HTTP {status}).")
        if status < 400:
            raise BadAnswer(f"{name} points elsewhere (HTTP {status}), which is not followed.")
        code, message = _read_refusal(body)
        raise BadRequest(f"{name} refused: {message or f'HTTP {status}'}", code)

    @property
    def quiet_s(self) -> float:
        """How long this host still wants silence, seconds; 0 or less when it does not."""
        return self._quiet_until - time.monotonic()

    def be_quiet(self, seconds: float) -> None:
        """Ask this host nothing for so long."""
        self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)


def quiet_s(status: int, headers: Mapping[str, str]) -> float:
    """Return how long a 403, 418 or 429 answer wants silence, seconds."""
    asked = headers.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    return QUIET_S[status]


class _Refusal(msgspec.Struct):
    code: int = 0
    msg: str = ""


def _read_refusal(body: bytes) -> tuple[int, str]:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return 0, ""
    return refusal.code, refusal.msg[:200]
