"""Settings: every mistake is a sentence that names the setting; precedence is as promised."""

from decimal import Decimal
from pathlib import Path

import pytest

from desk.errors import SettingsError
from desk.settings import Home, load_settings
from desk.size_words import parse_size
from engine.asked import Offset, Unit
from engine.commands import BreakEvenOrder, TrailOrder
from engine.costs import CLASSIC
from engine.limits import NO_LIMITS, Limits
from engine.model import EntryMode, Market
from engine.sizes import EquityShare, Risk, Stake
from engine.stops import StopPolicy


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


def test_default_exits_are_written_as_in_an_order(tmp_path: Path) -> None:
    path = settings_file(
        tmp_path,
        "[trading]\nsize = '5% of equity'\nentry = 'limit'\ntrail = '1%@2R'\n"
        "break_even = '1R'\nafter_target = 'previous-target'\nhold = '4h'\n",
    )

    settings, _ = load_settings(path)

    assert settings.size == EquityShare(Decimal("0.05"))
    assert settings.entry is EntryMode.LIMIT
    assert settings.trailing == TrailOrder(
        distance=Offset(Decimal("0.01"), Unit.FRACTION),
        activation=Offset(Decimal(2), Unit.R),
    )
    assert settings.break_even == BreakEvenOrder(trigger=Offset(Decimal(1), Unit.R))
    assert settings.after_target is StopPolicy.PREVIOUS_TARGET
    assert settings.hold_ms == 4 * 3_600_000


def test_caps_are_off_until_they_are_set(tmp_path: Path) -> None:
    path = settings_file(
        tmp_path, "[limits]\nmax_position = '20%'\nmax_trades = 5\nreduce = true\n"
    )

    without, _ = load_settings(tmp_path / "none.toml")
    settings, _ = load_settings(path)

    assert without.limits == NO_LIMITS
    assert settings.limits == Limits(max_position=Decimal("0.2"), max_trades=5, reduce=True)


def test_a_futures_account_has_leverage_and_the_fees_of_its_market(tmp_path: Path) -> None:
    path = settings_file(
        tmp_path,
        "[account]\nmarket = 'futures'\n[trading]\nleverage = 10\nmaker = '0.01%'\n",
    )

    settings, _ = load_settings(path)

    assert (settings.market, settings.leverage) == (Market.FUTURES, 10)
    assert settings.costs.maker == Decimal("0.0001")
    assert settings.costs.taker == Decimal("0.0005")


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
        ("[trading]\nleverage = 5", "trading.leverage must be 1 on a spot account"),
        ("[trading]\nleverage = 126", "from 1 to 125"),
        ("[trading]\nleverge = 5", "trading.leverge"),
        ("[trading]\ntrail = '1%@'", "trading.trail"),
        ("[trading]\nbreak_even = 'later'", "trading.break_even"),
        ("[trading]\nafter_target = 'trail'", "trading.after_target"),
        ("[trading]\nhold = '4'", "trading.hold"),
        ("[trading]\nentry = 'now'", "trading.entry"),
        ("[account]\nmarket = 'margin'", "account.market"),
        ("[limits]\nmax_position = '0%'", "limits.max_position"),
        ("[limits]\nmax_risk = 5", "limits.max_risk"),
        ("[limits]\nmax_trades = 0", "limits.max_trades"),
        ("[limits]\nreduce = 'perhaps'", "limits.reduce"),
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


SECTIONS = """
[trading]
size = "200"
taker = "0.2%"

[limits]
max_trades = 5

[accounts.swing]
market = "futures"
currency = "usdc"
balance = 5000
leverage = 3
trail = "1%"
max_position = "10%"
targets = "all"

[accounts.plain]
"""


def test_an_accounts_own_section_overrides_what_holds_for_all(tmp_path: Path) -> None:
    path = settings_file(tmp_path, SECTIONS)

    usual, _ = load_settings(path)
    swing, found = load_settings(path, {"account.name": "swing"})

    assert (usual.account, usual.market, usual.leverage) == ("main", Market.SPOT, 1)
    assert (swing.account, swing.market, swing.leverage) == ("swing", Market.FUTURES, 3)
    assert (swing.currency, swing.deposit, swing.all_targets) == ("USDC", Decimal(5000), True)
    assert swing.trailing == TrailOrder(distance=Offset(Decimal("0.01"), Unit.FRACTION))
    assert swing.limits == Limits(max_position=Decimal("0.1"), max_trades=5)
    assert (swing.size, swing.costs.taker) == (usual.size, Decimal("0.002"))
    assert found["trading.leverage"].origin == f"{path} [accounts.swing]"
    assert found["trading.size"].origin == str(path)
    assert swing.accounts == usual.accounts == ("main", "plain", "swing")


def test_the_environment_beats_an_accounts_own_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = settings_file(tmp_path, SECTIONS)
    monkeypatch.setenv("PAPERDESK_ACCOUNT_NAME", "swing")
    monkeypatch.setenv("PAPERDESK_TRADING_LEVERAGE", "7")

    settings, found = load_settings(path)

    assert (settings.account, settings.leverage) == ("swing", 7)
    assert found["trading.leverage"].origin == "PAPERDESK_TRADING_LEVERAGE"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[accounts.a]\nlevel = 3", r"no setting accounts\.a\.level; known are .*leverage"),
        ("[accounts.a]\nname = 'b'", r"no setting accounts\.a\.name"),
        ("[accounts.a]\nrest_url = ''", r"no setting accounts\.a\.rest_url"),
        ("[accounts]\na = 3", r"accounts\.a' stands outside"),
        ("accounts = 3", r"'accounts' stands outside"),
        ("[accounts.'a b']", r"the name in \[accounts\.a b\] must be one word"),
    ],
)
def test_a_mistake_in_any_accounts_section_is_named(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        load_settings(settings_file(tmp_path, text))


def test_an_account_that_nothing_speaks_of_is_refused(tmp_path: Path) -> None:
    path = settings_file(tmp_path, SECTIONS)

    with pytest.raises(
        SettingsError, match=r"no account 'swign'; known are main, plain, swing"
    ):
        load_settings(path, {"account.name": "swign"})


@pytest.mark.parametrize(
    ("market", "maker", "taker"),
    [("spot", "0.00075", "0.00075"), ("futures", "0.00018", "0.00045")],
)
def test_fees_paid_in_bnb_are_smaller(
    tmp_path: Path, market: str, maker: str, taker: str
) -> None:
    trading = "[trading]\nbnb = true\nslippage_amount = 0.5"
    path = settings_file(tmp_path, f"[account]\nmarket = '{market}'\n{trading}")

    settings, _ = load_settings(path)

    assert (settings.costs.maker, settings.costs.taker) == (Decimal(maker), Decimal(taker))
    assert settings.costs.slippage_amount == Decimal("0.5")
