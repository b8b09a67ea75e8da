"""`paperdesk accounts` as a user runs it, each command in its own process."""

from pathlib import Path

from tests.whole.home import paperdesk


async def test_an_account_is_made_paid_into_and_begun_anew(tmp_path: Path) -> None:
    made = await paperdesk(
        tmp_path, "accounts", "add", "swing", "--market", "futures", "--balance", "500"
    )
    paid = await paperdesk(tmp_path, "accounts", "deposit", "swing", "70", "--note", "bonus")
    taken = await paperdesk(tmp_path, "accounts", "withdraw", "swing", "600")
    asked = await paperdesk(tmp_path, "accounts", "new-session", "swing")
    fresh = await paperdesk(tmp_path, "accounts", "new-session", "swing", "--yes", "--json")
    listed = await paperdesk(tmp_path, "accounts", "--json")
    shown = await paperdesk(tmp_path, "accounts", "show", "swing")

    assert "swing: futures, session 1, balance 500 USDT" in made.out
    assert "balance 570 USDT" in paid.out
    assert (taken.code, asked.code) == (1, 2)
    assert "Only 570 USDT of the account swing can be withdrawn" in taken.err
    assert "add --yes" in asked.err
    assert (fresh.json["session"], fresh.json["balance"]) == (2, "500")
    assert [(one["name"], one.get("balance")) for one in listed.json] == [
        ("main", None),
        ("swing", "500"),
    ]
    assert "bonus" in shown.out
    assert shown.out.count("opening balance") == 2


async def test_the_account_flag_names_a_known_account_and_the_session_of_trades(
    tmp_path: Path,
) -> None:
    unknown = await paperdesk(tmp_path, "--account", "other", "trades")
    (tmp_path / "config.toml").write_text("[accounts.other]\nbalance = 5\n")
    shown = await paperdesk(tmp_path, "--account", "other", "config", "show", "--json")
    every = await paperdesk(tmp_path, "--account", "other", "trades", "--session", "all")
    wrong = await paperdesk(tmp_path, "stats", "--session", "last")

    assert unknown.code == 2
    assert "There is no account 'other'; known are main." in unknown.err
    assert shown.json["account.balance"]["origin"].endswith("config.toml [accounts.other]")
    assert shown.json["account.name"] == {"value": "other", "origin": "command line"}
    assert every.code == 0
    assert wrong.code == 2
    assert "a session is a number" in wrong.err
