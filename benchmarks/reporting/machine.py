"""What the figures were measured on: the processor, its cores, memory, kernel and Python."""

import os
import platform
from pathlib import Path

from .results import Machine


def this_machine() -> Machine:
    """The machine that this runs on, as Linux tells it; nothing that names it."""
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory=f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        kernel=f"{platform.system()} {platform.release().partition('-')[0]}",
        python=platform.python_version(),
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {name.strip(): value.strip() for name, value in facts.items()}
    model = named.get("model name") or platform.processor() or platform.machine()
    clock = f", {float(named['cpu MHz']) / 1000:.1f} GHz" if "cpu MHz" in named else ""
    return f"{model}{clock}"
