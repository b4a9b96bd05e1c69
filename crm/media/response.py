"""The file of a message, for a browser."""

from django.http import FileResponse, Http404, HttpResponse

from . import byte_ranges

#: Types that a browser shows without running anything in them. Whatever else is handed out to be saved.
SHOWN = frozenset(
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

HEADERS = {
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
}


def response(request, media):
    """A message's stored file, or the part of it that is asked for. Raises Http404 when there is none."""
    if media is None or not media.is_stored:
        raise Http404
    try:
        part = byte_ranges.wanted(request.headers.get("Range", ""), media.size)
        file = media.file.open("rb")
    except byte_ranges.Unsatisfiable:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{media.size}"})
    except FileNotFoundError:
        raise Http404 from None
    return partial_answer(media, file, *part) if part else answer(media, file)


def partial_answer(media, file, first, last):
    headers = {"Content-Range": f"bytes {first}-{last}/{media.size}", "Content-Length": str(last - first + 1)}
    return answer(media, byte_ranges.PartOfFile(file, first, last), headers, status=206)


def answer(media, file, headers=(), status=200):
    is_shown = media.mime in SHOWN
    return FileResponse(
        file,
        as_attachment=not is_shown,
        filename=media.download_name,
        content_type=media.mime if is_shown else "application/octet-stream",
        headers={**HEADERS, **dict(headers)},
        status=status,
    )
