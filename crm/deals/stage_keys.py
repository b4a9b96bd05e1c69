"""Keys of stages, made from the names that people give them."""

from itertools import count

from django.utils.text import slugify

from crm.models import DealStage

MAX_KEY = 50

_TRANSLITERATED = str.maketrans("абвгдеёзийклмнопрстуфыэіґўқңөұүһә", "abvgdeeziyklmnoprstufyeiguqnouuha") | {
    ord(letter): latin
    for letter, latin in {
        "ж": "zh",
        "х": "kh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "shch",
        "ъ": "",
        "ь": "",
        "ю": "yu",
        "я": "ya",
        "є": "ye",
        "ї": "yi",
        "ғ": "g",
    }.items()
}


def free_key(business_id: int, name: str) -> str:
    """A key for a stage of this name that no other stage of the business has: “Ждём оплату” is `zhdem_oplatu`."""
    wanted = key_of(name)
    alike = DealStage.objects.filter(business=business_id, key__startswith=wanted[:40])
    taken = set(alike.values_list("key", flat=True))
    if wanted not in taken:
        return wanted
    numbered = (f"{wanted[: MAX_KEY - 6]}_{serial}" for serial in count(2))
    return next(key for key in numbered if key not in taken)


def key_of(name: str) -> str:
    """The name in Latin letters, as a key; `stage` where nothing is left of it."""
    latin = slugify(name.lower().translate(_TRANSLITERATED)).replace("-", "_")
    return latin[:MAX_KEY].strip("_") or "stage"
