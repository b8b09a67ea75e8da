"""Where the value of each setting comes from; the later layer wins.

Default, file, the account's own section of the file, environment, command line. Every name is
known: a key that means nothing is refused with a sentence.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk import values
from desk.errors import SettingsError

NAME = "account.name"
_OWN_SECTIONS = ("account", "trading", "limits")
"""What an account may have for itself."""

Values = Mapping[str, object]
"""As they were found, by ``section.key``."""


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it was found."""

    value: object
    origin: str
    """The file, its section, the environment variable, ``command line`` or ``default``."""


@dataclass(frozen=True, slots=True)
class Layers:
    """All settings as they were found."""

    given: dict[str, Given]
    """By ``section.key``."""
    accounts: tuple[str, ...]
    """Names that the settings know."""


def gather(path: Path, text: str, defaults: Values, overrides: Values) -> Layers:
    """Lay the sources of settings over each other.

    Args:
        path: The file, for sentences.
        text: What stands in it.
        defaults: All settings there are.
        overrides: Of the command line.

    Raises:
        SettingsError: If the file cannot be read, or something in it has no meaning.
    """
    common, sections = _read(path, text, defaults)
    found = {name: Given(default, "default") for name, default in defaults.items()}
    found |= {name: Given(raw, str(path)) for name, raw in common.items()}
    above = _environment(defaults)
    usual = (above.get(NAME) or found[NAME]).value
    above |= {name: Given(raw, "command line") for name, raw in overrides.items()}
    chosen = (above.get(NAME) or found[NAME]).value
    known = sorted({str(defaults[NAME]), str(usual), *sections})
    if str(chosen) not in known:
        raise SettingsError(
            f"There is no account {chosen!r}; known are {', '.join(known)}. "
            f"`paperdesk accounts add {chosen}` makes one."
        )
    origin = f"{path} [accounts.{chosen}]"
    own = sections.get(str(chosen), {})
    found |= {name: Given(raw, origin) for name, raw in own.items()}
    return Layers(found | above, tuple(known))


def read_settings_file(path: Path) -> str:
    """Return what stands in a settings file; nothing where there is none.

    Raises:
        SettingsError: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"The settings file {path} cannot be read: {exc}.") from exc


def _environment(defaults: Values) -> dict[str, Given]:
    variables = {name: "PAPERDESK_" + name.replace(".", "_").upper() for name in defaults}
    return {
        name: Given(os.environ[variable], variable)
        for name, variable in variables.items()
        if variable in os.environ
    }


def _read(path: Path, text: str, defaults: Values) -> tuple[Values, Mapping[str, Values]]:
    """Return what a file says for all accounts, and for each by name."""
    if not text:
        return {}, {}
    import tomllib

    try:
        document = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"The settings file {path} cannot be read: {exc}.") from exc
    accounts = _table(path, "accounts", document.pop("accounts", {}))
    flat: dict[str, object] = {}
    for section, keys in document.items():
        names = {f"{section}.{key}": raw for key, raw in _table(path, section, keys).items()}
        for name in names:
            if name not in defaults:
                raise _unknown(path, name, defaults)
        flat |= names
    return flat, {name: _own(path, name, keys, defaults) for name, keys in accounts.items()}


def _own(path: Path, account: str, keys: Any, defaults: Values) -> Values:
    """Return an account's own settings, by the names that all have."""
    section = f"accounts.{account}"
    try:
        values.read_word(account)
    except ValueError as exc:
        raise SettingsError(f"{path}: the name in [{section}] must be {exc}.") from None
    own = {
        name.partition(".")[2]: name
        for name in defaults
        if name.partition(".")[0] in _OWN_SECTIONS and name != NAME
    }
    for key in _table(path, section, keys):
        if key not in own:
            raise _unknown(path, f"{section}.{key}", own)
    return {own[key]: raw for key, raw in keys.items()}


def _table(path: Path, section: str, keys: Any) -> dict[str, Any]:
    if not isinstance(keys, dict):
        raise SettingsError(f"{path}: {section!r} stands outside a [section].")
    return keys


def _unknown(path: Path, name: str, known: Mapping[str, object]) -> SettingsError:
    return SettingsError(f"{path}: there is no setting {name}; known are {', '.join(known)}.")
