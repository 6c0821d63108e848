"""Running the Python that a page shows, with `await` at its top level as on the page."""

import ast
import inspect
from types import CodeType
from typing import Any


async def run_example(text: str, names: dict[str, Any]) -> None:
    """Run an example; what it needs and what it makes is in `names`."""
    code = compile(text, "<example>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(code, CodeType)
    result = eval(code, names)  # noqa: S307 - our own page
    if inspect.iscoroutine(result):
        await result
