"""A new paper account: a section of its own in the settings, and its first session.

Law: the settings file is changed only if all of it can be read afterwards, and only by adding
to its end, so that every comment stays where it is.
"""

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

from desk.accounts import check_stored
from desk.errors import DeskError
from desk.layers import read_settings_file
from desk.settings import Settings, load_settings
from engine.account import Account
from engine.errors import Refused
from engine.model import Market
from store.ledger import Ledger


async def add_account(
    config: Path, database: Path, name: str, asked: Mapping[str, str]
) -> Account:
    """Write an account into the settings and open it in the books.

    Args:
        config: The settings file; it need not exist.
        database: The books. An account that is there already only gets its section.
        name: One word.
        asked: ``market``, ``balance`` and ``currency``, those that are not the settings'.

    Raises:
        Refused: If the settings have such a section already.
        SettingsError: If the settings would be wrong; nothing has changed then.
        DeskError: If the settings file cannot be written.
        StoreError: If the books cannot be used.
    """
    text = read_settings_file(config)
    usual, _ = load_settings(config, text=text)
    if name in usual.accounts:
        raise Refused("exists", f"There is an account {name} already. Choose another name.")
    text, settings = _with_section(config, text, name, asked)
    ledger = await Ledger.open(database)
    try:
        stored = {account.name: account for account in await ledger.accounts()}
        if name in stored:
            check_stored(stored[name], settings)
        _write(config, text)
        return await _opened(ledger, settings)
    finally:
        await ledger.close()


def _with_section(
    config: Path, text: str, name: str, asked: Mapping[str, str]
) -> tuple[str, Settings]:
    """Return the settings file with one section more, and what it then says."""
    import tomlkit

    usual, _ = load_settings(config, text=text)
    own = {"market": usual.market.lower(), **asked}
    if own["market"] == Market.SPOT.lower() and usual.leverage != 1:
        own["leverage"] = "1"
    section = tomlkit.dumps({"accounts": {name: own}})
    gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
    text = f"{text}{gap}{section}"
    settings, _ = load_settings(config, {"account.name": name}, text=text)
    return text, settings


def _write(config: Path, text: str) -> None:
    """Replace the settings file as a whole; a link to it stays one."""
    config = config.resolve()
    part = config.with_name(f".paperdesk.{secrets.token_hex(8)}.part")
    try:
        config.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = config.stat().st_mode & 0o777 if config.exists() else 0o600
        handle = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(config)
    except OSError as exc:
        raise DeskError(f"{config} cannot be written: {exc.strerror or exc}.") from exc
    finally:
        part.unlink(missing_ok=True)


async def _opened(ledger: Ledger, settings: Settings) -> Account:
    now_ms = max(time.time_ns() // 1_000_000, await ledger.latest_ms() or 0)
    books = await ledger.load(
        settings.account,
        market=settings.market,
        currency=settings.currency,
        deposit=settings.deposit,
        day_start_ms=now_ms,
        now_ms=now_ms,
    )
    return books.account
