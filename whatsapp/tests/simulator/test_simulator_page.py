"""The simulator's page, by HTTP and in a real browser."""

import re

import pytest
import requests
from playwright.sync_api import expect

NUMBER_ID = "1000001"
ANNA = "+79161234567"


@pytest.fixture
def shop(meta):
    number = meta.directory.add_number(NUMBER_ID, "+74951234567", "sim-demo", name="Flowers")
    meta.simulator.add_customer("Anna", ANNA)
    return number


def send(meta, **parts):
    body = {"messaging_product": "whatsapp", "to": ANNA, **parts}
    answer = requests.post(
        f"{meta.url}/v25.0/{NUMBER_ID}/messages",
        json=body,
        headers={"Authorization": "Bearer sim-demo"},
        timeout=10,
    )
    assert answer.ok, answer.text
    return answer.json()["messages"][0]["id"]


def menu(*titles):
    buttons = [{"type": "reply", "reply": {"id": f"id-{title}", "title": title}} for title in titles]
    return {"type": "button", "body": {"text": "Size?"}, "action": {"buttons": buttons}}


def rows(*titles):
    section = {"title": "Today", "rows": [{"id": f"id-{title}", "title": title} for title in titles]}
    return {"type": "list", "body": {"text": "When?"}, "action": {"button": "Choose", "sections": [section]}}


def posted_messages(meta):
    """What the webhooks that wait say the customer sent."""
    return [
        message
        for webhook in meta.simulator.courier.waiting
        for message in webhook.change["value"].get("messages", [])
    ]


def state(meta, **query):
    return requests.get(f"{meta.url}/state", params={"lang": "en", **query}, timeout=10).json()


@pytest.mark.parametrize("language", ["ru", "en"])
def test_page_speaks_the_language_asked_for(meta, language):
    assert f'<html lang="{language}">' in requests.get(f"{meta.url}/?lang={language}", timeout=10).text


def test_page_speaks_the_installations_language_by_itself(meta, settings):
    settings.LANGUAGE_CODE = "en"

    assert '<html lang="en">' in requests.get(f"{meta.url}/", timeout=10).text


def test_page_forbids_whatever_is_not_its_own(meta):
    answer = requests.get(f"{meta.url}/", timeout=10)

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|style=|<script(?! src=\"/)|onclick=|https?://(?!127)", answer.text)


def test_state_is_only_a_version_when_nothing_changed(meta, shop):
    version = state(meta)["version"]

    assert state(meta, after=version) == {"version": version}


def test_a_customer_without_a_name_is_shown_by_phone(meta, shop):
    meta.simulator.add_customer("", "+79161234568")

    assert [person["name"] for person in state(meta)["customers"]].count("+7 916 123-45-68") == 1


def test_form_of_another_site_is_not_taken(meta, shop):
    answer = requests.post(f"{meta.url}/messages", data={"text": "a"}, timeout=10)

    assert answer.status_code == 415
    assert posted_messages(meta) == []


def test_the_owner_writes_on_their_own_phone(meta, shop):
    body = {"number": NUMBER_ID, "customer": ANNA.lstrip("+"), "text": "Yes, we are open", "as_owner": True}

    answer = requests.post(f"{meta.url}/messages", json=body, timeout=10)

    [webhook] = meta.simulator.courier.waiting
    [echo] = webhook.change["value"]["message_echoes"]
    assert webhook.change["field"] == "smb_message_echoes"
    assert (echo["id"], echo["from"], echo["to"]) == (answer.json()["message"], "74951234567", "79161234567")
    assert echo["text"] == {"body": "Yes, we are open"}


def test_a_customer_calls_and_nobody_answers(meta, shop):
    answer = requests.post(f"{meta.url}/calls", json={"number": NUMBER_ID, "customer": ANNA.lstrip("+")}, timeout=10)

    calls = [webhook.change["value"]["calls"][0] for webhook in meta.simulator.courier.waiting]
    assert [call["event"] for call in calls] == ["connect", "terminate"]
    assert {call["id"] for call in calls} == {answer.json()["call"]}
    assert calls[1]["status"] == "FAILED"


