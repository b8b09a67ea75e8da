"""Where Binance answers: pairs of a REST and a stream address, best first."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One place that serves the protocol."""

    rest_url: str
    """Scheme and authority, no path: ``https://data-api.binance.vision``."""
    stream_url: str
    """Scheme and authority, no path: ``wss://data-stream.binance.vision``."""

    @property
    def name(self) -> str:
        """What to call the host in a sentence."""
        return urlsplit(self.rest_url).netloc or self.rest_url


DEFAULT_HOSTS = (
    Host(
        rest_url="https://data-api.binance.vision",
        stream_url="wss://data-stream.binance.vision",
    ),
    Host(rest_url="https://api.binance.com", stream_url="wss://stream.binance.com:9443"),
)
"""The market-data host asks for nothing and is open in more countries, so it comes first."""

FUTURES_HOSTS = (
    Host(rest_url="https://fapi.binance.com", stream_url="wss://fstream.binance.com"),
)
"""USD-M futures; there is no second host to fall back to."""


def is_loopback(url: str) -> bool:
    """Tell whether *url* points at this machine, where no proxy may step in between."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
