"""
Single calls of Meta's Cloud API. Building requests (requests.py), reading answers (answers.py) and judging failures
(failures.py) is shared with the calls that go out many at once (pool.py).
"""

import threading
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, BinaryIO
from urllib.parse import urljoin, urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError

from . import media_transfer
from .answers import read_answer, read_page
from .errors import AnswerLost, FileNotPassed, FileTooLarge, Unreachable
from .requests import FILE_TIMEOUT, Request, authorization, build_mark_read, build_request, build_upload

#: Seconds to connect, and between two parts of the answer. A send's lease in the ledger is longer than both.
CONNECT_TIMEOUT, ANSWER_TIMEOUT = 3, 20

#: The same for a file.
FILE_TIMEOUTS = (10, 30)

MAX_REDIRECTS = 3

PHONE_NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,status,name_status,code_verification_status,platform_type,"
    "throughput,account_mode,health_status,whatsapp_business_manager_messaging_limit"
)

TEMPLATE_FIELDS = "id,name,language,status,category,parameter_format,components,quality_score,rejected_reason"

#: A JSON object of Meta's.
Json = dict[str, Any]


class CloudApi:
    """Calls with one access token; an empty one calls without authorization."""

    def __init__(self, access_token: str) -> None:
        self.access_token = access_token

    def phone_number(self, phone_number_id: str) -> Json:
        """What Meta knows about a number (Cloud API, "Phone numbers")."""
        return self.get(phone_number_id, fields=PHONE_NUMBER_FIELDS)

    def message_templates(self, waba_id: str, after: str = "") -> tuple[list[Json], str]:
        """
        A page of an account's templates, and the cursor of the next page: empty after the last (Graph API, "Paginated
        results").
        """
        cursor = {"after": after} if after else {}
        return read_page(self.get(f"{waba_id}/message_templates", fields=TEMPLATE_FIELDS, limit=100, **cursor))

    def create_template(self, waba_id: str, template: Json) -> Json:
        """Submit a template for review. Returns its `id`, `status` and `category`."""
        return self.post(f"{waba_id}/message_templates", template)

    def delete_template(self, waba_id: str, name: str, template_id: str = "") -> Json:
        """Delete a template in every language, or in the one that has this id. Its name is then blocked 30 days."""
        one = {"hsm_id": template_id} if template_id else {}
        return self.delete(f"{waba_id}/message_templates", name=name, **one)

    def upload_example(self, app_id: str, file: BinaryIO, size: int, mime: str, name: str) -> str:
        """
        Give Meta a file of `size` bytes to look at, in the name of an app (Graph API, "Resumable upload"). Returns
        the handle by which a new template names it.
        """
        params = {"file_name": name, "file_length": size, "file_type": mime}
        session = self._call(build_request(self.access_token, "POST", f"{app_id}/uploads", params))
        request = build_upload(self.access_token, str(session.get("id") or ""), file, size)
        try:
            handle = self._call(request, FILE_TIMEOUTS).get("h")
        except media_transfer.TransferTimeout as error:
            raise FileNotPassed(str(error)) from error
        if not (isinstance(handle, str) and handle):
            raise FileNotPassed("The answer holds no handle.")
        return handle

    def mark_read(self, phone_number_id: str, wamid: str, typing: bool = False) -> None:
        """
        Show a customer that a message of theirs was read, and those before it; with `typing` also that an answer is
        on its way, for 25 seconds or until it comes (Cloud API, "Mark messages as read", "Typing indicators").
        """
        self._call(build_mark_read(self.access_token, phone_number_id, wamid, typing))

    def media(self, phone_number_id: str, media_id: str) -> Json:
        """Where a file is, for five minutes, and what Meta knows of it: `url`, `mime_type`, `sha256`, `file_size`."""
        return self.get(media_id, phone_number_id=phone_number_id)

    def download(self, url: str, target: BinaryIO, limit: int) -> tuple[int, str]:
        """
        Write the bytes at an address that `media` gave to a file, and return their number and SHA-256 as hex. Raises
        FileTooLarge over `limit` bytes, FileNotPassed for what does not come to its end.
        """
        deadline = time.monotonic() + FILE_TIMEOUT
        headers = {**authorization(self.access_token), "Accept-Encoding": "identity"}
        try:
            with _open_file(url, headers) as response:
                return media_transfer.copy(response.raw, target, limit, deadline)
        except media_transfer.TooLarge as error:
            raise FileTooLarge from error
        except (media_transfer.TransferTimeout, AnswerLost, requests.RequestException, HTTPError) as error:
            raise FileNotPassed(str(error)) from error

    def upload(self, phone_number_id: str, file: BinaryIO, size: int, mime: str, name: str) -> str:
        """Give Meta a file of `size` bytes to send with this number. Returns its id, which Meta knows for 30 days."""
        fields = {"messaging_product": "whatsapp", "type": mime}
        deadline = time.monotonic() + FILE_TIMEOUT
        body = media_transfer.MultipartFile(fields, file, size, mime, name, deadline)
        request = build_request(self.access_token, "POST", f"{phone_number_id}/media", body=body)
        try:
            answer = self._call(request, FILE_TIMEOUTS)
        except (media_transfer.TransferTimeout, AnswerLost) as error:
            raise FileNotPassed(str(error)) from error
        media_id = answer.get("id")
        if not (isinstance(media_id, str) and media_id):
            raise FileNotPassed("The answer holds no media id.")
        return media_id

    def get(self, path: str, **params: Any) -> Json:
        return self._call(build_request(self.access_token, "GET", path, params))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        return self._call(build_request(self.access_token, "POST", path, body=body or {}))

    def delete(self, path: str, **params: Any) -> Json:
        return self._call(build_request(self.access_token, "DELETE", path, params))

    def _call(self, request: Request, timeouts: tuple[float, float] | None = None) -> Json:
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
            # It knows the failures of both clients, and imports that of many calls at once.
            from .failures import nothing_was_sent

            raise (Unreachable if nothing_was_sent(error) else AnswerLost)(str(error)) from error
        return read_answer(response.status_code, response.content)


def _open_file(url: str, headers: dict[str, str]) -> requests.Response:
    """The answer that holds a file's bytes. The token goes to Meta's servers alone, and to no other by a redirect."""
    for _redirect in range(MAX_REDIRECTS + 1):
        if not media_transfer.is_meta_url(url):
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


def _proxies() -> dict[str, str] | None:
    return {"http": settings.META_PROXY, "https": settings.META_PROXY} if settings.META_PROXY else None


_local = threading.local()


def _session() -> requests.Session:
    """This thread's session: a TLS handshake costs fifty times what a call on a kept connection does."""
    session: requests.Session | None = getattr(_local, "session", None)
    if session is None:
        session = requests.Session()
        # No proxy, certificate or .netrc password from the environment, and no cookie from one business to the next.
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        _local.session = session
    return session
