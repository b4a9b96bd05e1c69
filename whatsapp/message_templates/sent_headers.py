"""What stands at the top of templates that were sent, for people."""

from collections.abc import Mapping

from whatsapp.graph.client import Json
from whatsapp.models import HeaderFile
from whatsapp.template_parameters import FILE, header_media, references_in

from .preview import HEADERS


def media_of(contents: Mapping[int, Json], number_id: int) -> dict[int, str]:
    """
    The pictures, films and documents of a number's messages (`template_message`), such as "Document: invoice.pdf", by
    the keys of the messages; what shows none is left out.
    """
    ids = {pk for content in contents.values() for pk in references_in(content)}
    files = HeaderFile.objects.filter(pk__in=ids, whatsapp_number=number_id) if ids else ()
    names = {file.reference: file.name for file in files}
    return {
        key: _label(kind, body, names) for key, content in contents.items() for kind, body in header_media(content)
    }


def _label(kind: str, body: Json, names: Mapping[str, str]) -> str:
    source = str(body.get("id") or body.get("link") or "")
    name = body.get("filename") or (names.get(source, "") if FILE.fullmatch(source) else source)
    return f"{HEADERS[kind]}: {name}" if name else str(HEADERS[kind])
