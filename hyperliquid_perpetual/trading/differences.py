"""What a sweep found to be other than the bot had it: corrected, counted and said.

After a gap of the stream differences are what the sweep is for. With a stream that was live all the time there should
be none: then something on the way has lost what it should have told.
"""

from collections import Counter

from .log_names import logger_of

logger = logger_of(__name__)


class Differences:
    """Counts them by kind."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.after_a_gap = True
        """Whether the stream was interrupted since the last complete sweep."""
        self.is_followed = False
        """Whether there was a complete sweep ever: who only asks for the account now and then has no stream to miss."""

    def note(self, kind: str, what: str) -> None:
        """One was found, and is corrected.

        :param kind: ``fill``, ``end``, ``acceptance`` or ``position``.
        """
        self.counts[kind] += 1
        since = (
            "while the account stream was interrupted" if self.after_a_gap else "although the account stream was live"
        )
        logger.info("Reconciled: %s, %s", what, since)
