"""An acceptance run as a person sees it: a line for each step when it has ended, a bar while one goes on."""

from rich.console import Console
from rich.text import Text

from hyperliquid_perpetual.operations.acceptance.outcomes import AcceptanceReport, Outcome, StepResult
from hyperliquid_perpetual.operations.progress import ProgressBar

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.SKIPPED: "dim"}
_NAME_WIDTH = 16


class Display:
    """Shows steps as they end; for machines it shows only the bar."""

    def __init__(self, console: Console, bar: ProgressBar, *, is_quiet: bool) -> None:
        self._console = console
        self._bar = bar
        self._is_quiet = is_quiet

    def begins(self, what: str, total: float | None) -> None:
        """A step begins."""
        self._bar.begins(what, total)

    def goes_on(self, done: float) -> None:
        """So many seconds of it are over."""
        self._bar.goes_on(done)

    def ended(self, result: StepResult) -> None:
        """A step has ended."""
        if self._is_quiet:
            return
        line = Text(f"{result.outcome:<8}", style=STYLES[result.outcome])
        line.append(f"{result.step:<{_NAME_WIDTH}}", style="bold").append(f"{result.seconds:6.1f} s  ", style="dim")
        self._say(line.append(result.detail, style="default"))
        for text in result.data.get("log", []) if result.outcome is Outcome.FAIL else []:
            self._say(Text(f"{'':<8}log: {text}", style="dim"))

    def _say(self, text: Text) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def summary(report: AcceptanceReport) -> Text:
    """The verdict in one line."""
    counted = ", ".join(f"{count} {outcome}" for outcome, count in report.counts.items() if count)
    verdict = "INTERRUPTED" if report.is_interrupted else "PASSED" if report.is_passed else "FAILED"
    style = "green" if report.is_passed else "bold red"
    return Text(f"{verdict}: {report.pair} on {report.network}, {counted}", style=style)
