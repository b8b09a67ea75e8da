"""Live through some seeds again: `python -m tests.virtual 17 18 --hours 24`."""

import argparse
import logging
import sys

from tests.virtual.report import summed_up
from tests.virtual.simulation import simulate


def main() -> int:
    """Run the seeds named on the command line; returns how many went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="+")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--calm", action="store_true", help="without faults")
    parser.add_argument("--log", action="store_true", help="show what the desk logs")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO if given.log else logging.CRITICAL + 1)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    reports = []
    for seed in given.seeds:
        reports.append(report := simulate(seed, given.hours, calm=given.calm))
        sys.stdout.write(f"{report}\n  trace {report.trace}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{summed_up(reports)}\n")
    return sum(bool(report.wrong) for report in reports)


if __name__ == "__main__":
    sys.exit(main())
