"""What can go wrong, each kind a short story with a beginning and an end of its own."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random

from market.simulator import SimulatedExchange
from tests.virtual.disk import Disk
from tests.virtual.loop import VirtualLoop, WallClock
from tests.virtual.machine import HOSTS, Machine
from tests.virtual.network import Network
from tests.virtual.venue import Answer, Venue

GARBAGE = (
    b"",
    b"{",
    b"[" * 5_000,
    b"\xff\xfe\x00",
    b'{"stream":"btcusdt@aggTrade","data":null}',
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","s":"BTCUSDT","a":1,"p":"NaN"}}',
    b'{"e":"aggTrade","E":1,"s":"ETHUSDT","a":-7,"p":"-1","q":"0","T":1e999,"m":true}',
    b'{"stream":"ethusdt@aggTrade","data":{"e":"aggTrade","E":0,"s":"ETHUSDT","a":"12"}}',
    b'{"result":null,"id":9999}',
    b'{"error":{"code":2,"msg":"Invalid request"},"id":null}',
)
HTML = {"content-type": "text/html"}


@dataclass(frozen=True, slots=True)
class World:
    """All that a fault may turn."""

    loop: VirtualLoop
    wall: WallClock
    exchange: SimulatedExchange
    venue: Venue
    network: Network
    disk: Disk
    machine: Machine

    def heal(self) -> None:
        """End all faults and make sure that the desk runs."""
        self.venue.heal()
        self.network.heal()
        self.disk.heal()
        self.machine.thaw()
        self.machine.boot()


async def cut(world: World, rng: Random) -> None:
    """Every stream ends in the middle."""
    for socket in tuple(world.network.sockets):
        socket.lose()


async def half_open(world: World, rng: Random) -> None:
    """Every stream stays open and brings nothing."""
    for line in world.venue.lines:
        line.muted = True


async def closed_at_once(world: World, rng: Random) -> None:
    """Streams are accepted and closed."""
    world.network.closes_at_once = True
    await cut(world, rng)
    await asyncio.sleep(rng.uniform(5, 60))
    world.network.closes_at_once = False


async def hanging(world: World, rng: Random) -> None:
    """No stream can be opened: nobody answers."""
    world.network.hanging = True
    await cut(world, rng)
    await asyncio.sleep(rng.uniform(5, 60))
    world.network.hanging = False


async def offline(world: World, rng: Random) -> None:
    """Nothing can be reached; what is open is half open."""
    world.network.unreachable = True
    await half_open(world, rng)
    await asyncio.sleep(rng.uniform(2, 300))
    world.network.unreachable = False


async def handshake(world: World, rng: Random) -> None:
    """Streams are refused, with or without a wish for silence."""
    status = rng.choice((429, 418, 403, 500, 503, 404))
    wait = {"retry-after": str(rng.randint(1, 20))} if status in {429, 418, 403} else {}
    world.network.handshake = Answer(status, b"", wait)
    await cut(world, rng)
    await asyncio.sleep(rng.uniform(2, 40))
    world.network.handshake = None


async def refused(world: World, rng: Random) -> None:
    """Questions are refused, with or without a wish for silence."""
    status = rng.choice((429, 418, 403, 500, 502, 503, 200))
    wait = {"retry-after": str(rng.randint(1, 20))} if status in {429, 418, 403} else {}
    world.network.rest = Answer(status, b"<html>", HTML | wait)
    await asyncio.sleep(rng.uniform(1, 40))
    world.network.rest = None


async def failing(world: World, rng: Random) -> None:
    """Answers hang, are cut off or come byte by byte."""
    world.network.rest_failure = rng.choice(("hang", "cut", "drip"))
    await asyncio.sleep(rng.uniform(1, 60))
    world.network.rest_failure = ""


async def slow(world: World, rng: Random) -> None:
    """Answers and frames take their time."""
    world.network.rest_delay_s = rng.uniform(1, 15)
    world.network.delay_s = rng.uniform(0.2, 4)
    await asyncio.sleep(rng.uniform(5, 120))
    world.network.rest_delay_s = world.network.delay_s = 0.05


async def stalled(world: World, rng: Random) -> None:
    """Frames pile up on their way and arrive all at once."""
    world.network.stalled_until_s = world.loop.time() + rng.uniform(1, 9)


async def lagging(world: World, rng: Random) -> None:
    """REST knows less than the streams have said."""
    world.venue.rest_lag_ms = rng.randint(500, 8_000)
    await asyncio.sleep(rng.uniform(5, 120))
    world.venue.rest_lag_ms = 0


async def lossy(world: World, rng: Random) -> None:
    """Prints are missing, doubled and out of order.

    Missing and late are only those of the busiest symbol, where the next one tells soon.
    """
    faults, busiest = world.venue.faults, world.exchange.symbols[0]
    faults.drop(busiest, rng.choice((0, 1, 3)))
    faults.reorder(busiest, rng.choice((0, 2, 4)))
    for symbol in world.exchange.symbols:
        faults.duplicate(symbol, rng.choice((0, 2, 20)))
    await asyncio.sleep(rng.uniform(5, 60))
    faults.reorder(busiest, 0)


async def garbage(world: World, rng: Random) -> None:
    """Frames that mean nothing."""
    for _ in range(rng.randint(1, 20)):
        world.venue.send(rng.choice(GARBAGE), world.venue.lines)
        await asyncio.sleep(rng.random())


async def going_down(world: World, rng: Random) -> None:
    """The server says that it will cut its streams, and does."""
    event = b'{"e":"serverShutdown","E":%d}' % world.exchange.now_ms()
    old = tuple(world.network.sockets)
    world.venue.send(event, world.venue.lines)
    await asyncio.sleep(rng.uniform(0, 30))
    for socket in old:
        socket.lose()


async def blocked(world: World, rng: Random) -> None:
    """One host refuses this country for good."""
    world.network.blocked_host = HOSTS[0].name
    await asyncio.sleep(rng.uniform(5, 60))
    world.network.blocked_host = ""


async def wall_clock(world: World, rng: Random) -> None:
    """Somebody sets the machine's clock."""
    world.wall.wrong_by_s = rng.choice((-3_600.0, 3_600.0, -86_400.0, 0.0, 7.5))


