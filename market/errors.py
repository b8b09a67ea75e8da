"""What can go wrong between the desk and an exchange.

    MarketError
    ├── Unreachable      a host did not answer
    │   └── NoHost       none did; the message says what was tried and what to do
    ├── Blocked          this host refuses this location (HTTP 451) for the rest of the run
    ├── Limited          the exchange asked for silence (429, 418) for `retry_after_s`
    ├── BadRequest       the exchange understood and refused (400, 404), with its `code`
    ├── TooOld           the exchange does not remember so far back; candles may tell
    └── BadAnswer        the answer was cut, too large, or not what the protocol says

No httpx or websockets error leaves this room.
"""


class MarketError(Exception):
    """The exchange could not be asked, or gave no usable answer."""


class Unreachable(MarketError):
    """Nothing answered in time."""


class NoHost(Unreachable):
    """No host answers at all; the message says what was tried and what to do."""


class Blocked(MarketError):
    """The host refuses this location; asking again is useless."""


class Limited(MarketError):
    """The exchange limits this address."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BadRequest(MarketError):
    """The exchange refused the question itself."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class TooOld(MarketError):
    """The exchange does not keep prints for so long; its candles go further back."""


class BadAnswer(MarketError):
    """The answer cannot be used."""


class TapeError(Exception):
    """A tape that cannot be played or written; the sentence names the file and the line."""