@pytest.mark.parametrize("path", ["messages", "calls"])
def test_a_chat_that_is_not_known_is_answered_with_a_sentence(meta, path):
    answer = requests.post(f"{meta.url}/{path}?lang=en", json={"number": "1", "customer": "2"}, timeout=10)

    assert (answer.status_code, answer.json()["error"][:27]) == (400, "The simulator was restarted")


def test_wrong_phone_is_answered_with_a_sentence(meta, shop):
    answer = requests.post(f"{meta.url}/customers?lang=en", json={"name": "X", "phone": "12"}, timeout=10)

    assert answer.status_code == 400
    assert "not a phone number" in answer.json()["error"]


def test_choice_that_is_not_in_the_message_is_refused(meta, shop):
    wamid = send(meta, type="interactive", interactive=menu("S"))

    answer = requests.post(
        f"{meta.url}/messages",
        json={"number": NUMBER_ID, "customer": "79161234567", "wamid": wamid, "choice": "id-XXL"},
        timeout=10,
    )

    assert answer.status_code == 400


def test_unknown_path_is_not_found(meta):
    assert requests.get(f"{meta.url}/static/../page.py", timeout=10).status_code == 404
    assert requests.get(f"{meta.url}/nothing", timeout=10).status_code == 404


# In a browser


@pytest.fixture
def page(browser, meta, shop):
    """The chat of Anna with the shop. What the browser complains of fails the test."""
    complaints = []
    page = browser.new_page(locale="en-GB")
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{meta.url}/?lang=en&number={NUMBER_ID}&customer=79161234567")
    page.get_by_label("Message", exact=True).wait_for()
    yield page
    page.close()
    assert complaints == []


def shown(page, text):
    expect(page.locator("#thread")).to_contain_text(text)


@pytest.mark.browser
def test_text_written_on_the_page_becomes_a_webhook(meta, page):
    page.get_by_label("Message", exact=True).fill("Good morning")
    page.keyboard.press("Enter")

    shown(page, "Good morning")
    assert [message["text"]["body"] for message in posted_messages(meta)] == ["Good morning"]


@pytest.mark.browser
def test_answer_of_the_business_appears_by_itself(meta, page):
    send(meta, type="text", text={"body": "Welcome, *Anna*!"})

    shown(page, "Welcome, Anna!")
    assert page.locator("#thread strong").inner_text() == "Anna"


@pytest.mark.browser
def test_hostile_text_is_shown_and_not_run(meta, page):
    send(meta, type="text", text={"body": "<img src=x onerror=alert(1)>"})

    shown(page, "<img src=x onerror=alert(1)>")


@pytest.mark.browser
def test_tapped_button_sends_a_button_reply_to_its_message(meta, page):
    wamid = send(meta, type="interactive", interactive=menu("S", "M"))

    page.get_by_role("button", name="M", exact=True).click()
    page.get_by_role("button", name="M, chosen").wait_for()

    [message] = posted_messages(meta)
    assert message["interactive"] == {"type": "button_reply", "button_reply": {"id": "id-M", "title": "M"}}
    assert message["context"]["id"] == wamid


@pytest.mark.browser
def test_row_of_a_list_is_chosen_by_keyboard(meta, page):
    send(meta, type="interactive", interactive=rows("14:30", "18:00"))

    page.get_by_role("button", name="Choose").press("Enter")
    page.get_by_role("button", name="18:00").press("Enter")

    shown(page, "18:00")
    [message] = posted_messages(meta)
    assert message["interactive"]["list_reply"] == {"id": "id-18:00", "title": "18:00"}


