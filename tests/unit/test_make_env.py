"""How `make env` finds its Python and knows that an environment is current; the building itself is what CI does."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def make_env(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool as a module, on a machine without any Python 3.12."""
    spec = importlib.util.spec_from_file_location("make_env", REPOSITORY / "tools" / "make_env.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("PYTHON312", "PYENV_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    return module


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def working_python(path: Path) -> Path:
    return program(path, '#!/bin/sh\necho "$0"\n')


def shim_without_selected_version(path: Path) -> Path:
    return program(path, "#!/bin/sh\necho 'pyenv: python3.12: command not found' >&2\nexit 127\n")


def test_python_on_path_comes_first(make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = working_python(tmp_path / "bin" / "python3.12")
    working_python(tmp_path / "pyenv" / "versions" / "3.12.9" / "bin" / "python3.12")
    monkeypatch.setenv("PATH", str(python.parent))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert make_env.find_python() == str(python)


def test_shim_that_does_not_start_is_passed_over_for_the_newest_of_pyenv(
    make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = shim_without_selected_version(tmp_path / "shims" / "python3.12")
    for version in ("3.12.9", "3.12.10", "3.11.7"):
        working_python(tmp_path / "pyenv" / "versions" / version / "bin" / "python3.12")
    monkeypatch.setenv("PATH", str(shim.parent))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert make_env.find_python() == str(tmp_path / "pyenv" / "versions" / "3.12.10" / "bin" / "python3.12")


def test_python_named_by_the_user_is_taken_or_refused_but_never_replaced(
    make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    working = working_python(tmp_path / "bin" / "python3.12")
    monkeypatch.setenv("PATH", str(working.parent))
    named = working_python(tmp_path / "mine" / "python")
    monkeypatch.setenv("PYTHON312", str(named))
    assert make_env.find_python() == str(named)
    monkeypatch.setenv("PYTHON312", str(tmp_path / "missing"))
    with pytest.raises(SystemExit):
        make_env.find_python()
    assert f"PYTHON312={tmp_path / 'missing'} cannot be used" in capsys.readouterr().err


def test_without_any_python_one_line_says_what_to_do(
    make_env: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_env, "uv", lambda: "false")
    monkeypatch.setattr(make_env.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    with pytest.raises(SystemExit) as caught:
        make_env.find_python()
    assert caught.value.code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("make env: no Python 3.12: none on PATH, none in pyenv, and uv could not fetch one.")
    assert "pyenv install 3.12" in last
    assert "PYTHON312=" in last


def test_other_versions_of_python_are_refused_with_the_reason(make_env: ModuleType, tmp_path: Path) -> None:
    other = program(tmp_path / "python", f"#!/bin/sh\nexec {sys.executable} -c 'import sys; sys.exit(\"is 3.9\")'\n")
    assert make_env.try_python(str(other)) == (None, "is 3.9")
    path, reason = make_env.try_python(str(tmp_path / "missing"))
    assert path is None
    assert reason.startswith("does not start")
    assert make_env.try_python(sys.executable)[0] == sys.executable


@pytest.mark.parametrize("present", [[], ["gcc"], ["g++"]])
def test_missing_compilers_are_named_before_anything_is_downloaded(
    present: list[str],
    make_env: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in present:
        working_python(tmp_path / name)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit):
        make_env.require_compilers()
    told = capsys.readouterr().err
    assert " and ".join(name for name in ("gcc", "g++") if name not in present) + " not found" in told
    assert "build-essential" in told


def test_environment_is_left_alone_while_its_lock_and_its_python_are_the_same(
    make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    (requirements / "build.txt").write_text("setuptools==1\n")
    (requirements / "env.txt").write_text("hummingbot==1 \\\n    --hash=sha256:0\n")
    env = tmp_path / "env"
    steps: list[str] = []

    def run(command: list[str], folder: Path | None = None) -> None:
        steps.append(command[1])
        if command[1] == "venv":
            (env / "bin").mkdir(parents=True, exist_ok=True)
            (env / "bin" / "python").unlink(missing_ok=True)
            (env / "bin" / "python").symlink_to(sys.executable)

    monkeypatch.setattr(make_env, "REQUIREMENTS", requirements)
    monkeypatch.setattr(make_env, "require_compilers", lambda: None)
    monkeypatch.setattr(make_env, "find_python", lambda: sys.executable)
    monkeypatch.setattr(make_env, "uv", lambda: "uv")
    monkeypatch.setattr(make_env, "run", run)
    monkeypatch.setattr(make_env, "succeeds", lambda command: False)

    assert make_env.make_environment(env, "env.txt")
    assert steps == ["venv", "pip"]
    assert not make_env.make_environment(env, "env.txt")
    assert steps == ["venv", "pip"]

    (requirements / "env.txt").write_text("hummingbot==2 \\\n    --hash=sha256:1\n")
    assert make_env.make_environment(env, "env.txt")
    assert steps == ["venv", "pip", "pip"]

    (env / "bin" / "python").unlink()
    (env / "bin" / "python").symlink_to("/nowhere/python3.12")
    assert make_env.make_environment(env, "env.txt")
    assert steps == ["venv", "pip", "pip", "venv", "pip"]


def test_environment_is_made_from_the_cache_alone_when_all_is_there(
    make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "env"
    (env / "bin").mkdir(parents=True)
    (env / "bin" / "python").symlink_to(sys.executable)
    log = tmp_path / "log"
    tool = tmp_path / "uv"
    tool.write_text(f'#!/bin/sh\necho "$*" >> {log}\n')
    tool.chmod(0o755)
    monkeypatch.setattr(make_env, "require_compilers", lambda: None)
    monkeypatch.setattr(make_env, "uv", lambda: str(tool))
    assert make_env.make_environment(env, "sdk.txt")
    assert [line.split()[-1] for line in log.read_text().splitlines()] == ["--offline"]
    tool.write_text(f'#!/bin/sh\necho "$*" >> {log}\ncase "$*" in *--offline) exit 1;; esac\n')
    (env / make_env.STAMP).unlink()
    assert make_env.make_environment(env, "sdk.txt")
    assert [line.split()[-1] == "--offline" for line in log.read_text().splitlines()] == [True, True, False]


def test_failed_step_leaves_no_stamp_behind(
    make_env: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "env"
    (env / "bin").mkdir(parents=True)
    (env / "bin" / "python").symlink_to(sys.executable)
    (env / make_env.STAMP).write_text(json.dumps({"lock": "of yesterday", "place": str(env)}))
    monkeypatch.setattr(make_env, "require_compilers", lambda: None)
    monkeypatch.setattr(make_env, "uv", lambda: "false")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(SystemExit):
        make_env.make_environment(env, "sdk.txt")
    assert not (env / make_env.STAMP).exists()


def test_lock_files_pin_everything_and_name_no_index() -> None:
    for name in ("env", "sdk", "build", "uv", "hummingbot-20260616"):
        text = (REPOSITORY / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        requirements = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert requirements
        assert all("==" in line and line.endswith("\\") for line in requirements)
    packages = (REPOSITORY / "requirements" / "env.txt").read_text().splitlines()
    assert any(line.startswith("aiohttp==3.13.") for line in packages)
    assert not any(line.startswith("msgpack==") for line in packages)
