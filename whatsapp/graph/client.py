"""
The client of Meta's Cloud API. Building a request and reading an answer do no I/O; `CloudApi` carries them out.

Meta has no idempotency key, so what matters about a failure is whether the request may have been carried out.
"""

import json
import ssl
import threading
import time
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urljoin, urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

from accounts.logging.redaction import redact_beginning

from . import media_transfer
from .errors import classify, explain

#: Seconds to connect, and between two parts of the answer. A send's lease in the ledger is longer than both.
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 3, 20

#: Seconds that a file may take in all, and those without a sign of life.
FILE_SECONDS = 180
FILE_TIMEOUTS = (10, 30)

MOST_REDIRECTS = 3

#: So many characters of what Meta says of an error are read.
MAX_ERROR_TEXT = 2000

PHONE_NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,status,name_status,code_verification_status,platform_type,"
    "throughput,account_mode,health_status,whatsapp_business_manager_messaging_limit"
)

#: What the id of a session of uploading holds: `upload:…?sig=…`.
SAFE_IN_SESSIONS = ":?=&%+-_.~"

TEMPLATE_FIELDS = "id,name,language,status,category,parameter_format,components"


class CloudApiTrouble(Exception):
    """A call that did not succeed. Its text is a sentence for people."""


class CloudApiError(CloudApiTrouble):
    """Meta's refusal. `code` is None when something on the way answered in Meta's place."""

    def __init__(self, code, title="", details="", http_status=400, subcode=None):
        super().__init__(code, title, details, http_status, subcode)
        self.code = code
        self.title = title
        self.details = details
        self.http_status = http_status
        self.subcode = subcode

    @property
    def error_class(self):
        return classify(self.code, self.http_status, self.subcode)

    @property
    def action(self):
        return self.error_class.action

    def __str__(self):
        return explain(self.code, self.details or self.title, self.http_status, self.subcode)


class Unreachable(CloudApiTrouble):
    """Nothing was sent: the connection was refused, timed out, or the name was not found."""

    def __str__(self):
        return _("Meta cannot be reached. Check this computer's connection to the internet.")


class AnswerLost(CloudApiTrouble):
    """The request may have been carried out, but its answer did not come or is not Meta's."""

    def __str__(self):
        return _("Meta's answer was lost, so the message may have been sent.")


class FileNotPassed(CloudApiTrouble):
    """A file did not come, or go, to its end."""

    def __str__(self):
        return _("The file did not pass completely between here and Meta.")


class FileTooLarge(CloudApiTrouble):
    """A file is larger than WhatsApp carries."""

    def __str__(self):
        return _("The file is larger than WhatsApp carries.")


@dataclass(frozen=True)
class Request:
    """A call, ready for any HTTP client: the token is in the header alone, never in an address."""

    method: str
    url: str
    headers: dict
    params: dict | None = None
    body: bytes | media_transfer.MultipartFile | media_transfer.FileBody | None = None


def build_request(access_token, method, path, params=None, body=None):
    """
    The request of a call to `/{META_GRAPH_VERSION}/{path}`; its body, if there is one, is JSON or a MultipartFile.
    Without a token (None) it has no authorization. Raises CloudApiError for a token that cannot stand in a header.
    """
    authorization = {} if access_token is None else _authorization(access_token)
    headers = {**authorization, "Accept": "application/json"}
    if isinstance(body, media_transfer.MultipartFile):
        headers["Content-Type"] = body.content_type
    elif body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body, separators=(",", ":")).encode()
    url = f"{settings.META_GRAPH_URL}/{settings.META_GRAPH_VERSION}/{quote(path)}"
    return Request(method, url, headers, params, body)


def _authorization(access_token):
    if not (access_token.isascii() and access_token.isprintable()):
        raise CloudApiError(190, title=_("The access token holds characters that no token has."), http_status=401)
    return {"Authorization": f"Bearer {access_token}"}


def build_send(access_token, phone_number_id, body):
    """The request that sends a message. `body` is complete but for `messaging_product` (Cloud API, "Messages")."""
    body = {"messaging_product": "whatsapp", **body}
    return build_request(access_token, "POST", f"{phone_number_id}/messages", body=body)


