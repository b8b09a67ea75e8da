"""`paperdesk simulate`: the simulated exchange for any Binance client."""

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
def simulate(port: int, seed: int, speed: float) -> None:
    """Serve the simulated exchange on 127.0.0.1 for any Binance client."""
    run(serve_simulator(port, seed, checked_speed(speed)), as_json=False)
