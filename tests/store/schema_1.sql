BEGIN TRANSACTION;
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
    );
INSERT INTO "account" VALUES('main','USDT',100000000000000,842067470,120217249,0,3,2,1,1790000000000);
CREATE TABLE checkpoint (
        account TEXT NOT NULL REFERENCES account (name),
        market TEXT NOT NULL,
        symbol TEXT NOT NULL,
        trade_id BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        PRIMARY KEY (account, market, symbol)
    ) WITHOUT ROWID
    ;
INSERT INTO "checkpoint" VALUES('main','SPOT','AUSDT',1000,1790000000000);
INSERT INTO "checkpoint" VALUES('main','SPOT','BUSDT',1000,1790000000000);
INSERT INTO "checkpoint" VALUES('main','SPOT','CUSDT',1000,1790000000000);
INSERT INTO "checkpoint" VALUES('main','SPOT','DUSDT',1000,1790000000000);
CREATE TABLE command (
        id INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        payload TEXT NOT NULL,
        status TEXT NOT NULL,
        reply TEXT,
        created_ms BIGINT NOT NULL
    );
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
    ;
INSERT INTO "fill" VALUES(1,0,'ENTRY',10000000000,100000000,10000000,0,1790000000000,NULL,10000000000,1000,'touch','STREAM',0,0);
INSERT INTO "fill" VALUES(1,1,'TARGET',11000000000,100000000,11000000,1000000000,1790000000001,11000000000,11000000000,1001,'level','STREAM',0,0);
INSERT INTO "fill" VALUES(2,0,'ENTRY',10000000000,100000000,10000000,0,1790000000000,NULL,10000000000,1000,'touch','STREAM',0,0);
INSERT INTO "fill" VALUES(2,1,'STOP',9430000000,100000000,9430000,-570000000,1790000000001,9500000000,9430000000,1001,'last','STREAM',0,0);
INSERT INTO "fill" VALUES(3,0,'ENTRY',10000000000,100000000,10000000,0,1790000000000,NULL,10000000000,1000,'touch','STREAM',0,0);
INSERT INTO "fill" VALUES(3,1,'MANUAL',10100000000,100000000,10100000,100000000,1790000000000,NULL,10100000000,1000,'touch','MANUAL',0,0);
INSERT INTO "fill" VALUES(4,0,'ENTRY',10000000000,100000000,10000000,0,1790000000000,NULL,10000000000,1000,'touch','STREAM',0,0);
INSERT INTO "fill" VALUES(5,0,'ENTRY',9987000000,333763000,33332911,0,1790000000000,NULL,9987000000,1000,'touch','STREAM',0,0);
INSERT INTO "fill" VALUES(5,1,'MANUAL',9800000000,166881000,16354338,312067470,1790000000000,NULL,9800000000,1000,'touch','MANUAL',0,0);
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
    );
INSERT INTO "signal" VALUES(1,'x','BTCUSDT','SPOT','LONG',10000000000,9500000000,'["110"]','test','1h',NULL,'',1790000000000,1790003600000,'ACTIVE');
INSERT INTO "signal" VALUES(2,'y','BTCUSDT','SPOT','LONG',10000000000,9500000000,'["110"]','test','1h',NULL,'',1790000000000,1790003600000,'ACTIVE');
INSERT INTO "signal" VALUES(3,'z','BTCUSDT','SPOT','LONG',10000000000,9500000000,'["110"]','test','1h',NULL,'',1790000000000,1790003600000,'ACTIVE');
CREATE TABLE target (
        trade BIGINT NOT NULL REFERENCES trade (id),
        position BIGINT NOT NULL,
        price BIGINT NOT NULL,
        quantity BIGINT NOT NULL,
        filled BOOL NOT NULL,
        PRIMARY KEY (trade, position)
    ) WITHOUT ROWID
    ;
INSERT INTO "target" VALUES(1,0,11000000000,100000000,1);
INSERT INTO "target" VALUES(2,0,11000000000,100000000,0);
INSERT INTO "target" VALUES(3,0,11000000000,100000000,0);
INSERT INTO "target" VALUES(4,0,11000000000,100000000,0);
INSERT INTO "target" VALUES(5,0,9100000000,166882000,0);
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
    );
INSERT INTO "trade" VALUES(1,'main','AUSDT','SPOT','LONG','CLOSED_TP','target','a','{"id": "a", "symbol": "AUSDT", "market": "SPOT", "direction": "LONG", "source": "test", "timeframe": "1h", "reason": "", "created_ms": 1790000000000, "expires_ms": 1790003600000, "status": "ACTIVE", "entry": "100", "stop": "95", "targets": ["110"], "score": null}','market',10000000000,100000000,0,10000000000,1,9500000000,9500000000,'initial','realistic',100000,100000,0,1,0,0,1790000000000,1790000000001,11000000000,1000000000,21000000,0,11000000000,10000000000,'');
INSERT INTO "trade" VALUES(2,'main','BUSDT','SPOT','LONG','CLOSED_SL','stop',NULL,NULL,'market',10000000000,100000000,0,10000000000,1,9500000000,9500000000,'initial','realistic',100000,100000,0,1,0,0,1790000000000,1790000000001,9430000000,-570000000,19430000,0,10000000000,9430000000,'');
INSERT INTO "trade" VALUES(3,'main','CUSDT','SPOT','LONG','CLOSED_MANUAL','manual',NULL,NULL,'market',10000000000,100000000,0,10000000000,1,9500000000,9500000000,'initial','realistic',100000,100000,0,1,0,0,1790000000000,1790000000000,10100000000,100000000,20100000,0,10000000000,10000000000,'');
INSERT INTO "trade" VALUES(4,'main','DUSDT','SPOT','LONG','OPEN',NULL,'d','{"id": "d", "symbol": "DUSDT", "market": "SPOT", "direction": "LONG", "source": "test", "timeframe": "1h", "reason": "", "created_ms": 1790000000000, "expires_ms": 1790003600000, "status": "ACTIVE", "entry": "100", "stop": "95", "targets": ["110"], "score": null}','market',10000000000,100000000,100000000,10000000000,1,9500000000,9500000000,'initial','realistic',100000,100000,0,1,0,0,1790000000000,NULL,NULL,0,10000000,0,10000000000,10000000000,'');
INSERT INTO "trade" VALUES(5,'main','DUSDT','SPOT','SHORT','OPEN',NULL,NULL,NULL,'market',9987000000,333763000,166882000,33333000000,1,10550000000,10550000000,'initial','realistic',100000,100000,0,1,0,0,1790000000000,NULL,NULL,312067470,49687249,0,9987000000,9987000000,'');
CREATE INDEX signal_status ON signal (status, expires_ms);
CREATE UNIQUE INDEX trade_one_per_signal ON trade (account, signal_id)
    WHERE status IN ('PENDING', 'OPEN')
    ;
CREATE UNIQUE INDEX trade_one_per_side ON trade (account, market, symbol, direction)
    WHERE status IN ('PENDING', 'OPEN')
    ;
CREATE INDEX trade_closed ON trade (account, closed_ms);
CREATE INDEX command_pending ON command (id) WHERE status = 'PENDING';
COMMIT;
PRAGMA application_id = 1346655051;
PRAGMA user_version = 1;
