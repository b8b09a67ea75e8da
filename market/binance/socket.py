"""A WebSocket connection that hands whole text frames over as it parses them.

Everything else goes the library's own way: handshake, pings, closing, fragments, `recv`. It
spares each frame the library's queue and a coroutine, which cost more than the frame itself.
"""

from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import Event


class FrameConnection(ClientConnection):
    """Until somebody asks for frames, and for fragments, `recv` is where messages arrive."""

    on_frame: Callable[[bytes], None] | None = None
    """Takes each whole text frame from now on."""

    def process_event(self, event: Event) -> None:
        """Hand over a whole text frame; leave the rest to the library."""
        take = self.on_frame
        if take and type(event) is Frame and event.opcode is Opcode.TEXT and event.fin:
            take(bytes(event.data))
        else:
            super().process_event(event)