@pytest.mark.browser
def test_quick_reply_of_a_template_sends_its_payload(meta, page):
    values = [
        {"type": "text", "parameter_name": "name", "text": "Anna"},
        {"type": "text", "parameter_name": "discount", "text": "20 %"},
    ]
    components = [
        {"type": "body", "parameters": values},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "1",
            "parameters": [{"type": "payload", "payload": "stop"}],
        },
    ]
    send(
        meta,
        type="template",
        template={"name": "spring_sale", "language": {"code": "ru"}, "components": components},
    )

    page.get_by_role("button", name="Отписаться", exact=True).click()
    page.get_by_role("button", name="Отписаться, chosen").wait_for()

    [message] = posted_messages(meta)
    assert message["button"] == {"payload": "stop", "text": "Отписаться"}


@pytest.mark.browser
def test_reaction_goes_to_its_message(meta, page):
    wamid = send(meta, type="text", text={"body": "Welcome!"})

    page.get_by_role("button", name="React").click()
    page.get_by_role("button", name="👍").click()

    shown(page, "👍")
    [message] = posted_messages(meta)
    assert message["reaction"] == {"message_id": wamid, "emoji": "👍"}


@pytest.mark.browser
def test_new_customer_is_added_and_can_write(meta, page):
    page.get_by_role("button", name="New customer").click()
    page.get_by_label("Name").fill("Boris")
    page.get_by_label("Phone").fill("8 926 555-00-11")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Boris").wait_for()
    page.get_by_label("Message", exact=True).fill("I am new")
    page.keyboard.press("Enter")
    shown(page, "I am new")

    assert [message["from"] for message in posted_messages(meta)] == ["79265550011"]


@pytest.mark.browser
def test_read_and_typing_of_the_business_are_shown(meta, page):
    sent = meta.simulator.customer_sends(NUMBER_ID, ANNA, {"type": "text", "text": {"body": "Hello?"}})
    meta.simulator.mark_read(sent.wamid, typing_seconds=25)

    page.get_by_role("img", name="Read").wait_for()
    page.get_by_text("typing…").wait_for()


@pytest.mark.browser
def test_phone_sized_page_shows_people_then_the_chat_without_scrolling_sideways(browser, meta, shop):
    send(meta, type="text", text={"body": "A very long word: " + "x" * 200})
    page = browser.new_page(viewport={"width": 360, "height": 640})
    page.goto(f"{meta.url}/?lang=en")

    page.get_by_role("button", name="Anna").click()
    shown(page, "A very long word")

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.get_by_role("button", name="New customer").is_hidden()


@pytest.mark.browser
def test_page_without_a_number_says_how_to_connect_one(browser, meta):
    page = browser.new_page()
    page.goto(f"{meta.url}/?lang=en")

    page.get_by_text("No number is connected yet").wait_for()
    assert f"META_GRAPH_URL={meta.url}" in page.locator("#setup").inner_text()


@pytest.mark.browser
def test_page_keeps_its_chat_when_the_language_is_changed(page):
    page.get_by_role("link", name="Русский").click()
    page.wait_for_url("**lang=ru**")

    expect(page.locator("#business-name")).to_have_text("Flowers")


@pytest.mark.browser
def test_what_the_owner_writes_stands_on_the_side_of_the_business(meta, page):
    page.get_by_label("As the owner of the number, in their app").check()
    page.get_by_label("Message", exact=True).fill("Yes, we are open")
    page.get_by_role("button", name="Send", exact=True).click()

    page.locator(".thread").get_by_text("Yes, we are open").wait_for()
    [message] = meta.simulator.chats[NUMBER_ID, ANNA.lstrip("+")].messages
    assert not message.from_customer
    assert posted_messages(meta) == []


@pytest.mark.browser
def test_a_call_is_made_by_a_button(meta, page):
    with page.expect_response("**/calls?*"):
        page.get_by_role("button", name="Call and hang up").click()

    assert [webhook.change["field"] for webhook in meta.simulator.courier.waiting] == ["calls", "calls"]
