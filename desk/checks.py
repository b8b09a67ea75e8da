"""What a running desk does about its own books: re-add them, at the start and every hour.

Outlives a store that does not answer. Books that do not add up stop trading; nothing is
repaired, and the trades stay as they are on disk.
"""

import asyncio
import logging

from desk.session import Session
from store.errors import StoreError

log = logging.getLogger(__name__)

FIRST_AFTER_S = 5.0
"""Behind the start, which has enough to do."""
EVERY_S = 3600.0


async def keep_checking(
    session: Session, *, first_after_s: float = FIRST_AFTER_S, every_s: float = EVERY_S
) -> None:
    """Check the books now and then, until cancelled.

    Args:
        session: The running desk.
        first_after_s: Pause before the first check, seconds.
        every_s: Pause before each later one, seconds.
    """
    await asyncio.sleep(first_after_s)
    while True:
        await check_books(session)
        await asyncio.sleep(every_s)


async def check_books(session: Session) -> str:
    """Re-add the books once; returns why trading was stopped, or an empty text."""
    try:
        findings = await session.ledger.check(full=False)
    except StoreError as exc:
        log.warning("the books could not be checked: %s", exc)
        return ""
    if not findings:
        log.info("the books add up")
        return ""
    for finding in findings:
        log.error("the books are not sound: %s", finding)
    more = f" And {len(findings) - 1} more." if findings[1:] else ""
    why = (
        f"The books are not sound: {findings[0]}{more} Trading has stopped: close Paperdesk, "
        "run `paperdesk doctor`, and restore a backup."
    )
    session.stop_trading(why)
    return why
