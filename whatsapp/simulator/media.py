"""Files as Meta keeps them (Cloud API, "Media"): uploaded, asked for by id, fetched from an address that soon ends."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field
from io import BytesIO

from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from whatsapp.graph.media_types import LARGEST, MEDIA_TYPES
from whatsapp.simulator.graph.errors import GraphError, missing

from .response import Response

#: How long an address of a file works; seconds.
ADDRESS_LIVES = 300

PATH = "/attachments/"

LIMITS = {media_type.mime: media_type.limit for media_type in MEDIA_TYPES}


@dataclass(frozen=True)
class Media:
    content: bytes = field(repr=False)
    mime: str
    name: str = ""
    id: str = field(default_factory=lambda: str(10**15 + secrets.randbelow(10**15)))

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()

    def as_node(self, base_url):
        return {
            "messaging_product": "whatsapp",
            "url": f"{base_url}{PATH}?mid={self.id}&ext={int(time.time()) + ADDRESS_LIVES}",
            "mime_type": self.mime,
            "sha256": self.sha256,
            "file_size": len(self.content),
            "id": self.id,
        }


class WholeInMemory(MemoryFileUploadHandler):
    """Takes files of any size."""

    def handle_raw_input(self, *args, **kwargs):
        self.activated = True


def posted_file(request):
    """(content, MIME type, name) of an upload. Raises Graph's error for what it does not take."""
    meta = {"CONTENT_TYPE": request.headers["content-type"], "CONTENT_LENGTH": len(request.body)}
    try:
        fields, files = MultiPartParser(meta, BytesIO(request.body), [WholeInMemory()]).parse()
    except MultiPartParserError as error:
        raise missing("file") from error
    if fields.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    if "file" not in files:
        raise missing("file")
    file = files["file"]
    if file.content_type not in LIMITS:
        raise GraphError(100, f"Param file must be a file with one of the following types: {', '.join(LIMITS)}")
    if file.size > min(LIMITS[file.content_type], LARGEST):
        raise GraphError(131053, "Media upload error", "The file is too large for its type")
    return file.read(), file.content_type, file.name


def attachment(simulator, request):
    """The bytes at an address that `as_node` gave: for whoever has a token, and not for long."""
    media = simulator.media.get(request.query.get("mid"))
    if not simulator.knows_token(request.token):
        return Response(401)
    if media is None or time.time() > float(request.query.get("ext", 0)):
        return Response(404)
    return Response(200, media.content, {"Content-Type": media.mime})
