"""What a user may set beyond the keys of ``connect``: one optional file, checked when a connector is made.

Hummingbot's connector files hold the four keys of the connector that Hummingbot ships and nothing else, so that going
back to it stays possible. Everything else is in ``conf/hyperliquid_perpetual.yml`` of the bot's home (or where
``HYPERLIQUID_PERPETUAL_SETTINGS`` says), one section per domain, and a section ``all`` that the others refine::

    all:
      slippage: 0.03
    hyperliquid_perpetual:
      dead_mans_switch_seconds: 120

Without the file, or without an entry, the defaults below hold. Programs that embed the connector pass a ``Settings``.
"""

import os
import reprlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from hummingbot import root_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..venue.actions import BuilderCode
from ..venue.addresses import normalize_address
from ..venue.networks import Network
from ..venue.pair_names import FoldingDict
from .aggregated_book import Precision

SETTINGS_FILE_VARIABLE = "HYPERLIQUID_PERPETUAL_SETTINGS"
FILE_NAME = "hyperliquid_perpetual.yml"
FOR_ALL = "all"


_PROBLEMS_TOLD = 10
# YAML can name a list of a billion items in a few lines: what is quoted is bounded in depth and breadth.
_quoted = reprlib.Repr(maxlevel=3, maxdict=6, maxlist=6, maxstring=120, maxlong=60, maxother=120).repr


class SettingsError(ValueError):
    """The settings cannot be used; the message names the file, the entry and what would be valid."""


def _as_typed(value: Any) -> Any:
    """An address as the user typed it: without quotes, YAML takes ``0x…`` for a number."""
    return f"0x{value:040x}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else value


Address = Annotated[str, BeforeValidator(_as_typed), AfterValidator(normalize_address)]


class BuilderSettings(BaseModel):
    """A builder that the user wants to pay on top of the venue's fees, after having approved it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: Address
    """Who is paid."""

    fee_bp: Annotated[Decimal, Field(gt=0, le=10, multiple_of=Decimal("0.1"))]
    """In basis points of the notional; 1 is 0.01 %."""

    @property
    def code(self) -> BuilderCode:
        """As it goes on orders."""
        return BuilderCode(self.address, int(self.fee_bp * 10))


class BookPrecision(BaseModel):
    """How the venue is to aggregate a book (section 8.2); without figures it is not aggregated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_sig_figs: Annotated[int, Field(ge=2, le=5)] | None = None
    """Significant figures that prices are rounded to."""

    mantissa: Literal[1, 2, 5] | None = None
    """With five figures, the steps of the last one."""

    @model_validator(mode="after")
    def _mantissa_goes_with_five_figures(self) -> Self:
        # The venue drops the socket over it.
        if self.mantissa is not None and self.n_sig_figs != 5:
            raise ValueError("mantissa is possible with n_sig_figs 5 only")
        return self

    @property
    def precision(self) -> Precision | None:
        """As the streams take it; None for full precision."""
        if self.n_sig_figs is None:
            return None
        return Precision(self.n_sig_figs, self.mantissa if self.mantissa != 1 else None)


class BookSettings(BookPrecision):
    """The precision of all books, and of some apart."""

    pairs: dict[str, BookPrecision] = {}
    """By trading pair; what is here counts instead of what is said for all."""

    def precision_of(self, trading_pair: str) -> Precision | None:
        """The precision of one pair's book, whatever case the pair is written in."""
        own: BookPrecision = FoldingDict(self.pairs).get(trading_pair, self)
        return own.precision


