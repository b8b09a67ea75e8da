"""The last thing that happened, always in sight; and the list of what happened before."""

from collections import deque
from itertools import islice

from textual.content import Content
from textual.widget import Widget

from tui import format as fmt
from tui.told import Told

REMEMBERED = 200
"""Events kept for the list."""


def event_content(told: Told) -> Content:
    """Write one event as a line."""
    return Content.assemble(
        (f"{fmt.clock(told.time_ms)} ", "$quiet"),
        (told.sign, f"${told.role}"),
        " ",
        told.words,
    )


class EventLine(Widget):
    """The last event on one row."""

    def __init__(self) -> None:
        super().__init__(id="event")
        self._told: Told | None = None

    def show(self, told: Told) -> None:
        """Show *told* in place of the event before it, unless that mattered more."""
        if self._told is None or self._told.minor or not told.minor:
            self._told = told
            self.refresh()

    def render(self) -> Content:
        """Draw the event, cut to the row."""
        if self._told is None:
            return Content.styled(" Nothing has happened yet", "$quiet")
        return (Content(" ") + event_content(self._told)).truncate(
            self.size.width, ellipsis=True
        )


class EventList(Widget):
    """The newest events, newest first, as many as there are rows."""

    def __init__(self) -> None:
        super().__init__(id="events")
        self.border_title = "Events"
        self._told: deque[Told] = deque(maxlen=REMEMBERED)

    def add(self, told: Told) -> None:
        """Put *told* on top."""
        self._told.appendleft(told)
        self.refresh()

    def render(self) -> Content:
        """Draw one event a row."""
        width, height = self.size
        rows = [
            event_content(told).truncate(width, ellipsis=True)
            for told in islice(self._told, height)
        ]
        return Content("\n").join(rows)
