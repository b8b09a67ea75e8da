"""Settings: a TOML file and environment variables, checked into one frozen value.

Precedence: environment (`PAPERDESK_<SECTION>_<KEY>`), file, default. Every mistake is a
sentence that names the setting, what stands there and what would be right.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from desk.errors import SettingsError
from engine.commands import Risk, Size, Stake
from engine.costs import CLASSIC, REALISTIC, Costs

_NUMBER = re.compile(r"\d{1,10}(\.\d{1,8})?", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(\.\d{1,6})?)\s*%", re.ASCII)
"""Both as exact as the books can hold."""
_TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
_BASIS_POINT = Decimal("0.0001")
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Home:
    """Where this user's files lie."""

    config: Path
    data: Path
    logs: Path

    @classmethod
    def find(cls) -> "Home":
        """Return `PAPERDESK_HOME` for everything if set, else the platform's folders."""
        if root := os.environ.get("PAPERDESK_HOME"):
            base = Path(root).expanduser()
            return cls(config=base / "config.toml", data=base, logs=base / "logs")
        import platformdirs

        dirs = platformdirs.PlatformDirs("paperdesk", appauthor=False)
        return cls(
            config=Path(dirs.user_config_dir) / "config.toml",
            data=Path(dirs.user_data_dir),
            logs=Path(dirs.user_log_dir),
        )

    def database(self, *, demo: bool) -> Path:
        """Return the database file of the live desk or of the demo."""
        return self.data / ("demo.db" if demo else "paperdesk.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, checked."""

    account: str
    currency: str
    deposit: Decimal
    """Opening balance of a new account."""
    size: Size
    """What the order ticket offers and `paperdesk open` takes by default."""
    costs: Costs
    spot_short: bool
    rest_url: str
    """Empty: Binance's own hosts."""
    stream_url: str
    scanner: bool
    scanner_symbols: int
    scanner_timeframes: tuple[str, ...]
    theme: str
    refresh_hz: int


def parse_number(text: str) -> Decimal:
    """Read a plain positive number.

    Raises:
        ValueError: If *text* is anything else.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("a plain number such as 100 or 0.5, with at most 8 decimals")
    return Decimal(text)


def parse_percent(text: str) -> Decimal:
    """Read ``1%`` as the fraction 0.01.

    Raises:
        ValueError: If *text* is not a percentage.
    """
    match = _PERCENT.fullmatch(text.strip())
    if match is None:
        raise ValueError("a percentage such as 0.1%, with at most 6 decimals")
    return Decimal(match[1]) / _HUNDRED


def parse_size(text: str) -> Size:
    """Read a size: ``1%`` risks that part of equity, ``100`` is a stake in quote asset.

    Raises:
        ValueError: If *text* is neither, or 0, or over 100 %.
    """
    wanted = "a stake such as 100, or a risk such as 1%"
    try:
        size: Size = Risk(parse_percent(text)) if "%" in text else Stake(parse_number(text))
    except ValueError:
        raise ValueError(wanted) from None
    amount = size.fraction if isinstance(size, Risk) else size.amount
    if amount <= 0 or (isinstance(size, Risk) and amount > 1):
        raise ValueError(f"{wanted}; above 0, and a risk at most 100%")
    return size


def _text(raw: Any) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("text")  # noqa: TRY004 - one kind of error for all settings
    return str(raw)


def _word(raw: Any) -> str:
    text = _text(raw)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", text):
        raise ValueError("one word of letters, digits, - and _")
    return text


def _switch(raw: Any) -> bool:
    named = {"true": True, "false": False}
    value = named.get(raw.lower()) if isinstance(raw, str) else raw
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - as above
    return value


def _amount(raw: Any) -> Decimal:
    return parse_number(_text(raw))


def _basis_points(raw: Any) -> Decimal:
    text = _text(raw)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?", text):
        raise ValueError("basis points such as 5 or 2.5, below 10000")
    return Decimal(text) * _BASIS_POINT


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def parse(raw: Any) -> int:
        text = _text(raw)
        if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        text = _text(raw)
        if text not in words:
            raise ValueError("one of " + ", ".join(words))
        return text

    return parse


def _url(*schemes: str) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        text = _text(raw).rstrip("/")
        if text and not re.fullmatch(rf"({'|'.join(schemes)})://[^\s/]+(/\S*)?", text):
            raise ValueError("an address that begins with " + " or ".join(schemes) + "://")
        return text

    return parse


def _timeframes(raw: Any) -> tuple[str, ...]:
    words = raw.split(",") if isinstance(raw, str) else raw
    wanted = "a list of timeframes from " + ", ".join(_TIMEFRAMES)
    if not isinstance(words, list) or not words:
        raise ValueError(wanted)
    if not all(isinstance(word, str) and word.strip() in _TIMEFRAMES for word in words):
        raise ValueError(wanted)
    return tuple(word.strip() for word in words)


_SCHEMA: Mapping[str, tuple[Callable[[Any], Any], Any]] = {
    "account.name": (_word, "main"),
    "account.currency": (_word, "USDT"),
    "account.balance": (_amount, "10000"),
    "trading.size": (lambda raw: parse_size(_text(raw)), "100"),
    "trading.costs": (_one_of("realistic", "classic"), "realistic"),
    "trading.maker": (lambda raw: parse_percent(_text(raw)), "0.1%"),
    "trading.taker": (lambda raw: parse_percent(_text(raw)), "0.1%"),
    "trading.slippage_bps": (_basis_points, "0"),
    "trading.spot_short": (_switch, True),
    "market.rest_url": (_url("http", "https"), ""),
    "market.stream_url": (_url("ws", "wss"), ""),
    "scanner.enabled": (_switch, True),
    "scanner.symbols": (_whole(1, 400), 100),
    "scanner.timeframes": (_timeframes, ["1h", "4h"]),
    "screen.theme": (_text, "desk-dark"),
    "screen.refresh_hz": (_whole(1, 10), 4),
}


@dataclass(frozen=True, slots=True)
class Given:
    """One setting as it was found."""

    value: object
    origin: str
    """The file, the environment variable, ``command line`` or ``default``."""


def load_settings(
    path: Path, overrides: Mapping[str, object] | None = None
) -> tuple[Settings, dict[str, Given]]:
    """Read the settings file and the environment.

    Args:
        path: The TOML file; it need not exist.
        overrides: Values by ``section.key`` that win over everything (command-line flags).

    Returns:
        The settings, and each value with its origin by ``section.key``.

    Raises:
        SettingsError: With one sentence for the first mistake found.
    """
    found = _gather(path, overrides or {})
    values: dict[str, Any] = {}
    for name, (parse, _) in _SCHEMA.items():
        given = found[name]
        try:
            values[name] = parse(given.value)
        except ValueError as exc:
            raise SettingsError(
                f"Setting {name} is {given.value!r} ({given.origin}); it must be {exc}."
            ) from None
    return _checked(values), found


def _gather(path: Path, overrides: Mapping[str, object]) -> dict[str, Given]:
    found = {name: Given(default, "default") for name, (_, default) in _SCHEMA.items()}
    found |= {name: Given(raw, str(path)) for name, raw in _read_file(path).items()}
    for name in _SCHEMA:
        variable = "PAPERDESK_" + name.replace(".", "_").upper()
        if variable in os.environ:
            found[name] = Given(os.environ[variable], variable)
    return found | {name: Given(raw, "command line") for name, raw in overrides.items()}


def _read_file(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"The settings file {path} cannot be read: {exc}.") from exc
    import tomllib

    try:
        document = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as exc:
        raise SettingsError(f"The settings file {path} cannot be read: {exc}.") from exc
    flat: dict[str, object] = {}
    for section, keys in document.items():
        if not isinstance(keys, dict):
            raise SettingsError(f"{path}: {section!r} stands outside a [section].")
        for key, raw in keys.items():
            name = f"{section}.{key}"
            if name not in _SCHEMA:
                raise SettingsError(
                    f"{path}: there is no setting {name}; known are {', '.join(_SCHEMA)}."
                )
            flat[name] = raw
    return flat


def _checked(values: Mapping[str, Any]) -> Settings:
    if bool(values["market.rest_url"]) != bool(values["market.stream_url"]):
        raise SettingsError("Set market.rest_url and market.stream_url both, or neither.")
    if values["account.balance"] <= 0:
        raise SettingsError("Setting account.balance must be above 0.")
    return Settings(
        account=values["account.name"],
        currency=values["account.currency"].upper(),
        deposit=values["account.balance"],
        size=values["trading.size"],
        costs=_costs(values),
        spot_short=values["trading.spot_short"],
        rest_url=values["market.rest_url"],
        stream_url=values["market.stream_url"],
        scanner=values["scanner.enabled"],
        scanner_symbols=values["scanner.symbols"],
        scanner_timeframes=values["scanner.timeframes"],
        theme=values["screen.theme"],
        refresh_hz=values["screen.refresh_hz"],
    )


def _costs(values: Mapping[str, Any]) -> Costs:
    if values["trading.costs"] == CLASSIC.profile:
        return CLASSIC
    return Costs(
        profile=REALISTIC.profile,
        maker=values["trading.maker"],
        taker=values["trading.taker"],
        slippage=values["trading.slippage_bps"],
    )
