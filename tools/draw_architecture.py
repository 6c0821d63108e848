"""Draw the pictures of docs/architecture.md: the house with its rooms, and the three journeys through it.

`python tools/draw_architecture.py` writes docs/images/house.svg and docs/images/journeys.svg. The pictures carry their
colours for light and for dark pages with them.
"""

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH = 960

STYLE = """
  text { font: 14px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328; }
  .name { font-weight: 600; }
  .code { font: 600 13px ui-monospace, 'DejaVu Sans Mono', monospace; }
  .small { font-size: 12px; fill: #59636e; }
  .middle { text-anchor: middle; }
  rect { stroke: #d1d9e0; fill: #f6f8fa; }
  .page { stroke: none; fill: #ffffff; }
  .pure { fill: #dafbe1; stroke: #4ac26b; }
  .io { fill: #ddf4ff; stroke: #54aeff; }
  .contract { fill: #fff8c5; stroke: #d4a72c; }
  .sand { fill: #ffeff7; stroke: #ff80c8; }
  .outside { fill: none; stroke-dasharray: 5 4; stroke: #818b98; }
  .arrow { stroke: #59636e; stroke-width: 1.5; fill: none; marker-end: url(#head); }
  .wall { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 2 5; }
  .head { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    rect { stroke: #3d444d; fill: #151b23; }
    .page { fill: #0d1117; }
    .pure { fill: #12261e; stroke: #2ea043; }
    .io { fill: #121d2f; stroke: #316dca; }
    .contract { fill: #272115; stroke: #9e6a03; }
    .sand { fill: #2a1f2a; stroke: #bf4b8a; }
    .outside { fill: none; stroke: #656c76; }
    .arrow { stroke: #9198a1; }
    .head { fill: #9198a1; }
    .wall { stroke: #f85149; }
  }
"""


