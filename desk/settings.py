"""Settings: a TOML file and environment variables, checked into one frozen value.

Precedence: environment (`PAPERDESK_<SECTION>_<KEY>`), the account's own section of the file,
file, default. Every mistake is a sentence that names the setting, what stands there and what
would be right.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from desk import values, words
from desk.errors import SettingsError
from desk.layers import Given, gather, read_settings_file
from desk.size_words import parse_size
from engine.commands import BreakEvenOrder, TrailOrder
from engine.costs import CLASSIC, REALISTIC, Costs
from engine.limits import Limits
from engine.model import EntryMode, Market
from engine.money import ONE
from engine.sizes import Size
from engine.stops import StopPolicy


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
    accounts: tuple[str, ...]
    """Names of all accounts that the settings know."""
    currency: str
    deposit: Decimal
    """Opening balance of a new account, or session."""
    market: Market
    """What a new account trades."""
    size: Size
    """What the ticket and `paperdesk open` take by default; so for all up to `hold_ms`."""
    entry: EntryMode
    all_targets: bool
    """Whether an order takes all targets of its signal in equal shares, or its nearest."""
    leverage: int
    """Of a futures account."""
    trailing: TrailOrder | None
    break_even: BreakEvenOrder | None
    after_target: StopPolicy
    hold_ms: int | None
    limits: Limits
    costs: Costs
    spot_short: bool
    rest_url: str
    """Empty: Binance's own hosts."""
    stream_url: str
    brackets: Path | None
    """The trader's own margin tables for futures; None: the desk's estimates."""
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
    "account.market": (values.read_one_of("spot", "futures"), "spot"),
    "trading.size": (values.read_worded(parse_size), "100"),
    "trading.entry": (values.read_worded(words.parse_entry), "market"),
    "trading.targets": (values.read_one_of("nearest", "all"), "nearest"),
    "trading.leverage": (values.read_whole(1, 125), 1),
    "trading.trail": (values.read_worded(words.parse_trail), "off"),
    "trading.break_even": (values.read_worded(words.parse_break_even), "off"),
    "trading.after_target": (values.read_worded(words.parse_policy), "break-even"),
    "trading.hold": (values.read_worded(words.parse_hold), "off"),
    "trading.costs": (values.read_one_of("realistic", "classic"), "realistic"),
    "trading.maker": (values.read_fee, ""),
    "trading.taker": (values.read_fee, ""),
    "trading.bnb": (values.read_switch, False),
    "trading.slippage_bps": (values.read_basis_points, "0"),
    "trading.slippage_amount": (values.read_amount, "0"),
    "trading.spot_short": (values.read_switch, True),
    "limits.max_position": (values.read_cap, "off"),
    "limits.max_trades": (values.read_count_cap, "off"),
    "limits.max_risk": (values.read_cap, "off"),
    "limits.max_daily_loss": (values.read_cap, "off"),
    "limits.reduce": (values.read_switch, False),
    "market.rest_url": (values.read_url("http", "https"), ""),
    "market.stream_url": (values.read_url("ws", "wss"), ""),
    "market.brackets": (values.read_path("file"), ""),
    "scanner.enabled": (values.read_switch, True),
    "scanner.symbols": (values.read_whole(1, 400), 100),
    "scanner.timeframes": (values.read_timeframes, ["1h", "4h"]),
    "inbox.webhook": (values.read_switch, False),
    "inbox.webhook_port": (values.read_whole(1, 65_535), 9081),
    "inbox.webhook_host": (values.read_host_name, ""),
    "inbox.folder": (values.read_path("folder"), ""),
    "screen.theme": (values.read_text, "desk-dark"),
    "screen.refresh_hz": (values.read_whole(1, 10), 4),
}


_FEES: Mapping[str, tuple[Decimal, Decimal]] = {
    "spot": (REALISTIC.maker, REALISTIC.taker),
    "futures": (Decimal("0.0002"), Decimal("0.0005")),
}
"""Binance's fee rates without a discount by market, maker and taker; of 2025 and 2026."""


_BNB_DISCOUNT: Mapping[str, Decimal] = {"spot": Decimal("0.25"), "futures": Decimal("0.10")}
"""What paying in BNB takes off the fees, by market; the desk books them in quote."""


def load_settings(
    path: Path, overrides: Mapping[str, object] | None = None, *, text: str | None = None
) -> tuple[Settings, dict[str, Given]]:
    """Read the settings file and the environment.

    Args:
        path: The TOML file; it need not exist.
        overrides: Values by ``section.key`` that win over everything (command-line flags).
        text: What to take for the text of the file, where it is not to be read.

    Returns:
        The settings, and each value with its origin by ``section.key``.

    Raises:
        SettingsError: With one sentence for the first mistake found.
    """
    if text is None:
        text = read_settings_file(path)
    defaults = {name: default for name, (_, default) in _SCHEMA.items()}
    layers = gather(path, text, defaults, overrides or {})
    values: dict[str, Any] = {}
    for name, (parse, _) in _SCHEMA.items():
        given = layers.given[name]
        try:
            values[name] = parse(given.value)
        except ValueError as exc:
            raise SettingsError(
                f"Setting {name} is {given.value!r} ({given.origin}); it must be {exc}."
            ) from None
    return _checked(values, layers.accounts), layers.given


def _checked(values: Mapping[str, Any], accounts: tuple[str, ...]) -> Settings:
    if bool(values["market.rest_url"]) != bool(values["market.stream_url"]):
        raise SettingsError("Set market.rest_url and market.stream_url both, or neither.")
    if values["account.balance"] <= 0:
        raise SettingsError("Setting account.balance must be above 0.")
    if values["account.market"] == "spot" and values["trading.leverage"] != 1:
        raise SettingsError(
            "Setting trading.leverage must be 1 on a spot account; for leverage set "
            "account.market to futures."
        )
    return Settings(
        account=values["account.name"],
        accounts=accounts,
        currency=values["account.currency"].upper(),
        deposit=values["account.balance"],
        market=Market(values["account.market"].upper()),
        size=values["trading.size"],
        entry=values["trading.entry"],
        all_targets=values["trading.targets"] == "all",
        leverage=values["trading.leverage"],
        trailing=words.present(values["trading.trail"]),
        break_even=words.present(values["trading.break_even"]),
        after_target=values["trading.after_target"],
        hold_ms=words.present(values["trading.hold"]),
        limits=_limits(values),
        costs=_costs(values),
        spot_short=values["trading.spot_short"],
        rest_url=values["market.rest_url"],
        stream_url=values["market.stream_url"],
        brackets=values["market.brackets"],
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


def _limits(values: Mapping[str, Any]) -> Limits:
    return Limits(
        max_position=values["limits.max_position"],
        max_trades=values["limits.max_trades"],
        max_risk=values["limits.max_risk"],
        max_daily_loss=values["limits.max_daily_loss"],
        reduce=values["limits.reduce"],
    )


def _costs(values: Mapping[str, Any]) -> Costs:
    if values["trading.costs"] == CLASSIC.profile:
        return CLASSIC
    maker, taker = _FEES[values["account.market"]]
    given_maker, given_taker = values["trading.maker"], values["trading.taker"]
    part = ONE - _BNB_DISCOUNT[values["account.market"]] if values["trading.bnb"] else ONE
    return Costs(
        profile=REALISTIC.profile,
        maker=part * (maker if given_maker is None else given_maker),
        taker=part * (taker if given_taker is None else given_taker),
        slippage=values["trading.slippage_bps"],
        slippage_amount=values["trading.slippage_amount"],
    )