async def killed(world: World, rng: Random) -> None:
    """The desk is killed and started again, perhaps several times in a row."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        world.machine.kill()
        await asyncio.sleep(rng.uniform(0.1, 20))
        world.machine.boot()
        await asyncio.sleep(rng.uniform(0, 4))


async def killed_storing(world: World, rng: Random) -> None:
    """The desk is killed at the very moment at which it stores a fill."""
    died = asyncio.Event()

    def die() -> None:
        world.disk.heal()
        world.machine.kill()
        died.set()

    world.disk.strike_at_fill(die, before=rng.random() < 0.5)
    await died.wait()
    await asyncio.sleep(rng.uniform(0.1, 20))
    world.machine.boot()


async def restarted(world: World, rng: Random) -> None:
    """The desk is ended in order and started again."""
    await world.machine.shut_down()
    await asyncio.sleep(rng.uniform(0.1, 60))
    world.machine.boot()


async def asleep(world: World, rng: Random) -> None:
    """The machine sleeps; the exchange gives up the connections of one that sleeps long."""
    seconds = rng.choice((rng.uniform(1, 10), rng.uniform(10, 1_200)))
    world.machine.freeze()
    await asyncio.sleep(seconds)
    if seconds > 60:
        await cut(world, rng)
    world.machine.thaw()


async def disk_full(world: World, rng: Random) -> None:
    """Nothing can be committed."""
    world.disk.full = True
    await asyncio.sleep(rng.uniform(0.5, 40))
    world.disk.full = False


async def disk_locked(world: World, rng: Random) -> None:
    """Another program holds the database."""
    world.disk.locked = True
    await asyncio.sleep(rng.uniform(0.5, 40))
    world.disk.locked = False


async def disk_mute(world: World, rng: Random) -> None:
    """Commits succeed, but nobody hears of it."""
    world.disk.mute = True
    await asyncio.sleep(rng.uniform(0.5, 10))
    world.disk.mute = False


async def disk_slow(world: World, rng: Random) -> None:
    """Every transaction takes long."""
    world.disk.slow_s = rng.uniform(0.1, 2)
    await asyncio.sleep(rng.uniform(5, 60))
    world.disk.slow_s = 0.004


Trouble = Callable[[World, Random], Coroutine[None, None, None]]

TROUBLES: tuple[Trouble, ...] = (
    cut,
    half_open,
    closed_at_once,
    hanging,
    offline,
    handshake,
    refused,
    failing,
    slow,
    stalled,
    lagging,
    lossy,
    lossy,
    garbage,
    going_down,
    blocked,
    wall_clock,
    killed,
    killed_storing,
    killed_storing,
    killed_storing,
    restarted,
    asleep,
    disk_full,
    disk_locked,
    disk_mute,
    disk_slow,
)
