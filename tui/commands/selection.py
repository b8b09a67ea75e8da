"""Which trades: the options that `paperdesk stats` and `export` share."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from store.history import Selection

_DATE = click.DateTime(formats=["%Y-%m-%d"])
_ONE_DAY = timedelta(days=1)


ALL_SESSIONS = 0


class _SessionType(click.ParamType[int]):
    """The number of a session, or all of them."""

    name = "session"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).lower()
        if text == "all":
            return ALL_SESSIONS
        if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
            self.fail("a session is a number such as 1, or all.", param, ctx)
        return int(text)


session_option = click.option(
    "--session",
    type=_SessionType(),
    metavar="N|all",
    help="Trades of this session of the account; without it, of the present one.",
)


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; `chosen` makes a selection of what they were given."""
    for option in reversed(
        (
            click.option("--since", type=_DATE, metavar="DATE", help="From this day on, UTC."),
            click.option(
                "--until", type=_DATE, metavar="DATE", help="Up to and with this day."
            ),
            click.option("--symbol", help="Only this symbol."),
            click.option(
                "--source", help="Only ideas of this source; an empty text: without a signal."
            ),
            click.option(
                "--direction",
                type=click.Choice(["LONG", "SHORT"], case_sensitive=False),
                help="Only this direction.",
            ),
            session_option,
        )
    ):
        command = option(command)
    return command


def chosen(given: dict[str, Any]) -> "Selection":
    """Return what the options select.

    Raises:
        UsageError: If the days are in the wrong order.
    """
    from engine.model import Direction
    from store.history import Selection

    since, until = given["since"], given["until"]
    if since and until and until < since:
        raise click.UsageError("--until must not be before --since.")
    return Selection(
        since_ms=_ms(since) if since else None,
        until_ms=_ms(until) + _ONE_DAY // timedelta(milliseconds=1) if until else None,
        symbol=given["symbol"],
        source=given["source"],
        direction=Direction(given["direction"]) if given["direction"] else None,
        session=given["session"] or None,
        every_session=given["session"] == ALL_SESSIONS,
    )


def _ms(day: datetime) -> int:
    return int(day.replace(tzinfo=UTC).timestamp()) * 1000
