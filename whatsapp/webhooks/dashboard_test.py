"""
The samples that “Test” in the dashboard of a Meta app posts. They name a WhatsApp Business account and a number that
nobody has, so nothing of them is stored; but whoever sets up a number wants to see them answered 200.
"""

from collections.abc import Iterable, Iterator

from whatsapp.models import WhatsAppNumber

from .signature import is_signed

#: The ids in the samples. Samples of fields that are about an account name no number.
SAMPLE_WABA_ID = "0"
SAMPLE_PHONE_NUMBER_IDS = ("123456123", "")

#: A sample is much smaller. A longer body is not worth the time of trying secrets.
MAX_LENGTH = 20_000

#: Of so many numbers the secrets are tried: of those added last, as a test is made while connecting one.
MAX_NUMBERS = 100


def is_sample(body: bytes, ids: Iterable[tuple[str, str]]) -> bool:
    """Whether a body holds nothing but samples. `ids` are those of its changes: (WABA id, phone number id)."""
    ids = list(ids)
    return (
        bool(ids)
        and len(body) <= MAX_LENGTH
        and all(
            waba_id == SAMPLE_WABA_ID and phone_number_id in SAMPLE_PHONE_NUMBER_IDS
            for waba_id, phone_number_id in ids
        )
    )


def is_signed_by_a_number(body: bytes, signature: str) -> bool:
    """Whether a body is signed with the own app secret of a connected number."""
    return bool(signature) and any(is_signed(body, signature, secret) for secret in _secrets())


def _secrets() -> Iterator[str]:
    """The secrets to try. One that cannot be read has signed nothing that we could tell."""
    connected = WhatsAppNumber.objects.filter(status=WhatsAppNumber.Status.CONNECTED).only("app_secret")
    for number in connected.order_by("-pk")[:MAX_NUMBERS]:
        if secret := number.readable_secret("app_secret"):
            yield secret
