"""A link with a delay, and with a rate for each connection: `python -m benchmarks.slow_link PORT UPSTREAM MS RATE`.

What comes in on one side goes out on the other after half of MS milliseconds, RATE bytes per second (0: all at once).
"""

import asyncio
import sys
from contextlib import suppress

PIECE = 64 << 10


async def main(port: int, upstream: int, round_trip: float, rate: float) -> None:
    """Serve until the process is killed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection costs a round trip before anything can be said.
        await asyncio.sleep(round_trip)
        there, back = await asyncio.open_connection("127.0.0.1", upstream)
        ways = carry(reader, back, round_trip / 2, rate), carry(there, writer, round_trip / 2, rate)
        await asyncio.gather(*ways, return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float, rate: float) -> None:
    """Carry bytes one way."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

    async def deliver() -> None:
        while True:
            when, data = await queue.get()
            await asyncio.sleep(max(0.0, when - loop.time()))
            if not data:
                break
            if writer.is_closing():
                continue
            writer.write(data)
            with suppress(ConnectionError):
                await writer.drain()
        writer.close()

    delivering = asyncio.create_task(deliver())
    free = loop.time()
    try:
        while data := await reader.read(PIECE):
            free = max(free, loop.time()) + (len(data) / rate if rate else 0.0)
            await queue.put((free + delay, data))
    except ConnectionError:
        pass
    await queue.put((loop.time() + delay, b""))
    await asyncio.gather(delivering, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1e3, float(sys.argv[4])))
