import email
import io
import json
from collections import deque
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from whatsapp.graph import client, living_pool, media_transfer, pool
from whatsapp.graph.answers import read_wamid
from whatsapp.graph.client import CloudApi
from whatsapp.graph.error_codes import Action
from whatsapp.graph.errors import AnswerLost, CloudApiError, CloudApiTrouble, FileNotPassed, FileTooLarge, Unreachable
from whatsapp.graph.living_pool import LivingPool
from whatsapp.graph.pool import RequestPool
from whatsapp.graph.requests import sender
from whatsapp.tests.graph.scripted_server import ScriptedServer, answer, refused_url, reset, silence

ACCEPTED = answer(200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.A"}]})
BODY = {"to": "+79161234567", "type": "text", "text": {"body": "Привет"}}


@pytest.fixture
def graph(settings):
    """Start a server with scripted answers in Meta's place."""
    servers = []

    def start(*answers):
        servers.append(ScriptedServer(*answers))
        settings.META_GRAPH_URL = servers[-1].url
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    """The path of a key with a certificate for 127.0.0.1 that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "key_and_certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def send_alone():
    return read_wamid(CloudApi("EAAtoken").post("1065/messages", {"messaging_product": "whatsapp", **BODY}))


def send_among_many():
    with closing(RequestPool()) as under_way:
        under_way.start("key", sender("EAAtoken", "1065")(BODY))
        [(key, answer)] = under_way.answers(30)
    assert key == "key"
    if isinstance(answer, CloudApiTrouble):
        raise answer
    return read_wamid(answer)


def send_in_bulk():
    with closing(LivingPool()) as under_way:
        under_way.start_all([("key", sender("EAAtoken", "1065")(BODY))])
        [(key, answer)] = under_way.answers(30)
    assert key == "key"
    if isinstance(answer, CloudApiTrouble):
        raise answer
    return read_wamid(answer)


@pytest.fixture(params=[send_alone, send_among_many, send_in_bulk])
def send(request):
    """Send BODY and return its wamid, by each of the three clients."""
    return request.param


def test_a_message_is_posted_to_the_number_and_its_wamid_returned(graph, settings, send):
    server = graph(ACCEPTED)
    assert send() == "wamid.A"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /{settings.META_GRAPH_VERSION}/1065/messages HTTP/1.1".encode())
    assert json.loads(body) == {"messaging_product": "whatsapp", **BODY}


def test_the_token_is_in_the_header_alone(graph, send):
    server = graph(ACCEPTED)
    send()
    assert server.requests[0].count(b"EAAtoken") == 1
    assert b"Authorization: Bearer EAAtoken\r\n" in server.requests[0]


def test_calls_of_a_thread_share_a_connection(graph, send):
    connections = []

    def keep(connection):
        connections.append(connection)
        while True:
            connection.sendall(ACCEPTED)
            connection.recv(65536)

    graph(keep)
    send(), send()
    assert len(connections) == 1


def test_a_cookie_of_one_call_does_not_travel_with_the_next(graph, send):
    server = graph(ACCEPTED.replace(b"\r\n", b"\r\nSet-Cookie: who=me\r\n", 1))
    send(), send()
    assert b"Cookie" not in server.requests[1]


def test_what_meta_knows_about_a_number_is_asked_for_by_its_fields(graph):
    server = graph(answer(200, {"id": "1065", "verified_name": "Kettles"}))
    assert CloudApi("EAAtoken").phone_number("1065")["verified_name"] == "Kettles"
    assert b"verified_name" in server.requests[0].split(b"\r\n")[0]


def test_a_refused_connection_means_that_nothing_was_sent(settings, send):
    settings.META_GRAPH_URL = refused_url()
    with pytest.raises(Unreachable):
        send()


def test_an_unknown_host_means_that_nothing_was_sent(settings, send):
    settings.META_GRAPH_URL = "http://no-such-host.invalid"
    with pytest.raises(Unreachable):
        send()


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_a_proxy_that_refuses_means_that_nothing_was_sent(settings, scheme, send):
    settings.META_PROXY = refused_url().replace("http", scheme)
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    with pytest.raises(Unreachable):
        send()


def test_calls_go_through_the_proxy(graph, settings, send):
    server = graph(ACCEPTED)
    settings.META_PROXY, settings.META_GRAPH_URL = server.url, "http://graph.invalid"
    assert send() == "wamid.A"
    assert server.requests[0].startswith(b"POST http://graph.invalid/")


def test_a_proxy_of_the_environment_is_not_used(graph, monkeypatch, send):
    graph(ACCEPTED)
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    assert send() == "wamid.A"


def test_a_certificate_that_is_not_trusted_means_that_nothing_was_sent(settings, send, self_signed):
    with ScriptedServer(ACCEPTED, certificate=self_signed) as server:
        settings.META_GRAPH_URL = server.url.replace("http:", "https:")
        with pytest.raises(Unreachable):
            send()
        assert server.requests == []


@pytest.mark.parametrize(
    "reply",
    [
        reset,
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        lambda connection: None,
        answer(500, b"Internal Server Error"),
        answer(502, b"<html>Bad gateway</html>"),
        answer(503, b'{"error": "not Graph\'s"}'),
        answer(408, b""),
        answer(200, b"<html>Sign in to this hotel's network</html>"),
        answer(200, {"success": True}),
        answer(200, {"messages": [{"id": ""}]}),
        answer(200, b"[" * 100_000),
    ],
    ids=["reset", "cut", "closed", "500", "502", "503", "408", "html", "no messages", "no id", "deep"],
)
def test_an_answer_is_lost_when_the_message_may_have_been_sent(graph, reply, send):
    graph(reply)
    with pytest.raises(AnswerLost):
        send()


def test_an_answer_that_does_not_come_in_time_is_lost(graph, monkeypatch, send):
    monkeypatch.setattr(client, "ANSWER_TIMEOUT", 0.1)
    monkeypatch.setattr(pool, "ANSWER_TIMEOUT", 0.1)
    monkeypatch.setattr(pool, "_idle", deque())
    monkeypatch.setattr(living_pool, "_living", {})
    graph(silence)
    with pytest.raises(AnswerLost):
        send()


def graph_error(code, **fields):
    return {"error": {"message": f"(#{code}) Trouble", "type": "OAuthException", "code": code, **fields}}


def test_metas_error_is_raised_with_its_code_and_details(graph, send):
    graph(answer(400, graph_error(131030, error_data={"messaging_product": "whatsapp", "details": "Not on the list"})))
    with pytest.raises(CloudApiError) as caught:
        send()
    assert (caught.value.code, caught.value.details, caught.value.http_status) == (131030, "Not on the list", 400)
    assert caught.value.action is Action.FAIL


def test_an_error_of_500_with_metas_json_is_metas_refusal(graph, send):
    graph(answer(500, graph_error(131000)))
    with pytest.raises(CloudApiError) as caught:
        send()
    assert caught.value.action is Action.RETRY


def test_a_phone_number_id_that_meta_does_not_know_stops_the_number(graph, send):
    graph(answer(400, graph_error(100, error_subcode=33)))
    with pytest.raises(CloudApiError) as caught:
        send()
    assert caught.value.action is Action.AUTHORIZE


def test_error_data_may_be_plain_text(graph, send):
    graph(answer(400, graph_error(100, error_data="Unsupported")))
    with pytest.raises(CloudApiError) as caught:
        send()
    assert caught.value.details == "Unsupported"


@pytest.mark.parametrize(("status", "action"), [(429, Action.SLOW), (403, Action.RETRY), (302, Action.RETRY)])
def test_a_refusal_by_something_on_the_way_is_tried_again(graph, status, action, send):
    graph(answer(status, b"<html>"))
    with pytest.raises(CloudApiError) as caught:
        send()
    assert (caught.value.code, caught.value.action) == (None, action)


def test_a_redirect_is_not_followed(graph, send):
    server = graph(b"HTTP/1.1 307 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(CloudApiError):
        send()
    assert len(server.requests) == 1


@pytest.mark.parametrize("token", ["токен", "EAA\nX-Evil: 1"])
def test_a_token_that_is_none_is_refused_as_meta_would(token):
    with pytest.raises(CloudApiError) as caught:
        CloudApi(token).phone_number("1065")
    assert caught.value.action is Action.AUTHORIZE


@pytest.mark.parametrize("trouble", [CloudApiError(190, "Session has expired"), Unreachable(), AnswerLost("HTTP 502")])
def test_every_trouble_is_a_sentence_for_people(trouble):
    assert isinstance(trouble, CloudApiTrouble)
    assert len(str(trouble).split()) > 5


def upload(content=b"a picture", size=None):
    return CloudApi("EAAtoken").upload("1065", io.BytesIO(content), size or len(content), "image/png", 'a"b\r\n.png')


def test_a_file_is_uploaded_as_a_form(graph, settings):
    server = graph(answer(200, {"id": "77"}))
    assert upload() == "77"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /{settings.META_GRAPH_VERSION}/1065/media HTTP/1.1".encode())
    fields = email.message_from_bytes(head.partition(b"\r\n")[2] + b"\r\n\r\n" + body).get_payload()
    values = {part.get_param("name", header="content-disposition"): part.get_payload() for part in fields}
    assert values == {"messaging_product": "whatsapp", "type": "image/png", "file": "a picture"}
    assert fields[2].get_filename() == "a_b__.png"
    assert fields[2].get_content_type() == "image/png"


@pytest.mark.parametrize("given", [answer(200, {"id": ""}), answer(500, b"<html>"), answer(200, b""), reset])
def test_an_upload_without_an_id_did_not_pass(graph, given):
    graph(given)
    with pytest.raises(FileNotPassed):
        upload()


def test_an_upload_that_takes_too_long_is_ended(graph, monkeypatch):
    monkeypatch.setattr(client, "FILE_TIMEOUT", -1)
    graph(answer(200, {"id": "77"}))
    with pytest.raises(FileNotPassed):
        upload()


def download(url, limit=1000):
    target = io.BytesIO()
    CloudApi("EAAtoken").download(url, target, limit)
    return target.getvalue()


def test_a_file_is_downloaded_with_the_token_in_the_header(graph):
    server = graph(answer(200, b"a picture"))
    assert download(f"{server.url}/file?mid=1") == b"a picture"
    assert b"Authorization: Bearer EAAtoken\r\n" in server.requests[0]


def redirect(url):
    return b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % url.encode()


def test_a_redirect_at_the_same_place_is_followed(graph):
    server = graph(redirect("/there"), answer(200, b"a picture"))
    assert download(f"{server.url}/here") == b"a picture"
    assert server.requests[1].startswith(b"GET /there ")


def test_a_redirect_away_from_meta_is_not_followed(graph):
    elsewhere = ScriptedServer(answer(200, b"secret"))
    server = graph(redirect(f"{elsewhere.url}/secret"))
    with pytest.raises(FileNotPassed):
        download(f"{server.url}/here")
    assert elsewhere.requests == []


def test_another_server_of_meta_does_not_get_the_token(graph, monkeypatch):
    other = ScriptedServer(answer(200, b"a picture"))
    server = graph(redirect(f"{other.url}/there"))
    monkeypatch.setattr(media_transfer, "is_meta_url", lambda url: True)
    assert download(f"{server.url}/here") == b"a picture"
    assert b"EAAtoken" not in other.requests[0]


def test_redirects_without_end_are_left(graph):
    server = graph(redirect("/round"))
    with pytest.raises(FileNotPassed):
        download(f"{server.url}/round")


def test_a_file_over_the_limit_is_not_read_to_its_end(graph):
    server = graph(answer(200, bytes(100_000)))
    with pytest.raises(FileTooLarge):
        download(f"{server.url}/file", limit=1000)


@pytest.mark.parametrize("given", [answer(500, b"<html>"), answer(200, bytes(10)).replace(b": 10", b": 99"), reset])
def test_a_file_that_does_not_come_to_its_end_did_not_pass(graph, given):
    server = graph(lambda connection: connection.sendall(given)) if isinstance(given, bytes) else graph(given)
    with pytest.raises(FileNotPassed):
        download(f"{server.url}/file")


def test_an_address_that_has_ended_is_a_refusal(graph):
    server = graph(answer(404, b""))
    with pytest.raises(CloudApiError, match="404"):
        download(f"{server.url}/file")


def test_files_go_through_the_proxy_too(settings):
    settings.META_PROXY = refused_url()
    settings.META_GRAPH_URL = "http://127.0.0.1:9"
    with ScriptedServer(answer(200, b"a picture")) as server:
        settings.META_GRAPH_URL = server.url
        with pytest.raises(FileNotPassed):
            download(f"{server.url}/file")
        assert server.requests == []
