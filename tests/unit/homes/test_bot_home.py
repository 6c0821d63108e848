"""Making and refreshing a bot home."""

from pathlib import Path

import pytest

from hyperliquid_perpetual.homes.bot_home import FOLDERS, BotHome, BotHomeError, bot_environment, find_hummingbot


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Something installed that looks like Hummingbot."""
    folder = tmp_path / "site-packages" / "hummingbot"
    (folder / "client").mkdir(parents=True)
    (folder / "__pycache__").mkdir()
    (folder / "__init__.py").write_text("RELEASE = 1\n")
    (folder / "VERSION").write_text("1")
    return folder


def test_the_package_is_linked_and_its_init_copied(package: Path, tmp_path: Path) -> None:
    home = BotHome.create(tmp_path / "home", package)

    linked = home.path / "hummingbot"
    assert (linked / "client").resolve() == package / "client"
    assert (linked / "VERSION").is_symlink()
    assert not (linked / "__init__.py").is_symlink()
    assert (linked / "__init__.py").read_text() == "RELEASE = 1\n"
    assert not (linked / "__pycache__").exists()
    assert all((home.path / folder).is_dir() for folder in FOLDERS)


def test_a_refresh_follows_an_upgrade_and_keeps_what_is_the_users(package: Path, tmp_path: Path) -> None:
    home = BotHome.create(tmp_path / "home", package)
    home.client_configuration.write_text("log_level: DEBUG\n")
    home.database("bot").write_text("trades")
    (package / "VERSION").unlink()
    (package / "cli").mkdir()
    (package / "__init__.py").write_text("RELEASE = 2\n")

    again = BotHome.create(tmp_path / "home", package)

    linked = again.path / "hummingbot"
    assert sorted(entry.name for entry in linked.iterdir()) == ["__init__.py", "cli", "client"]
    assert (linked / "__init__.py").read_text() == "RELEASE = 2\n"
    assert again.client_configuration.read_text() == "log_level: DEBUG\n"
    assert again.database("bot").read_text() == "trades"


def test_the_installation_itself_is_refused_untouched(package: Path) -> None:
    with pytest.raises(BotHomeError, match="where Hummingbot is installed"):
        BotHome.create(package.parent, package)

    assert (package / "VERSION").is_file()


def test_a_folder_with_a_real_copy_of_hummingbot_is_refused_untouched(package: Path, tmp_path: Path) -> None:
    copy = tmp_path / "home" / "hummingbot"
    (copy / "client").mkdir(parents=True)
    (copy / "VERSION").symlink_to(package / "VERSION")

    with pytest.raises(BotHomeError, match="not links"):
        BotHome.create(tmp_path / "home", package)

    assert sorted(entry.name for entry in copy.iterdir()) == ["VERSION", "client"]


def test_hummingbot_is_found_without_being_imported() -> None:
    assert (find_hummingbot() / "client" / "settings.py").is_file()


def test_a_bot_does_not_inherit_what_would_hide_its_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    monkeypatch.setenv("CONFIG_PASSWORD", "of another bot")
    monkeypatch.setenv("KEPT", "yes")

    environment = bot_environment({"HBOT_PASSWORD": "secret"})

    assert environment["KEPT"] == "yes"
    assert environment["HBOT_PASSWORD"] == "secret"
    assert not {"PYTHONPATH", "PYTHONSAFEPATH", "CONFIG_PASSWORD"} & set(environment)
