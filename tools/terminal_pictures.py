"""Make the pictures of docs/terminal.md out of the screens that tests/terminal kept in build/terminal.

`make terminal` runs both. A picture is an SVG without anything from outside: whoever shows it uses a font of theirs.
"""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
SCREENS = ROOT / "build" / "terminal"
PICTURES = ROOT / "docs" / "images" / "terminal"

#: rich's own format fetches a font from a stranger's server, and draws a window around the text.
FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="rich-terminal">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
  line-height: {line_height}px; white-space: pre; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>{lines}</defs>
<rect width="100%" height="100%" fill="#0c0c0c" />
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def main() -> None:
    screens = sorted(SCREENS.glob("*.ansi"))
    if not screens:
        sys.exit(f"no screens in {SCREENS}: run `make terminal`, which lets tests/terminal make them first")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for stale in PICTURES.glob("*.svg"):
        stale.unlink()
    for screen in screens:
        picture = PICTURES / f"{screen.stem}.svg"
        picture.write_text(drawn(screen.read_text(encoding="utf-8"), screen.stem), encoding="utf-8")
    print(f"{len(screens)} pictures in {PICTURES.relative_to(ROOT)}")


def drawn(screen: str, name: str) -> str:
    """A screen with its colours, as SVG; the empty lines at its foot are left out."""
    lines = [Text.from_ansi(line) for line in screen.splitlines()]
    width = max(line.cell_len for line in lines)
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", crop=True, highlight=False)
    return console.export_svg(code_format=FORMAT, unique_id=f"screen-{name}")


if __name__ == "__main__":
    main()
