"""The steps by which the database became what it is, oldest first.

A released step is never edited; a change is a new step at the end.
"""

from collections.abc import Sequence

Step = Sequence[str]
"""SQL statements in order."""

_BOOKS: Step = (
    """
    CREATE TABLE account (
        name TEXT NOT NULL PRIMARY KEY,
        currency TEXT NOT NULL,
        deposits BIGINT NOT NULL,
        gross BIGINT NOT NULL,
        fees BIGINT NOT NULL,
        funding BIGINT NOT NULL,
        closed BIGINT NOT NULL,
        wins BIGINT NOT NULL,
        losses BIGINT NOT NULL,
        created_ms BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE signal (
        arrival INTEGER NOT NULL PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        symbol TEXT NOT NULL,
        market TEXT NOT NULL,
        direction TEXT NOT NULL,
        entry BIGINT NOT NULL,
        stop BIGINT NOT NULL,
        targets TEXT NOT NULL,
        source TEXT NOT NULL,
        timeframe TEXT NOT NULL,
        score BIGINT,
        reason TEXT NOT NULL,
        created_ms BIGINT NOT NULL,
        expires_ms BIGINT NOT NULL,
        status TEXT NOT NULL
    )
    """,
    "CREATE INDEX signal_status ON signal (status, expires_ms)",
    """
    CREATE TABLE trade (
        id INTEGER NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (name),
        symbol TEXT NOT NULL,
        market TEXT NOT NULL,
        direction TEXT NOT NULL,
        status TEXT NOT NULL,
        close_reason TEXT,
        signal_id TEXT,
        signal TEXT,
        entry_mode TEXT NOT NULL,
        entry_price BIGINT NOT NULL,
        initial_quantity BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        stake BIGINT NOT NULL,
        leverage BIGINT NOT NULL,
        initial_stop BIGINT NOT NULL,
        stop BIGINT NOT NULL,
        stop_reason TEXT NOT NULL,
        costs_profile TEXT NOT NULL,
        costs_maker BIGINT NOT NULL,
        costs_taker BIGINT NOT NULL,
        costs_slippage BIGINT NOT NULL,
        costs_use_touch BOOL NOT NULL,
        costs_targets_at_print BOOL NOT NULL,
        costs_enter_at_signal BOOL NOT NULL,
        opened_ms BIGINT NOT NULL,
        closed_ms BIGINT,
        exit_price BIGINT,
        gross BIGINT NOT NULL,
        fees BIGINT NOT NULL,
        funding BIGINT NOT NULL,
        best BIGINT NOT NULL,
        worst BIGINT NOT NULL,
        note TEXT NOT NULL
    )
    """,
    # The duplicate rule: whoever writes, the database says no.
    """
    CREATE UNIQUE INDEX trade_one_per_signal ON trade (account, signal_id)
    WHERE status IN ('PENDING', 'OPEN')
    """,
    """
    CREATE UNIQUE INDEX trade_one_per_side ON trade (account, market, symbol, direction)
    WHERE status IN ('PENDING', 'OPEN')
    """,
    "CREATE INDEX trade_closed ON trade (account, closed_ms)",
    """
    CREATE TABLE target (
        trade BIGINT NOT NULL REFERENCES trade (id),
        position BIGINT NOT NULL,
        price BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        filled BOOL NOT NULL,
        PRIMARY KEY (trade, position)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE fill (
        trade BIGINT NOT NULL REFERENCES trade (id),
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        price BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        fee BIGINT NOT NULL,
        gross BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        level BIGINT,
        print_price BIGINT,
        print_id BIGINT,
        model TEXT NOT NULL,
        source TEXT NOT NULL,
        reconstructed BOOL NOT NULL,
        ambiguous BOOL NOT NULL,
        PRIMARY KEY (trade, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE checkpoint (
        account TEXT NOT NULL REFERENCES account (name),
        market TEXT NOT NULL,
        symbol TEXT NOT NULL,
        trade_id BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        PRIMARY KEY (account, market, symbol)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE command (
        id INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,
        status TEXT NOT NULL,
        reply TEXT,
        created_ms BIGINT NOT NULL
    )
    """,
    "CREATE INDEX command_pending ON command (id) WHERE status = 'PENDING'",
)

