"""The candle chart: candles, the levels of a signal or trade, and the price as it moves."""

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from engine.model import Candle
from tui.text import ui_text
from tui.widgets.columns import Piece
from tui.widgets.line_painter import ROLES
from tui.widgets.plot import Level, Plot, plot


class CandleChart(Widget):
    """Candles with entry, stop and target lines; only rows that changed are drawn again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"candle-chart--{role}" for role in ROLES}

    def __init__(self, *, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self._candles: tuple[Candle, ...] = ()
        self._levels: tuple[Level, ...] = ()
        self._last: Decimal | None = None
        self._tick: Decimal | None = None
        self._sentence = ""
        self._rows: list[list[Piece]] = []

    @property
    def room(self) -> int:
        """How many candles are worth asking for."""
        return max(20, self.size.width)

    def show(self, candles: Sequence[Candle], levels: Sequence[Level]) -> None:
        """Draw other candles, or the same ones further on.

        Args:
            candles: Oldest first; the last may still be open.
            levels: Lines to draw behind them.
        """
        self._candles, self._levels, self._sentence = tuple(candles), tuple(levels), ""
        self._draw()

    def say(self, sentence: str) -> None:
        """Show *sentence* in place of candles."""
        self._candles, self._levels, self._sentence = (), (), ui_text(sentence)
        self._draw()

    def follow(self, last: Decimal | None, tick: Decimal | None) -> None:
        """Move the newest candle to the newest price.

        Args:
            last: Quote per base; None while unknown.
            tick: The symbol's price grid; None while unknown.
        """
        if (last, tick) != (self._last, self._tick):
            self._last, self._tick = last, tick
            self._draw()

    def on_resize(self) -> None:
        """Draw for the new size."""
        self._draw()

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        pieces = self._rows[y] if y < len(self._rows) else []
        base = self.rich_style
        segments = [
            Segment(
                glyphs,
                base + self.get_component_rich_style(f"candle-chart--{role}", partial=True)
                if role
                else base,
            )
            for glyphs, role in pieces
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _draw(self) -> None:
        before, self._rows = self._rows, self._content()
        if len(before) != len(self._rows):
            self.refresh()
            return
        for row, (old, new) in enumerate(zip(before, self._rows, strict=True)):
            if old != new:
                self.refresh(Region(0, row, self.size.width, 1))

    def _content(self) -> list[list[Piece]]:
        width, height = self.size
        if not self._candles or width < 12 or height < 4:
            words = self._sentence if height else ""
            blank: list[list[Piece]] = [[] for _ in range(height)]
            if blank:
                blank[height // 2] = [(words.center(width)[:width], "quiet")]
            return blank
        return plot(
            Plot(
                candles=self._candles,
                levels=self._levels,
                last=self._last,
                tick=self._tick,
                width=width,
                height=height,
            )
        )
