"""P8: how long a person waits: for the desk's first picture, and for the plain commands.

Times are taken from outside, from the start of the process to the first output that shows the
word PAPER, on a pseudo-terminal. The desk's market is an address where nobody listens.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.measure import Row, interleaved, medians
from bench.terminal import terminal

EMPTY_APP = """
from textual.app import App
from textual.widgets import Static

class Empty(App):
    def compose(self):
        yield Static("PAPER")

Empty().run()
"""
PAPERDESK = str(Path(sys.executable).with_name("paperdesk"))
NOBODY = "127.0.0.1:9"
ROUNDS = 9


def rows() -> Iterator[Row]:
    """Measure P8."""
    with tempfile.TemporaryDirectory() as home:
        env = {
            "PAPERDESK_HOME": home,
            "PAPERDESK_MARKET_REST_URL": f"http://{NOBODY}",
            "PAPERDESK_MARKET_STREAM_URL": f"ws://{NOBODY}",
        }
        _first_paint([PAPERDESK], env)
        screens = medians(
            {
                "desk": lambda: _first_paint([PAPERDESK], env),
                "empty": lambda: _first_paint([sys.executable, "-c", EMPTY_APP], env),
            },
            rounds=ROUNDS,
        )
        commands = interleaved(
            {
                "info": lambda: _finished([PAPERDESK, "info"], env),
                "python": lambda: _finished([sys.executable, "-c", "pass"], env),
            },
            rounds=2 * ROUNDS,
        )
        traced = [sys.executable, "-X", "importtime", PAPERDESK, "info"]
        loaded = _finished(traced, env)
    yield Row(
        id="P8",
        what="start to first paint against an empty Textual app",
        figure=f"{screens['desk']:.2f} s against {screens['empty']:.2f} s",
        ratio=screens["desk"] / screens["empty"],
        bound=1.9,
    )
    yield Row(
        id="P8",
        what="`paperdesk info` against `python -c pass`",
        figure=f"{commands['info'] * 1e3:.0f} ms against {commands['python'] * 1e3:.0f} ms",
        ratio=commands["info"] / commands["python"],
        bound=8.0,
    )
    textual = re.findall(r"\| +(textual\S*)", loaded)
    yield Row(
        id="P8",
        what="modules of Textual that `paperdesk info` loads",
        figure=f"{len(textual)} of {loaded.count('import time:')}",
        ratio=len(textual),
        bound=0,
        unit="",
    )


def _first_paint(command: Sequence[str], env: Mapping[str, str]) -> float:
    began = time.perf_counter()
    with terminal(command, env=env) as screen:
        screen.read_until(b"PAPER")
        return time.perf_counter() - began


def _finished(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Run *command* to its end; returns what it wrote to the standard error."""
    done = subprocess.run(
        command, env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    return done.stderr
