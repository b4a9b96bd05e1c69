"""What a bot was told in a conversation, where the bots keep it: the answers of its last session."""

from typing import Any

from crm.models import Conversation
from crm.models.customer import attribute_text

#: So many answers stand beside a thread.
MAX_ANSWERS = 20


def known(conversation: Conversation) -> list[tuple[str, str]]:
    """(name, answer), under the names that the scenario's author chose."""
    sessions = getattr(conversation, "bot_sessions", None)
    state: Any = sessions.order_by("-pk").values_list("state", flat=True).first() if sessions else None
    answers = state.get("vars") if isinstance(state, dict) else None
    if not isinstance(answers, dict):
        return []
    return [(str(name), attribute_text(value)[:200]) for name, value in list(answers.items())[:MAX_ANSWERS]]
