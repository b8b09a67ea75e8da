"""What a tape's reader noticed and played on: the first case of each kind, and how many."""


class Notes:
    """Remarks by kind."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._more: dict[str, int] = {}

    def add(self, kind: str, sentence: str) -> None:
        """Note a case.

        Args:
            kind: Cases of one kind are told together.
            sentence: With its full stop; kept if it is the first of its kind.
        """
        if kind in self._first:
            self._more[kind] = self._more.get(kind, 0) + 1
        else:
            self._first[kind] = sentence

    def sentences(self) -> list[str]:
        """Return one sentence per kind, in order of the first cases."""
        return [
            f"{sentence} ({more} more like this.)"
            if (more := self._more.get(kind))
            else sentence
            for kind, sentence in self._first.items()
        ]


def hole(missing: int, thing: str, behind: str) -> str:
    """Say how many things are missing in front of the one called *behind*."""
    things = f"1 {thing} is" if missing == 1 else f"{missing} {thing}s are"
    return f"{things} missing in front of {behind}."
