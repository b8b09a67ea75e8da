"""The fields of the order ticket and of the edit dialog, with what can be typed in each."""

from tui.screens.form import Field

SIZE = Field(
    name="size",
    label="Size",
    hint=(
        "100 is a stake, 0.05 base a quantity, 1% of equity at risk, 1% without fees, "
        "5% of equity, 5% margin, 1% ATR unit, kelly 0.5 cap 2%"
    ),
)
ENTRY = Field(
    name="entry",
    label="Entry",
    hint=(
        "market, limit 150.20, stop 153.50 (a breakout), classic (the signal's price, always); "
        "limit and stop alone wait for the signal's entry"
    ),
)
STOP = Field(
    name="stop",
    label="Stop",
    hint="a price, or so far from the entry: 2%, 2ATR",
)
NEW_STOP = Field(
    name="stop",
    label="Stop",
    hint="a price; the trailing and break-even stops move by themselves, the tightest holds",
)
TARGETS = Field(
    name="targets",
    label="Targets",
    hint=(
        "155.74, or a ladder 155.74:50%,2R:30%,runner:20%; prices or 2%, 1.5R, 2ATR; "
        "a runner has no target"
    ),
)
LEVERAGE = Field(
    name="leverage",
    label="Leverage",
    hint="1 to 125, as far as the symbol's margin table allows; it divides the margin only",
)
NOTE = Field(
    name="note",
    label="Note",
    hint="your own words; they stay with the trade",
    figured=False,
)
TRAIL = Field(
    name="trail",
    label="Trail",
    hint=(
        "off, 1%, 2.50 or 2ATR behind the best price; 1%@1R begins at 1 R, "
        "1%@1R/0.2% moves in steps"
    ),
    more=True,
)
BREAK_EVEN = Field(
    name="break_even",
    label="Break-even",
    hint=(
        "off, or from where the stop goes to where nothing is lost, fees included: 1R, 0.8%, "
        "a price, now; 1R+0.1% goes beyond"
    ),
    more=True,
)
AFTER_TARGET = Field(
    name="after_target",
    label="After TP",
    hint="what the stop does when a target has filled: keep, break-even, previous-target",
    more=True,
)
HOLD = Field(
    name="hold",
    label="Hold",
    hint="off, or how long at most: 90m, 4h, 2d; then it is closed at the market",
    more=True,
)
EXPIRES = Field(
    name="expires",
    label="Expires",
    hint="how long a limit or stop order waits: 90m, 4h; empty: as long as the signal lives",
    more=True,
)
ADD_MARGIN = Field(
    name="margin",
    label="Margin",
    hint="+50 adds to the isolated margin, -20 takes some back; empty leaves it",
)
