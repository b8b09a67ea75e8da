"""Spoilt frames by the million: nothing raises, nothing wrong comes out, nothing is kept."""

import pytest

from tests.soak.conftest import Figures
from tests.soak.fuzz import Listener, blocks, peak_mb


@pytest.mark.parametrize("frames", [20_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_spoilt_frames_raise_nothing_deliver_no_wrong_price_and_leave_nothing_behind(
    frames: int, seed: int, figures: Figures
) -> None:
    listener = Listener(seed)
    listener.hear(10_000)
    blocks_before, peak_before = blocks(), peak_mb()

    listener.hear(frames)

    kept, grown = blocks() - blocks_before, peak_mb() - peak_before
    figures |= {
        "frames": frames,
        "pieces of memory kept": kept,
        "megabytes grown": f"{grown:.1f}",
    }
    figures |= listener.counted
    assert kept < frames // 20
    assert grown < 8
    assert listener.counted["prints delivered"] > frames // 20
    assert listener.counted["candles delivered"] > frames // 200
