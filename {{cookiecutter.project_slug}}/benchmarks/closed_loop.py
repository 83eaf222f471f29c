"""A caller that is cheap enough to measure a fast server: raw keep-alive connections on one event loop.

Closed loop: each of C callers sends its next request when the last is answered, so latency and throughput are one
measurement seen from two sides.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter


async def _caller(port: int, requests: Sequence[bytes], until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    place = 0
    try:
        while perf_counter() < until:
            started = perf_counter()
            writer.write(requests[place % len(requests)])
            place += 1
            await _answer(reader)
            latencies.append(perf_counter() - started)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"not answered: {head[:200]!r} {await reader.read(500)!r}")
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(lower[at + 15 : lower.index(b"\r", at)]))
        return
    while (size := int(await reader.readline(), 16)) > 0:
        await reader.readexactly(size + 2)
    await reader.readline()


async def closed_loop(port: int, requests: Sequence[bytes], concurrency: int, seconds: float) -> list[float]:
    """Latencies in seconds, of all callers together."""
    latencies: list[float] = []
    until = perf_counter() + seconds
    await asyncio.gather(*(_caller(port, requests, until, latencies) for _ in range(concurrency)))
    return latencies


def post(path: str, body: bytes) -> bytes:
    """The bytes of one request."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
