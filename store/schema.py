"""The tables as Peewee sees them; the migrations made them so.

A column has the name of the field that it holds (see `store.rows` for the few exceptions).
Times are milliseconds UTC. The models are bound to no database: each query is told where to
run, so that one process can hold several.
"""

import peewee

from engine.model import (
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
from store.fields import E8Field, PricesField, SnapshotField, WordField

ACTIVE = peewee.SQL("status IN ('PENDING', 'OPEN')")
"""The condition of the two partial unique indexes, word for word, so that they serve it."""
FINISHED = peewee.SQL("status NOT IN ('PENDING', 'OPEN')")


class AccountRow(peewee.Model):
    """Booked totals of one account (`engine.account.Account`)."""

    name = peewee.TextField(primary_key=True)
    currency = peewee.TextField()
    deposits = E8Field()
    gross = E8Field()
    fees = E8Field()
    funding = E8Field()
    closed = peewee.BigIntegerField()
    wins = peewee.BigIntegerField()
    losses = peewee.BigIntegerField()
    created_ms = peewee.BigIntegerField()

    class Meta:
        """The table's name."""

        table_name = "account"


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
    """A trade (`engine.model.Trade`) without its targets and fills."""

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
    stop_reason = peewee.TextField()
    costs_profile = peewee.TextField()
    costs_maker = E8Field()
    costs_taker = E8Field()
    costs_slippage = E8Field()
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

    class Meta:
        """The table's name and key."""

        table_name = "fill"
        primary_key = peewee.CompositeKey("trade", "seq")


class CheckpointRow(peewee.Model):
    """How far the prints of a symbol have gone through the book."""

    account = peewee.TextField()
    market = WordField(Market)
    symbol = peewee.TextField()
    trade_id = peewee.BigIntegerField()
    """Aggregate-trade id of the last processed print."""
    time_ms = peewee.BigIntegerField()

    class Meta:
        """The table's name and key."""

        table_name = "checkpoint"
        primary_key = peewee.CompositeKey("account", "market", "symbol")


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
    SignalRow,
    TradeRow,
    TargetRow,
    FillRow,
    CheckpointRow,
    CommandRow,
)
