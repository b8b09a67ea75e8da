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

    def timed(run: Callable[[], object]) -> Callable[[], float]:
        def time_it() -> float:
            start = time.perf_counter()
            run()
            return time.perf_counter() - start

        return time_it

    gc.collect()
    gc.disable()
    try:
        return medians({name: timed(run) for name, run in work.items()}, rounds=rounds)
    finally:
        gc.enable()


def medians(work: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """Let each piece of work measure itself once a round, in turn; returns medians by name."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, measure in work.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}