@dataclass
class Drawing:
    """An SVG that is put together piece by piece; lengths are in its pixels."""

    height: int
    title: str
    description: str
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self.parts.append(f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>')

    def text(self, x: float, y: float, words: str, kind: str) -> None:
        self.parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(words)}</text>')

    def arrow(self, *points: tuple[float, float]) -> None:
        path = " L".join(f"{x:g} {y:g}" for x, y in points)
        self.parts.append(f'<path class="arrow" d="M{path}"/>')

    def wall(self, x: float, top: float, bottom: float) -> None:
        self.parts.append(f'<path class="wall" d="M{x:g} {top:g} L{x:g} {bottom:g}"/>')

    def room(self, x: float, y: float, width: float, height: float, kind: str, name: str, *lines: str) -> None:
        """A box with a name and what it does."""
        self.box(x, y, width, height, kind)
        self.text(x + 14, y + 24, name, "code")
        for number, line in enumerate(lines):
            self.text(x + 14, y + 44 + 17 * number, line, "small")

    def svg(self) -> str:
        """The whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}"'
            f' height="{self.height}" role="img" aria-labelledby="title description">'
        )
        marker = (
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
            ' orient="auto-start-reverse"><path class="head" d="M0 0 L8 4 L0 8 Z"/></marker></defs>'
        )
        about = (
            f'<title id="title">{escape(self.title)}</title>\n<desc id="description">{escape(self.description)}</desc>'
        )
        page = f'<rect class="page" width="{WIDTH}" height="{self.height}"/>'
        return "\n".join([head, about, f"<style>{STYLE}</style>", marker, page, *self.parts, "</svg>", ""])


def house() -> Drawing:
    """Rooms above rooms: each imports only what is below it."""
    drawing = Drawing(
        640,
        "The house",
        "Rooms of the package, each importing only those below it: the command on top, then operations, plugin, demo,"
        " homes and report, the modules that Hummingbot looks for, trading and the sandbox side by side without a door,"
        " and venue below all.",
    )
    _rooms(drawing)
    drawing.wall(582, 180, 466)
    for x, top, bottom in (
        (269, 76, 92),
        (471, 76, 92),
        (692, 76, 92),
        (874, 76, 92),
        (269, 156, 184),
        (370, 282, 294),
        (692, 156, 184),
        (370, 460, 486),
        (692, 460, 486),
    ):
        drawing.arrow((x, top), (x, bottom))
    drawing.arrow((358, 124), (380, 124))
    drawing.arrow((604, 124), (562, 124))
    drawing.arrow((780, 124), (806, 124))
    drawing.arrow((780, 144), (794, 144), (794, 217), (806, 217))

    drawing.box(20, 186, 132, 96, "outside")
    drawing.text(86, 220, "Hummingbot", "name middle")
    drawing.text(86, 241, "strategies,", "small middle")
    drawing.text(86, 258, "clock, database", "small middle")
    drawing.arrow((152, 234), (178, 234))
    drawing.box(808, 296, 132, 164, "outside")
    drawing.text(874, 340, "Hyperliquid", "name middle")
    drawing.text(874, 361, "mainnet, testnet", "small middle")
    drawing.text(874, 405, "the same bytes", "small middle")
    drawing.text(874, 422, "over the wire", "small middle")
    drawing.arrow((540, 460), (540, 474), (874, 474), (874, 462))
    drawing.arrow((562, 420), (602, 420))
    drawing.arrow((602, 440), (562, 440))

    at = 20.0
    for kind, words, width in (
        ("contract", "imports Hummingbot, thin", 215),
        ("io", "does I/O, may import Hummingbot", 260),
        ("sand", "does I/O, never imports Hummingbot", 275),
        ("pure", "pure", 0),
    ):
        drawing.box(at, 590, 16, 16, kind)
        drawing.text(at + 24, 603, words, "small")
        at += width
    legend = "An arrow between rooms: imports. The red wall: no import in either direction, only the wire."
    drawing.text(20, 630, legend, "small")
    return drawing


def _rooms(drawing: Drawing) -> None:
    drawing.room(180, 14, 760, 62, "", "cli", "the command hyperliquid-perpetual: parses, calls, prints")
    drawing.room(180, 94, 178, 62, "", "operations", "doctor and acceptance")
    drawing.room(382, 94, 178, 62, "", "plugin", "how Hummingbot finds us")
    drawing.room(604, 94, 176, 62, "", "demo", "bot against exchange")
    drawing.room(808, 94, 132, 62, "", "report", "what a bot did")
    drawing.room(808, 186, 132, 62, "", "homes", "where bots live")
    drawing.room(
        180,
        186,
        380,
        96,
        "contract",
        "hyperliquid_perpetual_*",
        "the seven modules that Hummingbot looks for, by name:",
        "derivative, data sources, auth, web_utils, constants,",
        "utils; thin",
    )
    drawing.room(
        180,
        296,
        380,
        164,
        "io",
        "trading",
        "between an order of Hummingbot and the venue",
        "",
        "connection, requests, batches: how it gets there",
        "order_flow, outcomes, cancels: what becomes of it",
        "fills, account, reconciliation: what the account has",
        "market_feed, order_book, book_tracker: the market",
    )
    drawing.room(
        604,
        186,
        176,
        274,
        "sand",
        "sandbox",
        "an exchange on your",
        "own machine",
        "",
        "server, gatekeeper,",
        "streams, traders, faults,",
        "page, recording",
        "",
        "engine: pure, takes a",
        "time and a command,",
        "returns events",
    )
    drawing.room(
        180,
        488,
        600,
        82,
        "pure",
        "venue",
        "Hyperliquid's rules as pure code: no input or output, no clock, no Hummingbot",
        "markets, prices, actions, signing, messages, replies, statuses, weights, margin, fees",
    )


@dataclass(frozen=True)
class Step:
    """A module on the way, and what it does there."""

    name: str
    does: str
    kind: str = "io"


JOURNEYS = (
    (
        "An order",
        (
            Step("buy", "a strategy asks", "outside"),
            Step("contract_orders", "tracks and checks"),
            Step("order_flow", "an outcome each"),
            Step("batches", "all of this turn"),
            Step("requests", "nonce, signature"),
            Step("the wire", "the bytes, once", "outside"),
            Step("outcomes", "what came of it"),
            Step("order_tracker", "a table of states"),
            Step("events", "strategies hear it", "outside"),
        ),
        "Failed needs proof: what is unknown stays pending, and is asked for until the venue has told.",
    ),
    (
        "A fill",
        (
            Step("the wire", "a frame", "outside"),
            Step("session", "decoded once"),
            Step("dispatch", "past every queue"),
            Step("fills", "each of them once"),
            Step("order_tracker", "with its own fee"),
            Step("events", "strategies hear it", "outside"),
        ),
        "All of it in the step in which the frame was read. After a lost connection the missing ones are asked for.",
    ),
    (
        "A book frame",
        (
            Step("the wire", "bbo, fast, deep", "outside"),
            Step("session", "decoded once"),
            Step("market_feed", "to its coin"),
            Step("order_book", "newest per price"),
            Step("book_tracker", "changed levels"),
            Step("order book", "Hummingbot's own", "outside"),
        ),
        "Fresh at the top, deep below. A stale book is no book: the connector says so.",
    ),
)
PER_ROW = 6
BOX, GAP, LEFT = 136.0, 20.0, 22.0


def journeys() -> Drawing:
    """One after the other, six steps in a row."""
    drawing = Drawing(
        515,
        "Three journeys",
        "The modules that an order, a fill and a book frame pass through, one after the other.",
    )
    y = 34.0
    for title, steps, moral in JOURNEYS:
        drawing.text(LEFT, y, title, "name")
        y += 14
        for number, step in enumerate(steps):
            column, row = number % PER_ROW, number // PER_ROW
            x, top = LEFT + column * (BOX + GAP), y + row * 78
            drawing.box(x, top, BOX, 54, step.kind)
            drawing.text(x + BOX / 2, top + 23, step.name, "code middle")
            drawing.text(x + BOX / 2, top + 42, step.does, "small middle")
            if number + 1 < len(steps):
                if column + 1 < PER_ROW:
                    drawing.arrow((x + BOX, top + 27), (x + BOX + GAP - 2, top + 27))
                else:
                    end, turn, first = x + BOX / 2, top + 66, LEFT + BOX / 2
                    drawing.arrow((end, top + 54), (end, turn), (first, turn), (first, top + 76))
        y += ((len(steps) - 1) // PER_ROW + 1) * 78 - 2
        drawing.text(LEFT, y, moral, "small")
        y += 46
    return drawing


PICTURES = {"house.svg": house, "journeys.svg": journeys}


def main() -> None:
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
