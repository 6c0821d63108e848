"""Paragraphs and lists of Markdown broken into lines of equal length, whatever numbers came into them."""

import textwrap

WIDTH = 120


def wrapped(page: str) -> str:
    """The page with its paragraphs and list items filled; tables, headings and comments stay as they are."""
    return "\n\n".join(_block(block) for block in page.strip("\n").split("\n\n")) + "\n"


def _block(block: str) -> str:
    lines = block.strip("\n").splitlines()
    if not lines or lines[0].startswith(("|", "#", "<!--", "![", "```")):
        return "\n".join(lines)
    items: list[list[str]] = []
    for line in lines:
        if line.startswith("- ") or not items:
            items.append([line.strip()])
        else:
            items[-1].append(line.strip())
    return "\n".join(_filled(" ".join(item)) for item in items)


def _filled(text: str) -> str:
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
