"""Uploading files, finding and fetching them (Cloud API, "Media")."""

import time
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from whatsapp.graph.media_types import ANIMATED_STICKER_LIMIT, MEDIA_TYPES
from whatsapp.simulator.graph.errors import GraphError, NoSuchObject, missing
from whatsapp.simulator.graph.faults import Answer
from whatsapp.simulator.http import Json, Request, Response
from whatsapp.simulator.state import Simulator

from .nodes import find_number

#: The largest file of each MIME type; bytes.
LIMITS = {media_type.mime: media_type.limit for media_type in MEDIA_TYPES}


def post_media(simulator: Simulator, request: Request, phone_number_id: str) -> Answer:
    find_number(simulator, request, phone_number_id)
    fault = simulator.faults.next_upload()

    def accept(failure: GraphError | None = None) -> Json:
        return {"id": simulator.add_media(*_posted_file(request)).id}

    return fault(accept) if fault else accept()


def get_media(simulator: Simulator, request: Request, media_id: str) -> Json:
    if "phone_number_id" in request.query:
        find_number(simulator, request, request.query["phone_number_id"])
    if media_id not in simulator.media:
        raise NoSuchObject(request.method, media_id)
    return simulator.media[media_id].as_node(request.base_url)


def delete_media(simulator: Simulator, request: Request, media_id: str) -> Json:
    if simulator.media.pop(media_id, None) is None:
        raise NoSuchObject(request.method, media_id)
    return {"success": True}


def get_attachment(simulator: Simulator, request: Request) -> Response:
    """The bytes at the address that a file's node names: for whoever has a token, until the address expires."""
    media = simulator.media.get(request.query.get("mid", ""))
    if not simulator.directory.knows_token(request.token):
        return Response(401)
    if media is None or time.time() > float(request.query.get("ext", 0)):
        return Response(404)
    return Response(200, media.content, {"Content-Type": media.mime})


class _InMemory(MemoryFileUploadHandler):
    """Takes files of any size."""

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.activated = True


def _posted_file(request: Request) -> tuple[bytes, str, str]:
    """(content, MIME type, name) of an upload. Raises Graph's error for what it does not take."""
    meta = {"CONTENT_TYPE": request.headers["content-type"], "CONTENT_LENGTH": len(request.body)}
    try:
        fields, files = MultiPartParser(meta, BytesIO(request.body), [_InMemory()]).parse()
    except MultiPartParserError as error:
        raise missing("file") from error
    if fields.get("messaging_product") != "whatsapp":
        raise missing("messaging_product")
    file = files.get("file")
    if not isinstance(file, UploadedFile):
        raise missing("file")
    content, mime = file.read(), file.content_type or ""
    if mime not in LIMITS:
        raise GraphError(100, f"Param file must be a file with one of the following types: {', '.join(LIMITS)}")
    if len(content) > _limit(mime, content):
        raise GraphError(131053, "Media upload error", "The file is too large for its type")
    return content, mime, file.name or ""


def _limit(mime: str, content: bytes) -> int:
    return ANIMATED_STICKER_LIMIT if mime == "image/webp" and b"ANIM" in content[:64] else LIMITS[mime]
