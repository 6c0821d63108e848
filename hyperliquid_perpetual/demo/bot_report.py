"""The drawn report that a demo ends with."""

import threading
from pathlib import Path

from hyperliquid_perpetual.report import database, working_out, writing
from hyperliquid_perpetual.report.drawing import NoPlots
from hyperliquid_perpetual.report.writing import HTML as HTML
from hyperliquid_perpetual.report.writing import PNG as PNG

# The style of plots belongs to the process, and several demos may end at the same time.
_one_at_a_time = threading.Lock()


def write(trades: Path, log: Path, connector: str, folder: Path) -> str:
    """Write `report.html` and `report.png` of a bot.

    :param trades: the bot's trade database.
    :return: the path of the page; why there is none, when it cannot be made, which is no fault of the bot.
    """
    try:
        records = database.read(trades, connector)
        found = log if log.is_file() else None
        facts = working_out.read_log(found, records)
        with _one_at_a_time:
            page, _picture = writing.write_page(working_out.work_out(trades, records, found, facts), folder)
    except (ValueError, OSError, NoPlots) as error:
        return f"none: {error}"
    return str(page)
