# SPDX-License-Identifier: Apache-2.0
"""asyncio: servers, clients, queues, things that are cancelled, and things that never start."""

import asyncio
import warnings

warnings.simplefilter("ignore")


async def never_awaited():
    return 1


async def answer(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def ask(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"x\n")
    line = await reader.readline()
    writer.close()
    return line


async def numbers(n):
    for i in range(n):
        yield i


async def e_generator_dropped():
    yield 1


async def worker(queue, results):
    while True:
        results.append(await queue.get())
        queue.task_done()


async def slow():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        cancelled()
        raise


def cancelled():
    return len("x")


def never_called():
    return len("x")


class Context:
    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return False

    async def never(self):
        return 1


async def run():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(ask(port) for _ in range(5)))
    server.close()
    queue, results = asyncio.Queue(), []
    task = asyncio.ensure_future(worker(queue, results))
    async for i in numbers(3):
        queue.put_nowait(i)
    await queue.join()
    task.cancel()
    late = asyncio.ensure_future(slow())
    await asyncio.sleep(0.01)
    late.cancel()
    await asyncio.gather(task, late, return_exceptions=True)
    async with Context():
        pass
    e_generator_dropped()
    return await asyncio.wait_for(asyncio.sleep(0, 1), 1)


def main():
    asyncio.run(run())
