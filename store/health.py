"""Is a database file sound? Everything that can be found out without changing it.

Law: the file is only read, through SQLite, and other programs wait no longer than it takes to
copy it. What is examined is that copy: one committed state, private, and gone afterwards.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import peewee

from store.audit import audit
from store.connection import WAIT_FOR_LOCK_S, Journal, journal_for
from store.errors import StoreCorrupt, foreign, too_new
from store.fields import PricesField, SnapshotField, WordField
from store.migrations import APPLICATION_ID, STEPS
from store.schema import TABLES, CommandRow
from store.snapshot import is_asleep, snapshot, translating

MOST = 20
"""Findings that are told of one kind; more of them say nothing new."""

_Check = Callable[[sqlite3.Connection], Iterator[str]]
_Field = peewee.Field

_BOOKS = [table for table in TABLES if table is not CommandRow]
"""Commands are not among them: other programs may leave there whatever they like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What a look at a database found."""

    schema: int
    """Number of migrations that the file has seen."""
    trades: int
    active: int
    """How many of the trades are pending or open."""
    signals: int
    newest_ms: int
    """When a trade last opened or closed, milliseconds UTC; 0 without trades."""
    findings: tuple[str, ...]
    """What is wrong, a sentence each; empty when the books are sound."""


def library() -> tuple[str, Journal]:
    """Return SQLite's version, and the journal that is safe with it."""
    return sqlite3.sqlite_version, journal_for(sqlite3.sqlite_version_info)


def findings(path: Path, *, full: bool, wait_s: float = WAIT_FOR_LOCK_S) -> list[str]:
    """Look for damage and re-add the books; damage that stops the look is a finding, too.

    Args:
        path: A database of ours; it may be in use, also by this process.
        full: Also compare indexes with tables and read every text.
        wait_s: How long to wait for other programs' locks, seconds.

    Raises:
        StoreError: If the file cannot be examined for another reason than damage.
    """
    try:
        return list(examine(path, full=full, wait_s=wait_s).findings)
    except StoreCorrupt as exc:
        return [str(exc)]


def examine(
    path: Path, *, full: bool = True, alone: bool = False, wait_s: float = WAIT_FOR_LOCK_S
) -> Examined:
    """Look at the database at *path* from all sides, and leave it as it is.

    Args:
        path: The file; it may be in use.
        full: Also compare indexes with tables and read every text.
        alone: Whether this process has the file open nowhere else; then nothing is left
            beside a file that sleeps.
        wait_s: How long to wait for other programs' locks, seconds.

    Raises:
        StoreForeign: If it belongs to another program.
        StoreTooNew: If a newer Paperdesk wrote it.
        StoreCorrupt: If it is too damaged to be looked at.
        StoreError: If it cannot be read for another reason.
    """
    asleep = alone and is_asleep(path)
    with translating(path), snapshot(path, wait_s, asleep=asleep) as db:
        schema = _schema_of(db, path)
        found = tuple(_found(db, full=full))
        trades, active, signals, newest_ms = _counts(db)
    return Examined(
        schema=schema,
        trades=trades,
        active=active,
        signals=signals,
        newest_ms=newest_ms,
        findings=found,
    )


def _schema_of(db: sqlite3.Connection, path: Path) -> int:
    """Return the schema's number; the snapshot is brought to the present one."""
    [owner], [version] = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    if owner != APPLICATION_ID:
        raise foreign(path)
    if version > len(STEPS):
        raise too_new(path, version, len(STEPS))
    for step in STEPS[version:]:
        for statement in step:
            db.execute(statement)
    return int(version)


def _counts(db: sqlite3.Connection) -> tuple[int, ...]:
    """Return numbers of trades, active ones and signals, and the newest time; 0 if lost."""
    try:
        row = db.execute(
            "SELECT (SELECT count(*) FROM trade), "
            "(SELECT count(*) FROM trade WHERE status IN ('PENDING', 'OPEN')), "
            "(SELECT count(*) FROM signal), "
            "(SELECT max(coalesce(max(opened_ms), 0), coalesce(max(closed_ms), 0)) FROM trade)"
        ).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # the findings say what is damaged
        return 0, 0, 0, 0
    return tuple(n if isinstance(n, int) else 0 for n in row)


# -- what may be wrong ------------------------------------------------------------------------


