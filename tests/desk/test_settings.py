"""Settings: every mistake is a sentence that names the setting; precedence is as promised."""

from decimal import Decimal
from pathlib import Path

import pytest

from desk.errors import SettingsError
from desk.settings import Home, load_settings
from desk.values import parse_size
from engine.commands import Risk, Stake
from engine.costs import CLASSIC


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_stand(tmp_path: Path) -> None:
    settings, found = load_settings(tmp_path / "none.toml")

    assert settings.size == Stake(Decimal(100))
    assert settings.deposit == Decimal(10_000)
    assert settings.costs.taker == Decimal("0.001")
    assert {given.origin for given in found.values()} == {"default"}


def test_flag_beats_environment_beats_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings_file(tmp_path, '[screen]\nrefresh_hz = 2\ntheme = "nord"\n')
    monkeypatch.setenv("PAPERDESK_SCREEN_REFRESH_HZ", "3")
    monkeypatch.setenv("PAPERDESK_TRADING_SIZE", "2%")

    settings, found = load_settings(path, {"trading.size": "5%"})

    assert (settings.refresh_hz, settings.theme) == (3, "nord")
    assert settings.size == Risk(Decimal("0.05"))
    assert found["screen.refresh_hz"].origin == "PAPERDESK_SCREEN_REFRESH_HZ"
    assert found["screen.theme"].origin == str(path)
    assert found["trading.size"].origin == "command line"


def test_numbers_of_the_file_are_read_as_they_are_written(tmp_path: Path) -> None:
    path = settings_file(
        tmp_path, "[account]\nbalance = 2500.10\n[trading]\nslippage_bps = 2.5\n"
    )

    settings, _ = load_settings(path)

    assert settings.deposit == Decimal("2500.10")
    assert settings.costs.slippage == Decimal("0.00025")


def test_the_classic_profile_is_whole(tmp_path: Path) -> None:
    path = settings_file(tmp_path, '[trading]\ncosts = "classic"\ntaker = "0.5%"\n')

    assert load_settings(path)[0].costs == CLASSIC


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[account]\nbalance = 0", "account.balance"),
        ("[account]\nbalance = -1", "account.balance"),
        ("[account]\nbalance = 1e30", "account.balance"),
        ("[account]\nbalance = 0.123456789", "account.balance"),
        ("[account]\nname = 'a b'", "account.name"),
        ("[trading]\nsize = '0%'", "trading.size"),
        ("[trading]\nsize = '101%'", "trading.size"),
        ("[trading]\nsize = true", "trading.size"),
        ("[trading]\nmaker = '0.1'", "trading.maker"),
        ("[trading]\ntaker = '0.1234567%'", "trading.taker"),
        ("[trading]\nslippage_bps = 10000", "trading.slippage_bps"),
        ("[trading]\nspot_short = 'maybe'", "trading.spot_short"),
        ("[market]\nrest_url = 'ftp://x'", "market.rest_url"),
        ("[market]\nstream_url = 'wss://x'", "market.rest_url"),
        ("[scanner]\nsymbols = 0", "scanner.symbols"),
        ("[scanner]\ntimeframes = ['7m']", "scanner.timeframes"),
        ("[scanner]\ntimeframes = []", "scanner.timeframes"),
        ("[inbox]\nwebhook_port = 0", "from 1 to 65535"),
        ("[inbox]\nwebhook_host = 'https://a.example'", "inbox.webhook_host"),
        ("[inbox]\nfolder = 'ideas'", "the full path of a folder"),
        ("[trading]\nleverage = 5", "trading.leverage"),
        ("theme = 'nord'", "outside a [section]"),
        ("[trading", "cannot be read"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = settings_file(tmp_path, text)

    with pytest.raises(SettingsError) as mistake:
        load_settings(path)

    assert named in str(mistake.value)
    assert str(mistake.value).endswith(".")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(path)


@pytest.mark.parametrize("text", ["", "abc", "-5", "1e3", "0", "0%", "%", "1 000", "٣", "NaN"])
def test_a_size_is_a_stake_or_a_percentage_and_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="stake such as 100"):
        parse_size(text)


def test_one_folder_can_hold_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERDESK_HOME", str(tmp_path))

    home = Home.find()

    assert home.config == tmp_path / "config.toml"
    assert home.database(demo=False) == tmp_path / "paperdesk.db"
    assert home.database(demo=True) == tmp_path / "demo.db"
