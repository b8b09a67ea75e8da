import os
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory

import pytest

_IN_MEMORY = Path("/dev/shm")
Figures = dict[str, object]
"""What a test counted, by name."""


def _long(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("soak") is not None


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Return the seed of a test's chance: always the same, but a soak's is new each time.

    The environment variable `SOAK_SEED` brings an old one back.
    """
    given = os.environ.get("SOAK_SEED")
    if given:
        return int(given)
    return SystemRandom().getrandbits(32) if _long(request) else 7


@pytest.fixture
def figures(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str], seed: int
) -> Iterator[Figures]:
    """Collect what a test counts; a soak shows it at the end, any other test if it fails."""
    counted: Figures = {"seed": seed}
    yield counted
    name = request.node.name.replace("test_", "").partition("[")[0].replace("_", " ")
    table = "".join(f"  {what:<28} {value:>14}\n" for what, value in counted.items())
    text = f"\n{name}\n{table}"
    if _long(request):
        with capsys.disabled():
            os.write(1, text.encode())
    else:
        os.write(1, text.encode())


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """Return an empty folder, in memory where there is such a thing: syncs are slow."""
    if not _IN_MEMORY.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=_IN_MEMORY, prefix="paperdesk-") as folder:
        yield Path(folder)
