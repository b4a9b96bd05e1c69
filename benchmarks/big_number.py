"""
Many rows on one number, of every kind that hangs on a number: a business's years of conversations, with bots and
broadcasts. Beside it a small number of another business. With 130,000 conversations it is 1.6 million rows, in a
database of 1.76 million.
"""

import os

from .filling import age, fill, first, tidy, unchecked

CONVERSATIONS = int(os.environ.get("BENCHMARK_CONVERSATIONS", 130_000))
#: Table → rows that hang on the number.
ROWS = {
    "conversations": CONVERSATIONS,
    "messages": 10 * CONVERSATIONS,
    "broadcast_messages": CONVERSATIONS - 10_000,
    "bot_sessions": CONVERSATIONS // 10,
    "bot_turns": CONVERSATIONS // 5,
    "media_files": 5_000,
    "webhook_events": 5_940,
    "broadcasts": 10,
    "bots": 2,
    "bot_scenarios": 20,
    "scenario_versions": 20,
}
#: Of the small number's conversations.
OTHERS = 3_000


def build():
    """Fill a new database. Returns the ids of the big number and of another business's small one."""
    from accounts.testing import make_owner
    from whatsapp.testing import make_number

    number, other = (make_number(make_owner().business, name=name) for name in ("Big", "Small"))
    with unchecked():
        _customers(number, CONVERSATIONS)
        _conversations(number, CONVERSATIONS)
        _messages(number, ROWS["messages"])
        _bots(number)
        _broadcasts(number)
        _rest(number)
        _customers(other, OTHERS, first_phone=78000000000)
        _conversations(other, OTHERS, nth_customer=CONVERSATIONS)
        _messages(other, 8 * OTHERS, nth_conversation=CONVERSATIONS, conversations=OTHERS)
    tidy()
    return number.pk, other.pk


def _customers(number, rows, first_phone=79000000000):
    fill(
        "customers",
        rows,
        business_id=number.business_id,
        phone=f"'+' || ({first_phone} + n)",
        name="'Клиент ' || n",
        search_text="'клиент ' || n",
        created_at=age("40000000 - n"),
    )


def _conversations(number, rows, nth_customer=0):
    fill(
        "conversations",
        rows,
        **_of(number),
        customer_id=f"{first('customers')} + {nth_customer} + n - 1",
        status="'open'",
        last_message_at=age("20000000 - n"),
        created_at=age("40000000 - n"),
    )


def _messages(number, rows, nth_conversation=0, conversations=CONVERSATIONS):
    fill(
        "messages",
        rows,
        **_of(number),
        conversation_id=f"{first('conversations')} + {nth_conversation} + n % {conversations}",
        direction="CASE WHEN n % 2 = 0 THEN 'in' ELSE 'out' END",
        origin="CASE WHEN n % 2 = 0 THEN 'customer' ELSE 'bot' END",
        type="'text'",
        status="CASE WHEN n % 2 = 0 THEN 'received' ELSE 'read' END",
        text="'Сообщение, каких много: номер ' || n",
        wamid=f"'wamid.{number.pk}.' || n",
        automated_at=age("20000000 - n"),
        content="""'{"type": "text", "text": {"body": "Сообщение, каких много"}}'""",
        timestamp=age("20000000 - n"),
        created_at=age("20000000 - n"),
    )


def _bots(number):
    fill("bots", ROWS["bots"], **_of(number), name="'Бот ' || n", is_active="true")
    fill(
        "bot_scenarios",
        ROWS["bot_scenarios"],
        business_id=number.business_id,
        bot_id=f"{first('bots')} + n % {ROWS['bots']}",
        name="'Сценарий ' || n",
    )
    fill(
        "scenario_versions",
        ROWS["scenario_versions"],
        business_id=number.business_id,
        scenario_id=f"{first('bot_scenarios')} + n - 1",
        number="1",
    )
    fill(
        "bot_sessions",
        ROWS["bot_sessions"],
        business_id=number.business_id,
        conversation_id=f"{first('conversations')} + n - 1",
        bot_id=first("bots"),
        version_id=f"{first('scenario_versions')} + n % {ROWS['scenario_versions']}",
        ended_at="CURRENT_TIMESTAMP",
    )
    sessions = ROWS["bot_sessions"]
    fill(
        "bot_turns",
        ROWS["bot_turns"],
        business_id=number.business_id,
        conversation_id=f"{first('conversations')} + n % {ROWS['bot_sessions']}",
        session_id=f"{first('bot_sessions')} + n % {ROWS['bot_sessions']}",
        # One of its conversation's messages.
        message_id=f"{first('messages')} - 1 + n % {sessions} + {CONVERSATIONS} * (n / {sessions})",
    )


def _broadcasts(number):
    from whatsapp.testing import make_template

    template = make_template(number)
    fill(
        "broadcasts",
        ROWS["broadcasts"],
        **_of(number),
        name="'Рассылка ' || n",
        template_id=template.pk,
        status="'done'",
    )
    fill(
        "broadcast_messages",
        ROWS["broadcast_messages"],
        **_of(number),
        broadcast_id=f"{first('broadcasts')} + n % {ROWS['broadcasts']}",
        customer_id=f"{first('customers')} + n - 1",
        status="'read'",
        wamid="'wamid.b' || n",
        created_at=age("20000000 - n"),
    )


def _rest(number):
    fill(
        "media_files",
        ROWS["media_files"],
        business_id=number.business_id,
        message_id=f"{first('messages')} + n * 100",
        mime="'image/jpeg'",
        state="'failed'",
    )
    fill(
        "webhook_events",
        ROWS["webhook_events"],
        **_of(number),
        field="'messages'",
        processed_at="CURRENT_TIMESTAMP",
    )


def _of(number):
    return {"business_id": number.business_id, "whatsapp_number_id": number.pk}