def build_upload(access_token, session, file, size):
    """The request that passes a file's bytes in a session of uploading, whose id may hold a signature as a query."""
    headers = {"Authorization": f"OAuth {access_token}", "file_offset": "0", "Accept": "application/json"}
    url = f"{settings.META_GRAPH_URL}/{settings.META_GRAPH_VERSION}/{quote(session, safe=SAFE_IN_SESSIONS)}"
    body = media_transfer.FileBody(file, size, time.monotonic() + FILE_SECONDS)
    return Request("POST", url, headers, body=body)


def read_answer(http_status, content):
    """The object that Meta answered. Raises CloudApiError for a refusal, AnswerLost for what tells nothing."""
    answer = _json_object(content)
    error = answer.get("error")
    if isinstance(error, dict) and "code" in error:
        raise _meta_error(error, http_status)
    if 200 <= http_status < 300 and answer:
        return answer
    if 300 <= http_status < 500 and http_status != 408:
        raise CloudApiError(None, title=f"HTTP {http_status}", http_status=http_status)
    raise AnswerLost(f"HTTP {http_status}")


def read_wamid(answer):
    """The id of an accepted message in the answer to a send."""
    try:
        wamid = answer["messages"][0]["id"]
    except (KeyError, IndexError, TypeError):
        wamid = None
    if not wamid or not isinstance(wamid, str):
        raise AnswerLost("The answer holds no message id.")
    return wamid


def read_page(answer):
    """The objects of one page of a list, and the cursor of the next page: empty after the last."""
    try:
        following = answer["paging"]["cursors"]["after"] if answer["paging"].get("next") else ""
    except (AttributeError, KeyError, TypeError):
        following = ""
    found = answer.get("data")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else [], str(following)


class CloudApi:
    """Calls with one access token."""

    def __init__(self, access_token):
        self.access_token = access_token

    def phone_number(self, phone_number_id):
        """What Meta knows about a number (Cloud API, "Phone numbers")."""
        return self.get(phone_number_id, fields=PHONE_NUMBER_FIELDS)

    def message_templates(self, waba_id, after=""):
        """
        A page of an account's templates, and the cursor of the next page: empty after the last (Graph API, "Paginated
        results").
        """
        cursor = {"after": after} if after else {}
        return read_page(self.get(f"{waba_id}/message_templates", fields=TEMPLATE_FIELDS, limit=100, **cursor))

    def create_template(self, waba_id, template):
        """Submit a template for review. Returns its `id`, `status` and `category`."""
        return self.post(f"{waba_id}/message_templates", template)

    def delete_template(self, waba_id, name, template_id=""):
        """Delete a template in every language, or in the one that has this id. Its name is then blocked 30 days."""
        one = {"hsm_id": template_id} if template_id else {}
        return self.delete(f"{waba_id}/message_templates", name=name, **one)

    def upload_example(self, app_id, file, size, mime, name):
        """
        Give Meta a file of `size` bytes to look at, in the name of an app (Graph API, "Resumable upload"). Returns
        the handle by which a new template names it.
        """
        params = {"file_name": name, "file_length": size, "file_type": mime}
        begun = self._call(build_request(self.access_token, "POST", f"{app_id}/uploads", params))
        request = build_upload(self.access_token, str(begun.get("id") or ""), file, size)
        try:
            handle = self._call(request, FILE_TIMEOUTS).get("h")
        except media_transfer.TooSlow as error:
            raise FileNotPassed(str(error)) from error
        if not (isinstance(handle, str) and handle):
            raise FileNotPassed("The answer holds no handle.")
        return handle

    def media(self, phone_number_id, media_id):
        """Where a file is, for five minutes, and what Meta knows of it: `url`, `mime_type`, `sha256`, `file_size`."""
        return self.get(media_id, phone_number_id=phone_number_id)

    def download(self, url, target, limit):
        """
        Write the bytes at an address that `media` gave to a file, and return their number and SHA-256 as hex. Raises
        FileTooLarge over `limit` bytes, FileNotPassed for what does not come to its end.
        """
        deadline = time.monotonic() + FILE_SECONDS
        headers = {**_authorization(self.access_token), "Accept-Encoding": "identity"}
        try:
            with _open_file(url, headers) as response:
                return media_transfer.copy(response.raw, target, limit, deadline)
        except media_transfer.TooLarge as error:
            raise FileTooLarge from error
        except (media_transfer.TooSlow, AnswerLost, requests.RequestException, HTTPError) as error:
            raise FileNotPassed(str(error)) from error

    def upload(self, phone_number_id, file, size, mime, name):
        """Give Meta a file of `size` bytes to send with this number. Returns its id, which Meta knows for 30 days."""
        fields = {"messaging_product": "whatsapp", "type": mime}
        deadline = time.monotonic() + FILE_SECONDS
        body = media_transfer.MultipartFile(fields, file, size, mime, name, deadline)
        request = build_request(self.access_token, "POST", f"{phone_number_id}/media", body=body)
        try:
            answer = self._call(request, FILE_TIMEOUTS)
        except (media_transfer.TooSlow, AnswerLost) as error:
            raise FileNotPassed(str(error)) from error
        if not (isinstance(answer.get("id"), str) and answer["id"]):
            raise FileNotPassed("The answer holds no media id.")
        return answer["id"]

    def get(self, path, **params):
        return self._call(build_request(self.access_token, "GET", path, params))

    def post(self, path, body=None):
        return self._call(build_request(self.access_token, "POST", path, body=body or {}))

    def delete(self, path, **params):
        return self._call(build_request(self.access_token, "DELETE", path, params))

    def _call(self, request, timeouts=None):
        try:
            response = _session().request(
                request.method,
                request.url,
                params=request.params,
                data=request.body,
                headers=request.headers,
                timeout=timeouts or (CONNECT_TIMEOUT, ANSWER_TIMEOUT),
                allow_redirects=False,
                proxies=_proxies(),
            )
        except requests.RequestException as error:
            raise (Unreachable if _nothing_was_sent(error) else AnswerLost)(str(error)) from error
        return read_answer(response.status_code, response.content)


