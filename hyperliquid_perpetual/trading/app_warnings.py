"""Warnings that a user shall see in Hummingbot's own window, where there is one.

Hummingbot's logger makes the whole client application when it is given such a warning and there is none yet: in a
program that embeds the connector, or in a test, that is the last thing anyone wants.
"""

import logging
import sys


def tell_user(logger: logging.Logger, message: str, warning: str) -> None:
    """Logs a message at Hummingbot's NETWORK level, and a warning that its application shows if it runs.

    :param logger: one of Hummingbot's own kind.
    """
    client = sys.modules.get("hummingbot.client.hummingbot_application")
    if client is not None and client.HummingbotApplication._main_app is not None:
        logger.network(message, app_warning_msg=warning)  # type: ignore[attr-defined]
    else:
        logger.network(message)  # type: ignore[attr-defined]
        logger.warning(warning)
