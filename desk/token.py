"""The webhook's token: 256 random bits in a file that only its owner may read.

Promise: the file is there whole or not at all, whoever makes it at the same time.
"""

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Final

from desk.errors import DeskError

NAME: Final = "webhook.token"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def ensure_token(folder: Path) -> str:
    """Return the token that lies in *folder*; the first call makes it.

    Raises:
        DeskError: If it cannot be made, or is not fit to be used.
    """
    path = folder / NAME
    if not path.exists():
        _make(path, replace=False)
    return read_token(folder)


def new_token(folder: Path) -> str:
    """Put a new token into *folder* and return it; the old one is worth nothing from now on.

    Raises:
        DeskError: If it cannot be written.
    """
    _make(folder / NAME, replace=True)
    return read_token(folder)


def read_token(folder: Path) -> str:
    """Return the token that lies in *folder*.

    Raises:
        DeskError: If there is none, others may read it, or it is damaged.
    """
    path = folder / NAME
    again = "`paperdesk webhook token --new` makes another"
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            mode = os.fstat(file.fileno()).st_mode
            token = file.read(200).strip()
    except OSError as exc:
        raise DeskError(
            f"The webhook's token {path} cannot be read: {exc.strerror}; {again}."
        ) from exc
    if os.name == "posix" and mode & 0o077:
        raise DeskError(f"The webhook's token {path} may be read by others; {again}.")
    if not _TOKEN.fullmatch(token):
        raise DeskError(f"The webhook's token {path} is damaged; {again}.")
    return token


def _make(path: Path, *, replace: bool) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes files that only their owner may read.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{NAME}.")
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            if replace:
                draft.replace(path)
            else:
                with contextlib.suppress(FileExistsError):  # another process was faster
                    path.hardlink_to(draft)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as exc:
        raise DeskError(
            f"The webhook's token {path} cannot be written: {exc.strerror}."
        ) from exc
