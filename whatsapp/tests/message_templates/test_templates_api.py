import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.testing import make_colleague, make_owner
from whatsapp.models import MessageTemplate
from whatsapp.testing import PNG, make_number, make_template

pytestmark = pytest.mark.django_db

LIST = "/api/v1/templates/"

NEW = {
    "name": "order_is_ready",
    "language": "en_US",
    "category": "UTILITY",
    "parameter_format": "POSITIONAL",
    "components": [{"type": "BODY", "text": "Hello {{1}}, it is ready.", "example": {"body_text": [["Anna"]]}}],
}


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def number(owner):
    return make_number(owner.business)


def signed_in(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(owner):
    return signed_in(owner)


def test_a_template_looks_as_the_contract_says(api, number):
    template = make_template(number, "Hello {{1}}!", name="greeting")

    assert api.get(f"{LIST}{template.pk}/").json() == {
        "id": template.pk,
        "waba_id": number.waba_id,
        "name": "greeting",
        "language": "en",
        "category": "UTILITY",
        "previous_category": "",
        "correct_category": "",
        "status": "APPROVED",
        "rejection_reason": "",
        "rejection_text": "",
        "status_date": None,
        "quality_score": "",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Hello {{1}}!"}],
    }


def test_a_rejected_template_says_why_to_programs_and_people(api, number):
    template = make_template(number, status="REJECTED", rejection_reason="SCAM", rejection_details="Say who you are.")

    body = api.get(f"{LIST}{template.pk}/").json()

    assert body["rejection_reason"] == "SCAM"
    assert body["rejection_text"].startswith("Meta has rejected the template. The text looks like fraud.")
    assert body["rejection_text"].endswith("Meta writes: “Say who you are.”")


def test_templates_are_filtered(api, owner, number):
    make_template(number, name="wanted", status="PAUSED")
    make_template(make_number(owner.business), name="other")

    for query in ({"whatsapp_number": number.pk}, {"status": "PAUSED"}, {"name": "wanted"}):
        assert [row["name"] for row in api.get(LIST, query).json()["results"]] == ["wanted"], query


def test_a_number_without_account_has_no_templates(api, owner, number):
    make_template(number, waba_id="")

    lone = make_number(owner.business, waba_id="")
    assert api.get(LIST, {"whatsapp_number": lone.pk}).json()["results"] == []


def test_the_number_of_a_stranger_is_no_filter(api):
    assert api.get(LIST, {"whatsapp_number": make_number(make_owner().business).pk}).status_code == 400


def test_strangers_find_nothing(number):
    template = make_template(number)
    stranger = signed_in(make_owner())

    assert stranger.get(f"{LIST}{template.pk}/").status_code == 404
    assert stranger.get(LIST).json()["results"] == []
    assert stranger.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/").status_code == 404


def test_a_template_is_not_changed(api, number):
    assert api.patch(f"{LIST}{make_template(number).pk}/", {}).status_code == 405


def test_a_template_is_submitted_and_looks_like_any_other(api, number, meta):
    meta.connect(number)

    answer = api.post(LIST, {**NEW, "whatsapp_number": number.pk}, format="json")

    assert answer.status_code == 201
    facts = {**NEW, "id": answer.json()["id"], "waba_id": number.waba_id, "status": "PENDING", "rejection_text": ""}
    assert answer.json() | facts == answer.json()
    assert api.get(f"{LIST}{answer.json()['id']}/").json() == answer.json()


def test_metas_words_may_be_small_and_the_account_may_be_named(api, number, meta):
    meta.connect(number)
    small = {"type": "body", "text": "We open at nine."}

    answer = api.post(LIST, {**NEW, "category": "utility", "components": [small], "waba_id": number.waba_id}, "json")

    assert (answer.status_code, answer.json()["components"]) == (201, [{**small, "type": "BODY"}])


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"name": "Заказ"}, "name", "small Latin letters"),
        ({"language": "русский"}, "language", "ru or en_US"),
        ({"components": [{"type": "BODY", "text": "Hi {{1}}!"}]}, "components", "example.1: Give an example"),
        ({"components": [{"type": "BODY", "txt": "Hi"}]}, "components", "Unknown field"),
        ({"components": [{"type": "BODY", "text": "Hi", "example": 5}]}, "components", "Invalid data"),
        ({"components": "Hi"}, "components", "list of items"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_by_its_field(api, number, meta, change, field, told):
    answer = api.post(LIST, {**NEW, "whatsapp_number": number.pk, **change}, format="json")

    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert told in str(answer.json())
    assert not meta.requests


def test_a_template_needs_an_account_of_the_business(api, meta):
    stranger = make_number(make_owner().business)

    answers = [
        api.post(LIST, {**NEW, **account}, format="json")
        for account in ({}, {"waba_id": stranger.waba_id}, {"whatsapp_number": stranger.pk})
    ]

    assert [answer.status_code for answer in answers] == [400] * 3
    assert not meta.requests


def test_metas_refusal_is_a_conflict_in_words(api, number, meta):
    meta.connect(number)
    meta.simulator.templates(number.waba_id).append({**NEW, "id": "9", "status": "APPROVED"})

    answer = api.post(LIST, {**NEW, "whatsapp_number": number.pk}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "meta_refused")
    assert "Choose another name" in answer.json()["detail"]


def test_an_example_file_gets_a_handle(api, number, meta, settings):
    settings.META_APP_ID = "4000001"
    meta.connect(number)
    file = SimpleUploadedFile("tea.png", PNG, "image/png")

    answer = api.post(f"{LIST}upload-example/", {"whatsapp_number": number.pk, "file": file}, format="multipart")

    assert answer.json()["header_handle"].startswith("4::")


def test_a_template_is_deleted_at_meta_too(api, number, meta):
    meta.connect(number)
    template = make_template(number, name="old", meta_id="3001")
    meta.approve(template)

    assert api.delete(f"{LIST}{template.pk}/").status_code == 204

    assert not MessageTemplate.objects.exists()
    assert "old" not in [one["name"] for one in meta.simulator.templates(number.waba_id)]


def test_what_uses_a_template_is_told_before_it_is_deleted(api, number, meta):
    template = make_template(number, meta_id="3001")
    meta.connect(number)
    meta.approve(template)
    broadcasts = apps.get_model("broadcasts", "Broadcast").objects
    broadcast = broadcasts.create(
        business=number.business, whatsapp_number=number, name="Autumn", template=template, status="draft"
    )
    address = f"{LIST}{template.pk}/"

    assert api.get(f"{address}delete-preview/").json() == {
        "uses": [{"kind": "broadcast", "id": broadcast.pk, "name": "Autumn", "state": "draft", "holds": False}]
    }
    refused = api.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "template_in_use")
    assert api.delete(f"{address}?anyway=true").status_code == 204
    assert api.get(address).json()["status"] == "DELETED"


