"""Pages: the reader's language, nothing unescaped, no link that leads away."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from jinja2 import UndefinedError
from starlette.responses import Response

from web.pages import Pages, is_own_address


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "hello.html").write_text("{{ html_lang }} {{ here }} {{ t('common.close') }} {{ name }}", "utf-8")
    (tmp_path / "broken.html").write_text("{{ nobody_gave_this }}", "utf-8")
    pages = Pages(tmp_path)
    app = FastAPI()

    @app.get("/hello")
    async def hello(request: Request) -> Response:
        return pages.render(request, "hello.html", {"name": "<b>"}, status=202)

    @app.get("/broken")
    async def broken(request: Request) -> Response:
        return pages.render(request, "broken.html", {})

    pages.mount(app)
    return TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)


def test_page_is_in_the_language_of_the_browser_and_escaped(client: TestClient) -> None:
    answer = client.get("/hello?page=2", headers={"accept-language": "en"})
    assert answer.status_code == 202
    assert answer.text == "en /hello?page=2 Close &lt;b&gt;"
    assert client.get("/hello").text.startswith("zh-CN /hello 关闭")


def test_choice_of_language_is_kept(client: TestClient) -> None:
    answer = client.get("/language/en?back=/hello")
    assert (answer.status_code, answer.headers["location"]) == (303, "/hello")
    assert client.get("/hello", headers={"accept-language": "zh"}).text.startswith("en ")
    assert client.get("/language/fr").status_code == 422


@pytest.mark.parametrize(
    "back", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "elsewhere", "/a\r\nb"]
)
def test_language_switch_leads_nowhere_else(client: TestClient, back: str) -> None:
    assert not is_own_address(back)
    assert client.get("/language/en", params={"back": back}).headers["location"] == "/"


def test_name_that_was_not_given_is_an_error(client: TestClient) -> None:
    with pytest.raises(UndefinedError):
        client.get("/broken")
