"""The doctor's report as a table: a verdict and a line for each thing, below it what to do where it is not well."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hyperliquid_perpetual.operations.doctor.findings import Finding, Report, Verdict

STYLES = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.PROBLEM: "bold red",
    Verdict.SKIPPED: "dim",
}


def show(report: Report, console: Console) -> None:
    """Prints a table for each section, and the verdict of all."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("verdict", no_wrap=True)
    table.add_column("what", max_width=32)
    table.add_column("found, and what to do", overflow="fold", ratio=1)
    for section in dict.fromkeys(finding.section for finding in report.findings):
        table.add_section()
        table.add_row("", Text(section, style="bold"), "")
        for finding in report.findings:
            if finding.section == section:
                table.add_row(Text(finding.verdict, style=STYLES[finding.verdict]), finding.name, _found(finding))
    console.print(table)
    console.print(summary(report), style=STYLES[report.verdict], highlight=False)


def summary(report: Report) -> str:
    """The verdict in one line."""
    counted = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
    return f"{report.network} ({report.url}): {report.verdict.upper()} ({counted})"


def _found(finding: Finding) -> Text:
    text = Text(finding.detail)
    if finding.fix:
        text.append("\n→ ", style=STYLES[finding.verdict]).append(finding.fix)
    return text
