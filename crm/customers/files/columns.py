"""The columns of a file of customers, and how they are headed, in Russian or English and by other programs."""

from collections.abc import Sequence

from django.utils.translation import get_language

from crm.normalization import fold, normalize, trim, visible

#: Column → how it is headed in English and in Russian.
HEADINGS: dict[str, tuple[str, str]] = {
    "phone": ("Phone", "Телефон"),
    "name": ("Name", "Имя"),
    "tags": ("Tags", "Метки"),
    "opted_out": ("Opted out", "Отписан"),
    "whatsapp_user_id": ("WhatsApp user ID", "ID пользователя WhatsApp"),
    "whatsapp_username": ("WhatsApp username", "Имя пользователя WhatsApp"),
}

#: The columns that say who somebody is.
IDENTITIES = {"phone", "whatsapp_user_id"}

#: Column → how other programs head it. Such a column counts where none has the heading itself; the first is taken.
OTHER_HEADINGS: dict[str, tuple[str, ...]] = {
    "phone": (
        *("номер телефона", "мобильный телефон", "телефон клиента", "контактный телефон", "рабочий телефон"),
        *("мобильный", "моб. телефон", "тел", "номер", "whatsapp", "номер whatsapp", "телефон 1", "телефоны"),
        *("phone number", "mobile", "mobile phone", "cell phone", "work phone", "phone 1", "phone 1 - value"),
    ),
    "name": (
        *("фио", "имя клиента", "имя контакта", "полное имя", "имя и фамилия", "имя фамилия", "контакт", "клиент"),
        *("full name", "customer name", "contact name", "first name", "display name"),
    ),
}

#: The headings of Google Contacts that tell its files, and the one of the tags in these.
_GOOGLE_PHONE, _GOOGLE_TAGS = "phone 1 - value", "labels"

#: More than anybody has, and few enough to be read and stored in no time.
MAX_COLUMNS = 200

_COLUMNS = {fold(heading): column for column, headings in HEADINGS.items() for heading in headings}
_COLUMNS |= {column: column for column in HEADINGS} | {"теги": "tags"}

#: Before the name of an attribute that would be taken for another column.
ATTRIBUTE_PREFIX = "attributes."


def columns_of(headings: Sequence[str]) -> list[str]:
    """The columns that headings name; other programs' headings where there is none of our own."""
    columns = list(map(_column, headings))
    plain = [trim(normalize(heading)) for heading in headings]
    if "tags" not in columns and _GOOGLE_PHONE in plain and _GOOGLE_TAGS in plain:
        columns[plain.index(_GOOGLE_TAGS)] = "tags"
    for column, others in OTHER_HEADINGS.items():
        place = next((plain.index(other) for other in map(trim, others) if other in plain), None)
        if column not in columns and place is not None:
            columns[place] = column
    return columns


def _column(heading: str) -> str:
    """A heading's column: a key of HEADINGS, an attribute's name after ATTRIBUTE_PREFIX, or empty like the heading."""
    if heading.startswith(ATTRIBUTE_PREFIX):
        return heading
    return named(heading) or attribute_column(heading)


def named(heading: str) -> str:
    """The key of HEADINGS that a heading of our own names; empty for another heading."""
    return _COLUMNS.get(trim(normalize(visible(heading).strip())), "")


def attribute_column(heading: str) -> str:
    """The column of the attribute that is named like a heading; empty for none."""
    name = visible(heading).strip()
    return name and f"{ATTRIBUTE_PREFIX}{name}"


def column_name(column: str) -> str:
    """What a column is called for people."""
    return column.removeprefix(ATTRIBUTE_PREFIX) if column.startswith(ATTRIBUTE_PREFIX) else heading(column)


def in_active_language(english: str, russian: str) -> str:
    return russian if (get_language() or "").startswith("ru") else english


def heading(column: str) -> str:
    """The heading of one of HEADINGS, in the language that is active."""
    return in_active_language(*HEADINGS[column])


def attribute_heading(name: str) -> str:
    """The attribute's name as a heading that is read as this attribute."""
    return name if name and _column(name) == f"{ATTRIBUTE_PREFIX}{name}" else f"{ATTRIBUTE_PREFIX}{name}"
