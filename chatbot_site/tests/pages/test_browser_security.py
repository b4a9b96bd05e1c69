"""What browsers are told to refuse."""

import pytest

pytestmark = pytest.mark.django_db


def policy(client, path):
    return client.get(path).headers["Content-Security-Policy"]


def test_pages_run_only_our_own_scripts_and_styles(client):
    assert "default-src 'self'" in policy(client, "/admin/login/")
    assert "unsafe-inline" not in policy(client, "/admin/login/")


@pytest.mark.parametrize("path", ["/docs", "/api/v1/"])
def test_only_the_api_pages_may_style_inline(client, path):
    assert "style-src 'self' 'unsafe-inline'" in policy(client, path)
    assert "script-src" not in policy(client, path)


def test_the_documentation_page_opens(client):
    answer = client.get("/docs")
    assert answer.status_code == 200
    assert "cdn" not in answer.content.decode()
