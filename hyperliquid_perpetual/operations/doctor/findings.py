"""What the doctor finds: one line for each thing it looks at, with a verdict, and a fix where it is not well."""

import enum
import json
from dataclasses import asdict, dataclass, field
from typing import Any


class Verdict(enum.StrEnum):
    """How a thing is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Nothing in it is a secret."""

    section: str
    name: str
    verdict: Verdict
    detail: str
    fix: str = ""
    """What to do about it; never empty unless the verdict is ok."""
    data: dict[str, Any] = field(default_factory=dict)
    """The same as plain JSON values, for machines."""

    def __post_init__(self) -> None:
        if self.verdict is not Verdict.OK and not self.fix:
            raise ValueError(f"{self.section}, {self.name}: a finding that is not ok says what to do")


class Section:
    """Makes the findings of one section."""

    def __init__(self, title: str) -> None:
        self.title = title

    def ok(self, name: str, detail: str, /, **data: Any) -> Finding:
        """Something that is well."""
        return Finding(self.title, name, Verdict.OK, detail, data=data)

    def warning(self, name: str, detail: str, fix: str, /, **data: Any) -> Finding:
        """Something that works, and may not for long."""
        return Finding(self.title, name, Verdict.WARNING, detail, fix, data)

    def problem(self, name: str, detail: str, fix: str, /, **data: Any) -> Finding:
        """Something that keeps a bot from trading."""
        return Finding(self.title, name, Verdict.PROBLEM, detail, fix, data)

    def skipped(self, name: str, reason: str, fix: str) -> Finding:
        """Something that could not be looked at."""
        return Finding(self.title, name, Verdict.SKIPPED, reason, fix)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found about one network, in the order in which it was looked at."""

    network: str
    url: str
    account: str | None
    """Whom the lines about an account are about; None when nobody was named."""
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all; skipped lines do not count."""
        found = {finding.verdict for finding in self.findings}
        return next((v for v in (Verdict.PROBLEM, Verdict.WARNING) if v in found), Verdict.OK)

    @property
    def counts(self) -> dict[str, int]:
        """How many lines have which verdict."""
        return {verdict.value: sum(f.verdict is verdict for f in self.findings) for verdict in Verdict}

    def as_json(self) -> str:
        """One JSON object."""
        content = {
            "network": self.network,
            "url": self.url,
            "account": self.account,
            "verdict": self.verdict.value,
            "counts": self.counts,
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(content, indent=2, default=str)
