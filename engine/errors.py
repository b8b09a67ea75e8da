"""Refusals: why an order was not accepted.

    Refused
    ├── DuplicateTrade      an active trade for this signal, or symbol and direction, exists
    └── NotOpen             the trade to close is not open (any more)

A refusal changes nothing. Its message is a sentence for the trader; `code` is for programs.
"""


class Refused(Exception):
    """An order that the rules do not allow."""

    def __init__(self, code: str, message: str, *, trade_id: int | None = None) -> None:
        """Refuse with a stable *code*, a readable *message* and the trade it is about."""
        super().__init__(message)
        self.code = code
        self.trade_id = trade_id


class DuplicateTrade(Refused):
    """An active trade already stands for this signal, or for this symbol and direction."""

    def __init__(self, message: str, trade_id: int | None) -> None:
        super().__init__("duplicate", message, trade_id=trade_id)


class NotOpen(Refused):
    """The trade is unknown, or already closed: the first closer has won."""

    def __init__(self, message: str, trade_id: int) -> None:
        super().__init__("not_open", message, trade_id=trade_id)
