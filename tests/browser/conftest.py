"""A real Chromium at the desks of the cast.

The server is the product as deployed, whitenoise and all. Every page that a desk visits is watched:
an error in the console, a refusal by the content security policy or an exception fails the test.
"""

import os
import shutil

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import TimeoutError, expect
from pytest_django.live_server_helper import LiveServer

from cycle.models import Role
from cycle.wsgi import application
from tests.owning import update_as_owner
from tests.world import open_dossier, person

#: Milliseconds until what does not come counts as not coming.
PATIENCE = 60_000

#: What a page must never do: its name is the unit, its value the script's own words.
_FAULTS = """width => {
  const found = [];
  const page = document.documentElement;
  if (page.scrollWidth > width) {
    const wide = [...document.querySelectorAll("body *")]
      .filter((part) => part.getBoundingClientRect().right > width + 1)
      .slice(0, 3).map((part) => part.outerHTML.slice(0, 100));
    found.push(`${page.scrollWidth} px wide: ${wide.join(" ")}`);
  }
  if (matchMedia("(pointer: coarse)").matches)
    for (const button of document.querySelectorAll("button, .btn, summary, .tabs a, .head nav a, select")) {
      const box = button.getBoundingClientRect();
      if (button.checkVisibility() && box.height > 0 && box.height < 43.5)
        found.push(`${box.height} px high: ${button.outerHTML.slice(0, 100)}`);
    }
  // At a desk a cell stays a cell of its table; on a phone a row is a card.
  if (width >= 768)
    for (const cell of document.querySelectorAll("td, th"))
      if (cell.checkVisibility() && getComputedStyle(cell).display !== "table-cell")
        found.push(`no cell of its table: ${cell.outerHTML.slice(0, 100)}`);
  // What is typed into says its name, and so does what is pressed.
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href]")) {
    const named = field.getAttribute("aria-label") || field.getAttribute("aria-labelledby")
      || field.labels?.length || (field.matches("button, a") && field.textContent.trim());
    if (field.checkVisibility() && !named) found.push(`no name: ${field.outerHTML.slice(0, 100)}`);
  }
  // One title; below it no level is left out.
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((heading) => heading.checkVisibility()).map((heading) => +heading.tagName[1]);
  if (levels.filter((level) => level === 1).length !== 1) found.push(`headings: ${levels}`);
  if (levels.some((level, n) => n && level > levels[n - 1] + 1)) found.push(`a level left out: ${levels}`);
  return found;
}"""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The Chromium of the system; without one the tests skip, unless they may not."""
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if chromium is None:
        missing = "Không có Chromium trên máy này: hãy cài gói chromium."
        if os.environ.get("OCOP_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    # A condition is waited for; how long a busy machine takes for it proves nothing.
    expect.set_options(timeout=PATIENCE)
    # Playwright keeps an event loop in this thread, and Django takes it for an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return browser_type_launch_args | {
        "executable_path": chromium,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture(scope="session")
def live_server():
    """The product as deployed: pytest-django's own puts Django's static handler before it."""
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = lambda _handler: application
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


class Desk:
    """One browser of one person; ``page`` is the tab in front."""

    def __init__(self, context, server, width):
        self.context, self.server, self.width = context, server, width
        self.faults, self.asked, self.visited = [], set(), []
        context.on("page", self._watch)
        # What a navigation that never ends was waiting for.
        context.on("request", lambda request: self.asked.add(request))
        for ended in ("requestfinished", "requestfailed"):
            context.on(ended, lambda request: self.asked.discard(request))
        self.page = context.new_page()

    def _watch(self, page):
        page.on("framenavigated", lambda frame: self.visited.append(frame.url))
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                self.faults.append(f"{page.url}: {said.text}") if said.type == "error" else None
            ),
        )

    def look(self):
        """Nothing too wide or too small to touch, no table broken, nothing nameless, one title."""
        self.faults += [
            f"{self.page.url} at {self.width}: {fault}"
            for fault in self.page.evaluate(_FAULTS, self.width)
        ]

    def open(self, name, *args, query=""):
        """Go to the page of that name in the addresses."""
        self.page.goto(f"{self.server}{reverse(name, args=args)}{query}")
        self.look()

    def follow(self, locator):
        """Click what leads to another page, and wait for it."""
        try:
            # Not any navigation: an address that a list still writes for itself would be taken for it.
            with self.page.expect_event("load"):
                locator.click()
        except TimeoutError as late:
            late.add_note(f"{self.page.url}; on the way: {[each.url for each in self.asked]}")
            raise
        self.look()

    def press(self, name):
        """Press the button of an act."""
        self.follow(self.page.locator(f'button[name="act"][value="{name}"]'))

    def act(self, name):
        """Press the button of an act, once more where it asks so, and read that it is done."""
        self.press(name)
        if self.page.locator(".asks").count():
            self.press(name)
        expect(self.page.locator("#messages .notice-success")).to_be_visible()

    def unfold(self):
        """Open all that is folded on the page."""
        self.page.locator("main").evaluate(
            "main => main.querySelectorAll('details').forEach(fold => { fold.open = true; })"
        )
        self.look()

    def fill(self, part, **values):
        """Type into the fields of a part of a form."""
        for name, value in values.items():
            field = self.page.locator(f'[name="{part}-{name}"]')
            if field.first.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            elif field.first.get_attribute("type") == "checkbox":
                for box in field.all() if value else ():
                    box.check()
            elif field.first.get_attribute("type") == "file":
                field.set_input_files(value)
            else:
                field.fill(value)

    def find(self, product):
        """The row of a product in the list."""
        return self.page.locator(".list tbody tr", has_text=product)

    def take_up(self, product):
        """From the inbox: find the product, claim its task, open it."""
        self.open("dossiers:inbox")
        row = self.find(product)
        row.locator("[data-key=g]").click()
        expect(self.page.locator("#messages .notice-success")).to_be_visible()
        self.look()
        self.follow(row.locator(".go"))

    def sign_in(self, user):
        """As a person does, where the tab stands; at the way in when it stands nowhere."""
        if self.page.locator("#id_login").count() == 0:
            self.open("account_login")
        self.page.locator("#id_login").fill(user.username)
        self.page.locator("#id_password").fill("mật khẩu thử")
        self.follow(self.page.locator("main form button.btn-primary"))

    def sign_out(self):
        self.page.locator("details.menu > summary").click()
        self.follow(self.page.locator("details.menu form button"))
        expect(self.page.locator("#id_login")).to_be_visible()


@pytest.fixture
def desk(new_context, live_server, settings):
    """Make desks: ``desk(an)`` is An at the inbox, ``desk(an, 390)`` on a phone, ``desk()`` nobody.

    The browsers ask for English, as many do: the pages must not care.
    """
    desks = []

    def sit(user=None, width=1280, **options):
        phone = {"is_mobile": True, "has_touch": True} if width < 768 else {}
        # Bootstrap scrolls smoothly: on a busy machine a button may still move under the click.
        context = new_context(
            viewport={"width": width, "height": 800},
            locale="en-US",
            reduced_motion="reduce",
            **phone,
            **options,
        )
        context.set_default_timeout(PATIENCE)
        desks.append(Desk(context, live_server, width))
        if user:
            client = Client()
            client.force_login(user)
            session = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies(
                [{"name": session.key, "value": session.value, "url": live_server.url}]
            )
            desks[-1].open("dossiers:inbox")
        return desks[-1]

    yield sit
    faults = sorted({fault for each in desks for fault in each.faults})
    assert not faults, "\n".join(faults)


@pytest.fixture
def long_names(cycle, commune, an):
    """A dossier whose product, producer and code are as long as they come."""
    dossier = open_dossier(
        cycle,
        commune,
        an,
        name="Mật ong bạc hà rừng già nguyên chất nuôi dưới tán rừng đặc dụng Mường Phăng Pá Khoang "
        "hộp quà biếu 500 ml kèm sáp ong Mườngnhénậmpồtủachùamườngảngtuầngiáođiệnbiênđông",
    )
    product = dossier.product
    update_as_owner(
        type(product.producer).objects.filter(pk=product.producer_id),
        name="Hợp tác xã dịch vụ nông nghiệp tổng hợp, du lịch cộng đồng và bảo tồn tri thức bản "
        "địa thanh niên dân tộc Thái, Mông, Khơ Mú bản Nà Luống xã Nà Tấu",
    )
    update_as_owner(
        type(product).objects.filter(pk=product.pk), code="11-03316-000123456789-2026-BANMOINHAT"
    )
    product.refresh_from_db()
    return dossier


@pytest.fixture
def yen(commune, old_commune):
    """An's colleague at the commune."""
    return person("yen", "Lò Hải Yến", (Role.OFFICER, commune), (Role.OFFICER, old_commune))
