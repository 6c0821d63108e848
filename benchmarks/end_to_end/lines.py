"""A process that is asked over its input: each line of JSON is ``{"ask": ..., ...}``, and is answered by another."""

import asyncio
import inspect
import json
import sys

MARK = "ANSWER "
"""What an answer begins with, as others may print too."""


async def answer_lines(asked):
    """Answers until the input ends.

    :param asked: given what is asked for and its arguments, says or has said the answer.
    """
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        arguments = json.loads(line)
        answer = asked(arguments.pop("ask"), **arguments)
        tell(await answer if inspect.isawaitable(answer) else answer)


def tell(what):
    """Prints an answer."""
    print(MARK + json.dumps(what), flush=True)
