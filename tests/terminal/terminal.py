"""A terminal that a test types into and reads: tmux, with one program in it."""

import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

WIDTH, HEIGHT = 180, 50
SCROLL_BAR = WIDTH // 2 - 2
"""The column of the output's scroll bar, which ends the left half."""

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.15
_MENU_SECONDS = 2.0
_SPACE = re.compile(r"\s+")


class Terminal:
    """One program on a screen of its own; use it as a context manager.

    Hummingbot's client has its output above and its prompt below in the left half; the right half has the log, or what
    a live command shows. Lines are wrapped wherever they end, so that texts are compared without their white space.
    """

    def __init__(self, command: list[str], *, cwd: Path, env: dict[str, str], screens: Path) -> None:
        """:param screens: where `keep` writes."""
        if shutil.which("tmux") is None:
            raise FileNotFoundError("tmux is missing: on Debian or Ubuntu, apt-get install tmux")
        self._command = command
        self._cwd = cwd
        self._env = {**env, "LANG": "C.UTF-8"}
        self._screens = screens
        self._ended = screens / "exit-status"
        self._server = f"hyperliquid-{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> Self:
        self._screens.mkdir(parents=True, exist_ok=True)
        self._ended.unlink(missing_ok=True)
        # A server of its own takes over this environment, and has nothing to do with a tmux of the user's.
        size = ["-x", str(WIDTH), "-y", str(HEIGHT)]
        # tmux itself tells the status of a program late, or never when several of its processes end at once.
        watched = ["sh", "-c", '"$@"; echo $? > "$0"', str(self._ended.absolute()), *self._command]
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-s", "one", "-c", str(self._cwd), *watched)
        # What a program that has ended said last is on the screen.
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tmux("kill-server")

    # --- Hands

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names (`Enter`, `Escape`, `BSpace`, `C-t`)."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type text, without Enter."""
        if text:
            self._tmux("send-keys", "-l", text)

    def command(self, text: str, until: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Enter a command when Hummingbot waits for one, and wait for words of its answer.

        :return: the output from the command on, as far as it is on the screen.
        :raises AssertionError: when they do not come; it shows the screen.
        """
        self.wait_until(lambda: self.prompt.endswith(">>>"), f"the prompt before {text!r}", PATIENCE_SECONDS)
        self.enter(text)
        self.wait_until(lambda: squeezed(until) in self._since(text), f"{until!r} after {text!r}", seconds, clears=True)
        return self._since(text, squeeze=False)

    def answer(self, prompt: str, reply: str, *, instead_of: str = "") -> None:
        """Answer one of Hummingbot's questions once it is asked.

        :param instead_of: what stands in the field already and is deleted.
        """
        self.wait_until(lambda: squeezed(prompt) in self.prompt, f"the question {prompt!r}", PATIENCE_SECONDS)
        if instead_of:
            self.wait_until(lambda: self.prompt.endswith(squeezed(instead_of)), f"{instead_of!r} in its field", 5)
            self.press(*["BSpace"] * len(instead_of))
        self.enter(reply)

    def enter(self, text: str) -> None:
        """Type text and Enter."""
        self.type(text)
        time.sleep(0.4)
        self.press("Enter")
        time.sleep(0.2)

    # --- Eyes

    @property
    def screen(self) -> str:
        """All of the screen, as plain text."""
        return self._tmux("capture-pane", "-p")

    @property
    def output(self) -> str:
        """Hummingbot's output: the left half above the prompt."""
        return "\n".join(self._left()[0])

    @property
    def right(self) -> str:
        """The right half."""
        return "\n".join(line[WIDTH // 2 :] for line in self.screen.splitlines())

    @property
    def prompt(self) -> str:
        """The input field with the question before it, without white space."""
        return squeezed("".join(self._left()[1]))

    @property
    def exit_status(self) -> int | None:
        """What the program in it ended with; None while it runs."""
        told = self._ended.read_text(encoding="utf-8").strip() if self._ended.exists() else ""
        return int(told) if told else None

    def wait_for(self, text: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a text is on the screen, anywhere.

        :raises AssertionError: when it does not come; it shows the screen.
        """
        self.wait_until(lambda: squeezed(text) in squeezed(self.screen), repr(text), seconds)

    def keep(self, name: str) -> None:
        """Write the screen down: `<name>.txt` as plain text, `<name>.ansi` with its colours."""
        (self._screens / f"{name}.txt").write_text(self.screen, encoding="utf-8")
        (self._screens / f"{name}.ansi").write_text(self._tmux("capture-pane", "-p", "-e"), encoding="utf-8")

    def _left(self) -> tuple[list[str], list[str]]:
        """The lines of the output, and those of the input field, which begins below the output's scroll bar."""
        lines = self.screen.splitlines()
        foot = max((number for number, line in enumerate(lines[:-1]) if line[SCROLL_BAR:][:1] == "v"), default=0)
        left = [line[:SCROLL_BAR].rstrip() for line in lines]
        return left[1 : foot + 1], left[foot + 1 : -1]

    def _since(self, command: str, *, squeeze: bool = True) -> str:
        """The output since a command was entered; all that is to be seen when that has left the screen."""
        lines = self._left()[0]
        echoes = [number for number, line in enumerate(lines) if squeezed(line) == squeezed(f">>> {command}")]
        text = "\n".join(lines[echoes[-1] + 1 if echoes else 0 :])
        return squeezed(text) if squeeze else text

    def wait_until(
        self, condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS, *, clears: bool = False
    ) -> None:
        """Wait until a condition holds.

        :param clears: put away a menu of completions that hides the output, as it comes late on a busy machine.
        :raises AssertionError: when it does not in time; it says what was expected and shows the screen.
        """
        began = cleared = time.monotonic()
        while not condition():
            now = time.monotonic()
            if now > began + seconds:
                raise AssertionError(f"not within {seconds:g} s: {what}. The screen:\n{self.screen}")
            if clears and now > cleared + _MENU_SECONDS:
                self.press("Space", "BSpace")
                cleared = now
            time.sleep(_LOOK_SECONDS)

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-u", "-L", self._server, *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, encoding="utf-8", timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout


def squeezed(text: str) -> str:
    """Without white space."""
    return _SPACE.sub("", text)
