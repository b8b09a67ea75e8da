"""The tables as Peewee sees them; the migrations made them so.

A column has the name of the field that it holds (see `store.rows` for the few exceptions).
Times are milliseconds UTC. The models are bound to no database: each query is told where to
run, so that one process can hold several.
"""

from enum import StrEnum

import peewee

from engine.model import (
    CancelReason,
    CloseReason,
    Direction,
    EntryMode,
    FillKind,
    Market,
    PriceModel,
    SignalStatus,
    Source,
    TradeStatus,
)
from engine.stops import StopPolicy, StopReason
from store.account_tables import AccountRow, CheckpointRow, SessionRow, TransferRow
from store.fields import E8Field, PricesField, SnapshotField, WordField


class ChangeKind(StrEnum):
    """What can happen to a trade beside its fills."""

    PLACED = "placed"
    CANCELLED = "cancelled"
    EDITED = "edited"
    STOP_MOVED = "stop_moved"
    FUNDING = "funding"


ACTIVE = peewee.SQL("status IN ('PENDING', 'OPEN')")
"""The condition of the two partial unique indexes, word for word, so that they serve it."""
FINISHED = peewee.SQL("status NOT IN ('PENDING', 'OPEN')")


class SignalRow(peewee.Model):
    """An idea (`engine.model.Signal`)."""

    arrival = peewee.BigIntegerField(primary_key=True)
    """Order of arrival; SQLite counts it up."""
    id = peewee.TextField(unique=True)
    symbol = peewee.TextField()
    market = WordField(Market)
    direction = WordField(Direction)
    entry = E8Field()
    stop = E8Field()
    targets = PricesField()
    source = peewee.TextField()
    timeframe = peewee.TextField()
    score = E8Field(null=True)
    reason = peewee.TextField()
    created_ms = peewee.BigIntegerField()
    expires_ms = peewee.BigIntegerField()
    status = WordField(SignalStatus)

    class Meta:
        """The table's name."""

        table_name = "signal"


class TradeRow(peewee.Model):
    """A trade (`engine.model.Trade`) without its targets, fills and payments."""

    id = peewee.BigIntegerField(primary_key=True)
    account = peewee.TextField()
    symbol = peewee.TextField()
    market = WordField(Market)
    direction = WordField(Direction)
    status = WordField(TradeStatus)
    close_reason = WordField(CloseReason, null=True)
    signal_id = peewee.TextField(null=True)
    signal = SnapshotField(null=True)
    """The whole idea as it was at opening."""
    entry_mode = WordField(EntryMode)
    entry_price = E8Field()
    initial_quantity = E8Field()
    quantity = E8Field()
    stake = E8Field()
    leverage = peewee.BigIntegerField()
    initial_stop = E8Field()
    stop = E8Field()
    """The one in force, for whoever reads the table; it follows from the three stops."""
    stop_reason = WordField(StopReason)
    costs_profile = peewee.TextField()
    costs_maker = E8Field()
    costs_taker = E8Field()
    costs_slippage = E8Field()
    costs_slippage_amount = E8Field()
    costs_use_touch = peewee.BooleanField()
    costs_targets_at_print = peewee.BooleanField()
    costs_enter_at_signal = peewee.BooleanField()
    opened_ms = peewee.BigIntegerField()
    closed_ms = peewee.BigIntegerField(null=True)
    exit_price = E8Field(null=True)
    gross = E8Field()
    fees = E8Field()
    funding = E8Field()
    best = E8Field()
    worst = E8Field()
    note = peewee.TextField()
    session = peewee.BigIntegerField()
    margin = E8Field()
    fixed_stop = E8Field()
    fixed_reason = WordField(StopReason)
    after_target = WordField(StopPolicy)
    trailing_distance = E8Field(null=True)
    """NULL where the trade has no trailing stop; so are all columns called like it."""
    trailing_relative = peewee.BooleanField(null=True)
    trailing_step = E8Field(null=True)
    trailing_tick = E8Field(null=True)
    trailing_activation = E8Field(null=True)
    trailing_best = E8Field(null=True)
    trailing_stop = E8Field(null=True)
    break_even_offset = E8Field(null=True)
    """NULL where the trade has no break-even stop; so are all columns called like it."""
    break_even_trigger = E8Field(null=True)
    break_even_due = peewee.BooleanField(null=True)
    break_even_stop = E8Field(null=True)
    hold_ms = peewee.BigIntegerField(null=True)
    placed_ms = peewee.BigIntegerField()
    expires_ms = peewee.BigIntegerField(null=True)
    cancel_reason = WordField(CancelReason, null=True)

    class Meta:
        """The table's name."""

        table_name = "trade"


