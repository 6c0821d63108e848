"""The connector's loggers, under names that Hummingbot's logging keeps alive.

Hummingbot configures Python's logging when a bot starts. Every logger that exists by then is silenced, errors included,
unless its name is in that configuration or below one that is; and only names below `hummingbot.connector` are let
through at Hummingbot's NETWORK level. A logger named after a module of this package would fail on both counts.
"""

import logging

PREFIX = "hummingbot.connector.derivative."


def logger_of(name: str) -> logging.Logger:
    """The logger of a module or class of this package: `logger_of(__name__)`."""
    return logging.getLogger(PREFIX + name)