def _found(db: sqlite3.Connection, *, full: bool) -> Iterator[str]:
    """Check one thing after the other; a later check relies on what the earlier ones found."""
    checks: list[_Check] = [_on_pages_fully if full else _on_pages, _on_schema, _on_values]
    checks += [_on_texts] if full else []
    checks += [_on_references, audit]
    for check in checks:
        wrong = list(_listed(check(db)))
        yield from wrong
        if wrong:
            return


def _listed(found: Iterator[str]) -> Iterator[str]:
    """Pass on the first findings; a look that breaks off is one, too."""
    try:
        yield from islice(found, MOST)
        if next(found, None) is not None:
            yield "There is more of this kind."
    except (sqlite3.DatabaseError, UnicodeDecodeError) as exc:
        yield f"The file is damaged: {exc}."


def _on_pages(db: sqlite3.Connection) -> Iterator[str]:
    return _pragma(db, f"quick_check({MOST})")


def _on_pages_fully(db: sqlite3.Connection) -> Iterator[str]:
    return _pragma(db, f"integrity_check({MOST})")


def _pragma(db: sqlite3.Connection, name: str) -> Iterator[str]:
    for (said,) in db.execute(f"PRAGMA {name}"):
        if said != "ok":
            yield f"The file is damaged: {said}."


def _on_schema(db: sqlite3.Connection) -> Iterator[str]:
    """Compare tables and indexes with what the migrations make; triggers are never ours."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for step in STEPS:
            for statement in step:
                fresh.execute(statement)
        ours, theirs = _objects(fresh), _objects(db)
    for kind, name in sorted(ours.keys() | theirs.keys()):
        if (kind, name) not in theirs:
            yield f"The {kind} {name} is missing."
        elif (kind, name) not in ours:
            yield f"The {kind} {name} does not belong here."
        elif ours[kind, name] != theirs[kind, name]:
            yield f"The {kind} {name} is not as Paperdesk makes it."


def _objects(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    rows = db.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return {(str(kind), str(name)): sql for kind, name, sql in rows}  # damaged, it is anything


def _on_values(db: sqlite3.Connection) -> Iterator[str]:
    """Look for values of the wrong kind: SQLite takes anything anywhere."""
    for table in _BOOKS:
        fields = table._meta.sorted_fields
        name = table._meta.table_name
        sums = ", ".join(f"total({_is_wrong(field)})" for field in fields)
        wrong = db.execute(f'SELECT {sums} FROM "{name}"').fetchone()
        for field, count in zip(fields, wrong, strict=True):
            if count:
                yield f"{count:.0f} values of {name}.{field.column_name} are of a wrong kind."
            elif isinstance(field, WordField):
                yield from _on_words(db, name, field)


def _is_wrong(field: _Field) -> str:
    name = f'"{field.column_name}"'
    if isinstance(field, peewee.BooleanField):
        wrong = f"{name} NOT IN (0, 1)"
    elif isinstance(field, peewee.BigIntegerField):
        wrong = f"typeof({name}) <> 'integer'"
    else:
        wrong = f"typeof({name}) <> 'text'"
    return f"({name} IS NOT NULL AND {wrong})" if field.null else wrong


def _on_words(db: sqlite3.Connection, table: str, field: _Field) -> Iterator[str]:
    for (word,) in db.execute(f'SELECT DISTINCT "{field.column_name}" FROM "{table}"'):
        if not _is_readable(field, word):
            yield f"{table}.{field.column_name} cannot be {word!r}."


def _on_texts(db: sqlite3.Connection) -> Iterator[str]:
    """Read every text; lists and snapshots must also make sense."""
    for table in _BOOKS:
        name = table._meta.table_name
        fields = [f for f in table._meta.sorted_fields if isinstance(f, peewee.TextField)]
        if not fields:
            continue
        columns = ", ".join(f'"{field.column_name}"' for field in fields)
        coded = [
            (at, field)
            for at, field in enumerate(fields)
            if isinstance(field, PricesField | SnapshotField)
        ]
        for row in db.execute(f'SELECT {columns} FROM "{name}"'):
            for at, field in coded:
                if not _is_readable(field, row[at]):
                    yield f"A value of {name}.{field.column_name} cannot be read: {row[at]!r}."


def _is_readable(field: _Field, stored: Any) -> bool:
    try:
        # Peewee's stubs leave `python_value` without types.
        field.python_value(stored)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, LookupError, ArithmeticError):
        return False
    return True


def _on_references(db: sqlite3.Connection) -> Iterator[str]:
    for table, *_, parent, _ in db.execute("PRAGMA foreign_key_check"):
        yield f"A row of {table} belongs to no {parent}."
