"""`paperdesk accounts`: paper accounts listed, made, paid into, begun anew."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from desk.values import parse_number, read_word
from tui.commands.flags import PRICE, worded
from tui.commands.output import as_json_flag, say
from tui.work import EXIT_REFUSED, Context, run

if TYPE_CHECKING:
    from desk.accounts import AccountView
    from engine.account import Account
    from store.accounts import PastSession, Transfer

_NAME = worded(read_word)


@click.group(invoke_without_command=True)
@as_json_flag
@click.pass_context
def accounts(ctx: click.Context, *, as_json: bool) -> None:
    """List the paper accounts, or change them.

    One desk runs one account at a time: `paperdesk --account NAME`.
    """
    if ctx.invoked_subcommand is None:
        found = run(_list(ctx.obj), as_json=as_json)
        if as_json:
            from desk.accounts import view_json

            say([view_json(view) for view in found], as_json=True)
        else:
            click.echo(_table(found))


@accounts.command()
@click.argument("name", type=_NAME)
@click.option("--market", type=click.Choice(["spot", "futures"]), help="What it trades.")
@click.option("--balance", metavar="AMOUNT", type=PRICE, help="What it begins with.")
@click.option("--currency", type=_NAME, help="Such as USDT or USDC.")
@as_json_flag
@click.pass_obj
def add(context: Context, /, name: str, *, as_json: bool, **given: str | None) -> None:
    """Make a paper account; what is not given is as the settings have it for all.

    It gets a section [accounts.NAME] in the settings file: add size, costs, leverage, limits
    and the like there.
    """
    from desk.accounts import account_json

    made = run(_add(context, name, given), as_json=as_json)
    say(account_json(made) if as_json else _line(made), as_json=as_json)


@accounts.command()
@click.argument("name", type=_NAME)
@click.argument("amount", type=PRICE)
@click.option("--note", default="", help="What it is for.")
@as_json_flag
@click.pass_obj
def deposit(context: Context, name: str, amount: str, note: str, *, as_json: bool) -> None:
    """Pay paper money into an account."""
    _transfer(context, name, amount, note, as_json=as_json)


@accounts.command()
@click.argument("name", type=_NAME)
@click.argument("amount", type=PRICE)
@click.option("--note", default="", help="What it is for.")
@as_json_flag
@click.pass_obj
def withdraw(context: Context, name: str, amount: str, note: str, *, as_json: bool) -> None:
    """Take paper money out of an account: not more than is available."""
    _transfer(context, name, f"-{amount.strip()}", note, as_json=as_json)


@accounts.command("new-session")
@click.argument("name", type=_NAME)
@click.option("--balance", metavar="AMOUNT", type=PRICE, help="Else as the settings say.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_flag
@click.pass_obj
def new_session(
    context: Context, name: str, balance: str | None, *, yes: bool, as_json: bool
) -> None:
    """Begin an account anew with a fresh balance; its past stays on record.

    No trade may be open and no order may wait.
    """
    from desk.accounts import NEW_SESSION, request
    from engine.money import plain

    if balance is None:
        # The sentence of a missing section would not say what to do here.
        known = name in context.settings.accounts
        settings = context.on_account(name).settings if known else context.settings
        balance = plain(settings.deposit)
    _ask(name, yes=yes)
    asking = request(context.database, name, NEW_SESSION, {"balance": balance.strip()})
    _tell(run(asking, as_json=as_json), as_json=as_json)


@accounts.command()
@click.argument("name", type=_NAME)
@as_json_flag
@click.pass_obj
def show(context: Context, name: str, *, as_json: bool) -> None:
    """Show an account: its sessions with their results, and what was paid in and out."""
    present, past, transfers = run(_read(context, name), as_json=as_json)
    if as_json:
        say(_show_json(present, past, transfers), as_json=True)
    else:
        click.echo("\n".join(_show_lines(present, past, transfers)))


# -- doing ------------------------------------------------------------------------------------


async def _list(context: Context) -> "list[AccountView]":
    from desk.accounts import accounts as list_accounts
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        return await list_accounts(ledger, context.settings)
    finally:
        await ledger.close()


async def _add(context: Context, name: str, given: dict[str, str | None]) -> "Account":
    from desk.new_account import add_account

    asked = {key: value.strip() for key, value in given.items() if value is not None}
    return await add_account(context.home.config, context.database, name, asked)


async def _read(
    context: Context, name: str
) -> "tuple[Account, list[PastSession], list[Transfer]]":
    from desk.accounts import unknown_account
    from store.ledger import Ledger

    ledger = await Ledger.open(context.database)
    try:
        present = next((one for one in await ledger.accounts() if one.name == name), None)
        if present is None:
            raise unknown_account(name)
        past = await ledger.past_sessions(name)
        numbers = [*(one.account.session for one in past), present.session]
        paid = [one for number in numbers for one in await ledger.transfers(name, number)]
        return present, past, paid
    finally:
        await ledger.close()


def _transfer(context: Context, name: str, amount: str, note: str, *, as_json: bool) -> None:
    from desk.accounts import TRANSFER, request
    from engine.text import clean

    if not parse_number(amount.strip().removeprefix("-")):
        raise click.BadParameter("The amount must be above 0.")
    payload = {"amount": amount.strip(), "note": clean(note)}
    asking = request(context.database, name, TRANSFER, payload)
    _tell(run(asking, as_json=as_json), as_json=as_json)


def _ask(name: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("To begin a session without a terminal, add --yes.")
    question = f"This ends the present session of {name}. Type yes to go on"
    if click.prompt(question, err=True) != "yes":
        click.echo("paperdesk: Nothing was done.", err=True)
        raise click.exceptions.Exit(EXIT_REFUSED)


# -- telling ----------------------------------------------------------------------------------


def _tell(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(answer, as_json=True)
        return
    click.echo(
        f"{answer['name']}: {answer['market'].lower()}, session {answer['session']}, "
        f"balance {answer['balance']} {answer['currency']}"
    )


def _line(account: "Account") -> str:
    from engine.money import plain

    return (
        f"{account.name}: {account.market.value.lower()}, session {account.session}, "
        f"balance {plain(account.balance)} {account.currency}"
    )


def _table(views: "Sequence[AccountView]") -> str:
    from engine.money import plain
    from tui.listing import aligned, clock

    rows = []
    for view in views:
        account = view.account
        if account is None:
            rows.append((view.name, *("-",) * 5, "not opened yet"))
            continue
        rows.append(
            (
                view.name,
                account.market.value.lower(),
                account.currency,
                plain(account.balance),
                str(view.active),
                str(account.session),
                clock(account.session_ms),
            )
        )
    return aligned(
        ("NAME", "MARKET", "CURRENCY", "BALANCE", "ACTIVE", "SESSION", "SINCE"), rows
    )


def _show_json(
    present: "Account", past: "Sequence[PastSession]", transfers: "Sequence[Transfer]"
) -> dict[str, Any]:
    from desk.accounts import account_json
    from engine.money import plain

    ended = [account_json(one.account) | {"ended_ms": one.ended_ms} for one in past]
    return {
        **account_json(present),
        "sessions": [*ended, account_json(present) | {"ended_ms": None}],
        "transfers": [
            {
                "session": one.session,
                "time_ms": one.time_ms,
                "amount": plain(one.amount),
                "note": one.note,
            }
            for one in transfers
        ],
    }


def _show_lines(
    present: "Account", past: "Sequence[PastSession]", transfers: "Sequence[Transfer]"
) -> list[str]:
    from engine.text import clean
    from tui.listing import aligned, clock, signed

    ends = [*((one.account, clock(one.ended_ms)) for one in past), (present, "-")]
    paid = [
        (str(one.session), clock(one.time_ms), signed(one.amount), clean(one.note))
        for one in transfers
    ]
    head = ("SESSION", "FROM", "TO", "PAID IN", "NET", "BALANCE", "CLOSED", "WON", "LOST")
    return [
        f"{present.name}: {present.market.value.lower()} in {present.currency}",
        "",
        aligned(head, [_session_row(account, end) for account, end in ends]),
        "",
        aligned(("SESSION", "TIME", "AMOUNT", "NOTE"), paid),
    ]


def _session_row(account: "Account", end: str) -> Sequence[str]:
    from engine.money import plain
    from tui.listing import clock, signed

    net: Decimal = account.balance - account.deposits
    return (
        str(account.session),
        clock(account.session_ms),
        end,
        plain(account.deposits),
        signed(net),
        plain(account.balance),
        str(account.closed),
        str(account.wins),
        str(account.losses),
    )
