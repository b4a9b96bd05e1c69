"""The rows of the demo business, as if people had worked with it for weeks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, OuterRef
from django.utils import timezone

from accounts.models import Business, Role, User
from accounts.people.registration import register
from bots.editor import scenarios
from bots.editor.create import create_bot
from bots.models import BotScenario
from broadcasts import planning
from broadcasts.models import Broadcast, BroadcastMessage
from crm.conversations import conversations, notes, recording
from crm.customers import customers
from crm.deals import deals
from crm.models import Conversation, Customer, Message, SavedReply, Wait
from whatsapp.graph.error_codes import explain
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.simulator.graph.message_templates import DEFAULT_TEMPLATES
from whatsapp.webhooks.changes import Change, InboundMessage

from . import story
from .story import Line, Person

#: The simulator knows every token that begins so.
ACCESS_TOKEN = "sim-demo"
APP_SECRET = "demo-app-secret"

#: Meta's code for a message to somebody who has no WhatsApp.
UNDELIVERABLE = 131026

#: The steps of a message that went out, in order, and after how many seconds it reaches each.
STEPS = {"accepted": 0, "sent": 1, "delivered": 3, "read": 90}

People = Mapping[Person, Customer]


@transaction.atomic
def make() -> None:
    owner = register(password=story.PASSWORD, business_name=story.BUSINESS, language="ru", **story.OWNER)
    business = owner.business
    assert business is not None
    # Its mail goes nowhere.
    business.alerts_after, business.alerts_about_numbers = None, False
    business.save()
    operator = User.objects.create_user(
        password=story.PASSWORD, business=business, role=Role.OPERATOR, **story.OPERATOR
    )
    shop, delivery = _make_number(business, story.SHOP), _make_number(business, story.DELIVERY)
    _make_bot(shop, "Консультант", "Подбор чая", story.SHOP_SCENARIO, owner)
    _make_bot(delivery, "Курьер", "Где заказ", story.DELIVERY_SCENARIO, owner)
    people = {person: _make_customer(business, person) for person in story.PEOPLE}
    _make_conversations({number.name: number for number in (shop, delivery)}, people, operator)
    _make_notes(people, owner)
    _make_saved_replies(business)
    _make_deals(people)
    _make_templates(shop)
    _make_broadcast(shop, people)
    _plan_broadcast(shop)


def _make_number(business: Business, values: Mapping[str, str]) -> WhatsAppNumber:
    return WhatsAppNumber.objects.create(business=business, access_token=ACCESS_TOKEN, app_secret=APP_SECRET, **values)


def _make_bot(
    number: WhatsAppNumber, name: str, scenario_name: str, definition: Mapping[str, Any], owner: User
) -> None:
    bot = create_bot(number.business, whatsapp_number=number, name=name)
    scenario = BotScenario.objects.create(business=number.business, bot=bot, name=scenario_name, definition=definition)
    scenarios.publish(scenario, owner)


def _make_customer(business: Business, person: Person) -> Customer:
    customer = customers.get_or_create(business, phone=person.phone, name=person.name)
    customers.add_tags(customer, person.tags)
    customer.attributes = person.attributes
    customer.save(update_fields=["attributes"])
    return customer


# --- Conversations ---------------------------------------------------------------------------------------


def _make_conversations(numbers: Mapping[str, WhatsAppNumber], people: People, operator: User) -> None:
    wamids = (f"wamid.demo{serial:04}" for serial in count(1))
    business = numbers[story.SHOP["name"]].business
    now = timezone.now().astimezone(ZoneInfo(business.time_zone))
    for number, person, lines in story.CHATS:
        for line in lines:
            _record(numbers[number["name"]], people[person], line, line.when(now), next(wamids), operator)
    _date_back(business, now)
    rows = Conversation.objects.for_business(business)
    closed = [person.phone for person in story.CLOSED]
    waiting = [person.phone for person in story.WAITING]
    for conversation in rows.filter(customer__phone__in=closed):
        conversations.close(conversation)
    for conversation in rows.filter(customer__phone__in=waiting):
        conversations.pause_bot(conversation)
        conversations.assign(conversation, operator)
        conversations.wait_for_person(conversation, conversation.last_inbound_at or now)
    for conversation in rows.exclude(customer__phone__in=waiting):
        conversations.mark_read(conversation)


def _make_notes(people: People, owner: User) -> None:
    for person, text in story.NOTES.items():
        notes.write(Conversation.objects.get(customer=people[person]), owner, text)


def _make_saved_replies(business: Business) -> None:
    for shortcut, text in story.SAVED_REPLIES.items():
        SavedReply.objects.create(business=business, shortcut=shortcut, text=text)


def _date_back(business: Business, now: datetime) -> None:
    """As if each message had been stored, and looked at by the bots, when it was written."""
    messages = Message.objects.for_business(business)
    messages.update(created_at=F("timestamp"))
    messages.filter(direction="in").update(automated_at=F("timestamp"))
    first = Message.objects.filter(conversation=OuterRef("pk")).order_by("timestamp").values("timestamp")
    Conversation.objects.for_business(business).update(created_at=first[:1])
    everybody = Customer.objects.for_business(business)
    everybody.update(created_at=now - timedelta(days=30))
    last = Message.objects.filter(conversation__customer=OuterRef("pk")).order_by("-timestamp").values("timestamp")
    everybody.filter(opted_out_at__isnull=False).update(opted_out_at=last[:1])


def _record(
    number: WhatsAppNumber, customer: Customer, line: Line, moment: datetime, wamid: str, operator: User
) -> None:
    if line.who == "customer":
        _record_inbound(number, customer, line.text, moment, wamid)
    else:
        conversation = Conversation.objects.get(whatsapp_number=number, customer=customer)
        _record_outbound(conversation, line, moment, wamid, operator)


def _record_inbound(number: WhatsAppNumber, customer: Customer, text: str, moment: datetime, wamid: str) -> None:
    """A customer's message, recorded as one that came by webhook."""
    message = InboundMessage(
        wamid=wamid,
        sender_phone=customer.phone,
        sender_user_id=None,
        profile_name=customer.name,
        timestamp=moment,
        type="text",
        text=text,
        choice_id=None,
        context_wamid="",
        content={"type": "text", "text": {"body": text}},
    )
    recording.record(number, Change(field="messages", value={}, messages=(message,)))


