"""`paperdesk simulate`: the simulated exchange, spot and futures, for any Binance client."""

from collections.abc import Iterable
from typing import Any

import click

from tui.work import checked_speed, run, serve_simulator


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9080,
    show_default=True,
    help="Port on 127.0.0.1; 0 picks one.",
)
@click.option("--seed", default=1, show_default=True, help="Which simulated market.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated seconds a second.")
@click.option(
    "--faults",
    metavar="SEED|FILE",
    help="Let things go wrong: by chance from a seed, or as a file of JSON lines says.",
)
def simulate(port: int, seed: int, speed: float, faults: str | None) -> None:
    """Serve the simulated exchange, spot and futures, on 127.0.0.1 for any Binance client."""
    script = _script(faults) if faults else ()
    run(serve_simulator(port, seed, checked_speed(speed), script), as_json=False)


def _script(seed_or_file: str) -> Iterable[Any]:
    from market.simulator.script import BadScript, script_of

    try:
        return script_of(seed_or_file)
    except BadScript as exc:
        raise click.BadParameter(str(exc)) from exc
