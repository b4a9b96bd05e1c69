"""The numbers of a setup's account as Meta reports them, and their rows here."""

import re

from whatsapp.graph.client import Json
from whatsapp.models import QuickSetup, WhatsAppNumber

from .results import FoundNumber, found_of


def as_found(facts: Json) -> FoundNumber:
    """What is stored of a number that Meta reports."""
    digits = re.sub(r"\D", "", str(facts.get("display_phone_number") or ""))
    return {
        "id": str(facts.get("id") or "")[:30],
        "phone": f"+{digits}" if 0 < len(digits) < 20 else "",
        "name": str(facts.get("verified_name") or "")[:100],
        "status": str(facts.get("status") or "")[:30],
    }


def found_number(setup: QuickSetup, phone_number_id: str) -> FoundNumber:
    return next(number for number in found_of(setup) if number["id"] == phone_number_id)


def replace_found(setup: QuickSetup, number: FoundNumber) -> None:
    """Store what Meta now reports of a number."""
    setup.found = [number if known["id"] == number["id"] else known for known in found_of(setup)]
    setup.save(update_fields=["found"])


def own_number(setup: QuickSetup, phone_number_id: str) -> WhatsAppNumber | None:
    """The row of a number in the setup's business; None when it is not connected there."""
    own = WhatsAppNumber.objects.for_business(setup.business_id)
    return own.filter(phone_number_id=phone_number_id).first()
