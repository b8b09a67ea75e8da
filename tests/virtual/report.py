"""What a run came to, and how to see it again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """What one run came to."""

    seed: int
    hours: float
    trace: str = ""
    """Hash of everything that happened and of everything stored."""
    troubles: Counter[str] = field(default_factory=Counter)
    """Faults by kind."""
    facts: Counter[str] = field(default_factory=Counter)
    """What the desk told, by kind."""
    prints: int = 0
    """Prints of the exchange within the time."""
    events: int = 0
    """Callbacks of the event loop."""
    starts: int = 0
    orders: int = 0
    plans: int = 0
    """Ends of trades with ladders, moving stops and edits that were compared with the tape."""
    questions: int = 0
    connects: int = 0
    healed_s: list[float] = field(default_factory=list)
    """How long it took, after each spell of faults, until all was well."""
    took_s: float = 0.0
    """Real time."""
    wrong: list[str] = field(default_factory=list)
    """What must not be, with the virtual time at which it was found."""

    def __str__(self) -> str:
        """Say how it went in a few words, and how to see it again."""
        again = f"python -m tests.virtual {self.seed} --hours {self.hours:g}"
        verdict = "; ".join(self.wrong[:5]) or "all well"
        return f"seed {self.seed}: {verdict} [{again}]"


def summed_up(reports: Sequence[Report]) -> str:
    """Return a few lines about many runs."""
    troubles: Counter[str] = sum((one.troubles for one in reports), Counter())
    facts: Counter[str] = sum((one.facts for one in reports), Counter())
    hours, took_s = sum(one.hours for one in reports), sum(one.took_s for one in reports)
    healed_s = [seconds for one in reports for seconds in one.healed_s]
    wrong = sum(bool(one.wrong) for one in reports)
    lines = (
        f"{len(reports)} seeds, {hours:g} hours, {wrong} wrong",
        f"{took_s:.0f} s of work: {hours * 3_600 / took_s:,.0f} times real time,"
        f" {60 * len(reports) / took_s:.1f} seeds a minute",
        f"{sum(one.prints for one in reports):,} prints,"
        f" {sum(one.events for one in reports):,} callbacks,"
        f" {sum(one.orders for one in reports):,} orders,"
        f" {sum(one.plans for one in reports):,} plans compared with the tape,"
        f" {sum(one.starts for one in reports):,} starts of the desk",
        f"well again after {max(healed_s, default=0.0):.1f} s at most",
        f"facts: {dict(sorted(facts.items()))}",
        f"faults: {dict(sorted(troubles.items()))}",
    )
    return "\n".join(lines)
