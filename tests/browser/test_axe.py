"""What keeps people from using a page is found, and nothing else."""

from __future__ import annotations

import pytest

from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.browser

GOOD = '<html lang="en"><head><title>t</title></head><body>{}</body></html>'
PLANTED = {
    "color-contrast": '<main><p style="color: #bbb; background: #fff">pale</p></main>',
    "label": '<main><input type="text"></main>',
    "button-name": "<main><button></button></main>",
    "image-alt": '<main><img src="data:,"></main>',
    "aria-required-attr": '<main><div role="checkbox" tabindex="0" aria-label="a"></div></main>',
    "nested-interactive": '<main><div role="button" tabindex="0">a <a href="#a">b</a></div></main>',
}


def test_what_is_grave_is_found_and_what_is_light_is_not(open_page: OpenPage) -> None:
    page = open_page()
    found = {}
    for rule, body in PLANTED.items():
        page.set_content(GOOD.format(body))
        found[rule] = [one.partition(":")[0] for one in grave_findings(page)]
    assert found == {rule: [rule] for rule in PLANTED}
    # Two headings in the wrong order outside of any landmark.
    page.set_content(GOOD.format("<h3>a</h3><p>b</p>"))
    assert grave_findings(page) == []