def _record_outbound(conversation: Conversation, line: Line, moment: datetime, wamid: str, operator: User) -> None:
    """A message that went out long ago, and has the status that the story says."""
    Message.objects.create(
        business=conversation.business,
        whatsapp_number=conversation.whatsapp_number,
        conversation=conversation,
        direction="out",
        origin=line.who,
        author=operator if line.who == "person" else None,
        type="text",
        text=line.text,
        content={"type": "text", "text": {"body": line.text}},
        timestamp=moment,
        status=line.status,
        **_outcome(line.status, moment, wamid),
    )
    if line.who == "person":
        conversations.wait_for_person(conversation, conversation.last_inbound_at or moment)
        conversations.end_wait(conversation, moment, Wait.Ending.ANSWERED, operator)
    conversations.change(conversation, unread=0, last_message_at=moment)


def _outcome(status: str, moment: datetime, wamid: str) -> dict[str, Any]:
    """What the row of a message that was accepted at a moment holds besides its status."""
    values = {"wamid": wamid, **_times(status, moment)}
    if status == "failed":
        title = explain(UNDELIVERABLE, "Message undeliverable")
        return {**values, "error_code": UNDELIVERABLE, "error_title": title}
    return values


def _times(status: str, moment: datetime) -> dict[str, datetime]:
    """When a message with this status reached each of its steps."""
    reached = "sent" if status == "failed" else status
    times = {}
    for step, seconds in STEPS.items():
        times[f"{step}_at"] = moment + timedelta(seconds=seconds)
        if step == reached:
            break
    return times


# --- Deals, templates and broadcasts ---------------------------------------------------------------------


def _make_deals(people: People) -> None:
    for person, title, amount, stage in story.DEALS:
        conversation = people[person].conversations.first()
        deals.create_deal(people[person], title, amount, stage, conversation)


def _make_templates(number: WhatsAppNumber) -> None:
    names = ("name", "language", "category", "status", "parameter_format", "components")
    for node in cast(Sequence[Mapping[str, Any]], DEFAULT_TEMPLATES):
        MessageTemplate.objects.create(
            business=number.business,
            waba_id=number.waba_id,
            meta_id=node["id"],
            **{name: node[name] for name in names},
        )


def _make_broadcast(number: WhatsAppNumber, people: People) -> None:
    """A broadcast of two days ago that is done."""
    moment = timezone.now() - timedelta(days=2, hours=3)
    broadcast = Broadcast.objects.create(
        name=story.BROADCAST,
        audience={"everyone": True},
        status=Broadcast.Status.DONE,
        started_at=moment,
        finished_at=moment + timedelta(minutes=1),
        **_sale(number),
    )
    for serial, (person, status) in enumerate(story.RECIPIENTS.items(), 1):
        wamid = f"wamid.demobroadcast{serial:04}"
        BroadcastMessage.objects.create(
            business=number.business,
            whatsapp_number=number,
            broadcast=broadcast,
            customer=people[person],
            parameters={"name": person.name, "discount": story.DISCOUNT},
            status=status,
            **({"skip_reason": "opted_out"} if status == "skipped" else _outcome(status, moment, wamid)),
        )
    Broadcast.objects.filter(pk=broadcast.pk).update(created_at=moment)
    broadcast.messages.update(created_at=moment)


def _plan_broadcast(number: WhatsAppNumber) -> None:
    """A broadcast whose plan is made: its owner looks at it, and starts it."""
    broadcast = Broadcast.objects.create(**story.PLANNED_BROADCAST, **_sale(number))
    planning.begin(broadcast)


def _sale(number: WhatsAppNumber) -> dict[str, Any]:
    """The number, template and parameters of a broadcast about the sale."""
    return {
        "business": number.business,
        "whatsapp_number": number,
        "template": MessageTemplate.objects.get(business=number.business, name="spring_sale"),
        "parameters": {"name": '{{customer.name|default:"Здравствуйте"}}', "discount": story.DISCOUNT},
    }
