"""How the benches measure: interleaved rounds, medians, ratios."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    id: str
    """The target's name."""
    what: str
    figure: str
    """What was measured, in words and numbers."""
    ratio: float
    bound: float
    """The ratio must not be above it; or, with `least`, not below it."""
    least: bool = False
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio >= self.bound if self.least else self.ratio <= self.bound


def interleaved(
    work: Mapping[str, Callable[[], object]], *, rounds: int = 9
) -> dict[str, float]:
    """Time each piece of work once a round, in turn; returns median seconds by name."""
    times: dict[str, list[float]] = {name: [] for name in work}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in work.items():
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}
