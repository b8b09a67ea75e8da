"""`make bench`: run the benches (all, or those named) and print one table of ratios."""

import importlib
import sys

from bench.measure import Row

BENCHES = ("engine", "feed", "store", "screen", "start", "recovery")


def main() -> None:
    """Run and print; exits 1 if a target is missed."""
    wanted = sys.argv[1:] or BENCHES
    missed = 0
    print(f"{'id':4}{'ratio':>10}  {'target':>10}    measured")
    for name in wanted:
        for row in importlib.import_module(f"bench.{name}").rows():
            missed += not row.met
            _show(row)
    sys.exit(1 if missed else 0)


def _show(row: Row) -> None:
    bound = f"{'>=' if row.least else '<='} {row.bound:g}{row.unit}"
    mark = "ok  " if row.met else "MISS"
    print(
        f"{row.id:4}{row.ratio:>9.2f}{row.unit}  {bound:>10}  {mark} {row.what}: {row.figure}",
        flush=True,
    )


if __name__ == "__main__":
    main()
