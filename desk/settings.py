"""Settings: a TOML file and environment variables, checked into one frozen value.

Precedence: environment (`PAPERDESK_<SECTION>_<KEY>`), file, default. Every mistake is a
sentence that names the setting, what stands there and what would be right.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from desk import values
from desk.errors import SettingsError
from engine.commands import Size
from engine.costs import CLASSIC, REALISTIC, Costs


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
    webhook: bool
    webhook_port: int
    webhook_host: str
    """A further name by which a tunnel calls the webhook; empty: none."""
    folder: Path | None
    """Where signal files are looked for; None: nowhere."""
    theme: str
    refresh_hz: int


_SCHEMA: Mapping[str, tuple[Callable[[Any], Any], Any]] = {
    "account.name": (values.read_word, "main"),
    "account.currency": (values.read_word, "USDT"),
    "account.balance": (values.read_amount, "10000"),
    "trading.size": (lambda raw: values.parse_size(values.read_text(raw)), "100"),
    "trading.costs": (values.read_one_of("realistic", "classic"), "realistic"),
    "trading.maker": (lambda raw: values.parse_percent(values.read_text(raw)), "0.1%"),
    "trading.taker": (lambda raw: values.parse_percent(values.read_text(raw)), "0.1%"),
    "trading.slippage_bps": (values.read_basis_points, "0"),
    "trading.spot_short": (values.read_switch, True),
    "market.rest_url": (values.read_url("http", "https"), ""),
    "market.stream_url": (values.read_url("ws", "wss"), ""),
    "scanner.enabled": (values.read_switch, True),
    "scanner.symbols": (values.read_whole(1, 400), 100),
    "scanner.timeframes": (values.read_timeframes, ["1h", "4h"]),
    "inbox.webhook": (values.read_switch, False),
    "inbox.webhook_port": (values.read_whole(1, 65_535), 9081),
    "inbox.webhook_host": (values.read_host_name, ""),
    "inbox.folder": (values.read_folder, ""),
    "screen.theme": (values.read_text, "desk-dark"),
    "screen.refresh_hz": (values.read_whole(1, 10), 4),
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
        webhook=values["inbox.webhook"],
        webhook_port=values["inbox.webhook_port"],
        webhook_host=values["inbox.webhook_host"],
        folder=values["inbox.folder"],
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
