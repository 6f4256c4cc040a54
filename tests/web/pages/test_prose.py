"""Descriptions are Markdown: shown as what they mean, and unable to do anything."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving import Server
from tests.web.pages.conftest import NewPerson
from tests.web.pages.visitor import somebody
from wharfinger.domain import projects
from wharfinger.domain.access import OPERATOR
from wharfinger.web.pages.prose import prose

DESCRIPTION = """# The shop
What *everybody* buys here,
day and night.

## How to pull
1. log in
2. `docker pull`

- [by hand](https://example.com/by?hand=1&foot=2)
- [all that there is](/projects)

> never on Sundays

```sh
docker pull registry.example.com/acme/shop:2.4.0@sha256:b0a1076777610000000000000000000000000000000000000000000000000000
```

---

<script>document.title = "taken over"</script> ![a picture](https://example.com/who-looks.png)
"""

TEXT_ONLY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<b onclick=alert(1)>bold</b>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](file:///etc/passwd)",
    "[x](//elsewhere.example.com)",
    "[x](elsewhere)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "<ssh://elsewhere>",
]

LINKS = {
    "[x](https://example.com/?a=1&b=2)": "https://example.com/?a=1&amp;b=2",
    "[x](/acme/shop)": "/acme/shop",
    "[x](#part)": "#part",
    "[x](mailto:ada@example.com)": "mailto:ada@example.com",
    "<https://example.com>": "https://example.com",
    "[x](/\\elsewhere.example.com)": "/%5Celsewhere.example.com",
    '[x](https://example.com/"onmouseover=alert(1))': "https://example.com/%22onmouseover=alert(1)",
}


@pytest.mark.parametrize("text", TEXT_ONLY)
def test_what_could_do_something_stays_text(text: str) -> None:
    assert re.findall(r"<([a-z]+)", prose(text)) in (["p"], ["p", "p"])


@pytest.mark.parametrize(("text", "address"), LINKS.items())
def test_links_lead_to_pages(text: str, address: str) -> None:
    assert f'<a href="{address}" rel="nofollow noopener noreferrer">' in prose(text)


def test_of_pictures_the_text_is_shown() -> None:
    badge = (
        "[![built <now>](https://example.com/badge.svg)](https://example.com/builds) ![](https://example.com/dot.gif)"
    )
    assert "<img" not in prose(badge)
    assert prose(badge).endswith(">built &lt;now&gt;</a> </p>\n")


def test_headings_stand_below_that_of_the_page() -> None:
    assert re.findall(r"<(h\d)>", prose("# one\n\n## two\n\n###### six")) == ["h2", "h3", "h6"]


def test_lines_stay_lines() -> None:
    assert "one<br" in prose("one\ntwo")


def test_the_page_of_a_project_shows_it(person: NewPerson, site: Server) -> None:
    project = site.project()
    projects.change(site.tools, OPERATOR, project.path, description=DESCRIPTION)
    developer = person(project, "developer")
    page = developer.open(f"/{project.path}")
    expect(page.get_by_role("heading", name="The shop", level=2)).to_be_visible()
    expect(page.get_by_role("link", name="by hand")).to_have_attribute("href", "https://example.com/by?hand=1&foot=2")
    expect(page.get_by_text("document.title =")).to_be_visible()
    expect(page).not_to_have_title("taken over")
    assert page.locator("main img").count() == 0
    developer.check("described")


def test_the_form_shows_it_as_it_was_written(site: Server) -> None:
    project = site.project()
    owner = somebody(site, project, "owner")
    text = "**loud** <b>bold</b>"
    owner.post(f"/{project.path}/-/settings", {"name": "Shop", "visibility": "private", "description": text})
    assert "**loud** &lt;b&gt;bold&lt;/b&gt;</textarea>" in owner.get(f"/{project.path}/-/settings").text
    assert "<strong>loud</strong> &lt;b&gt;bold&lt;/b&gt;" in owner.get(f"/{project.path}").text
