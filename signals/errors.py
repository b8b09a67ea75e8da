"""Rejections: why a message is not a signal.

    SignalRejected

A rejected message leaves no trace. The sentence is for people; `code` is for programs.
"""


class SignalRejected(Exception):
    """A message, or a whole delivery, that is not taken."""

    def __init__(self, code: str, message: str) -> None:
        """Reject with a stable *code* and a readable *message*."""
        super().__init__(message)
        self.code = code
