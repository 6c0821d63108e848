"""Starts Hummingbot without a screen in a bot home, the current folder, and leaves the rest to its remote interface.

What `bin/hummingbot_quickstart.py --headless` of the repository does, which the released package lacks. Four of the
commands that Hummingbot's release 20260922 takes over MQTT cannot work as they are, and are mended here: `start`,
`status` and `config` look for attributes where the application no longer has them, `start` passes on arguments by names
that its own `start` does not know, and `import` and `config` clear an input field that a headless client has not.
"""

import asyncio
import os
from types import SimpleNamespace
from typing import Any

from hummingbot.client.config.config_crypt import ETHKeyFileSecretManger
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.client.runner import bootstrap_application


async def run() -> None:
    settings = load_client_config_map_from_file()
    secrets = ETHKeyFileSecretManger(os.environ.pop("CONFIG_PASSWORD"))
    client = await bootstrap_application(settings, secrets, headless=True, mqtt_autostart=True)
    if client is None:
        raise SystemExit("the password does not unlock the keys of this folder")
    mend(client)
    await client.run()


def mend(client: Any) -> None:
    """Let the remote interface reach the client's own `start`, `import` and `config`."""
    kind = type(client)
    for name, own_name in (("strategy", "strategy"), ("_strategy_config_map", "strategy_config_map")):
        if not hasattr(kind, name):
            setattr(kind, name, property(lambda self, own_name=own_name: getattr(self.trading_core, own_name)))
    start, start_check = client.start, client.start_check

    def started(log_level: str | None = None, script: str | None = None, conf: str | None = None, **other: Any) -> Any:
        return start(log_level, conf or script, **other)

    async def checked(
        log_level: str | None = None, script: str | None = None, conf: str | None = None, **other: Any
    ) -> Any:
        return await start_check(log_level, conf or script, **other)

    client.start, client.start_check = started, checked

    def nothing(*_: Any, **__: Any) -> None:
        pass

    # The field that they clear, fill and label; what they say goes to the log and over MQTT.
    client.app = SimpleNamespace(
        clear_input=nothing,
        change_prompt=nothing,
        set_text=nothing,
        hide_input=False,
        to_stop_config=False,
        style=None,
        app=SimpleNamespace(style=None),
    )


if __name__ == "__main__":
    asyncio.run(run())
