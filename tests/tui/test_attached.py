"""A window on a desk that another process runs says so."""

from dataclasses import replace

import pytest

from desk.view import Header
from tests.tui.fake_session import FakeSession, sample_desk
from tests.tui.screens import SIZES, running, screen_text, settled


class Attached(FakeSession):
    """A desk that another process runs."""

    def header(self) -> Header:
        return replace(super().header(), attached="attached to process 123")


@pytest.mark.parametrize("size", SIZES)
async def test_the_status_line_says_to_which_process_a_window_is_attached(
    size: tuple[int, int],
) -> None:
    own = sample_desk()
    attached = Attached()
    attached.__dict__.update(own.__dict__)

    async with running(own, size) as pilot:
        await settled(pilot)
        alone = screen_text(pilot.app)
    async with running(attached, size) as pilot:
        await settled(pilot)
        beside = screen_text(pilot.app)

    assert "attached" not in alone
    top = beside.splitlines()[:2]
    assert "attached to process 123" in "\n".join(top)
    assert "PAPER" in top[0]
    assert "live" in top[0]
    assert "Eq" in "\n".join(top)
