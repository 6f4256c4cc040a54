"""People in front of a browser: they sign in, look at pages in every light, and keep what they saw."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from hatch_build import WORK
from tests.serving import Server
from wharfinger.domain import users
from wharfinger.domain.access import OPERATOR

PASSWORD = "a lantern on the quay"
SCREENSHOTS = Path(os.environ.get("WHARFINGER_SCREENSHOTS") or "build/screenshots")
AXE = WORK / "node_modules/axe-core/axe.min.js"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
RUN_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map((one) =>
    `${one.id}: ${one.help}\\n` + one.nodes.map((node) => `    ${node.html}\\n    ${node.failureSummary}`).join("\\n"));
}"""


class Person:
    """Somebody with a browser window of their own. What the browser complains about is kept in `complaints`."""

    def __init__(self, browser: Browser, server: Server, username: str = "", password: str = PASSWORD) -> None:
        self.server, self.username, self.password = server, username, password
        self.context = browser.new_context(
            base_url=server.url, viewport=DESK, color_scheme="light", reduced_motion="reduce", locale="en-GB"
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        refused = re.search(r"status of (401|403|404|409|413|422|429)", message.text)  # an answer, not a fault
        if message.type == "error" and not refused:
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        """Go to a page."""
        self.page.goto(path)
        return self.page

    def sign_in_form(self) -> Page:
        """Send user name and password."""
        page = self.open("/login")
        page.get_by_label("User name").fill(self.username)
        page.get_by_label("Password").fill(self.password)
        page.get_by_role("button", name="Sign in").click()
        return page

    def sign_in(self) -> "Person":
        """By user name and password."""
        self.sign_in_form().wait_for_url(lambda url: "/login" not in url)
        return self

    def check(self, name: str, hidden: Sequence[str] = ()) -> None:
        """Nothing on the page at hand is wrong, by axe-core's rules, in light and dark and at phone width.

        Pictures are kept as `build/screenshots/<name>-<how>.png`, without what the selectors in `hidden` find.
        """
        for how, scheme, size in (("light", "light", DESK), ("dark", "dark", DESK), ("phone", "light", PHONE)):
            self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            self._keep(f"{name}-{how}", hidden)
            if not self.page.evaluate("'axe' in window"):
                self.page.evaluate(AXE.read_text())
            violations = self.page.evaluate(RUN_AXE)
            assert not violations, f"{name}, {how}:\n" + "\n".join(violations)
            wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, f"{name}, {how}: the page is {wide} pixels wider than the window"
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        assert not self.complaints, f"{name}: {self.complaints}"

    def _keep(self, name: str, hidden: Sequence[str]) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        masks = [self.page.locator(selector) for selector in hidden]
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, mask=masks, animations="disabled")

    def close(self) -> None:
        """Close the window."""
        self.context.close()


def confirm(page: Page, button: str, typed: str = "") -> None:
    """Press the button of the dialog that is open, which asks for a name where `typed` is one."""
    dialog = page.get_by_role("dialog")
    press = dialog.get_by_role("button", name=button, exact=True)
    if typed:
        expect(press).to_be_disabled()
        dialog.get_by_label("to go on").fill(typed)
    press.click()


def with_password(server: Server, project: object = None, role: str | None = None, *, admin: bool = False) -> str:
    """The name of a new user who has a password, and a role in a project or group."""
    user = server.user(project, role, admin=admin)  # type: ignore[arg-type]
    users.set_password(server.tools, OPERATOR, user.username, PASSWORD)
    return user.username
