"""Recordings: what a feed heard, kept as it came and played as a desk would take it."""

import gzip
import json
import resource
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from engine.model import Tick
from market.errors import TapeError
from market.tape.recording import Recording
from market.tape.tape import Tape, TapeKind, Touch
from tests.tapes import TAPE_MS, frame, quote_frame


def record(path: Path, *frames: bytes, every_ms: int = 1_000) -> Path:
    """Record frames, one at a time."""
    recording = Recording(path)
    for number, one in enumerate(frames):
        recording.write([one], TAPE_MS + number * every_ms)
    recording.close()
    return path


def ids(tape: Tape) -> list[int]:
    return [item.trade_id for item in tape if isinstance(item, Tick)]


def test_frames_are_kept_as_they_came_with_the_time_of_receipt(tmp_path: Path) -> None:
    path, one = tmp_path / "day.jsonl", frame(1, "100.10")

    recording = Recording(path)
    recording.write([one, quote_frame(5, "100", "101")], 1_790_000_000_007)
    recording.close()

    first, second = path.read_bytes().splitlines()
    assert first == b'{"recv_ts":1790000000.007,"msg":' + one + b"}"
    assert json.loads(second)["msg"]["data"]["u"] == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_prints_and_quotes_are_played_and_all_else_is_passed_over(tmp_path: Path) -> None:
    kline = b'{"stream":"btcusdt@kline_1m","data":{"e":"kline","k":{}}}'
    reply = b'{"result":null,"id":1}'
    path = record(
        tmp_path / "day.jsonl",
        reply,
        frame(1, "100.1"),
        quote_frame(7, "100.0", "100.2"),
        kline,
        quote_frame(7, "1", "2"),
        frame(2, "100.3"),
    )

    tape = Tape([path])
    items = list(tape)

    assert tape.kind is TapeKind.RECORDING
    assert [type(item) for item in items] == [Tick, Touch, Tick]
    assert items[1] == Touch("BTCUSDT", Decimal("100.0"), Decimal("100.2"), TAPE_MS + 2_000)
    assert tape.notes == []


def test_one_symbol_of_a_recording_can_be_played_alone(tmp_path: Path) -> None:
    frames = (frame(1, "100"), frame(8, "20", "ETHUSDT"), quote_frame(1, "1", "2", "BTCUSDT"))
    path = record(tmp_path / "day.jsonl", *frames)

    assert ids(Tape([path])) == [1, 8]
    assert [item.symbol for item in Tape([path], "ETHUSDT")] == ["ETHUSDT"]


def test_a_symbol_that_is_not_recorded_is_refused_at_the_end(tmp_path: Path) -> None:
    path = record(tmp_path / "day.jsonl", frame(1, "100"))

    with pytest.raises(TapeError, match=r"holds no prints of SOLUSDT; it has BTCUSDT\."):
        list(Tape([path], "SOLUSDT"))


def test_prints_that_came_twice_or_early_are_played_once_in_order(tmp_path: Path) -> None:
    path = record(
        tmp_path / "day.jsonl", *(frame(number, "100") for number in (1, 3, 2, 2, 3, 1, 5, 4))
    )

    tape = Tape([path])

    assert ids(tape) == [1, 2, 3, 4, 5]
    assert tape.notes == []


def test_a_hole_that_nothing_fills_is_stepped_over_and_noted(tmp_path: Path) -> None:
    frames = (frame(number, "100") for number in (1, 4, 5, 6, 9))
    path = record(tmp_path / "day.jsonl", *frames, every_ms=9_000)

    tape = Tape([path])

    assert ids(tape) == [1, 4, 5, 6, 9]
    assert tape.notes == [
        "day.jsonl line 4: 2 prints are missing in front of 4. (1 more like this.)"
    ]


def test_a_print_that_makes_no_sense_is_passed_over_as_the_desk_does(tmp_path: Path) -> None:
    path = record(tmp_path / "day.jsonl", frame(1, "100"), frame(2, "NaN"), frame(2, "101"))

    tape = Tape([path])

    assert ids(tape) == [1, 2]
    assert tape.notes == ["day.jsonl line 2: A print that makes no sense was passed over."]


def test_garbage_from_the_socket_never_spoils_a_recording(tmp_path: Path) -> None:
    garbage = (b"{oops}", b"\xff\xfe\x00", b'{"stream":\n"x@y",\n"data":{}}', b"", b'"a\nb"')
    path = record(tmp_path / "day.jsonl", frame(1, "100"), *garbage, frame(2, "101"))

    assert ids(Tape([path])) == [1, 2]
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_last_line_that_was_cut_off_is_left_out_and_noted(tmp_path: Path) -> None:
    path = record(tmp_path / "day.jsonl", frame(1, "100"), frame(2, "101"))
    path.write_bytes(path.read_bytes()[:-20])

    tape = Tape([path])

    assert ids(tape) == [1]
    assert tape.notes == ["day.jsonl line 2: The last line was cut off; it was left out."]


def test_a_packed_recording_that_was_cut_off_is_played_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    plain = record(
        tmp_path / "day.jsonl", *(frame(number, "100") for number in range(1, 2_000))
    )
    packed = tmp_path / "day.jsonl.gz"
    whole = gzip.compress(plain.read_bytes())
    packed.write_bytes(whole[: len(whole) // 2])

    tape = Tape([packed])
    played = ids(tape)

    assert played == list(range(1, len(played) + 1))
    assert 0 < len(played) < 1_999
    assert "day.jsonl.gz was cut off; its end is missing." in tape.notes


def test_a_broken_line_in_the_middle_is_refused_with_its_number(tmp_path: Path) -> None:
    path = record(tmp_path / "day.jsonl", frame(1, "100"), frame(2, "101"), frame(3, "102"))
    lines = path.read_bytes().splitlines()
    lines[1] = lines[1][:-20]
    path.write_bytes(b"\n".join(lines) + b"\n")

    with pytest.raises(TapeError, match=r"day\.jsonl line 2: not a line of a recording"):
        list(Tape([path]))


def test_recording_goes_on_behind_what_a_killed_process_left(tmp_path: Path) -> None:
    path = record(tmp_path / "day.jsonl", frame(1, "100"), frame(2, "101"))
    path.write_bytes(path.read_bytes()[:-20])

    record(path, frame(2, "101"), frame(3, "102"))

    assert ids(Tape([path])) == [1, 2, 3]


def test_a_file_that_is_something_else_is_never_written_to(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("dear diary")

    with pytest.raises(TapeError, match="is no recording; nothing was written"):
        Recording(path)

    assert path.read_text() == "dear diary"


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match="cannot be written: No such file"):
        Recording(tmp_path / "none" / "day.jsonl")


def test_a_full_disk_stops_the_recording_and_not_the_feed(tmp_path: Path) -> None:
    """A limit on the size of files stands for the end of the disk."""
    recording = Recording(tmp_path / "day.jsonl")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        for number in range(1, 20):
            recording.write([frame(number, "100")], TAPE_MS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    recording.write([frame(99, "100")], TAPE_MS)
    recording.close()
    recording.close()

    tape = Tape([recording.path])
    assert recording.stopped.endswith("has stopped: File too large.")
    assert recording.path.stat().st_size == 1_000
    assert ids(tape) == [1, 2, 3, 4, 5]
    assert "cut off" in tape.notes[0]


def test_nothing_is_written_behind_the_end(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "day.jsonl")
    recording.close()

    recording.write([frame(1, "100")], TAPE_MS)

    assert recording.path.stat().st_size == 0
    assert recording.stopped == ""