_SMART_TRADES: Step = (
    "ALTER TABLE account ADD COLUMN market TEXT NOT NULL DEFAULT 'SPOT'",
    "ALTER TABLE account ADD COLUMN session BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE account ADD COLUMN session_ms BIGINT NOT NULL DEFAULT 0",
    "UPDATE account SET session_ms = created_ms",
    """
    CREATE TABLE session (
        account TEXT NOT NULL REFERENCES account (name),
        session BIGINT NOT NULL,
        began_ms BIGINT NOT NULL,
        ended_ms BIGINT NOT NULL,
        deposits BIGINT NOT NULL,
        gross BIGINT NOT NULL,
        fees BIGINT NOT NULL,
        funding BIGINT NOT NULL,
        closed BIGINT NOT NULL,
        wins BIGINT NOT NULL,
        losses BIGINT NOT NULL,
        PRIMARY KEY (account, session)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE transfer (
        id INTEGER NOT NULL PRIMARY KEY,
        account TEXT NOT NULL REFERENCES account (name),
        session BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        amount BIGINT NOT NULL,
        note TEXT NOT NULL
    )
    """,
    "CREATE INDEX transfer_account ON transfer (account, session)",
    """
    INSERT INTO transfer (account, session, time_ms, amount, note)
    SELECT name, session, created_ms, deposits, 'opening balance' FROM account ORDER BY name
    """,
    "ALTER TABLE trade ADD COLUMN session BIGINT NOT NULL DEFAULT 1",
    "ALTER TABLE trade ADD COLUMN costs_slippage_amount BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE trade ADD COLUMN margin BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE trade ADD COLUMN fixed_stop BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE trade ADD COLUMN fixed_reason TEXT NOT NULL DEFAULT 'initial'",
    "ALTER TABLE trade ADD COLUMN after_target TEXT NOT NULL DEFAULT 'keep'",
    "ALTER TABLE trade ADD COLUMN trailing_distance BIGINT",
    "ALTER TABLE trade ADD COLUMN trailing_relative BOOL",
    "ALTER TABLE trade ADD COLUMN trailing_step BIGINT",
    "ALTER TABLE trade ADD COLUMN trailing_tick BIGINT",
    "ALTER TABLE trade ADD COLUMN trailing_activation BIGINT",
    "ALTER TABLE trade ADD COLUMN trailing_best BIGINT",
    "ALTER TABLE trade ADD COLUMN trailing_stop BIGINT",
    "ALTER TABLE trade ADD COLUMN break_even_offset BIGINT",
    "ALTER TABLE trade ADD COLUMN break_even_trigger BIGINT",
    "ALTER TABLE trade ADD COLUMN break_even_due BOOL",
    "ALTER TABLE trade ADD COLUMN break_even_stop BIGINT",
    "ALTER TABLE trade ADD COLUMN hold_ms BIGINT",
    "ALTER TABLE trade ADD COLUMN placed_ms BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE trade ADD COLUMN expires_ms BIGINT",
    "ALTER TABLE trade ADD COLUMN cancel_reason TEXT",
    "UPDATE trade SET fixed_stop = stop, placed_ms = opened_ms",
    "ALTER TABLE fill ADD COLUMN reference BIGINT",
    "ALTER TABLE fill ADD COLUMN candle TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE fill ADD COLUMN candle_ms BIGINT",
    """
    CREATE TABLE payment (
        trade BIGINT NOT NULL REFERENCES trade (id),
        seq BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        rate BIGINT NOT NULL,
        mark BIGINT NOT NULL,
        amount BIGINT NOT NULL,
        PRIMARY KEY (trade, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE change (
        trade BIGINT NOT NULL REFERENCES trade (id),
        seq BIGINT NOT NULL,
        kind TEXT NOT NULL,
        fills BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        stop BIGINT NOT NULL,
        stop_reason TEXT NOT NULL,
        PRIMARY KEY (trade, seq)
    ) WITHOUT ROWID
    """,
)

STEPS: Sequence[Step] = (_BOOKS, _SMART_TRADES)
