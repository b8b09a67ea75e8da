"""The webhook's rules: what is doubtful is refused, and by which number."""

from http import HTTPStatus

import pytest

from signals.inbox.webhook import Denied, Rate, judge, read_body, read_head, write_reply

TOKEN = "t" * 43
HOSTS = {"127.0.0.1:9081", "hooks.example.com"}
GOOD = {"Host": "127.0.0.1:9081", "Content-Length": "12"}


def request(
    fields: dict[str, str], target: str = f"/hook/{TOKEN}", method: str = "POST"
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


def status_of(data: bytes) -> int:
    with pytest.raises(Denied) as denied:
        judge(read_head(data), token=TOKEN, hosts=HOSTS)
    assert TOKEN not in str(denied.value)
    return denied.value.status


@pytest.mark.parametrize("host", ["127.0.0.1:9081", "Hooks.Example.com"])
def test_a_request_with_the_token_may_deliver_its_length(host: str) -> None:
    head = read_head(
        request(GOOD | {"Host": host, "Content-Type": "text/plain; charset=utf-8"})
    )

    assert judge(head, token=TOKEN, hosts=HOSTS) == 12


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(GOOD, target="/hook/" + "u" * 43), 404),
        (request(GOOD, target=f"/hook/{TOKEN}?a=1"), 404),
        (request(GOOD, target=f"/hook/{TOKEN}/"), 404),
        (request(GOOD, target="/"), 404),
        (request(GOOD, method="GET"), 404),
        (request(GOOD | {"Host": "evil.example"}), 421),
        (request(GOOD | {"Host": "127.0.0.1"}), 421),
        (request({"Content-Length": "12"}), 421),
        (request(GOOD | {"Origin": "http://127.0.0.1:9081"}), 403),
        (request(GOOD | {"Sec-Fetch-Site": "same-origin"}), 403),
        (request(GOOD | {"Transfer-Encoding": "chunked"}), 400),
        (request(GOOD | {"content-length": "13"}), 400),
        (request(GOOD | {"host": "127.0.0.1:9081"}), 400),
        (request({"Host": "hooks.example.com", "Transfer-Encoding": "chunked"}), 411),
        (request(GOOD | {"Content-Length": "+12"}), 400),
        (request(GOOD | {"Content-Length": "12, 12"}), 400),
        (request(GOOD | {"Content-Length": "\xb2"}), 400),
        (request(GOOD | {"Content-Length": "16385"}), 413),
        (request(GOOD | {"Content-Type": "application/x-www-form-urlencoded"}), 415),
        (request(GOOD | {"Host ": "127.0.0.1:9081"}), 400),
        (request(GOOD | {"X-A": "b\r\n folded"}), 400),
        (request(GOOD | {"X-A": "b\nTransfer-Encoding: chunked"}), 400),
        (request(GOOD | {"X-A": "b\0"}), 400),
        (b"POST / HTTP/2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
    ],
)
def test_every_doubtful_request_is_refused_by_its_number(data: bytes, status: int) -> None:
    assert status_of(data) == status


def test_a_message_that_is_not_utf_8_is_refused() -> None:
    assert read_body("Ä".encode()) == "Ä"
    with pytest.raises(Denied):
        read_body(b"\xff")


def test_an_answer_ends_the_connection_and_counts_its_bytes() -> None:
    head, body = write_reply(HTTPStatus.OK, '{"a":"ü"}').split(b"\r\n\r\n")

    assert b"Connection: close" in head
    assert f"Content-Length: {len(body)}".encode() in head


def test_a_peer_has_ten_requests_a_second_whatever_others_do() -> None:
    rate = Rate()

    answers = [rate.allows("a", 100.0) for _ in range(12)]

    assert answers == [True] * 10 + [False] * 2
    assert rate.allows("b", 100.0)
    assert not rate.allows("a", 100.05)
    assert rate.allows("a", 100.2)


def test_a_peer_that_was_silent_for_long_has_no_more_than_ten() -> None:
    rate = Rate()
    rate.allows("a", 0.0)

    assert sum(rate.allows("a", 1_000.0) for _ in range(20)) == 10


def test_many_peers_do_not_fill_the_memory() -> None:
    rate = Rate()

    for number in range(5_000):
        rate.allows(str(number), float(number))

    assert len(rate._left) <= 1_001
