"""The doctor: looks at everything a desk depends on, and says in words how it is.

It may be asked at any time, also while a desk is running or after its books were damaged.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from desk.doctor.ground import look_at_books, look_at_files
from desk.doctor.looks import Area, Look, Verdict, masked
from desk.doctor.reach import Reach, StreamReach, hosts_of, reach, venue_of
from desk.settings import Home, Settings
from market.errors import Blocked, Limited, MarketError

SKEW_MS = 1000
"""A clock that is off by more is worth a word."""
SLOW_MS = 1000


async def look_at_all(
    home: Home, settings: Settings, database: Path, *, demo: bool
) -> list[Look]:
    """Look at exchange, books, files and other processes; takes half a minute at most.

    Args:
        home: Where this user's files lie.
        settings: Checked settings.
        database: The desk's file; it need not exist.
        demo: Whether the desk brings its own exchange.
    """

    def own() -> list[Look]:
        return [*look_at_books(database), *look_at_files(home, database)]

    market, ground = await asyncio.gather(
        look_at_market(settings, demo=demo), asyncio.to_thread(own)
    )
    return [
        replace(look, name=masked(look.name), text=masked(look.text))
        for look in (*market, *ground)
    ]


async def look_at_market(settings: Settings, *, demo: bool) -> list[Look]:
    """Ask each host that a desk would use."""
    if demo:
        text = "The demo brings its own exchange; there is nothing to reach."
        return [Look(area=Area.MARKET, name="exchange", text=text)]
    reached = await reach(hosts_of(settings), venue=venue_of(settings))
    return list(market_looks(reached))


def market_looks(reached: Sequence[Reach]) -> Iterator[Look]:
    """Say how the hosts can be reached; while one can, the others are spare ones."""
    spare = any(host.usable for host in reached)
    for host in reached:
        yield _rest(host, spare=spare)
        for stream in host.streams:
            yield _stream(host, stream, spare=spare)
        yield from _clock(host)


def _rest(reached: Reach, *, spare: bool) -> Look:
    rest, name = reached.rest, f"{reached.host.name} rest"
    facts = {
        "round_trip_ms": rest.round_trip_ms,
        "weight": rest.weight,
        "weight_limit": rest.weight_limit,
    }
    if rest.trouble:
        return _trouble(name, rest.trouble, facts, spare=spare)
    used = "" if rest.weight is None else f", weight used {rest.weight} of {rest.weight_limit}"
    slow = (rest.round_trip_ms or 0) > SLOW_MS
    return Look(
        area=Area.MARKET,
        name=name,
        verdict=Verdict.WARNING if slow else Verdict.GOOD,
        text=f"Answers in {rest.round_trip_ms} ms{used}.",
        facts=facts,
    )


def _stream(reached: Reach, stream: StreamReach, *, spare: bool) -> Look:
    # "/stream" is all of a market; "/public/stream" and "/market/stream" are parts of it.
    name = f"{reached.host.name} {stream.route.path.strip('/').replace('/', ' ')}"
    facts = {"opened_ms": stream.opened_ms, "first_ms": stream.first_ms}
    if stream.trouble:
        return _trouble(name, stream.trouble, facts, spare=spare)
    first = "print" if stream.route.prints else "quote"
    text = f"Opens in {stream.opened_ms} ms, first {first} after {stream.first_ms} ms."
    return Look(area=Area.MARKET, name=name, text=text, facts=facts)


def _clock(reached: Reach) -> Iterator[Look]:
    skew_ms = reached.rest.skew_ms
    if skew_ms is None:
        return
    way = "behind" if skew_ms > 0 else "ahead of"
    text = f"This machine's clock is {abs(skew_ms) / 1000:.2f} s {way} the exchange's."
    wrong = abs(skew_ms) > SKEW_MS
    if wrong:
        text += " Trades go by the exchange's; set yours, so that the log's times are right."
    yield Look(
        area=Area.MARKET,
        name=f"{reached.host.name} clock",
        verdict=Verdict.WARNING if wrong else Verdict.GOOD,
        text=text,
        facts={"skew_ms": skew_ms},
    )


def _trouble(
    name: str, trouble: MarketError, facts: Mapping[str, int | None], *, spare: bool
) -> Look:
    text = str(trouble)
    if facts.get("opened_ms") is not None:
        text = f"Opens, but brings no prices. {text}"
    if isinstance(trouble, Blocked):
        text += (
            " Binance does not serve every country from every host. Its market-data host is "
            "open in more of them; [market] rest_url and stream_url name another one."
        )
    elif isinstance(trouble, Limited):
        text += f" Too much was asked from this address; wait {trouble.retry_after_s:.0f} s."
    if spare:
        text += " Another host can be used."
    return Look(
        area=Area.MARKET,
        name=name,
        verdict=Verdict.WARNING if spare else Verdict.BAD,
        text=text,
        facts=facts,
    )
