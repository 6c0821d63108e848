"""Tells a fault once per kind, so that one that comes with every frame does not fill the log."""

import logging


class LogOnce:
    """Remembers which kinds of faults were told."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._told: set[tuple[str, ...]] = set()

    def text(self, kind: tuple[str, ...], text: str, level: int = logging.WARNING) -> None:
        """Logs the text unless one of the same kind was logged before."""
        if kind not in self._told:
            self._told.add(kind)
            self._logger.log(level, text)

    def error(self, error: BaseException, what: str) -> None:
        """Logs an exception with its traceback; errors of one type that come from one line are of one kind."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else ""
        kind = (what, type(error).__name__, place)
        if kind not in self._told:
            self._told.add(kind)
            self._logger.error(f"{what}; further errors of this kind are not logged.", exc_info=error)
