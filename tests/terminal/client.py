"""Starts Hummingbot's terminal client in the current folder, a bot home.

The released package has the client but not its launcher, `bin/hummingbot.py`, which is in the repository alone. This is
the same sequence over Hummingbot's own functions: the password's dialogs, the boot, the client until `exit`.
"""

import asyncio

from hummingbot.client.config.config_crypt import ETHKeyFileSecretManger
from hummingbot.client.config.config_helpers import load_client_config_map_from_file
from hummingbot.client.runner import bootstrap_application
from hummingbot.client.ui import login_prompt
from hummingbot.client.ui.style import load_style


def main() -> None:
    settings = load_client_config_map_from_file()
    # Dialogs and client run on loops of their own: the dialogs are over before the client's begins.
    secrets = login_prompt(ETHKeyFileSecretManger, style=load_style(settings))
    if secrets is not None:
        asyncio.run(run(settings, secrets))


async def run(settings: object, secrets: ETHKeyFileSecretManger) -> None:
    client = await bootstrap_application(settings, secrets)
    assert client is not None
    await client.run()


if __name__ == "__main__":
    main()
