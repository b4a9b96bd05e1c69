"""A forgotten password: the pages, and the mail."""

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.testing import make_owner

pytestmark = pytest.mark.django_db


def ask(email: str) -> str:
    client = Client(headers={"accept-language": "ru"})
    return client.post("/password-reset/", {"email": email}, follow=True).content.decode()


def without_token(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_the_mail_has_a_text_and_the_same_as_html() -> None:
    owner = make_owner()
    ask(owner.email)
    (sent,) = mail.outbox
    html, kind = sent.alternatives[0]
    link = re.search(r"http\S+", sent.body)
    assert sent.subject == "Новый пароль" and kind == "text/html"
    assert link and link[0] in html and "Выберите новый пароль" in html


def test_the_link_leads_to_a_new_password() -> None:
    owner = make_owner()
    ask(owner.email)
    link = re.search(r"http://[^/]+(\S+)", mail.outbox[0].body)
    assert link
    client = Client(headers={"accept-language": "ru"})
    form = client.get(link[1], follow=True)
    address = form.redirect_chain[-1][0]
    words = {"new_password1": "a quite long phrase", "new_password2": "a quite long phrase"}
    assert "Новый пароль сохранён" in client.post(address, words, follow=True).content.decode()
    owner.refresh_from_db()
    assert owner.check_password("a quite long phrase")


def test_the_page_does_not_tell_who_has_an_account() -> None:
    owner = make_owner()
    assert without_token(ask(owner.email)) == without_token(ask("nobody@example.com"))
    assert len(mail.outbox) == 1


def test_a_used_link_offers_a_new_one() -> None:
    page = Client(headers={"accept-language": "ru"}).get("/password-reset/MQ/set-password/").content.decode()
    assert "Ссылка устарела" in page and "Запросить новую ссылку" in page
