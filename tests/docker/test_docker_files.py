"""The files of `docker/`, without Docker: linted, and every step of the images run on this machine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hummingbot.features import LOCK, needs_the_locked_release
from tests.hummingbot.processes import clean_environment

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
TOOLS = Path(sys.executable).parent
COMPOSE = DOCKER / "compose.yaml"
DOCKERFILES = sorted(DOCKER.glob("*.Dockerfile"))
#: What hummingbot-api looks for in the names of containers' images, to know its bots.
BOT_IMAGE = re.compile(r".+/hummingbot:")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: file.name)
def test_dockerfile_has_nothing_that_hadolint_warns_of(file: Path) -> None:
    done = subprocess.run([TOOLS / "hadolint", "--failure-threshold", "warning", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file_is_valid_by_the_compose_specification() -> None:
    from compose_spec import ComposeSpecification

    services = ComposeSpecification.model_validate(yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))).services
    assert services is not None
    assert set(services) == {"api", "broker", "database", "bot-image"}


def test_images_are_built_from_the_files_here_and_the_bots_is_known_to_hummingbot_api(compose: dict[str, Any]) -> None:
    built = {name: service for name, service in compose["services"].items() if "build" in service}
    assert {(ROOT / service["build"]["dockerfile"]) for service in built.values()} == set(DOCKERFILES)
    assert BOT_IMAGE.match(built["bot-image"]["image"])
    assert not BOT_IMAGE.match(built["api"]["image"])


def test_nothing_is_open_to_other_machines_and_no_password_is_written_down(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports), ports
    settings = [item for service in compose["services"].values() for item in service.get("environment", {}).items()]
    secrets = [(name, value) for name, value in settings if name.endswith("PASSWORD") or "://" in value]
    assert len(secrets) >= 5
    assert all(re.search(r"\$\{\w+:\?[^}]+\}", value) for _, value in secrets), secrets


def test_example_of_the_passwords_names_all_that_compose_asks_for_and_gives_none() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8")))
    lines = (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(given) == asked
    assert set(given.values()) == {""}


def test_whatever_the_dockerfiles_copy_reaches_the_builder() -> None:
    let_through = [
        line.removeprefix("!").rstrip("/")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    for file in DOCKERFILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("COPY ") and "--from" not in line:
                for name in line.split()[1:-1]:
                    assert any(_overlap(name, pattern) for pattern in let_through), f"{file.name}: {name}"


def test_stored_keys_in_a_checkout_never_reach_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert next(line for line in lines if line and not line.startswith("#")) == "*"
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]
    assert not any(_overlap("conf/connectors/hyperliquid_perpetual.yml", pattern) for pattern in let_through)


@needs_the_locked_release
@pytest.mark.timeout(900)
def test_every_run_step_of_the_bot_image_works_on_this_machine(tmp_path: Path) -> None:
    """With an environment that has what Hummingbot's image has: Hummingbot, and nothing of ours."""
    env = tmp_path / "env"
    python = env / "bin" / "python"
    # With pip in it, as the image has.
    subprocess.run([sys.executable, "-m", "venv", env], check=True, env=clean_environment({}))
    build = str(ROOT / "requirements" / "build.txt")
    wanted = ["--quiet", "--python", str(python), "--require-hashes", "--build-constraints", build, "-r", str(LOCK)]
    uv("pip", "install", *wanted)
    uv("pip", "uninstall", "--quiet", "--python", str(python), "msgspec")

    done = subprocess.run(
        [sys.executable, DOCKER / "rehearse.py", "--python", python, "--folder", tmp_path / "stages"],
        env=clean_environment({}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 RUN steps of 2 stages have run" in done.stdout
    home = tmp_path / "stages" / "stage-1" / "home" / "hummingbot"
    assert (home / "scripts" / "v2_with_controllers.py").is_file()
    assert not (home / "image").exists()
    strategies = [python, "-m", "hyperliquid_perpetual", "demo", "--list"]
    listed = subprocess.run(
        strategies, env=clean_environment({}), cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "inventory_quotes" in listed.stdout


def _overlap(name: str, pattern: str) -> bool:
    """Whether something of a file or folder that is copied is let through: it, what it lies in, or what is in it."""
    places = [Path(name), *Path(name).parents[:-1]]
    return any(place.match(pattern) for place in places) or pattern.startswith(name.rstrip("/") + "/")


def uv(*arguments: str) -> None:
    """From the cache alone when it has all that is asked for, else with the network."""
    environment = clean_environment({})
    if subprocess.run([UV, *arguments, "--offline"], env=environment, capture_output=True).returncode != 0:
        subprocess.run([UV, *arguments], env=environment, check=True)
