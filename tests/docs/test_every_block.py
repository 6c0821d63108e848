"""Every code block and every command of the documentation is run by a test, or says why not; none is forgotten."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.thread import SandboxThread
from hyperliquid_perpetual.trading.settings import parse_settings
from hyperliquid_perpetual.venue.networks import Network
from tests.docs.pages import ALL_BLOCKS, PAGES, ROOT, Block, anchors_of, blocks_of, inline_code, links_of
from tests.docs.shell import PROGRAM, NotACommandError, check, run

SHELL = ("", "sh", "console")
SETTINGS_SECTIONS = {"all", *(network.value for network in Network)}
PLACEHOLDERS = {"N": "3", "PORT": "3001", "SEED": "7", "NAME": "hedge", "SECONDS": "60", "PATH": ".", "FOLDER": "."}
A_REASON = 3
"""Words that a reason has at least."""


def is_settings(block: Block) -> bool:
    """Whether it is a part of conf/hyperliquid_perpetual.yml."""
    if block.language != "yaml":
        return False
    content = yaml.safe_load(block.text)
    return isinstance(content, dict) and set(content) <= SETTINGS_SECTIONS


def unmarked(*languages: str) -> list[Block]:
    """Blocks that are run here."""
    return [block for block in ALL_BLOCKS if block.language in languages and not (block.tested or block.not_run)]


@pytest.fixture(scope="module")
def venue() -> Iterator[SandboxThread]:
    """What stands for the venues, and for the sandbox of the page."""
    with Sandbox.in_thread(seed=5, market="calm") as thread:
        yield thread


# ------------------------------------------------------------------------------ none is forgotten


@pytest.mark.parametrize("block", ALL_BLOCKS, ids=str)
def test_block_is_run_or_says_why_not(block: Block) -> None:
    if block.tested:
        test = ROOT / block.tested
        assert test.is_file(), f"{block}: there is no {block.tested}"
        assert block.page.name in test.read_text(encoding="utf-8"), f"{block.tested} does not know {block.page.name}"
    elif block.not_run:
        assert len(block.not_run.split()) >= A_REASON, f"{block}: {block.not_run!r} is no reason"
    else:
        runs_here = block.language in SHELL or is_settings(block)
        assert runs_here, (
            f"{block}: nothing here runs {block.language or 'it'}; name its test, or say why there is none"
        )


@pytest.mark.parametrize("text", ["```python\nprint()\n```\n", "```\nrm -rf /\n```\n"])
def test_new_block_that_nothing_runs_is_found(text: str, tmp_path: Path, venue: SandboxThread) -> None:
    page = tmp_path / "new.md"
    page.write_text(text)
    (block,) = blocks_of(page)
    if block.language in SHELL:
        with pytest.raises(NotACommandError):
            test_shell_block_runs_as_it_stands(block, venue, tmp_path)
    else:
        with pytest.raises(AssertionError):
            test_block_is_run_or_says_why_not(block)


@pytest.mark.parametrize(
    "text", ["<!-- not run: it takes too long -->\n\n```\nmake\n```\n", "<!-- tested: tests/x.py -->\nText.\n", "```\n"]
)
def test_comment_without_its_block_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "new.md"
    page.write_text(text)
    with pytest.raises(ValueError, match=r"no block follows|does not end"):
        list(blocks_of(page))


# ------------------------------------------------------------------------------ what is run here


@pytest.mark.parametrize("block", unmarked(*SHELL), ids=str)
def test_shell_block_runs_as_it_stands(block: Block, venue: SandboxThread, tmp_path: Path) -> None:
    """Its lines one after the other, in one folder."""
    assert block.lines
    for line in block.lines:
        run(line, tmp_path, venue.url)
    venue.run(lambda exchange: exchange.faults.clear())


@pytest.mark.parametrize("block", [block for block in unmarked("yaml") if is_settings(block)], ids=str)
def test_settings_are_valid(block: Block) -> None:
    text = re.sub(r"0x(\.\.\.|…)", '"0x' + "5a" * 20 + '"', block.text)
    sections = yaml.safe_load(text)
    for section in sections:
        parsed = parse_settings(text, section, str(block))
        assert parsed.model_fields_set == {*sections.get("all", {}), *(sections[section] or {})}


# ------------------------------------------------------------------------------ what is only looked at


def commands(words: str) -> bool:
    return words.startswith(("make ", f"{PROGRAM} ", "python -m ", ".venv/bin/python -m "))


@pytest.mark.parametrize("block", [block for block in ALL_BLOCKS if block.language in SHELL], ids=str)
def test_commands_of_a_block_exist_though_they_may_not_be_run(block: Block) -> None:
    for line in filter(commands, block.lines):
        check(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_exist(page: Path) -> None:
    for code in inline_code(page):
        if commands(code) and "<" not in code:
            check(shlex.join(PLACEHOLDERS.get(word, word) for word in shlex.split(code)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links_of(page):
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.name}: {link} leads nowhere"
        if anchor and path.suffix == ".md":
            assert anchor in anchors_of(path), f"{page.name}: {path.name} has no heading for #{anchor}"
