"""Take the pictures of docs/pictures from a running demo:

python -m tests.browser.pictures http://127.0.0.1:8080 EMAIL PASSWORD
"""

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
LOOKS = {
    ("light", "desk"): "",
    ("dark", "desk"): "-dark",
    ("light", "phone"): "-phone",
    ("dark", "phone"): "-phone-dark",
}
"""How a picture's name ends in each look."""


def main(address: str, email: str, password: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for scheme, size in LOOKS:
            window = browser.new_context(
                base_url=address, color_scheme=scheme, viewport=SIZES[size], reduced_motion="reduce"
            )
            take_all(window, email, password, look=LOOKS[scheme, size], everything=LOOKS[scheme, size] == "")
            window.close()
        browser.close()


def take_all(window: BrowserContext, email: str, password: str, *, look: str, everything: bool) -> None:
    """All pictures of one look."""
    page = window.new_page()
    page.goto("/sign-in")
    if everything:
        take(page, "sign-in", look)
    page.fill("#email", email)
    page.keyboard.press("Enter")
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-day")
    if "phone" not in look:
        page.keyboard.press("j")
        page.wait_for_selector("[data-preview]:not(.hint-card)")
        page.wait_for_timeout(400)
    take(page, "worklist", look)
    slug = re.search(r"/c/([a-z0-9-]+)/", page.content())[1]  # type: ignore[index]
    for name, path in addresses(page, slug, everything).items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(600 if name == "invoice" else 100)
        take(page, name, look)
    take_portal(window, page, slug, look)


def addresses(page: Page, slug: str, everything: bool) -> dict[str, str]:
    """The pages to take, found by walking from the lists."""
    base = f"/c/{slug}/"
    page.goto(f"{base}invoices?delivery=delivered&standing=overdue")
    links = page.locator("tbody th a")
    seen = page.locator("tr", has_text="Seen in the portal").locator("th a")
    found = {"dashboard": base, "invoice": (seen if seen.count() else links).first.get_attribute("href") or base}
    if everything:
        found |= {"alerts": "/alerts", "rules": f"{base}rules", "rule": f"{base}rules/overdue-reminder"}
        found |= {"invoices": f"{base}invoices", "imports": f"{base}imports", "customers": f"{base}customers"}
        page.goto(f"{base}imports")
        found["import"] = page.locator("tbody th a").last.get_attribute("href") or base
        page.goto(f"{base}customers")
        found["customer"] = page.locator("tbody th a").first.get_attribute("href") or base
    return found


def take_portal(window: BrowserContext, page: Page, slug: str, look: str) -> None:
    """The page behind the link of the newest mail, seen without a sign-in."""
    page.goto(f"/c/{slug}/sent-mail")
    page.locator("tbody th a", has_text="nvoice").first.click()
    page.wait_for_load_state("networkidle")
    link = page.locator(".letter a[href*='/p/']").first.get_attribute("href")
    window.clear_cookies()
    page.goto(link or "/")
    take(page, "portal", look)


def take(page: Page, name: str, look: str) -> None:
    page.screenshot(path=FOLDER / f"{name}{look}.png")


if __name__ == "__main__":
    main(*sys.argv[1:4])
