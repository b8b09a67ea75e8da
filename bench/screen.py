"""P7: what ticks cost the running desk on a real terminal, above the same desk without them."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.measure import Row
from bench.terminal import terminal

SIZE = (120, 48)
"""Columns and lines: room for 40 rows."""
BOUNDS = {"inbox": 12.0, "socket": 35.0}
"""Percent of a core."""


def rows() -> Iterator[Row]:
    """Measure P7."""
    found = {market: _run(market) for market in BOUNDS}
    for market, bound in BOUNDS.items():
        figures = found[market]
        idle, busy = figures["idle"] * 100, figures["busy"] * 100
        yield Row(
            id="P7",
            what=f"{figures['rows']:.0f} live rows, 200 symbols ticking by {market}, CPU",
            figure=f"{busy:.1f} % of a core at {figures['prints']:,.0f} prints/s, "
            f"{idle:.1f} % at none",
            ratio=busy - idle,
            bound=bound,
            unit="%",
        )
    for market, figures in found.items():
        yield Row(
            id="P7",
            what=f"the same, lag of the event loop, p95, by {market}",
            figure=f"{figures['lag_ms']:.1f} ms; {figures['idle_lag_ms']:.1f} ms at none",
            ratio=figures["lag_ms"],
            bound=15.0,
            unit="ms",
        )


def _run(market: str) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.screen_app", market, folder]
        with terminal(command, size=SIZE) as screen:
            screen.read_to_end()
        figures: Mapping[str, float] = json.loads((Path(folder) / "figures.json").read_text())
        return figures
