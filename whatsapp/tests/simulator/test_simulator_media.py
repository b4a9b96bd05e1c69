"""Files at the simulated Meta: uploaded, asked for, fetched, deleted; sent and looked at on its page."""

import time

import pytest
import requests
from playwright.sync_api import expect

from whatsapp.testing import PNG

NUMBER_ID = "1000001"
ANNA = "+79161234567"
TOKEN = {"Authorization": "Bearer sim-demo"}


@pytest.fixture
def shop(meta):
    number = meta.directory.add_number(NUMBER_ID, "+74951234567", "sim-demo", name="Flowers")
    meta.simulator.add_customer("Anna", ANNA)
    return number


def call(meta, method, path, **options):
    return requests.request(method, f"{meta.url}/v25.0/{path}", headers=TOKEN, timeout=10, **options)


def upload(meta, content=PNG, mime="image/png", product="whatsapp"):
    files = {"file": ("flower.png", content, mime)}
    return call(meta, "POST", f"{NUMBER_ID}/media", data={"messaging_product": product, "type": mime}, files=files)


def ask(meta, media_id):
    return call(meta, "GET", media_id, params={"phone_number_id": NUMBER_ID})


def test_a_file_is_uploaded_asked_for_and_fetched(meta, shop):
    facts = ask(meta, upload(meta).json()["id"]).json()

    assert (facts["mime_type"], facts["file_size"], len(facts["sha256"])) == ("image/png", len(PNG), 64)
    assert requests.get(facts["url"], headers=TOKEN, timeout=10).content == PNG


def test_a_file_is_fetched_with_a_token_and_in_time_alone(meta, shop):
    url = ask(meta, upload(meta).json()["id"]).json()["url"]

    assert requests.get(url, timeout=10).status_code == 401
    ended = url.partition("&ext=")[0] + f"&ext={int(time.time()) - 1}"
    assert requests.get(ended, headers=TOKEN, timeout=10).status_code == 404


def test_a_deleted_file_is_gone(meta, shop):
    media_id = upload(meta).json()["id"]

    assert call(meta, "DELETE", media_id).json() == {"success": True}
    assert ask(meta, media_id).json()["error"]["code"] == 100
    assert call(meta, "DELETE", media_id).status_code == 400


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"mime": "text/html"}, 100),
        ({"product": "telegram"}, 100),
        ({"content": bytes(5 * 1024**2 + 1)}, 131053),
        ({"content": bytes(101 * 1024), "mime": "image/webp"}, 131053),
    ],
)
def test_what_meta_does_not_take_is_refused(meta, shop, given, code):
    assert upload(meta, **given).json()["error"]["code"] == code


def test_an_animated_sticker_may_be_larger(meta, shop):
    assert upload(meta, content=b"RIFF....WEBPVP8X....ANIM" + bytes(400 * 1024), mime="image/webp").ok


def test_a_form_without_a_file_is_refused(meta, shop):
    answer = call(meta, "POST", f"{NUMBER_ID}/media", json={"messaging_product": "whatsapp"})

    assert answer.json()["error"]["code"] == 100


@pytest.mark.parametrize(
    ("mime", "kind"),
    [("image/jpeg", "image"), ("image/webp", "sticker"), ("video/mp4", "video"), ("audio/ogg", "audio")],
)
def test_a_customers_file_is_of_the_type_that_whatsapp_makes_of_it(meta, shop, mime, kind):
    message = meta.simulator.customer_sends_file(NUMBER_ID, ANNA, PNG, mime)

    assert message.content["type"] == kind
    assert message.content[kind]["id"] in meta.simulator.media


def test_a_voice_message_names_its_codec_as_metas_does(meta, shop):
    message = meta.simulator.customer_sends_file(NUMBER_ID, ANNA, PNG, "audio/ogg")

    assert message.content["audio"]["mime_type"] == "audio/ogg; codecs=opus"
    assert message.content["audio"]["voice"]


def test_the_page_takes_no_form_of_another_site_for_a_file(meta, shop):
    answer = requests.post(
        f"{meta.url}/media?name=a.txt", data=b"a", headers={"Content-Type": "text/plain"}, timeout=10
    )

    assert answer.status_code == 415


def test_the_page_refuses_a_file_that_whatsapp_does_not_carry(meta, shop):
    answer = requests.post(
        f"{meta.url}/media?lang=en&name=a.html",
        data=b"<p>",
        headers={"Content-Type": "application/octet-stream"},
        timeout=10,
    )

    assert answer.status_code == 400
    assert "does not carry" in answer.json()["error"]


@pytest.mark.browser
def test_a_picture_is_sent_and_seen_on_the_page(browser, meta, shop, tmp_path):
    complaints = []
    page = browser.new_page(locale="en-GB")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{meta.url}/?lang=en&number={NUMBER_ID}&customer=79161234567")
    (tmp_path / "flower.png").write_bytes(PNG)

    page.get_by_role("textbox", name="Message").fill("Like this")
    page.set_input_files("#file", tmp_path / "flower.png")

    expect(page.locator(".message.mine img")).to_be_visible()
    expect(page.locator(".message.mine")).to_contain_text("Like this")
    body = {"messaging_product": "whatsapp", "to": ANNA, "type": "image", "image": {"id": upload(meta).json()["id"]}}
    call(meta, "POST", f"{NUMBER_ID}/messages", json=body)
    expect(page.locator(".message.theirs img")).to_be_visible()
    page.wait_for_function("document.querySelector('.theirs img').naturalWidth")
    page.close()
    assert complaints == []
