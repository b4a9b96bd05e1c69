"""Templates in the admin: readable, and read anew by a button."""

import pytest
from django.urls import reverse

from accounts.testing import make_colleague, make_owner
from whatsapp.models import MessageTemplate
from whatsapp.testing import make_number, make_template

pytestmark = pytest.mark.django_db

LIST = reverse("admin:whatsapp_messagetemplate_changelist")
SYNC = reverse("admin:whatsapp_messagetemplate_sync")


@pytest.fixture
def number(owner, meta):
    number = make_number(owner.business, name="Shop")
    meta.connect(number)
    return number


def page_of(row, name="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def test_the_list_speaks_in_words(client, number):
    make_template(number, "Hello!", name="greeting", status="PAUSED", category="MARKETING")

    html = client.get(LIST).text

    for words in ("greeting", "English (en)", "paused by Meta", "marketing", "Hello!"):
        assert words in html


def test_statuses_and_languages_that_meta_invents_are_shown_as_they_come(client, number):
    make_template(number, status="NEW_WORD", language="xx_YY")

    html = client.get(LIST).text

    assert "NEW_WORD" in html
    assert "xx_YY" in html


def test_the_page_shows_the_template_as_in_the_chat(client, number):
    template = make_template(
        number,
        "Hello {{1}}!",
        {"type": "HEADER", "format": "IMAGE"},
        {"type": "FOOTER", "text": "See you"},
        {
            "type": "BUTTONS",
            "buttons": [
                {
                    "type": "URL",
                    "text": "Track",
                    "url": "https://shop.example/{{1}}",
                    "example": ["https://shop.example/7"],
                },
                {"type": "QUICK_REPLY", "text": "Stop"},
            ],
        },
    )
    template.components[0]["example"] = {"body_text": [["Anna"]]}
    template.save()

    html = client.get(page_of(template)).text

    for words in (
        "Hello Anna!",
        "Picture",
        "See you",
        "Track",
        "https://shop.example/7",
        "Stop",
        "{{1}}, for example: Anna",
    ):
        assert words in html


def test_what_meta_hands_over_is_never_html(client, number):
    template = make_template(number, "<script>alert(1)</script>")

    assert "<script>alert" not in client.get(page_of(template)).text + client.get(LIST).text


def test_templates_are_not_changed_here(client, number):
    template = make_template(number)

    assert client.post(page_of(template), {"name": "other"}).status_code == 403


def test_an_empty_list_says_what_to_do(client, owner):
    html = client.get(LIST).text

    assert "No templates yet." in html
    assert f'action="{SYNC}"' not in html


def test_the_list_has_a_button_that_syncs_each_account_once(client, number, meta):
    sibling = make_number(number.business, name="Sibling", waba_id=number.waba_id)
    meta.connect(sibling)
    assert f'action="{SYNC}"' in client.get(LIST).text

    html = client.post(SYNC, follow=True).text

    assert "templates at Meta: 4; new here: 4; deleted: 0." in html
    assert MessageTemplate.objects.count() == 4
    assert len([call for call in meta.requests if call.path.endswith("/message_templates")]) == 1


def test_a_number_has_a_button_that_syncs(client, number):
    assert "Sync templates" in client.get(page_of(number)).text

    client.post(page_of(number, "sync_templates"))

    assert MessageTemplate.objects.count() == 4


def test_numbers_are_synced_by_an_action(client, number):
    listing = reverse("admin:whatsapp_whatsappnumber_changelist")

    client.post(listing, {"action": "sync_templates", "_selected_action": number.pk})

    assert MessageTemplate.objects.count() == 4


def test_what_stands_in_the_way_is_told(client, owner):
    lone = make_number(owner.business, waba_id="")

    html = client.post(page_of(lone, "sync_templates"), follow=True).text

    assert "Enter the WhatsApp Business account ID" in html


def test_an_operator_looks_and_does_not_sync(client, owner, number):
    template = make_template(number)
    client.force_login(make_colleague(owner))

    assert client.get(page_of(template)).status_code == 200
    assert f'action="{SYNC}"' not in client.get(LIST).text
    assert client.post(SYNC).status_code == 403
    assert client.post(page_of(number, "sync_templates")).status_code == 403


def test_strangers_sync_nothing(client, number, meta):
    client.force_login(make_owner())

    assert client.post(page_of(number, "sync_templates")).status_code == 404
    client.post(SYNC)

    assert not meta.requests


def test_the_queries_of_the_list_do_not_grow_with_its_rows(client, number, django_assert_max_num_queries):
    for _serial in range(3):
        make_template(number)

    with django_assert_max_num_queries(10):
        client.get(LIST)


# What Meta has against it


def test_why_meta_rejected_a_template_is_in_the_list_and_on_its_page(client, number):
    template = make_template(number, status="REJECTED", rejection_reason="INVALID_FORMAT")

    for address in (LIST, page_of(template)):
        assert "The format is wrong: often a placeholder" in client.get(address).text


def test_a_reason_that_meta_invents_is_shown_as_it_comes(client, number):
    template = make_template(number, status="REJECTED", rejection_reason="NEW_WORD", rejection_details="<b>No.</b>")

    html = client.get(page_of(template)).text

    assert "NEW_WORD" in html
    assert "&lt;b&gt;No.&lt;/b&gt;" in html


def test_low_quality_and_another_category_are_told(client, number):
    template = make_template(number, quality_score="RED", category="MARKETING", previous_category="UTILITY")

    html = client.get(page_of(template)).text

    assert "People complain about the template" in html
    assert "Meta has changed the category from service to marketing" in html


def test_of_a_template_in_order_nothing_is_told(client, number):
    template = make_template(number, quality_score="GREEN")
    for address in (LIST, page_of(template)):
        assert "template-note" not in client.get(address).text
