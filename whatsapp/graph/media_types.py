"""Which files WhatsApp carries, and how large (Cloud API, "Media"). A file's extension and content must agree."""

import re
from dataclasses import dataclass
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

#: So much of a file's beginning tells its type.
HEAD = 8192

KILOBYTE, MEGABYTE = 1024, 1024**2

#: The largest file that Meta takes or hands out.
MAX_FILE_SIZE = 100 * MEGABYTE

#: Characters that no text holds.
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class MediaType:
    """
    Files that a message of type `kind` carries. `known_as` are the extensions by which their content is recognised,
    as puremagic names it; empty for plain text.
    """

    kind: str
    mime: str
    extensions: tuple[str, ...]
    limit: int
    known_as: tuple[str, ...] = ()


def _office(mime: str, new: str, old: str) -> tuple[MediaType, MediaType]:
    prefix = "application/vnd.openxmlformats-officedocument."
    return (
        MediaType("document", prefix + mime, (new,), MAX_FILE_SIZE, (new,)),
        MediaType("document", OLD_OFFICE[old], (old,), MAX_FILE_SIZE, (".doc", ".xls", ".ppt")),
    )


OLD_OFFICE = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}

MEDIA_TYPES = (
    MediaType("image", "image/jpeg", (".jpg", ".jpeg"), 5 * MEGABYTE, (".jpg",)),
    MediaType("image", "image/png", (".png",), 5 * MEGABYTE, (".png",)),
    MediaType("video", "video/mp4", (".mp4",), 16 * MEGABYTE, (".mp4", ".m4v")),
    MediaType("video", "video/3gpp", (".3gp",), 16 * MEGABYTE, (".3gp", ".3gpp")),
    MediaType("audio", "audio/aac", (".aac",), 16 * MEGABYTE, (".aac",)),
    MediaType("audio", "audio/amr", (".amr",), 16 * MEGABYTE, (".amr",)),
    MediaType("audio", "audio/mpeg", (".mp3",), 16 * MEGABYTE, (".mp3", ".mpga")),
    MediaType("audio", "audio/mp4", (".m4a",), 16 * MEGABYTE, (".m4a", ".f4a", ".mp4")),
    MediaType("audio", "audio/ogg", (".ogg", ".opus"), 16 * MEGABYTE, (".opus", ".ogg")),
    MediaType("document", "text/plain", (".txt",), MAX_FILE_SIZE),
    MediaType("document", "application/pdf", (".pdf",), MAX_FILE_SIZE, (".pdf",)),
    *_office("wordprocessingml.document", ".docx", ".doc"),
    *_office("spreadsheetml.sheet", ".xlsx", ".xls"),
    *_office("presentationml.presentation", ".pptx", ".ppt"),
    MediaType("sticker", "image/webp", (".webp",), 100 * KILOBYTE, (".webp",)),
)

#: Animated stickers may be larger.
ANIMATED_STICKER_LIMIT = 500 * KILOBYTE

EXTENSIONS = {extension: media_type for media_type in MEDIA_TYPES for extension in media_type.extensions}


def recognise(name: str, head: bytes, size: int) -> MediaType:
    """
    The MediaType of a file by its name, its first HEAD bytes and its size. Raises ValidationError for what WhatsApp
    does not carry.
    """
    media_type = EXTENSIONS.get(PurePath(name).suffix.lower())
    if media_type is None:
        raise ValidationError(
            _("WhatsApp does not carry files of this type. It carries: %(types)s.")
            % {"types": ", ".join(extension.lstrip(".") for extension in EXTENSIONS)},
            code="media_type",
        )
    if not size:
        raise ValidationError(_("The file is empty. Choose another one."), code="empty")
    if not _agrees(media_type, head):
        raise ValidationError(
            _("The file is named %(extension)s, but its content is something else. Save it anew in that format.")
            % {"extension": media_type.extensions[0]},
            code="media_type",
        )
    limit = _limit(media_type, head)
    if size > limit:
        raise ValidationError(
            _("The file is too large: %(size)s. WhatsApp carries at most %(limit)s of this type.")
            % {"size": filesizeformat(size), "limit": filesizeformat(limit)},
            code="too_large",
        )
    return media_type


def _agrees(media_type: MediaType, head: bytes) -> bool:
    if not media_type.known_as:
        return not BINARY.search(head)
    # It reads a table of all kinds of files, which is large.
    import puremagic

    try:
        found = {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return False
    return not found.isdisjoint(media_type.known_as)


def _limit(media_type: MediaType, head: bytes) -> int:
    return ANIMATED_STICKER_LIMIT if media_type.kind == "sticker" and b"ANIM" in head[:64] else media_type.limit


def extensions_of(kind: str) -> list[str]:
    """The extensions of the files that a message or a header of a kind carries."""
    return [extension for extension, media_type in EXTENSIONS.items() if media_type.kind == kind]


def extension_of(mime: str) -> str:
    """The usual extension of files of a MIME type that WhatsApp carries; empty for others."""
    return next((media_type.extensions[0] for media_type in MEDIA_TYPES if media_type.mime == mime), "")
