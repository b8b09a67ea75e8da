"""A bug ends the screen with a sentence; the log has the traceback."""

import logging

import pytest

from tests.tui.fake_session import sample_desk
from tui.app import DeskApp


def _broken(_: DeskApp) -> None:
    secret = "value that must not be printed"
    raise RuntimeError(f"a bug, {len(secret)}")


def test_a_bug_prints_no_traceback_and_no_values(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(DeskApp, "paint", _broken)
    app = DeskApp(sample_desk())

    with caplog.at_level(logging.ERROR):
        app.run(headless=True, size=(80, 24))

    said = "".join(capsys.readouterr())
    assert app.return_code == 1
    assert "Your trades are safe on disk" in said
    assert "Traceback" not in said
    assert "must not be printed" not in said
    assert "RuntimeError: a bug" in caplog.text
