"""The page in a headless Chromium, as a person would use it, and what it did there that it should not."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

SCREENSHOTS = Path(__file__).resolve().parents[3] / "build" / "page"
DESKTOP, PHONE = (1440, 900), (390, 844)
PATIENCE_MS = 20_000
"""How long to wait for what has to happen: a browser among other tests has little of a processor."""
BETWEEN_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")

expect.set_options(timeout=PATIENCE_MS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium.

    :raises AssertionError: where there is none.
    """
    executable = shutil.which("chromium")
    assert executable is not None, "these tests need Chromium. As root: apt-get install chromium fonts-dejavu-core"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable)
        yield browser
        await browser.close()


class Viewer:
    """One open page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.hosts: set[str] = set()
        self._host = urlsplit(url).netloc
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def __call__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    async def is_live(self) -> None:
        """Wait until the page is connected, and knows the market and the account."""
        await expect(self("#connection")).to_have_text("Live")
        await expect(self("#stats .big")).to_be_visible()
        await expect(self("#equity-value")).not_to_be_empty()

    async def numbers(self, selector: str) -> list[Decimal]:
        """The numbers that elements show, in their order."""
        texts = await self(selector).all_inner_texts()
        return [Decimal(BETWEEN_THOUSANDS.sub("", text).replace("\u2212", "-")) for text in texts if text]

    async def row(self, table: str, *texts: str) -> Locator:
        """Wait for the one row of a table that has all these texts."""
        found = self(f"{table} tr")
        for text in texts:
            found = found.filter(has_text=text)
        await expect(found).to_have_count(1)
        return found

    async def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        widths: Any = await self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        return bool(widths[0] <= widths[1])

    async def screenshot(self, name: str) -> Path:
        """A picture of the whole page among the build products."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        await self.page.screenshot(path=path, full_page=True)
        return path

    def assert_clean(self) -> None:
        """Nothing went wrong inside the page, and it asked nobody but its own exchange."""
        assert self.complaints == []
        assert self.hosts == {self._host}


@asynccontextmanager
async def viewing(
    browser: Browser, url: str, size: tuple[int, int] = DESKTOP, scheme: str = "dark", **choice: str
) -> AsyncIterator[Viewer]:
    """The page of an exchange in a window of its own; `choice` is what its address says is on show."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=2 if size == PHONE else 1,
        has_touch=size == PHONE,
        locale="en-GB",
        timezone_id="Europe/Zurich",
    )
    try:
        viewer = Viewer(await context.new_page(), url)
        chosen = "&".join(f"{name}={value}" for name, value in choice.items())
        await viewer.page.goto(f"{url}/#{chosen}")
        yield viewer
    finally:
        await context.close()