class Settings(BaseModel):
    """The choices of one connector."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slippage: Annotated[Decimal, Field(gt=0, le=Decimal("0.5"))] = Decimal("0.05")
    """How much worse than the best price a market order may fill, as a fraction."""

    replace_in_place: bool = True
    """Whether a cancel and a new order of the same side, given at once, leave as one amendment."""

    actions_over: Literal["http", "websocket"] = "websocket"
    """Which way orders and cancels go to the venue. A ``websocket`` is the one of the account stream; while that is not
    open, it is HTTP."""

    dead_mans_switch_seconds: Annotated[int, Field(ge=10, le=86_400)] | None = None
    """Seconds without a sign of life after which the venue cancels all orders of the account, other bots' and manual
    ones included (``scheduleCancel``); None for never."""

    requests_kept_for_cancels: Annotated[int, Field(ge=0, le=10_000)] = 200
    """How many of the account's requests are kept for cancels when it runs out of them; 0 for none."""

    vault_or_sub_account: Address | None = None
    """A vault or sub-account to trade for, when ``connect`` was given the account that owns it."""

    orphans: Literal["cancel", "adopt", "report"] = "cancel"
    """What happens to an open order of this bot that it does not know after it was killed: it is taken in and
    cancelled, taken in and kept, or only told of. Fills of such orders are always booked."""

    bot_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A name for this bot, by which it knows its orders after a restart; None for one made of Hummingbot's data folder
    and the configuration that runs. No two bots on one account may have the same."""

    agent_warning_days: Annotated[int, Field(ge=0, le=180)] = 14
    """How many days before its end an API wallet is spoken of in the log."""

    margin_mode: Literal["cross", "isolated"] | None = None
    """The margin mode of all traded pairs that allow it; None leaves each as the account has it."""

    margin_modes: dict[str, Literal["cross", "isolated"]] = {}
    """Margin modes by trading pair, before ``margin_mode``."""

    builder: BuilderSettings | None = None
    """A builder code for every order; None, as from the start, for none."""

    book: BookSettings = BookSettings()
    """Aggregation of order books, which shows more than the twenty best prices."""

    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """Where metrics can be scraped (needs prometheus-client); None for nowhere."""

    metrics_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The address that metrics are served on: this machine's own alone, unless told otherwise."""

    set_aside_old_objects: bool = True
    """Whether what is there when the bot is ready is kept out of Python's search for reference cycles, which would halt
    the bot for some tenths of a second now and then."""

    liquidation_warning: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal("0.05")
    """How near a liquidation price may come before a warning, as a fraction of the mark price; 0 for no warnings."""


def load_settings(domain: str) -> Settings:
    """The settings of a domain out of the user's file; the defaults when there is no file.

    :raises SettingsError: when the file or an entry cannot be used.
    """
    named = os.environ.get(SETTINGS_FILE_VARIABLE, "").strip()
    path = Path(named).expanduser() if named else root_path() / "conf" / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named:
            raise SettingsError(f"{SETTINGS_FILE_VARIABLE} names {path}, which does not exist") from None
        return Settings()
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    return parse_settings(text, domain, str(path))


def parse_settings(text: str, domain: str, source: str) -> Settings:
    """The settings of a domain out of the text of a settings file.

    :param source: what messages call the file.
    :raises SettingsError: when the text, or an entry of whatever section, cannot be used.
    """
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that there is not, a number of too many digits
        raise SettingsError(f"{source} is not valid YAML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{source} is not valid YAML: it is nested too deep") from None
    sections = _mapping({} if content is None else content, source)
    known = [FOR_ALL, *(network.value for network in Network)]
    for name in sections:
        if name not in known:
            raise SettingsError(f"{source}: unknown section {name!r}; sections are {', '.join(known)}")
    # Every section is checked, so that a mistake shows now and not on the day its domain is used.
    parsed = {name: _section(sections, name, source) for name in known}
    return parsed[domain] if domain in parsed else parsed[FOR_ALL]


def _section(sections: Mapping[str, Any], name: str, source: str) -> Settings:
    common = _mapping(sections.get(FOR_ALL) or {}, f"{source}, section {FOR_ALL}")
    own = _mapping(sections.get(name) or {}, f"{source}, section {name}")
    try:
        return Settings.model_validate({**common, **own})
    except ValidationError as error:
        raise SettingsError(f"{source}, section {name}: {_in_words(error)}") from None


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise SettingsError(f"{where}: expected names with values, got {_quoted(value)}")
    return value


def _in_words(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_url=False)[:_PROBLEMS_TOLD]:
        place = ".".join(str(part)[:80] for part in item["loc"])
        if item["type"] == "extra_forbidden":
            known = ", ".join(Settings.model_fields)
            problems.append(f"there is no setting {place!r}; settings are {known}")
        else:
            problems.append(f"{place}: {item['msg']}, got {_quoted(item['input'])}")
    return "; ".join(problems)
