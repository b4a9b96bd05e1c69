"""A new template on its way to Meta: submitted once, shown at once, and looked for when the answer was lost."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.refusals import Refusal
from accounts.testing import make_business
from whatsapp.message_templates import delete, submit, sync
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.simulator.graph import faults, template_review
from whatsapp.simulator.graph.tokens import APP_ID
from whatsapp.testing import PNG, make_number, make_template

pytestmark = pytest.mark.django_db

BODY = {"type": "BODY", "text": "Здравствуйте, {{1}}! Заказ готов.", "example": {"body_text": [["Анна"]]}}


@pytest.fixture
def number(meta):
    number = make_number(make_business())
    meta.connect(number)
    return number


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def new(*components, **fields):
    facts = {"name": "order_is_ready", "language": "ru", "category": "UTILITY"}
    return MessageTemplate(components=list(components) or [dict(BODY)], **(facts | fields))


def picture(content=PNG, name="tea.png"):
    file = io.BytesIO(content)
    file.name, file.size = name, len(content)
    return file


def submissions(meta):
    return [call for call in meta.requests if (call.method, call.path[-17:]) == ("POST", "message_templates")]


def at_meta(meta, number, name="order_is_ready"):
    return [template for template in meta.simulator.templates(number.waba_id) if template["name"] == name]


def test_a_template_is_submitted_as_it_was_made_and_waits_for_review(number, meta):
    row = submit.submit(number, new())

    assert submissions(meta)[0].json == {
        "name": "order_is_ready",
        "language": "ru",
        "category": "UTILITY",
        "parameter_format": "POSITIONAL",
        "components": [BODY],
    }
    assert (row.status, row.business, row.waba_id) == ("PENDING", number.business, number.waba_id)
    assert row.meta_id == at_meta(meta, number)[0]["id"]


def test_what_meta_made_of_it_is_read_soon(number):
    WhatsAppNumber.objects.update(templates_due_at="2100-01-01T00:00Z")

    submit.submit(number, new())

    number.refresh_from_db()
    assert number.templates_due_at.year < 2100


def test_metas_approval_arrives_by_webhook(number, meta, django_capture_on_commit_callbacks):
    row = submit.submit(number, new())

    with django_capture_on_commit_callbacks(execute=True):
        meta.deliver_webhooks()

    row.refresh_from_db()
    assert row.status == "APPROVED"


def test_what_breaks_a_rule_never_reaches_meta(number, meta):
    with pytest.raises(ValidationError):
        submit.submit(number, new(name="Заказ"))

    assert not meta.requests


def test_a_template_that_is_here_already_is_not_submitted(number, meta):
    make_template(number, name="order_is_ready", language="ru")

    with pytest.raises(ValidationError, match="of this name and language already"):
        submit.submit(number, new())

    assert not meta.requests


def test_a_name_that_was_deleted_here_may_be_free_again(number):
    old = make_template(number, name="order_is_ready", language="ru", status="DELETED")

    assert submit.submit(number, new()) == old


@pytest.mark.parametrize(
    ("subcode", "told"),
    [(2388024, "Choose another name"), (2388023, "30 days"), (2388293, "too short"), (2388999, "did not accept")],
)
def test_metas_refusal_is_told_with_what_to_do_and_metas_own_words(number, meta, subcode, told):
    def refuse(accept):
        raise template_review.TemplateRefused(subcode, "No", "Because of this.")

    meta.faults.on_call("POST", "message_templates", refuse)

    with pytest.raises(Refusal, match=told) as refusal:
        submit.submit(number, new())

    assert (refusal.value.code, str(refusal.value).endswith(f"(Meta: {subcode}, Because of this.)")) == (
        "meta_refused",
        True,
    )
    assert not MessageTemplate.objects.exists()


def test_a_template_made_at_meta_meanwhile_is_told(number, meta):
    meta.simulator.templates(number.waba_id).append({**template_of(new()), "id": "9", "status": "APPROVED"})

    with pytest.raises(Refusal, match="2388024"):
        submit.submit(number, new())


def template_of(template):
    return {
        name: getattr(template, name) for name in ("name", "language", "category", "components", "parameter_format")
    }


def test_a_lost_answer_is_looked_up_and_the_template_found(number, meta):
    meta.faults.on_call("POST", "message_templates", faults.closed_after_accepting)

    row = submit.submit(number, new())

    assert (row.status, row.meta_id) == ("PENDING", at_meta(meta, number)[0]["id"])
    assert len(submissions(meta)) == 1


def test_a_lost_answer_of_what_was_not_taken_is_said(number, meta):
    meta.faults.on_call("POST", "message_templates", faults.closed_before_accepting)

    with pytest.raises(Refusal) as refusal:
        submit.submit(number, new())

    assert refusal.value.code == "not_submitted"
    assert not MessageTemplate.objects.filter(name="order_is_ready").exists()


def test_when_nothing_can_be_learnt_a_person_is_told_to_look_first(number, meta):
    meta.faults.on_call("POST", "message_templates", faults.closed_after_accepting)
    meta.faults.on_call("GET", "message_templates", faults.server_error)

    with pytest.raises(Refusal, match="Sync with Meta") as refusal:
        submit.submit(number, new())

    assert refusal.value.code == "meta_unreachable"


def test_a_refused_token_is_told(number):
    number.access_token = "EAAother"

    with pytest.raises(Refusal, match="no longer accepts the access token"):
        submit.submit(number, new())


def test_without_an_account_there_are_no_templates(meta):
    with pytest.raises(Refusal) as refusal:
        submit.submit(make_number(make_business(), waba_id=""), new())

    assert refusal.value.code == "no_waba"


def test_the_example_of_a_header_is_given_to_meta_first(number, meta):
    template = new(dict(BODY), {"type": "HEADER", "format": "IMAGE"})

    row = submit.submit(number, template, picture())

    begun, passed = [call for call in meta.requests if "upload" in call.path]
    assert begun.path.endswith(f"/{APP_ID}/uploads")
    assert begun.query == {"file_name": "tea.png", "file_length": str(len(PNG)), "file_type": "image/png"}
    assert passed.token == number.access_token
    [handle] = row.components[1]["example"]["header_handle"]
    assert handle.startswith("4::")


def test_a_file_that_meta_does_not_look_at_is_refused(number, meta):
    with pytest.raises(ValidationError, match="jpg, png, mp4, pdf"):
        submit.upload_example(number, picture(b"hello", "tea.txt"))

    assert not meta.requests


@pytest.mark.parametrize(("app_secret", "app_id"), [("own-secret", APP_ID), ("", "4000001")])
def test_a_file_is_uploaded_in_the_name_of_the_app_that_issued_the_token(number, meta, settings, app_secret, app_id):
    settings.META_APP_ID, number.app_secret = "4000001", app_secret

    submit.upload_example(number, picture())

    assert [call.path.split("/")[2] for call in meta.requests if call.path.endswith("uploads")] == [app_id]


def test_when_meta_does_not_name_the_app_it_is_ours(number, meta, settings):
    settings.META_APP_ID = "4000001"
    meta.faults.on_call("GET", "debug_token", faults.error(100, "Invalid parameter"))

    assert submit.upload_example(number, picture())


def test_without_an_app_nothing_can_be_uploaded(number, meta, settings):
    settings.META_APP_ID = ""
    meta.faults.on_call("GET", "debug_token", faults.error(100, "Invalid parameter"))

    with pytest.raises(Refusal) as refusal:
        submit.upload_example(number, picture())

    assert refusal.value.code == "no_app_id"


def test_a_sign_in_code_has_metas_text_once_it_was_read(number):
    code = {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}
    row = submit.submit(number, new({"type": "BODY"}, code, category="AUTHENTICATION"))

    sync.sync(number)

    row.refresh_from_db()
    assert row.components[0]["text"] == "*{{1}}* is your verification code."


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Заказ готов", "zakaz_gotov"),
        ("Щедрая скидка 20 %!", "shchedraya_skidka_20"),
        ("Объявление", "obyavlenie"),
        ("order_ready", "order_ready"),
        ("  —  ", ""),
    ],
)
def test_a_name_is_offered_for_any_title(title, name):
    assert submit.name_from(title) == name


def test_without_its_id_at_meta_no_template_is_deleted_for_all_languages(number, meta):
    template = make_template(number, name="order_is_ready", language="ru")
    unnamed = {"id": "", "name": "order_is_ready", "status": "APPROVED", "category": "UTILITY", "components": []}
    meta.simulator.templates(number.waba_id)[:] = [
        {**unnamed, "parameter_format": "POSITIONAL", "language": language} for language in ("ru", "en")
    ]

    with pytest.raises(Refusal, match="has not deleted"):
        delete.delete(template)

    assert len(at_meta(meta, number)) == 2
