"""A TCP proxy that delays, resets and swallows, one listener per link. Run by wire.py; reads commands as JSON lines.

usage: proxy.py ADDRESS '[["n1>n2", "10.0.0.2", 7400], ...]'; the first line out is the list of listening ports.
"""
import asyncio
import collections
import json
import random
import socket
import struct
import sys


class Link:
    def __init__(self):
        self.delay_ms = self.jitter_ms = self.kbytes_per_s = 0
        self.blackhole = False
        self.writers, self.bytes = set(), 0


async def pump(link, reader, writer):
    """Order is kept: each part waits for its own time, and never passes the one before it."""
    loop = asyncio.get_running_loop()
    parts, more = collections.deque(), asyncio.Event()

    async def deliver():
        last = 0.0
        while True:
            while not parts:
                more.clear()
                await more.wait()
            due, data = parts.popleft()
            if data is None:
                writer.close()
                return
            last = max(last, due)
            if last > loop.time():
                await asyncio.sleep(last - loop.time())
            while link.blackhole:
                await asyncio.sleep(0.02)
            if link.kbytes_per_s:
                await asyncio.sleep(len(data) / 1000 / link.kbytes_per_s)
            link.bytes += len(data)
            writer.write(data)
            await writer.drain()

    sender = asyncio.create_task(deliver())
    try:
        while data := await reader.read(65536):
            wait = (link.delay_ms + random.random() * link.jitter_ms) / 1000
            parts.append((loop.time() + wait, data))
            more.set()
            while len(parts) > 256:
                await asyncio.sleep(0.01)
    except OSError:
        pass
    parts.append((0.0, None))
    more.set()
    try:
        await sender
    except OSError:
        pass


async def main(address, wanted):
    links, ports, servers = {}, [], []
    for name, host, port in wanted:
        link = links.setdefault(name, Link())

        async def accept(reader, writer, link=link, host=host, port=port):
            try:
                far_reader, far_writer = await asyncio.open_connection(host, port)
            except OSError:
                writer.close()
                return
            both = {writer, far_writer}
            link.writers |= both
            await asyncio.gather(pump(link, reader, far_writer), pump(link, far_reader, writer), return_exceptions=True)
            link.writers -= both
            for w in both:
                w.close()

        server = await asyncio.start_server(accept, address, 0)
        servers.append(server)
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        question = json.loads(line)
        if "reset" in question:
            link = links[question["reset"]]
            count = len(link.writers) // 2
            for w in list(link.writers):
                # Lingering for no time at all makes the close a reset.
                w.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                w.transport.abort()
            answer = count
        elif "bytes" in question:
            answer = {name: link.bytes for name, link in links.items()}
        else:
            link = links[question.pop("link")]
            for k, v in question.items():
                setattr(link, k, v)
            answer = True
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
