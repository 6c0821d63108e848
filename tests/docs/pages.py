"""What the documentation shows: every fenced block with what becomes of it, every command in the text, every link.

A block is run by the tests in this folder, or carries a comment on the line above it, which readers do not see::

    <!-- tested: tests/unit/test_sandbox_page.py -->      the test that runs it, which names the page
    <!-- not run: needs an account on the testnet -->     why no test can
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^(?P<indent> *)(?P<marks>`{3,}|~{3,})(?P<language>[^`\n]*)$")
_COMMENT = re.compile(r"^ *<!-- *(?P<kind>tested|not run): *(?P<text>.*?) *-->$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    tested: str | None = None
    """The test that runs it, by its path."""
    not_run: str | None = None
    """Why no test does."""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def lines(self) -> list[str]:
        """What stands in it, without empty lines and without what is explained behind a command."""
        stripped = (re.sub(r"\s{2,}#.*$", "", line).strip() for line in self.text.splitlines())
        return [line for line in stripped if line and not line.startswith("#")]


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page.

    :raises ValueError: for a comment that no block follows, or a block that does not end.
    """
    lines = page.read_text(encoding="utf-8").splitlines()
    numbered = iter(enumerate(lines, start=1))
    comment: re.Match[str] | None = None
    for number, line in numbered:
        fence = _FENCE.match(line)
        if fence is None:
            if comment is not None:
                raise ValueError(f"{page.name}:{number - 1}: no block follows {comment[0]}")
            comment = _COMMENT.match(line)
            continue
        body: list[str] = []
        for _, inner in numbered:
            if inner.strip() == fence["marks"]:
                break
            body.append(inner.removeprefix(fence["indent"]))
        else:
            raise ValueError(f"{page.name}:{number}: the block does not end")
        fate = {} if comment is None else {comment["kind"].replace(" ", "_"): comment["text"]}
        yield Block(page, number, fence["language"].strip(), "\n".join(body) + "\n", **fate)
        comment = None


def prose_of(page: Path) -> str:
    """A page without its blocks and comments."""
    text = re.sub(r"^( *)(`{3,}|~{3,})[^\n]*\n.*?^ *\2 *$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def inline_code(page: Path) -> list[str]:
    """What stands between single backquotes."""
    return [found.replace("\n", " ") for found in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose_of(page))]


def links_of(page: Path) -> list[str]:
    """Where the links of a page lead."""
    return re.findall(r"\]\(<?([^)\s>]+)>?\)", prose_of(page))


def anchors_of(page: Path) -> set[str]:
    """The names that its headings can be linked by, as GitHub makes them."""
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", prose_of(page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


ALL_BLOCKS = [block for page in PAGES for block in blocks_of(page)]
