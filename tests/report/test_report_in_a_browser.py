"""The page of a report in a headless Chromium: readable on desktop and phone, light and dark, without a network."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from hyperliquid_perpetual.report.writing import figures_of, write_page
from tests.report.small_database import make_database
from tests.report.test_figures_of_rows import PAIR
from tests.unit.sandbox.browser import DESKTOP, PHONE, chromium

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "report"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    html, _ = write_page(figures_of(make_database(folder / "bot.sqlite")), folder)
    return html


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


async def is_inside(page: Page, selector: str) -> bool:
    """Whether elements stand within the width of the window, or in something that scrolls."""
    wide = await page.evaluate(
        """selector => [...document.querySelectorAll(selector)].filter(element => {
            const box = element.getBoundingClientRect()
            return box.width === 0 || box.right > window.innerWidth + 1 || box.left < -1
        }).length""",
        selector,
    )
    return wide == 0


@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
async def test_page_fits_in_either_theme_and_asks_for_nothing(
    browser: Browser, page_file: Path, name: str, size: tuple[int, int]
) -> None:
    inks = []
    for theme in ("light", "dark"):
        page = await browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,  # type: ignore[arg-type]
        )
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, complaints=complaints: complaints.append(message.text))
        page.on("pageerror", lambda error, complaints=complaints: complaints.append(str(error)))
        await page.goto(page_file.as_uri())

        assert PAIR in await page.inner_text("body")
        assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
        assert not complaints
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert await is_inside(page, "section, dl > div, .drawing")
        # Text of plots is drawn in the colour of the theme, and not so small that nobody can read it.
        text = page.locator("svg text").first
        inks.append(await text.evaluate("element => getComputedStyle(element).fill"))
        height = await page.evaluate(
            "Math.min(...[...document.querySelectorAll('svg text')].map(text => text.getBoundingClientRect().height))"
        )
        assert height >= 9
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=SCREENSHOTS / f"{name}-{theme}.png", full_page=True)
    assert inks[0] != inks[1]
