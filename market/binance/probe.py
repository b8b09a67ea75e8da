"""Which host to use: the first that answers, tried in order.

A host that refuses this location is not asked again as long as the program runs.
"""

import random
from collections.abc import Sequence

from market.binance.hosts import Host
from market.binance.limits import Timings
from market.binance.rest import RestClient
from market.binance.venue import Venue
from market.errors import Blocked, Limited, MarketError, NoHost

ADVICE = "Trying again; `paperdesk demo` needs no network."


class HostChooser:
    """The hosts of one market, with what was learnt about each."""

    def __init__(
        self, hosts: Sequence[Host], timings: Timings, rng: random.Random, venue: Venue
    ) -> None:
        self._clients = [RestClient(host, timings, rng, venue) for host in hosts]
        self._blocked: dict[Host, str] = {}

    async def choose(self) -> RestClient:
        """Return the first host that answers.

        Raises:
            Limited: If a host asks for silence: the others share its limits.
            NoHost: If none answers; the message lists what was tried.
        """
        tried: list[str] = []
        for client in tuple(self._clients):
            reason = self._blocked.get(client.host) or await self._try(client)
            if reason is None:
                return client
            tried.append(reason)
        raise NoHost(f"No exchange answers. {' '.join(tried)} {ADVICE}")

    async def _try(self, client: RestClient) -> str | None:
        """Return why a host cannot be used, or None if it can."""
        from market.binance import questions

        try:
            await questions.ping(client)
        except Limited:
            raise
        except Blocked as exc:
            self.block(client.host, str(exc))
            return str(exc)
        except MarketError as exc:
            return str(exc)
        return None

    def block(self, host: Host, reason: str) -> None:
        """Never choose a host again."""
        self._blocked[host] = reason

    def demote(self, host: Host) -> None:
        """Try a host last from now on: it answers, but its stream does not open."""
        self._clients.sort(key=lambda client: client.host == host)

    async def close(self) -> None:
        """Close the connections to all hosts."""
        for client in self._clients:
            await client.close()
