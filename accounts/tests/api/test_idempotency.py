"""A POST with an Idempotency-Key is carried out once."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.api.idempotency import delete_old_responses, idempotent
from accounts.api.parsers import StorableJSONParser, StorableMultiPartParser
from accounts.models import Business, IdempotentRequest, User
from accounts.refusals import Refusal
from accounts.tenancy.api import TenantViewSet
from accounts.testing import make_colleague, make_owner


class SendingViewSet(TenantViewSet):
    """Stands for a POST that sends: each call that is carried out leaves one person behind."""

    queryset = User.objects.all()
    parser_classes = [StorableJSONParser, StorableMultiPartParser]

    @action(detail=False, methods=["post"])
    @idempotent
    def send(self, request):
        if request.data.get("text") == "refused":
            raise Refusal("window_closed", "Use a template.", status=400)
        make_colleague(request.user)
        if request.data.get("text") == "broken":
            raise RuntimeError
        return Response({"people": self.get_queryset().count()}, status=201)


def post(user, key, format="json", **data):
    request = APIRequestFactory().post(
        "/send/", data, headers={"Idempotency-Key": key} if key else None, format=format
    )
    force_authenticate(request, user)
    return SendingViewSet.as_view({"post": "send"})(request)


@pytest.fixture
def owner(db):
    return make_owner()


def people_of(owner):
    return Business.objects.get(pk=owner.business_id).people.count()


def test_the_same_key_and_body_get_the_same_answer(owner):
    first, second = post(owner, "k1", text="hi"), post(owner, "k1", text="hi")
    assert (first.status_code, first.data) == (second.status_code, second.data) == (201, {"people": 2})
    assert people_of(owner) == 2


def test_the_same_key_with_another_body_is_refused(owner):
    post(owner, "k1", text="hi")
    answer = post(owner, "k1", text="bye")
    assert (answer.status_code, answer.data["code"]) == (422, "idempotency_key_reused")
    assert people_of(owner) == 2


def test_without_a_key_every_request_is_carried_out(owner):
    post(owner, None, text="hi")
    post(owner, None, text="hi")
    assert people_of(owner) == 3


def test_another_person_may_use_the_same_key(owner):
    post(owner, "k1", text="hi")
    stranger = make_owner()
    assert post(stranger, "k1", text="bye").status_code == 201


def test_a_refused_request_leaves_the_key_free(owner):
    assert post(owner, "k1", text="refused").status_code == 400
    assert post(owner, "k1", text="hi").status_code == 201


def test_an_uploaded_file_is_part_of_what_is_asked(owner):
    def upload(content):
        return post(owner, "k1", "multipart", media=SimpleUploadedFile("a.txt", content))

    assert [upload(b"one").status_code, upload(b"one").status_code, upload(b"two").status_code] == [201, 201, 422]


def test_a_key_that_does_not_fit_is_refused(owner):
    assert post(owner, "k" * 300, text="hi").data["code"] == "idempotency_key_too_long"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_only_one_is_carried_out():
    owner = make_owner()
    answers = []
    start = threading.Barrier(4)

    def run():
        start.wait()
        answers.append(post(owner, "k1", text="hi").data)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"people": 2}] * 4
    assert people_of(owner) == 2


def test_another_address_is_another_request(owner):
    def at(path):
        request = APIRequestFactory().post(path, {}, headers={"Idempotency-Key": "k1"}, format="json")
        force_authenticate(request, owner)
        return SendingViewSet.as_view({"post": "send"})(request)

    assert at("/send/").status_code == 201
    assert at("/send-elsewhere/").data["code"] == "idempotency_key_reused"
    assert people_of(owner) == 2


def test_the_order_of_the_fields_makes_no_other_request(owner):
    first, second = post(owner, "k1", text="hi", to="Anna"), post(owner, "k1", to="Anna", text="hi")
    assert first.data == second.data
    assert people_of(owner) == 2


def test_what_fails_leaves_neither_its_work_nor_its_key(owner):
    with pytest.raises(RuntimeError):
        post(owner, "k1", text="broken")
    assert people_of(owner) == 1 and not IdempotentRequest.objects.exists()
    assert post(owner, "k1", text="hi").status_code == 201


@pytest.mark.parametrize(("days", "status"), [(6, 422), (8, 201)])
def test_a_key_is_good_again_when_its_answer_is_deleted(owner, days, status):
    post(owner, "k1", text="hi")
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        delete_old_responses()
        assert post(owner, "k1", text="bye").status_code == status


def test_a_key_of_the_largest_length_fits(owner):
    assert post(owner, "k" * 255, text="hi").status_code == 201


def test_only_posts_have_keys(owner):
    for _ in range(2):
        request = APIRequestFactory().get("/send/", headers={"Idempotency-Key": "k1"})
        force_authenticate(request, owner)
        SendingViewSet.as_view({"get": "send"})(request)
    assert people_of(owner) == 3 and not IdempotentRequest.objects.exists()