def test_how_to_delete_is_said_in_true_and_false(api, number):
    address = f"{LIST}{make_template(number).pk}/"

    assert api.delete(f"{address}?anyway=maybe").status_code == 400
    assert api.delete(f"{address}?force=true").status_code == 400


def test_a_list_of_templates_needs_the_same_queries_however_long(api, number, django_assert_num_queries):
    for _serial in range(3):
        make_template(number)

    with django_assert_num_queries(4):  # Two for rights, the count, the rows.
        api.get(LIST)


def test_syncing_answers_with_what_came_of_it(api, number, meta):
    meta.connect(number)
    make_template(number, name="old")

    response = api.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/")

    assert (response.status_code, response.json()) == (200, {"total": 4, "created": 4, "deleted": 1})
    assert MessageTemplate.objects.count() == 4


def test_syncing_says_why_it_cannot(api, owner):
    lone = make_number(owner.business, waba_id="")

    response = api.post(f"/api/v1/whatsapp-numbers/{lone.pk}/sync-templates/")

    assert (response.status_code, response.json()["code"]) == (409, "no_waba")


def test_an_operator_reads_templates_and_no_more(owner, number):
    operator = signed_in(make_colleague(owner))

    assert operator.get(f"{LIST}{make_template(number).pk}/").status_code == 200
    assert operator.post(f"/api/v1/whatsapp-numbers/{number.pk}/sync-templates/").status_code == 403
    assert operator.post(LIST, {}, format="json").status_code == 403
    assert operator.delete(f"{LIST}{MessageTemplate.objects.get().pk}/").status_code == 403


APP = {"package_name": "com.example.shop", "signature_hash": "K8a/AINcGX7"}
ONE_TAP = {"type": "OTP", "otp_type": "ONE_TAP", "text": "Copy", "autofill_text": "Fill in", "supported_apps": [APP]}


def code_with(button):
    components = [{"type": "BODY", "add_security_recommendation": True}, {"type": "BUTTONS", "buttons": [button]}]
    return {**NEW, "category": "AUTHENTICATION", "components": components}


def test_a_code_that_an_app_fills_in_is_submitted_as_it_is(api, number, meta):
    meta.connect(number)

    answer = api.post(LIST, {**code_with(ONE_TAP), "whatsapp_number": number.pk}, format="json")

    assert answer.status_code == 201
    assert answer.json()["components"][1]["buttons"] == [ONE_TAP]


def test_an_app_that_is_named_on_the_button_itself_is_one_of_the_supported(api, number, meta):
    meta.connect(number)
    button = {key: value for key, value in ONE_TAP.items() if key != "supported_apps"} | APP

    answer = api.post(LIST, {**code_with(button), "whatsapp_number": number.pk}, format="json")

    assert answer.status_code == 201
    assert answer.json()["components"][1]["buttons"] == [ONE_TAP]


@pytest.mark.parametrize(
    "change",
    [
        code_with({"type": "OTP", "otp_type": "ZERO_TAP", "zero_tap_terms_accepted": True}),
        {"components": [{"type": "BODY", "text": "Hi."}, {"type": "CAROUSEL", "cards": []}]},
        {
            "components": [
                {"type": "BODY", "text": "Hi."},
                {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Form", "flow_id": "7"}]},
            ]
        },
    ],
    ids=["zero tap", "carousel", "form"],
)
def test_what_is_made_at_meta_alone_is_refused_in_words(api, number, meta, change):
    answer = api.post(LIST, {**NEW, **change, "whatsapp_number": number.pk}, format="json")

    assert (answer.status_code, list(answer.json())) == (400, ["components"])
    assert "at Meta (WhatsApp Manager)" in str(answer.json())


def test_a_field_of_another_kind_is_still_told(api, number):
    button = {"type": "QUICK_REPLY", "text": "Yes", "flow_id": "7"}
    parts = [{"type": "BODY", "text": "Hi."}, {"type": "BUTTONS", "buttons": [button]}]

    answer = api.post(LIST, {**NEW, "components": parts, "whatsapp_number": number.pk}, format="json")

    assert answer.status_code == 400
    assert "Unknown field" in str(answer.json())
