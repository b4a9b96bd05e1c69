"""Looking at the files of messages, by the API and in the admin."""

import pytest
from django.urls import reverse

from accounts.models import ApiToken
from accounts.testing import make_colleague, make_owner
from crm.testing import make_conversation, make_message, make_picture
from crm.tests.calls import path, signed_in
from whatsapp.testing import PNG

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(number):
    return make_conversation(number)


def address(media):
    return path("messages", media.message_id, "media")


def bytes_of(response):
    return b"".join(response.streaming_content)


def test_a_message_says_what_its_file_is_and_where(api, conversation):
    media = make_picture(conversation, name="Cake.png")

    body = api.get(path("messages", media.message_id)).json()

    url = f"http://testserver{address(media)}"
    assert body["media"] == {"url": url, "mime": "image/png", "size": len(PNG), "name": "Cake.png"}
    assert bytes_of(api.get(body["media"]["url"])) == PNG


def test_a_photo_without_a_name_gets_one(api, conversation):
    media = make_picture(conversation, mime="image/jpeg")

    body = api.get(path("messages", media.message_id)).json()

    assert body["media"]["name"] == f"image-{media.message_id}.jpg"


@pytest.mark.parametrize("state", ["waiting", "failed"])
def test_a_file_that_is_not_here_is_null_and_not_found(api, conversation, state):
    media = make_picture(conversation, state=state)

    assert api.get(path("messages", media.message_id)).json()["media"] is None
    assert api.get(address(media)).status_code == 404


def test_a_text_has_no_file(api, conversation):
    message = make_message(conversation)

    assert api.get(path("messages", message.pk)).json()["media"] is None
    assert api.get(path("messages", message.pk, "media")).status_code == 404


def test_a_file_that_is_lost_from_the_disk_is_not_found(api, conversation):
    media = make_picture(conversation)
    media.file.storage.delete(media.file.name)

    assert api.get(address(media)).status_code == 404


def test_it_works_with_a_token_and_with_a_session(client, owner, conversation):
    media = make_picture(conversation)
    _token, key = ApiToken.objects.create(user=owner, name="Shop")

    assert client.get(address(media)).status_code == 401
    assert client.get(address(media), headers={"Authorization": f"Token {key}"}).status_code == 200
    client.force_login(owner)
    assert client.get(address(media), headers={"Accept": "image/png"}).status_code == 200


def test_another_business_does_not_find_it(client, conversation):
    media, stranger = make_picture(conversation), make_owner()
    client.force_login(stranger)
    page = reverse("admin:crm_conversation_media", args=[conversation.pk, media.message_id])

    assert signed_in(stranger).get(address(media)).status_code == 404
    assert client.get(page).status_code == 404


def test_a_file_is_found_in_its_own_conversation_alone(client, owner, number, conversation):
    media, other = make_picture(conversation), make_conversation(number)
    client.force_login(owner)

    assert client.get(reverse("admin:crm_conversation_media", args=[other.pk, media.message_id])).status_code == 404


def test_an_operator_may_look(client, owner, conversation):
    media = make_picture(conversation)
    client.force_login(make_colleague(owner, role="operator"))
    page = reverse("admin:crm_conversation_media", args=[conversation.pk, media.message_id])

    assert bytes_of(client.get(page)) == PNG


@pytest.mark.parametrize("mime", ["image/png", "image/jpeg", "audio/ogg", "video/mp4", "application/pdf"])
def test_what_is_safe_is_shown(api, conversation, mime):
    response = api.get(address(make_picture(conversation, mime=mime)))

    assert response["Content-Type"] == mime
    assert response["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("mime", ["image/svg+xml", "text/html", "text/plain", "application/xhtml+xml", "", "image/x"])
def test_what_might_run_is_saved(api, conversation, mime):
    response = api.get(address(make_picture(conversation, b"<script>", name='a".html', mime=mime)))

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")


def test_nothing_runs_in_it_and_nobody_else_keeps_it(api, conversation):
    response = api.get(address(make_picture(conversation)))

    assert response["Content-Security-Policy"] == "sandbox"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")


def test_a_list_of_messages_with_files_takes_as_many_queries_as_without(
    api, conversation, django_assert_max_num_queries
):
    for _ in range(5):
        make_picture(conversation)

    with django_assert_max_num_queries(5):
        assert len(api.get(path("messages")).json()["results"]) == 5


@pytest.mark.parametrize(
    ("asked", "content", "range_"),
    [
        ("bytes=0-1", b"01", "bytes 0-1/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_player_gets_the_part_it_asks_for(api, conversation, asked, content, range_):
    media = make_picture(conversation, b"0123456789", mime="video/mp4")

    response = api.get(address(media), headers={"Range": asked})

    assert (response.status_code, bytes_of(response)) == (206, content)
    assert (response["Content-Range"], response["Content-Length"]) == (range_, str(len(content)))


@pytest.mark.parametrize(
    "asked", ["", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes=-" + "9" * 5000]
)
def test_what_is_no_part_gets_the_whole(api, conversation, asked):
    media = make_picture(conversation, b"0123456789", mime="video/mp4")

    response = api.get(address(media), headers={"Range": asked})

    assert (response.status_code, bytes_of(response)) == (200, b"0123456789")


def test_a_part_behind_the_end_is_refused(api, conversation):
    media = make_picture(conversation, b"0123456789", mime="video/mp4")

    response = api.get(address(media), headers={"Range": "bytes=10-"})

    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10")
