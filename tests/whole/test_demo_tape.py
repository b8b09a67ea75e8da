"""The tape of the documentation: one trade leaves by ladder and trailing stop."""

from pathlib import Path
from typing import Any

from tests.whole.home import paperdesk

TAPES = Path(__file__).parents[2] / "docs" / "tapes"
REPLAY = (
    *("replay", str(TAPES / "SOLUSDT-aggTrades-demo.csv")),
    *("--signals", str(TAPES / "demo-signals.jsonl"), "--targets", "all", "--stake", "900"),
)
TRAILING = ("--trail", "1%@1.5R")


async def replayed(home: Path, *more: str) -> Any:
    """Play the tape; returns its one trade."""
    said = await paperdesk(home, *REPLAY, *more, "--json")
    assert said.code == 0, said
    [trade] = said.json
    return trade


async def test_half_leaves_at_the_first_target_and_the_trailing_stop_takes_the_rest(
    tmp_path: Path,
) -> None:
    trade = await replayed(tmp_path, *TRAILING)

    fills = [(fill["kind"], fill["price"], fill["quantity"]) for fill in trade["fills"]]
    assert fills == [("ENTRY", "150", "6"), ("TARGET", "153", "3"), ("STOP", "155.58", "3")]
    assert [target["filled"] for target in trade["targets"]] == [True, False]
    assert trade["break_even"]["stop"] == "150.31"
    assert (trade["trailing"]["activation"], trade["trailing"]["best"]) == ("154.5", "157.2")
    assert (trade["status"], trade["close_reason"]) == ("CLOSED_SL", "trailing_stop")
    assert (trade["stop"], trade["net"]) == ("155.63", "23.91426")


async def test_without_the_trailing_stop_the_rest_comes_back_to_break_even(
    tmp_path: Path,
) -> None:
    trade = await replayed(tmp_path)

    last = trade["fills"][-1]
    assert (trade["close_reason"], last["price"]) == ("break_even_stop", "150.31")


async def test_the_prices_of_the_demo_explain_themselves(tmp_path: Path) -> None:
    kept = ("--db", str(tmp_path / "paperdesk.db"))

    await replayed(tmp_path, *TRAILING, *kept)
    why = await paperdesk(tmp_path, "why", "1", "--fill", "3")

    assert "The trailing stop at 155.63 was reached by print 155.58 (no. 1020)." in why.out
    assert "here 0.05 beyond it" in why.out


async def test_the_documentation_shows_what_the_tape_really_does(tmp_path: Path) -> None:
    kept = ("--db", str(tmp_path / "paperdesk.db"))

    said = await paperdesk(tmp_path, *REPLAY, *TRAILING, *kept)
    why = await paperdesk(tmp_path, "why", "1")

    root = TAPES.parents[1]
    manual = (root / "docs" / "smart-trades.md").read_text(encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert said.out in manual
    assert why.out in manual
    assert said.out in readme
