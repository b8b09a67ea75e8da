"""Options of orders: each is checked as it is typed, and goes into the request as it stands."""

from collections.abc import Callable
from typing import Any

import click

from desk import words
from desk.values import parse_number


def worded(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Return an option's type: a text that *parse* can read, as it was typed."""

    def check(text: str) -> str:
        try:
            parse(text)
        except ValueError as exc:
            raise click.BadParameter(f"{text!r} is not {exc}.") from None
        return text

    return check


PRICE = worded(parse_number)
LEVEL = worded(words.parse_level)
TARGETS = worded(words.parse_targets)
TRAIL = worded(words.parse_trail)
BREAK_EVEN = worded(words.parse_break_even)
POLICY = worded(words.parse_policy)
HOLD = worded(words.parse_hold)
SPAN = worded(words.parse_span)
SHARE = worded(words.parse_share)
AMOUNT = worded(words.parse_signed)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def exit_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a trade ends; `open` and `edit` share them."""
    return _LADDER(stop_flags(command))


def stop_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add those of them that name no price of one symbol; `replay` has them too."""
    for option in reversed(_STOPS):
        command = option(command)
    return command


_LADDER: Decorator = click.option(
    "--targets",
    metavar="LADDER",
    type=TARGETS,
    help="Such as 65600, 2R,3R or 65600:50%,67000:30%,runner:20%.",
)
_STOPS: tuple[Decorator, ...] = (
    click.option(
        "--trail",
        metavar="DISTANCE[@FROM][/STEP]",
        type=TRAIL,
        help="Trailing stop: 1%, 250, 2ATR, 1%@2R/0.1%, or off.",
    ),
    click.option(
        "--break-even",
        metavar="LEVEL[+OFFSET]",
        type=BREAK_EVEN,
        help="Stop to break-even at 1R, 0.8%, a price; or now, off.",
    ),
    click.option(
        "--after-target",
        metavar="POLICY",
        type=POLICY,
        help="The stop after a target: keep, break-even or previous-target.",
    ),
    click.option("--hold", metavar="TIME", type=HOLD, help="Close after 90m, 4h, 2d; or off."),
)


def given(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in flags.items() if value is not None}
