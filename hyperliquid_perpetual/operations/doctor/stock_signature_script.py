"""What a fresh Python process runs to have the connector that Hummingbot ships sign one action.

It runs by its path, in a process in which the plugin is switched off, so that Hummingbot's own module answers. Key,
action and nonce come on standard input, as JSON; the key is a public one. The last line printed is `MARKER` and JSON.
"""

import importlib
import importlib.metadata
import json
import sys

MARKER = "hyperliquid-perpetual-stock-signature:"
MODULE = "hummingbot.connector.derivative.hyperliquid_perpetual.hyperliquid_perpetual_auth"


def look(key: str, action: dict[str, object], nonce: int) -> dict[str, object]:
    """The signature that the shipped connector makes for mainnet, and whose packer it used."""
    found: dict[str, object] = {"signature": None, "packer": None, "long_text": None, "error": None}
    try:
        eth_account = importlib.import_module("eth_account")
        module = importlib.import_module(MODULE)
        wallet = eth_account.Account.from_key(key)
        auth = module.HyperliquidPerpetualAuth(api_address=wallet.address, api_secret=key, use_vault=False)
        signature = auth.sign_l1_action(wallet, action, None, nonce, True)
        found["signature"] = {"r": str(signature["r"]), "s": str(signature["s"]), "v": int(signature["v"])}
        packer = getattr(module, "msgpack", None)
        if packer is not None:
            found["packer"] = distribution_of(packer)
            found["long_text"] = packer.packb("0" * 34)[:1].hex()
    except Exception as error:
        found["error"] = f"{type(error).__name__}: {error}"
    return found


def distribution_of(packer: object) -> str:
    """The installed distribution that the packer comes from, and its version; two of them share one import name."""
    version = ".".join(str(part) for part in getattr(packer, "version", ()))
    for name in ("msgpack-python", "msgpack"):
        try:
            if importlib.metadata.version(name) == version:
                return f"{name} {version}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"msgpack {version}"


def main() -> None:
    print(MARKER + json.dumps(look(**json.load(sys.stdin))))
