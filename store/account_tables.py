"""The tables of accounts as Peewee sees them: totals, sessions, transfers, feed positions."""

import peewee

from engine.model import Market
from store.fields import E8Field, WordField


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
    market = WordField(Market)
    session = peewee.BigIntegerField()
    session_ms = peewee.BigIntegerField()

    class Meta:
        """The table's name."""

        table_name = "account"


class SessionRow(peewee.Model):
    """A session of an account that is over, with its totals then."""

    account = peewee.TextField()
    session = peewee.BigIntegerField()
    began_ms = peewee.BigIntegerField()
    ended_ms = peewee.BigIntegerField()
    deposits = E8Field()
    gross = E8Field()
    fees = E8Field()
    funding = E8Field()
    closed = peewee.BigIntegerField()
    wins = peewee.BigIntegerField()
    losses = peewee.BigIntegerField()

    class Meta:
        """The table's name and key."""

        table_name = "session"
        primary_key = peewee.CompositeKey("account", "session")


class TransferRow(peewee.Model):
    """Money paid in or out of an account (`store.accounts.Transfer`)."""

    id = peewee.BigIntegerField(primary_key=True)
    account = peewee.TextField()
    session = peewee.BigIntegerField()
    time_ms = peewee.BigIntegerField()
    amount = E8Field()
    """Positive is a deposit."""
    note = peewee.TextField()

    class Meta:
        """The table's name."""

        table_name = "transfer"


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
