"""The settings file: what it means, and one clear sentence for everything that it cannot mean."""

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from hyperliquid_perpetual.trading import settings
from hyperliquid_perpetual.trading.settings import Settings, SettingsError, load_settings, parse_settings

SANDBOX = "hyperliquid_perpetual_sandbox"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "all:\n", f"{SANDBOX}:\n"])
def test_file_that_says_nothing_means_the_defaults(text: str) -> None:
    assert parse_settings(text, SANDBOX, "file") == Settings()


def test_section_of_the_domain_refines_what_holds_for_all() -> None:
    text = f"all:\n  slippage: 0.03\n  replace_in_place: false\n{SANDBOX}:\n  slippage: 0.01\n"
    mine, another = parse_settings(text, SANDBOX, "file"), parse_settings(text, "hyperliquid_perpetual", "file")
    assert (mine.slippage, mine.replace_in_place) == (Decimal("0.01"), False)
    assert (another.slippage, another.replace_in_place) == (Decimal("0.03"), False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("all: [1", "not valid YAML"),
        ("- all", "expected names with values"),
        ("all: 3", "expected names with values"),
        ("hyperliquid: {}", "sections are all, hyperliquid_perpetual"),
        ("all: {slipage: 0.1}", "there is no setting 'slipage'; settings are slippage"),
        ("all: {slippage: 5}", "less than or equal to 0.5, got 5"),
        ("all: {slippage: a lot}", "slippage"),
        ("hyperliquid_perpetual: {slippage: 0}", "section hyperliquid_perpetual: slippage"),
        ("all: {dead_mans_switch_seconds: 2}", "dead_mans_switch_seconds"),
    ],
)
def test_file_that_cannot_be_meant_is_refused_in_one_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says.replace("(", r"\(")) as refusal:
        parse_settings(text, SANDBOX, "settings.yml")
    assert "settings.yml" in str(refusal.value)


def test_no_file_means_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.SETTINGS_FILE_VARIABLE, raising=False)
    monkeypatch.setattr(settings, "root_path", lambda: tmp_path)
    assert load_settings(SANDBOX) == Settings()


def test_file_in_the_bots_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(settings.SETTINGS_FILE_VARIABLE, raising=False)
    monkeypatch.setattr(settings, "root_path", lambda: tmp_path)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / settings.FILE_NAME).write_text("all: {slippage: 0.02}\n", encoding="utf-8")
    assert load_settings(SANDBOX).slippage == Decimal("0.02")


def test_named_file_that_does_not_exist_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.SETTINGS_FILE_VARIABLE, str(tmp_path / "missing.yml"))
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(SANDBOX)


@pytest.mark.parametrize("typed", ["0x{}", '"0x{}"', "HL:0x{}", "' 0x{} '"])
@pytest.mark.parametrize("digits", ["5e9ee1089755c3435139848e47e6635505d5a13a", "0" * 8 + "12345678" * 4])
def test_address_is_understood_with_and_without_quotes(typed: str, digits: str) -> None:
    """Without quotes, YAML makes a number of it."""
    text = f"all:\n  vault_or_sub_account: {typed.format(digits)}\n"
    assert parse_settings(text, "hyperliquid_perpetual", "a file").vault_or_sub_account == f"0x{digits}"


def test_builder_is_read_in_basis_points() -> None:
    text = f"all:\n  builder: {{address: 0x{'b1' * 20}, fee_bp: 1.5}}\n"
    builder = parse_settings(text, "hyperliquid_perpetual", "a file").builder
    assert builder is not None
    assert (builder.code.address, builder.code.fee_tenths_of_bp) == ("0x" + "b1" * 20, 15)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("vault_or_sub_account: my vault", "vault_or_sub_account"),
        ("vault_or_sub_account: 0x1234567890123456789012345678901234567890123", "vault_or_sub_account"),
        ("margin_mode: crossed", "margin_mode"),
        ("margin_modes: {BTC-USD: 5}", "margin_modes.BTC-USD"),
        ("builder: {address: 0xb1, fee_bp: 11}", "builder.fee_bp"),
        (f"builder: {{address: 0x{'b1' * 20}, fee_bp: 0.05}}", "builder.fee_bp"),
        (f"builder: {{address: 0x{'b1' * 20}}}", "builder.fee_bp"),
        ("liquidation_warning: 2", "liquidation_warning"),
        ("agent_warning_days: -1", "agent_warning_days"),
    ],
)
def test_setting_of_the_account_that_cannot_be_is_named_with_its_place(entry: str, place: str) -> None:
    with pytest.raises(SettingsError, match=rf"a file, section .*{place}"):
        parse_settings(f"all:\n  {entry}\n", "hyperliquid_perpetual", "a file")


def test_example_file_names_every_setting_and_says_what_holds_without_it() -> None:
    example = (Path(__file__).resolve().parents[3] / "conf" / settings.FILE_NAME).read_text(encoding="utf-8")
    assert parse_settings(example, SANDBOX, "example") == Settings()
    missing = [name for name in Settings.model_fields if f"\n  {name}:" not in example]
    assert missing == []


def test_file_that_names_a_billion_items_is_refused_at_once_and_in_few_words() -> None:
    lines = ["all:", "  margin_modes:", "    a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"    {name}: &{name} [{', '.join([f'*{before}'] * 9)}]" for before, name in pairwise("abcdefghi")]
    with pytest.raises(SettingsError) as refused:
        parse_settings("\n".join(lines), "hyperliquid_perpetual", "a file")
    assert len(str(refused.value)) < 20_000


@pytest.mark.parametrize("value", ["[" * 2000, "2026-13-45", "9" * 5000], ids=["nested", "date", "digits"])
def test_file_that_yaml_cannot_make_values_of_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="a file is not valid YAML"):
        parse_settings(f"all: {{slippage: {value}", "hyperliquid_perpetual", "a file")
