"""What a client in a process of its own is asked over its standard input: to measure a case, now, for a short while.

A line is ``{"case": ..., "seconds": ...}``; its answer is ``{"us": [...]}``, microseconds of an operation in each block
of operations. Plain Python, as the clients run in environments of their own.
"""

import asyncio
import gc
import inspect
import json
import sys
import time

BLOCK_SECONDS = 0.004


def serve(versions, cases):
    """Answers until the input ends.

    :param versions: of what is measured, by name.
    :param cases: by name, what prepares a case: it returns a function that does an operation so many times, which may
        be a coroutine function. Its attribute ``tidy``, if it has one, is called between blocks, untimed.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    prepared = {}
    print(json.dumps({"versions": versions, "cases": sorted(cases)}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked["case"]
        if name not in prepared:
            made = cases[name]()
            prepared[name] = loop.run_until_complete(made) if inspect.isawaitable(made) else made
            gc.collect()
            gc.freeze()
        run = prepared[name]
        do = run if not inspect.iscoroutinefunction(run) else lambda times, run=run: loop.run_until_complete(run(times))
        blocks = measure(do, asked["seconds"], getattr(run, "tidy", lambda: None))
        print(json.dumps({"us": blocks}), flush=True)


def measure(do, seconds, tidy):
    """Microseconds of an operation, for each of as many blocks as there is time for."""
    times = 1
    while True:
        taken = _timed(do, times)
        if taken >= BLOCK_SECONDS / 2:
            break
        tidy()
        times *= 2
    times = max(1, round(times * BLOCK_SECONDS / taken))
    blocks = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not blocks:
        tidy()
        blocks.append(_timed(do, times) / times * 1e6)
    return blocks


def _timed(do, times):
    began = time.perf_counter()
    do(times)
    return time.perf_counter() - began