def _open_file(url, headers):
    """The answer that holds a file's bytes. The token goes to Meta's servers alone, and to no other by a redirect."""
    for _redirect in range(MOST_REDIRECTS + 1):
        if not media_transfer.is_metas(url):
            raise FileNotPassed(f"{urlsplit(url).netloc} is not Meta's.")
        response = _session().get(
            url, headers=headers, timeout=FILE_TIMEOUTS, allow_redirects=False, stream=True, proxies=_proxies()
        )
        if response.status_code == 200:
            return response
        with response:
            if not response.is_redirect:
                read_answer(response.status_code, response.raw.read(64 * 1024))
                raise FileNotPassed(f"HTTP {response.status_code}")
            target = urljoin(url, response.headers["Location"])
        if urlsplit(target).netloc != urlsplit(url).netloc:
            headers = {name: value for name, value in headers.items() if name != "Authorization"}
        url = target
    raise FileNotPassed("Too many redirects.")


def _proxies():
    return {"http": settings.META_PROXY, "https": settings.META_PROXY} if settings.META_PROXY else None


_kept = threading.local()


def _session():
    """This thread's session: a TLS handshake costs fifty times what a call on a kept connection does."""
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
        # No proxy, certificate or .netrc password from the environment, and no cookie from one business to the next.
        _kept.session.trust_env = False
        _kept.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return _kept.session


def _nothing_was_sent(error):
    # Those of requests that are ValueErrors find fault with the request itself.
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError | ValueError):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError)


def _json_object(content):
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _meta_error(error, http_status):
    """Meta's text is shown and kept, and it may quote the token ("Malformed access token EAA…")."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else data
    code = error["code"]
    return CloudApiError(
        code if isinstance(code, int) else None,
        title=redact_beginning(str(error.get("message") or ""), MAX_ERROR_TEXT),
        details=redact_beginning(str(details or error.get("error_user_msg") or ""), MAX_ERROR_TEXT),
        http_status=http_status,
        subcode=error.get("error_subcode"),
    )
