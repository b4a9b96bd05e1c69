"""
Makes the pictures of the documents from a running demo:

    python manage.py up --demo --port 8000
    python docs/images/make.py http://127.0.0.1:8000

It needs requirements-test.txt, and Chromium at /usr/bin/chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
DESKTOP, TELEPHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 740}
LOGIN = ("demo@example.com", "chaynaya-lavka")

#: The name of each picture, and the address of its page.
PAGES = {
    "overview": "/admin/",
    "deals": "/admin/crm/deal/board/",
    "customers": "/admin/crm/customer/",
    "search": "/admin/search/?q=чай",
    "broadcast": "/admin/broadcasts/broadcast/1/change/",
    "scenario": "/admin/bots/botscenario/1/change/",
    "number": "/admin/whatsapp/whatsappnumber/1/change/",
    "settings": "/admin/settings/",
    "journal": "/admin/journal/",
}


def open_waiting(page: Page, site: str) -> None:
    """Open the conversation that has waited longest."""
    page.goto(f"{site}/admin/crm/conversation/inbox/")
    page.locator(".inbox-row").first.click()
    page.locator("#thread[data-conversation]").wait_for()
    page.wait_for_timeout(500)


def main(site: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=DESKTOP, locale="ru-RU")
        page.goto(f"{site}/admin/login/")
        page.screenshot(path=FOLDER / "sign-in.png")
        page.fill("#id_username", LOGIN[0])
        page.fill("#id_password", LOGIN[1])
        page.click("#login-form [type=submit]")
        page.locator(".overview").first.wait_for()
        for name, address in PAGES.items():
            page.goto(site + address)
            page.wait_for_timeout(300)
            page.screenshot(path=FOLDER / f"{name}.png")
        open_waiting(page, site)
        page.screenshot(path=FOLDER / "conversation.png")
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=FOLDER / "conversation-dark.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(TELEPHONE)
        page.screenshot(path=FOLDER / "telephone.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
