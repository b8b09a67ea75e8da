"""How commands speak: data on stdout, as text or as one line of JSON."""

import click

as_json_flag = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say(value: object, *, as_json: bool) -> None:
    """Print a text, or a value as JSON."""
    if as_json:
        from desk.machine import dumps

        value = dumps(value)
    click.echo(value)
