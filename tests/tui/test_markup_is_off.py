"""No text of the terminal room is ever parsed as markup, whoever writes the next widget."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui
from tests.tui.fake_session import sample_desk
from tests.tui.screens import running, screen_text, settled

SOURCES = sorted(Path(tui.__file__).parent.rglob("*.py"))

PARSERS = {"from_markup", "from_rich_markup"}
"""Textual's and Rich's ways to read markup."""


def calls(source: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            yield (function.id if isinstance(function, ast.Name) else name), node


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_static_says_that_its_text_is_text(source: Path) -> None:
    loose = [
        node.lineno
        for name, node in calls(source)
        if name in {"Static", "Label"}
        and not any(
            keyword.arg == "markup"
            and isinstance(keyword.value, ast.Constant)
            and keyword.value.value is False
            for keyword in node.keywords
        )
    ]

    assert not loose


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_nothing_is_read_as_markup(source: Path) -> None:
    assert not [node.lineno for name, node in calls(source) if name in PARSERS]


@pytest.mark.parametrize(
    "text", ["[/]", "[/foo] a", "[red]x", "[@click=app.quit]y[/]", "\x1b[2J"]
)
async def test_a_toast_shows_brackets_as_they_are(text: str) -> None:
    async with running(sample_desk()) as pilot:
        pilot.app.notify(text, title=text, markup=True)
        await settled(pilot)

        assert text.lstrip("\x1b") in screen_text(pilot.app)
        assert pilot.app.is_running
