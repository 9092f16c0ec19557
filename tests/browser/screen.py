"""What people see and do on the page."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from playwright.sync_api import Locator, Page, expect

# Makes a DataTransfer with files, as a drop or a clipboard has it.
TRANSFER = """async (files) => {
  const transfer = new DataTransfer();
  for (const {name, type, data} of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, {type}));
  }
  return transfer;
}"""


def picture_file(content: bytes, name: str = "dropped.jpg") -> dict[str, str]:
    return {"name": name, "type": "image/jpeg", "data": base64.b64encode(content).decode()}


class Screen:
    """The page at `api`, and short names for what is on it."""

    def __init__(self, page: Page, api: str) -> None:
        self.page = page
        self.api = api

    def open(self, address: str = "") -> "Screen":
        """Open `#/ADDRESS`, as a link from elsewhere does."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.api}/#/{address}")
        self.page.locator("main").wait_for()
        return self

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Describe what you look for")

    @property
    def chips(self) -> Locator:
        return self.page.locator(".chip")

    @property
    def hits(self) -> Locator:
        return self.page.locator(".hit")

    @property
    def sheet(self) -> Locator:
        return self.page.locator("dialog.sheet")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name)

    def ids(self) -> list[str]:
        """The ids of the hits that are in the document, in their order."""
        return self.hits.evaluate_all("hits => hits.map((hit) => hit.dataset.photo)")

    def settled(self) -> "Screen":
        """Wait until the hits shown are those of the query."""
        expect(self.page.locator(".found")).to_have_attribute("aria-busy", "false")
        expect(self.page.locator(".is-old")).to_have_count(0)
        return self

    def searched(self, act: Callable[[], Any]) -> dict[str, Any]:
        """The body of the search that `act` causes, once its hits are shown. Further pages of hits are not meant."""
        with self.page.expect_request(
            lambda request: request.url.endswith("/v1/search") and request.post_data_json["offset"] == 0
        ) as asked:
            act()
        self.settled()
        return asked.value.post_data_json

    def drop(self, *files: dict[str, str]) -> None:
        transfer = self.page.evaluate_handle(TRANSFER, list(files))
        for event in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event("body", event, {"dataTransfer": transfer, "bubbles": True})

    def paste(self, *files: dict[str, str]) -> None:
        transfer = self.page.evaluate_handle(TRANSFER, list(files))
        self.page.evaluate(
            "clipboardData => document.body.dispatchEvent("
            "new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}))",
            transfer,
        )

    def state(self) -> dict[str, list[str]]:
        """The parameters of the address."""
        return parse_qs(urlsplit(f"?{urlsplit(self.page.url).fragment.partition('?')[2]}").query)


def query(**parameters: str) -> str:
    return "?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
