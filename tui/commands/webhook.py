"""`paperdesk webhook`: the secret address to which alerts are sent."""

import click

from tui.commands.output import as_json_flag, say
from tui.work import Context, run


@click.group()
def webhook() -> None:
    """Show or change the secret part of the webhook's address."""


@webhook.command("token")
@click.option("--new", "anew", is_flag=True, help="Make another; the old one ends at once.")
@as_json_flag
@click.pass_obj
def webhook_token(context: Context, *, anew: bool, as_json: bool) -> None:
    """Print the webhook's token and its address on this machine."""
    import asyncio

    from desk.token import ensure_token, new_token

    making = asyncio.to_thread(new_token if anew else ensure_token, context.database.parent)
    token: str = run(making, as_json=as_json)
    url = f"http://127.0.0.1:{context.settings.webhook_port}/hook/{token}"
    enabled = context.settings.webhook
    if not enabled:
        off = "The webhook is off; [inbox] webhook = true in the settings turns it on."
        click.echo(off, err=True)
    values = {"token": token, "url": url, "enabled": enabled}
    say(values if as_json else f"{token}\n{url}", as_json=as_json)
