"""A served webhook, and a sender that writes its requests byte by byte."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desk.token import read_token
from tests.desk.desks import Desk


def idea(**changes: object) -> str:
    values = {"symbol": "BTCUSDT", "side": "buy", "entry": 100, "sl": 95, "tp": 110}
    return json.dumps(values | changes)


@dataclass
class Hook:
    """A served webhook and its secret."""

    desk: Desk
    port: int
    folder: Path

    def request(self, body: str, **fields: str) -> bytes:
        named = {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Length": str(len(body.encode())),
        } | {name.replace("_", "-"): value for name, value in fields.items()}
        lines = [f"POST /hook/{read_token(self.folder)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in named.items()]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    async def send(self, *parts: bytes) -> tuple[int, Any]:
        """Send a request in parts; returns status and body, (0, None) without an answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.01)
            async with asyncio.timeout(8):
                answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return (int(head.split()[1]), json.loads(body)) if head else (0, None)

    async def post(self, body: str, **fields: str) -> tuple[int, Any]:
        return await self.send(self.request(body, **fields))

    async def stored(self) -> int:
        return len(await self.desk.ledger.signals(limit=1000))
