"""The languages of message templates (Cloud API, "Supported languages")."""

from django.utils.translation import get_language_info

#: Those that our users write most come first.
FIRST_LANGUAGES = "ru en en_US en_GB kk uk uz ky_KG ka az tr"
OTHER_LANGUAGES = (
    "af ar bg bn ca cs da de el es es_AR es_ES es_MX et fa fi fil fr ga gu ha he hi hr hu id it ja kn ko lo lt lv mk "
    "ml mr ms nb nl pa pl pt_BR pt_PT ro rw_RW sk sl sq sr sv sw ta te th ur vi zh_CN zh_HK zh_TW zu"
)


def language_label(code: str) -> str:
    """The name of a language, with Meta's code; where the name is not known, the code alone."""
    try:
        return f"{get_language_info(code.replace('_', '-').lower())['name_translated']} ({code})"
    except KeyError:
        return code


def language_choices() -> list[tuple[str, str]]:
    return [(code, language_label(code)) for code in f"{FIRST_LANGUAGES} {OTHER_LANGUAGES}".split()]
