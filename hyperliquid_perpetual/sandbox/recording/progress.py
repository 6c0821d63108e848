"""What a person sees of a recorder at work: a table that renews itself on a terminal, plain lines elsewhere."""

import asyncio

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hyperliquid_perpetual.sandbox.recording.recorder import Recorder

TERMINAL_SECONDS = 0.25
LINE_SECONDS = 10.0


class Progress:
    """Shows a recorder until the task is canceled."""

    def __init__(self, recorder: Recorder, console: Console, line_seconds: float = LINE_SECONDS) -> None:
        self._recorder = recorder
        self._console = console
        self._line_seconds = line_seconds
        self._began = 0.0

    async def run(self) -> None:
        """Show it."""
        self._began = asyncio.get_running_loop().time()
        if not self._console.is_terminal:
            while True:
                await asyncio.sleep(self._line_seconds)
                self._console.print(self.line(), markup=False, highlight=False, soft_wrap=True)
        # Not by a thread of its own: what it shows changes in this one.
        with Live(console=self._console, auto_refresh=False) as live:
            try:
                while True:
                    live.update(self._screen(), refresh=True)
                    await asyncio.sleep(TERMINAL_SECONDS)
            finally:
                live.update(self._screen(), refresh=True)

    def line(self) -> str:
        """Everything in one line."""
        recorder = self._recorder
        prices = ", ".join(f"{coin} {px}" for coin, px in sorted(recorder.last_px.items())) or "no trade yet"
        lost = "".join(f"; {streams} streams not connected: {why}" for streams, why in recorder.lost.items())
        return (
            f"{self._elapsed()}  {recorder.frames} frames, {recorder.written / 1e6:.2f} MB, "
            f"{len(recorder.seen)} of {len(recorder.coins)} coins, {prices}{lost}"
        )

    def _elapsed(self) -> str:
        seconds = int(asyncio.get_running_loop().time() - self._began)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

    def _screen(self) -> Group:
        recorder = self._recorder
        head = Text.assemble(
            ("recording ", "bold"),
            f"{recorder.source.name} into {recorder.path}  ",
            (self._elapsed(), "bold"),
            f"  {recorder.frames} frames  {recorder.written / 1e6:.2f} MB",
        )
        parts: list[Text | Table] = [head]
        for streams, why in recorder.lost.items():
            parts.append(Text(f"{streams} streams not connected: {why}; trying again", style="bold red"))
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("coin")
        table.add_column("last price", justify="right")
        for coin in recorder.coins[:20]:
            state = "" if coin in recorder.seen else "waiting"
            table.add_row(coin, recorder.last_px.get(coin, state))
        parts.append(table)
        if len(recorder.coins) > 20:
            parts.append(Text(f"and {len(recorder.coins) - 20} more"))
        parts.append(Text("Ctrl-C ends it; the same command goes on later.", style="dim"))
        return Group(*parts)
