"""Control messages of a stream connection: subscribe, unsubscribe, list, properties.

No sockets: a text comes in, a reply goes out; the connection's subscriptions change between.
"""

import json
from collections.abc import Callable
from typing import Any

MOST_STREAMS = 1_024
_METHODS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"


class _Wrong(Exception):
    """A message that is refused."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Subscriptions:
    """The streams of one connection, and whether they come in envelopes."""

    def __init__(
        self, *, combined: bool, added: Callable[[str], None], removed: Callable[[str], None]
    ) -> None:
        """Begin with nothing.

        Args:
            combined: Whether payloads are wrapped with the name of their stream.
            added: Told the name of each new stream.
            removed: Told the name of each stream that is no longer wanted.
        """
        self.combined = combined
        self.names: dict[str, None] = {}
        self._added = added
        self._removed = removed

    def add(self, names: list[str]) -> bool:
        """Subscribe to all of *names*, or to none if that would be too many."""
        new = [name for name in dict.fromkeys(names) if name not in self.names]
        if len(self.names) + len(new) > MOST_STREAMS:
            return False
        for name in new:
            self.names[name] = None
            self._added(name)
        return True

    def remove(self, names: list[str]) -> None:
        """Unsubscribe from those of *names* that were subscribed to."""
        for name in names:
            if name in self.names:
                del self.names[name]
                self._removed(name)

    def reply(self, text: str) -> dict[str, Any]:
        """Carry out a control message and return its reply."""
        message: Any = {}
        try:
            message = _parse(text)
            return {"result": self._carry_out(message), "id": message["id"]}
        except _Wrong as wrong:
            error = {"code": wrong.code, "msg": str(wrong)}
            known_id = message.get("id") if isinstance(message, dict) else None
            return {"error": error, "id": known_id}

    def _carry_out(self, message: dict[str, Any]) -> Any:
        method, params = message["method"], message.get("params", [])
        if not isinstance(params, list):
            raise _Wrong(2, "Invalid request: invalid type, expected a sequence")
        match method:
            case "SUBSCRIBE":
                if not self.add(_streams(params)):
                    raise _Wrong(4, "Too many subscriptions")
            case "UNSUBSCRIBE":
                self.remove(_streams(params))
            case "LIST_SUBSCRIPTIONS":
                return list(self.names)
            case "SET_PROPERTY":
                self._set_property(params)
            case "GET_PROPERTY":
                _check_property(params, 1)
                return self.combined
            case _:
                raise _Wrong(
                    2,
                    f"Invalid request: unknown variant `{method}`, expected one of {_METHODS}",
                )
        return None

    def _set_property(self, params: list[Any]) -> None:
        _check_property(params, 2)
        if len(params) < 2 or not isinstance(params[1], bool):
            raise _Wrong(1, "Invalid value type: expected Boolean")
        self.combined = params[1]


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as exc:
        line, column = getattr(exc, "lineno", 1), getattr(exc, "colno", 1)
        reason = f"expected value at line {line} column {column}"
        raise _Wrong(3, f"Invalid JSON: {reason}") from exc
    if not isinstance(message, dict):
        raise _Wrong(2, "Invalid request: invalid type, expected an object")
    if "method" not in message:
        raise _Wrong(2, "Invalid request: missing field `method`")
    if "id" not in message:
        raise _Wrong(2, "Invalid request: request ID must be an unsigned integer")
    return message


def _streams(params: list[Any]) -> list[str]:
    names = [name for name in params if isinstance(name, str)]
    if len(names) < len(params) or not all("@" in n or n.startswith("!") for n in names):
        raise _Wrong(2, "Invalid request: invalid stream")
    return names


def _check_property(params: list[Any], most: int) -> None:
    if len(params) > most:
        raise _Wrong(2, "Invalid request: too many parameters")
    if not params or not isinstance(params[0], str):
        raise _Wrong(2, "Invalid request: property name must be a string")
    if params[0] != "combined":
        raise _Wrong(0, "Unknown property")
