"""What messages answer: a message, or what another app sent, such as a broadcast."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm.models import Message
from whatsapp.models import outbound_models

from .message_texts import shown_text

#: The id of a number, and the wamid of what was said through it.
Key = tuple[int, str]


@dataclass(frozen=True)
class Quoted:
    """
    What is answered, reacted to, edited or revoked. `kind` says what `id` is the id of: "message", or "broadcast".
    """

    kind: str
    id: int
    text: str


def quoted_by(answers: Iterable[Key]) -> dict[Key, Quoted]:
    """
    What is known of these keys, each the number and the `context_wamid` of a message, in one statement for each model
    of the ledger at most.
    """
    sought = {(number_id, wamid) for number_id, wamid in answers if wamid}
    found: dict[Key, Quoted] = {}
    for model in sorted(outbound_models(), key=lambda model: model is not Message):
        if missing := sought - found.keys():
            rows = model.readable().filter(
                whatsapp_number__in={number_id for number_id, _wamid in missing},
                wamid__in={wamid for _number_id, wamid in missing},
            )
            found |= {(row.whatsapp_number_id, row.wamid): _quoted(row) for row in rows}
    return found


def _quoted(row: Any) -> Quoted:
    kind, pk = row.named_as
    text = shown_text(row.type, row.text, row.content) if isinstance(row, Message) else row.text
    return Quoted(kind, pk, text)
