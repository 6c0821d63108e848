"""The private key is in no repr, no error, no traceback with locals, no copy, no pickle and no log record."""

import contextlib
import copy
import faulthandler
import io
import logging
import pickle
import pprint
import tempfile
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from rich.console import Console
from rich.traceback import Traceback

from hyperliquid_perpetual import hyperliquid_perpetual_utils as utils
from hyperliquid_perpetual.hyperliquid_perpetual_auth import HyperliquidPerpetualAuth
from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.trading import credentials as credentials_module
from hyperliquid_perpetual.trading.credentials import CredentialError, Credentials, load_credentials, parse_flag
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.signing import SecretText, Signer
from tests.bot import trading_bot
from tests.security.canary import ADDRESS, KEY, forms, found_in

KEYS = {"hyperliquid_perpetual_address": ADDRESS, "hyperliquid_perpetual_secret_key": KEY}
OTHER = "0x" + "ab" * 20


def connector(**changes: Any) -> HyperliquidPerpetualDerivative:
    return HyperliquidPerpetualDerivative(
        trading_pairs=["BTC-USD"], **{"domain": "hyperliquid_perpetual_sandbox", **KEYS, **changes}
    )


def shown(error: BaseException) -> str:
    """An error in every way in which tools show it, with the locals of all frames but those of this test."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    captured = traceback.TracebackException.from_exception(error, capture_locals=True)
    text = "".join(captured.format())
    chained = [captured.__context__, captured.__cause__]
    while chained:
        other = chained.pop()
        if other is not None:
            text += "".join(other.format())
            chained += [other.__context__, other.__cause__]
    console = Console(file=io.StringIO(), width=400)
    assert trace is not None
    console.print(Traceback.from_exception(type(error), error, trace, show_locals=True, locals_max_string=10_000))
    assert isinstance(console.file, io.StringIO)
    return text + console.file.getvalue() + repr(error) + str(error) + repr(error.args)


def test_every_form_of_the_key_is_found_where_it_is() -> None:
    for name, form in forms().items():
        assert name in found_in(b"x" + form + b"y")
    assert found_in(f"key={KEY} ") != []
    assert found_in(repr({"key": bytes.fromhex(KEY[2:])})) != []
    assert found_in("0x" + "7" * 64 + ADDRESS) == []


async def test_connector_and_what_it_holds_show_no_key() -> None:
    """Everything of ours that hangs on a connector: its repr, and its attributes as `vars()` and slots have them."""
    seen: set[int] = set()
    waiting: list[Any] = [connector()]
    looked_at = 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        looked_at += 1
        assert found_in(repr(thing)[:1_000_000]) == [], type(thing)
        assert found_in(str(thing)[:1_000_000]) == [], type(thing)
        if isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, list | tuple | set | frozenset):
            waiting += thing
        elif "hyperliquid_perpetual" in type(thing).__module__:
            attributes = dict(getattr(thing, "__dict__", {}))
            slots = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
            attributes |= {name: getattr(thing, name) for name in slots if hasattr(thing, name) and name != "_text"}
            assert found_in(pprint.pformat(attributes)) == []
            waiting += attributes.values()
    assert looked_at > 100


@pytest.mark.parametrize("make", [lambda: Signer(KEY), lambda: SecretText(KEY)], ids=["Signer", "SecretText"])
@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deepcopy"])
def test_what_holds_the_key_cannot_be_copied_or_pickled(make: Callable[[], Any], take: Callable[[Any], Any]) -> None:
    for holder in (make(), [make()], {"signer": make()}):
        if take is copy.copy and holder.__class__ in (list, dict):
            continue  # the holder itself stays the same one
        with pytest.raises(TypeError, match="cannot be copied or pickled") as refused:
            take(holder)
        assert found_in(shown(refused.value)) == []


def test_what_holds_the_key_can_be_formatted() -> None:
    signer, secret = Signer(KEY), SecretText(KEY)
    credentials = Credentials(ADDRESS, signer, False)
    for holder in (signer, secret, credentials, HyperliquidPerpetualAuth(credentials)):
        assert found_in(f"{holder} {holder!r} {holder!s} {[holder]} {pprint.pformat(holder)}") == []


WRONG_KEYS = {
    "lost a digit": KEY[:-1],
    "gained a digit": KEY + "0",
    "lost two digits": KEY[:-2],
    "beyond the curve": "0x" + "f" * 32 + KEY[-32:],
    "a wrong letter": KEY[:-1] + "g",
    "as bytes": bytes.fromhex(KEY[2:]),
}


@pytest.mark.parametrize("key", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
def test_key_that_is_nearly_right_is_refused_without_being_shown(key: Any) -> None:
    with pytest.raises(ValueError, match="private key is not valid") as refused:
        Signer(key)
    # Half of it is too much already.
    assert str(key)[8:40] not in shown(refused.value)
    assert found_in(shown(refused.value)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"hyperliquid_perpetual_address": OTHER},
        {"hyperliquid_perpetual_address": "nonsense"},
        {"hyperliquid_perpetual_address": ""},
        {"hyperliquid_perpetual_mode": "nonsense"},
        {"use_vault": "nonsense"},
        {"hyperliquid_perpetual_secret_key": KEY[:-1]},
        {"domain": "nonsense"},
    ],
    ids=str,
)
async def test_connector_that_cannot_be_made_shows_no_key(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w") as refused:
        connector(**changes)
    assert found_in(shown(refused.value)) == []


@pytest.mark.parametrize("field", ["hyperliquid_perpetual_address", "hyperliquid_perpetual_mode", "use_vault"])
async def test_key_that_was_given_as_something_else_is_not_repeated(field: str) -> None:
    with pytest.raises(CredentialError, match="characters") as refused:
        connector(**{field: KEY})
    assert found_in(str(refused.value)) == []


@pytest.mark.parametrize("what", ["load_settings", "load_credentials", "Requests", "AccountReader", "shared_budget"])
async def test_error_anywhere_while_a_connector_is_made_shows_no_key(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(f"hyperliquid_perpetual.hyperliquid_perpetual_derivative.{what}", fail)
    with pytest.raises(RuntimeError, match="broken") as failed:
        connector()
    assert found_in(shown(failed.value)) == []


@pytest.mark.parametrize("what", ["_for_account", "_address", "Signer"])
def test_error_anywhere_while_credentials_are_read_shows_no_key(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(credentials_module, what, fail)
    with pytest.raises(RuntimeError, match="broken") as failed:
        load_credentials(Network.MAINNET, ADDRESS, KEY, "arb_wallet", False)
    assert found_in(shown(failed.value)) == []


def test_error_inside_the_signer_shows_no_key() -> None:
    signer = Signer(KEY)
    with pytest.raises(ValueError, match=r"\w") as failed:
        signer.sign_digest(b"short")
    # The frames of the library that signs are not looked into: it holds the key in an object without a repr.
    assert found_in(shown(failed.value)) == []
    with pytest.raises(ValueError, match="vault") as failed:
        signer.sign_action({"type": "noop"}, 1, True, vault_address="0x12")  # type: ignore[typeddict-item]
    assert found_in(shown(failed.value)) == []


@pytest.mark.parametrize("domain", [network.value for network in Network])
@pytest.mark.parametrize(
    "value",
    [int(KEY, 16), [KEY], {"key": KEY}, bytes.fromhex(KEY[2:]), 1.5],
    ids=["int", "list", "dict", "bytes", "float"],
)
@pytest.mark.parametrize("field", ["secret_key", "address", "mode"])
def test_stored_key_of_a_wrong_kind_is_refused_without_being_shown(domain: str, value: Any, field: str) -> None:
    config_map = {
        "hyperliquid_perpetual": utils.HyperliquidPerpetualConfigMap,
        "hyperliquid_perpetual_testnet": utils.HyperliquidPerpetualTestnetConfigMap,
        "hyperliquid_perpetual_sandbox": utils.HyperliquidPerpetualSandboxConfigMap,
    }[domain]
    keys = {f"{domain}_address": ADDRESS, f"{domain}_secret_key": KEY, f"{domain}_{field}": value}
    try:
        made = config_map(**keys)
    except ValidationError as refused:
        text = str(refused) + repr(refused)
        assert found_in(text) == []
        assert KEY[2:20] not in text
        assert str(int(KEY, 16))[:20] not in text
    else:
        assert found_in(repr(made) + str(made)) == []


@pytest.mark.parametrize("ask", [parse_flag, utils._flag, utils._mode])
def test_key_that_was_pasted_into_another_prompt_is_not_repeated(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="characters") as refused:
        ask(KEY)
    assert found_in(str(refused.value)) == []


def test_dump_of_a_crashed_process_shows_no_key() -> None:
    """What faulthandler writes when a process dies: frames, no locals."""
    signer = Signer(KEY)
    with tempfile.TemporaryFile() as file:

        def inside(key: str) -> None:
            assert key
            faulthandler.dump_traceback(file, all_threads=True)

        inside(KEY)
        file.seek(0)
        text = file.read()
    assert b"inside" in text
    assert found_in(text) == []
    assert signer.address == ADDRESS


class Everything(logging.Handler):
    """Keeps every record at every level, as text and with its arguments."""

    def __init__(self) -> None:
        super().__init__(level=0)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.text = ""
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.text += f"{self.format(record)} {record.args!r} {vars(record)!r}\n"


@contextlib.contextmanager
def everything_logged() -> Iterator[Everything]:
    """All loggers of the process at DEBUG."""
    handler = Everything()
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in root.manager.loggerDict)]
    before = [(logger, logger.level, logger.disabled) for logger in loggers]
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(1)
        logger.disabled = False
    try:
        yield handler
    finally:
        root.removeHandler(handler)
        for logger, level, disabled in before:
            logger.setLevel(level)
            logger.disabled = disabled


async def test_trading_logs_no_key_at_any_level(capfd: pytest.CaptureFixture[str]) -> None:
    """Orders, a refusal, a time-out and a broken connection, with every logger of the process at its lowest level."""
    with everything_logged() as log:
        async with (
            Sandbox(seed=5, market="still", block_ms=0) as exchange,
            trading_bot(
                exchange=exchange,
                hyperliquid_perpetual_address=ADDRESS,
                hyperliquid_perpetual_secret_key=KEY,
            ) as bot,
        ):
            order = await bot.open_order("buy", "BTC-USD", "0.01", bot.price("BTC", "0.95"))
            exchange.faults.add("status code=502 path=/exchange")
            bot.place("buy", "BTC-USD", "0.01", bot.price("BTC", "0.95"))
            bot.place("sell", "BTC-USD", "1000000", bot.price("BTC", "1.05"))
            exchange.drop_websockets()
            bot.connector.cancel("BTC-USD", order)
            captured = [request for request in exchange.api.captured if request.path == "/exchange"]
            assert captured
            for request in exchange.api.captured:
                assert found_in(repr(request)) == []
                assert found_in(request.body) == []
    assert log.count >= 5
    assert found_in(log.text) == []
    output = capfd.readouterr()
    assert found_in(output.out + output.err) == []
