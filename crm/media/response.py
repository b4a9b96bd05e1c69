"""The file of a message, for a browser."""

from collections.abc import Mapping

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from crm.models import MediaFile

from . import byte_ranges

#: Types that a browser shows without running anything in them. Everything else is offered to be saved.
INLINE_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "audio/aac",
        "audio/amr",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
        "video/mp4",
        "video/3gpp",
        "application/pdf",
    }
)

_HEADERS = {
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
}


def response(request: HttpRequest | Request, media: MediaFile | None) -> HttpResponseBase:
    """A message's stored file, or the part of it that is asked for. Raises Http404 when there is none."""
    if media is None or not media.is_stored:
        raise Http404
    try:
        part = byte_ranges.parse_range(request.headers.get("Range", ""), media.size)
        file = media.file.open("rb")
    except byte_ranges.Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    except FileNotFoundError:
        raise Http404 from None
    return _partial_response(media, file, *part) if part else _response(media, file)


def _partial_response(media: MediaFile, file: FieldFile, first: int, last: int) -> FileResponse:
    headers = {"Content-Range": f"bytes {first}-{last}/{media.size}", "Content-Length": str(last - first + 1)}
    return _response(media, byte_ranges.PartOfFile(file, first, last), headers, status=206)


def _response(
    media: MediaFile,
    file: FieldFile | byte_ranges.PartOfFile,
    headers: Mapping[str, str] | None = None,
    status: int = 200,
) -> FileResponse:
    is_inline = media.mime in INLINE_TYPES
    return FileResponse(
        file,
        as_attachment=not is_inline,
        filename=media.download_name,
        content_type=media.mime if is_inline else "application/octet-stream",
        headers={**_HEADERS, **(headers or {})},
        status=status,
    )