class TargetRow(peewee.Model):
    """One take-profit level of a trade (`engine.model.Target`)."""

    trade = peewee.BigIntegerField()
    position = peewee.BigIntegerField()
    """0 is the nearest."""
    price = E8Field()
    quantity = E8Field()
    filled = peewee.BooleanField()

    class Meta:
        """The table's name and key."""

        table_name = "target"
        primary_key = peewee.CompositeKey("trade", "position")


class FillRow(peewee.Model):
    """One execution of a trade (`engine.model.Fill`)."""

    trade = peewee.BigIntegerField()
    seq = peewee.BigIntegerField()
    """Counts a trade's fills from 0."""
    kind = WordField(FillKind)
    price = E8Field()
    quantity = E8Field()
    fee = E8Field()
    gross = E8Field()
    time_ms = peewee.BigIntegerField()
    level = E8Field(null=True)
    print_price = E8Field(null=True)
    print_id = peewee.BigIntegerField(null=True)
    """Aggregate-trade id of the print."""
    model = WordField(PriceModel)
    source = WordField(Source)
    reconstructed = peewee.BooleanField()
    ambiguous = peewee.BooleanField()
    reference = E8Field(null=True)
    candle = peewee.TextField()
    candle_ms = peewee.BigIntegerField(null=True)

    class Meta:
        """The table's name and key."""

        table_name = "fill"
        primary_key = peewee.CompositeKey("trade", "seq")


class PaymentRow(peewee.Model):
    """One funding payment of a trade (`engine.model.Payment`)."""

    trade = peewee.BigIntegerField()
    seq = peewee.BigIntegerField()
    """Counts a trade's payments from 0."""
    time_ms = peewee.BigIntegerField()
    rate = E8Field()
    mark = E8Field()
    amount = E8Field()

    class Meta:
        """The table's name and key."""

        table_name = "payment"
        primary_key = peewee.CompositeKey("trade", "seq")


class ChangeRow(peewee.Model):
    """What happened to a trade beside its fills (`store.changes.Change`)."""

    trade = peewee.BigIntegerField()
    seq = peewee.BigIntegerField()
    """Counts a trade's changes from 0."""
    kind = WordField(ChangeKind)
    fills = peewee.BigIntegerField()
    time_ms = peewee.BigIntegerField()
    stop = E8Field()
    stop_reason = WordField(StopReason)

    class Meta:
        """The table's name and key."""

        table_name = "change"
        primary_key = peewee.CompositeKey("trade", "seq")


class CommandRow(peewee.Model):
    """What another process asks of the desk's holder."""

    id = peewee.BigIntegerField(primary_key=True)
    kind = peewee.TextField()
    payload = peewee.TextField()
    status = peewee.TextField()
    """PENDING, TAKEN, ANSWERED or WITHDRAWN."""
    reply = peewee.TextField(null=True)
    created_ms = peewee.BigIntegerField()

    class Meta:
        """The table's name."""

        table_name = "command"


TABLES: tuple[type[peewee.Model], ...] = (
    AccountRow,
    SessionRow,
    TransferRow,
    SignalRow,
    TradeRow,
    TargetRow,
    FillRow,
    PaymentRow,
    ChangeRow,
    CheckpointRow,
    CommandRow,
)
