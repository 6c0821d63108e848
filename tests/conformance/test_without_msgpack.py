"""Nothing here depends on the package ``msgpack``, whichever of its two owners put it there (D1).

Hummingbot brings ``msgpack-python`` 0.5.6, whose default writes text of 32 bytes and more in an outdated form. With it
the hash of every order with a client order id is wrong, and the venue answers that a wallet nobody knows is missing.
"""

import ast
import importlib
import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec
import pytest

from hyperliquid_perpetual.venue.signing import Signer, action_hash, hash_packed_action
from tests.conformance.cases import build

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "hyperliquid_perpetual").rglob("*.py"))
VECTORS = json.loads(Path(__file__).with_name("published_vectors.json").read_bytes())
WITH_CLOID = next(v for v in VECTORS["signatures"] if v["name"] == "order with client order id, mainnet")

SIGN_WITHOUT_MSGPACK = """
import json, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("msgpack", "umsgpack", "ormsgpack"):
            raise SystemExit("imported " + name)
sys.meta_path.insert(0, Refuse())
from hyperliquid_perpetual.venue.signing import Signer
key, action = json.load(sys.stdin)
print(json.dumps(Signer(key).sign_action(action, 0, True)))
"""


def imported_packages(source: Path) -> set[str]:
    """Top-level names of everything a file imports, at any depth of its code."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_no_module_of_the_package_imports_msgpack() -> None:
    """D1: whoever imports ``msgpack`` gets the one or the other, by the order of installation."""
    assert len(SOURCES) > 15, "the sources must be found for this to mean anything"
    imports = {source.relative_to(ROOT): imported_packages(source) for source in SOURCES}
    assert [str(source) for source, names in imports.items() if "msgpack" in names] == []
    assert "msgspec" in imports[Path("hyperliquid_perpetual/venue/signing.py")], "the search itself works"


def test_msgpack_is_not_among_the_requirements() -> None:
    requirements = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    (needed,) = (
        ast.literal_eval(node.value)
        for node in ast.walk(requirements)
        if isinstance(node, ast.keyword) and node.arg == "install_requires"
    )
    assert any(text.startswith("msgspec") for text in needed)
    assert not [text for text in needed if "msgpack" in text]


def test_an_order_is_signed_where_msgpack_cannot_be_imported() -> None:
    process = subprocess.run(
        [sys.executable, "-c", SIGN_WITHOUT_MSGPACK],
        input=json.dumps([WITH_CLOID["key"], msgspec.to_builtins(build(WITH_CLOID["wish"]))]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    signature = json.loads(process.stdout)
    assert int(signature["r"], 16) == int(WITH_CLOID["r"], 16)
    assert int(signature["s"], 16) == int(WITH_CLOID["s"], 16)


def test_orders_are_right_beside_the_msgpack_that_hummingbot_brings() -> None:
    """D1: in Hummingbot's own environment, where the packer of that name gives another hash."""
    try:
        version("hummingbot")
    except PackageNotFoundError:
        pytest.skip("Hummingbot is not installed here: `make env` makes the environment that has it")
    assert version("msgpack-python") == "0.5.6"
    msgpack = importlib.import_module("msgpack")
    assert msgpack.version[0] == 0

    action = msgspec.to_builtins(build(WITH_CLOID["wish"]))
    outdated = hash_packed_action(msgpack.packb(action), 0, None, None)
    assert outdated != action_hash(action, 0), "the defect is really there"

    ours = Signer(WITH_CLOID["key"]).sign_action(action, 0, is_mainnet=True)
    assert int(str(ours["r"]), 16) == int(WITH_CLOID["r"], 16)
    assert int(str(ours["s"]), 16) == int(WITH_CLOID["s"], 16)
    assert ours["v"] == WITH_CLOID["v"]
