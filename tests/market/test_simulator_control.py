import json
from typing import Any

import pytest

from market.simulator.control import MOST_STREAMS, Subscriptions


def subscriptions() -> tuple[Subscriptions, list[str]]:
    heard: list[str] = []
    subscribed = Subscriptions(
        combined=False,
        added=lambda name: heard.append(f"+{name}"),
        removed=lambda name: heard.append(f"-{name}"),
    )
    return subscribed, heard


def message(method: str, params: Any = (), id_: Any = 1) -> str:
    return json.dumps({"method": method, "params": list(params), "id": id_})


def test_subscribing_again_does_not_double_a_stream() -> None:
    subscribed, heard = subscriptions()

    for _ in range(2):
        reply = subscribed.reply(message("SUBSCRIBE", ["a@trade", "b@trade", "a@trade"]))

    assert reply == {"result": None, "id": 1}
    assert heard == ["+a@trade", "+b@trade"]


def test_unsubscribing_ends_only_what_was_subscribed_to() -> None:
    subscribed, heard = subscriptions()
    subscribed.reply(message("SUBSCRIBE", ["a@trade"]))

    subscribed.reply(message("UNSUBSCRIBE", ["a@trade", "b@trade"]))

    assert heard == ["+a@trade", "-a@trade"]
    assert subscribed.reply(message("LIST_SUBSCRIPTIONS"))["result"] == []


@pytest.mark.parametrize("id_", [7, -1, "a-b-c", None, 1.5])
def test_the_id_comes_back_as_it_was_sent(id_: Any) -> None:
    subscribed, _ = subscriptions()

    assert subscribed.reply(message("LIST_SUBSCRIPTIONS", id_=id_)) == {"result": [], "id": id_}


def test_envelopes_can_be_switched_on_and_asked_for() -> None:
    subscribed, _ = subscriptions()

    subscribed.reply(message("SET_PROPERTY", ["combined", True]))

    assert subscribed.combined
    assert subscribed.reply(message("GET_PROPERTY", ["combined"]))["result"] is True


def test_more_streams_than_allowed_are_refused_as_a_whole() -> None:
    subscribed, heard = subscriptions()
    full = [f"s{i}@trade" for i in range(MOST_STREAMS)]

    refused = subscribed.reply(message("SUBSCRIBE", [*full, "one@more"]))
    accepted = subscribed.reply(message("SUBSCRIBE", full))

    assert refused == {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 1}
    assert accepted["result"] is None
    assert len(heard) == MOST_STREAMS


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", 3),
        ("", 3),
        ("[" * 100_000, 3),
        ("[]", 2),
        ('{"id":1}', 2),
        ('{"method":"SUBSCRIBE","params":["a@trade"]}', 2),
        (message("subscribe"), 2),
        (message("SUBSCRIBE", ["nostream"]), 2),
        (message("SUBSCRIBE", [5]), 2),
        ('{"method":"SUBSCRIBE","params":"a@trade","id":1}', 2),
        (message("SET_PROPERTY", ["combined", True, 1]), 2),
        (message("SET_PROPERTY", [1, True]), 2),
        (message("SET_PROPERTY", ["combined", 1]), 1),
        (message("GET_PROPERTY", ["colour"]), 0),
    ],
)
def test_a_wrong_message_is_answered_with_binance_s_code(text: str, code: int) -> None:
    subscribed, heard = subscriptions()

    assert subscribed.reply(text)["error"]["code"] == code
    assert heard == []
