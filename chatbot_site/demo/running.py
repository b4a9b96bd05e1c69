"""The demo business of `up --demo`: made once, and introduced to the simulator of WhatsApp at every start."""

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, OuterRef
from django.utils import timezone

from accounts.models import Role, User
from accounts.people.registration import register
from bots.editor import scenarios
from bots.editor.create import create_bot
from bots.models import BotScenario
from broadcasts import planning
from broadcasts.models import Broadcast, BroadcastMessage
from chatbot_site.operations import web
from crm.conversations import conversations, inbox
from crm.customers import customers
from crm.deals import deals
from crm.models import Conversation, Customer, Message
from whatsapp.graph.error_codes import explain
from whatsapp.models import MessageTemplate, WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.simulator import server
from whatsapp.simulator.graph.message_templates import DEFAULT_TEMPLATES
from whatsapp.webhooks.parsing import Change, InboundMessage

from . import story

#: The simulator knows every token that begins so.
ACCESS_TOKEN = "sim-demo"
APP_SECRET = "demo-app-secret"

#: Meta's code for a message to somebody who has no WhatsApp.
UNDELIVERABLE = 131026

#: How far a message that went out came, in this order, and how long each step takes.
STEPS = {"accepted": 0, "sent": 1, "delivered": 3, "read": 90}


@contextmanager
def running(port, site_url):
    """The demo business, made if there is none yet, beside a simulator that runs on `port`. Gives its URL."""
    if not User.objects.filter(email=story.OWNER["email"]).exists():
        make()
    try:
        simulating = server.start(port, callback_url=f"{site_url}/webhooks/whatsapp/", admin_url=f"{site_url}/admin/")
    except OSError as error:
        raise web.refused(server.HOST, port, error) from error
    try:
        for number in WhatsAppNumber.objects.order_by("pk"):
            introduce(number, simulating.simulator)
        yield simulating.url
    finally:
        simulating.stop()


def introduce(number, simulator):
    """A number as its owner would have registered it at Meta, and the people who may write to it."""
    simulator.directory.add_number(
        number.phone_number_id,
        number.phone_number,
        number.access_token,
        app_secret=number.app_secret,
        waba_id=number.waba_id,
        name=number.name,
    )
    for customer in Customer.objects.for_business(number.business).filter(phone__isnull=False):
        simulator.add_customer(customer.name, customer.phone)
    simulator.directory.subscribed[number.waba_id] = {simulator.directory.app_id: True}
    health.check(number)


@transaction.atomic
def make():
    owner = register(password=story.PASSWORD, business_name=story.BUSINESS, language="ru", **story.OWNER)
    business = owner.business
    operator = User.objects.create_user(
        password=story.PASSWORD, business=business, role=Role.OPERATOR, **story.OPERATOR
    )
    lines = {line["name"]: make_number(business, line) for line in (story.SHOP, story.DELIVERY)}
    make_bot(lines["Магазин"], "Консультант", "Подбор чая", story.SHOP_SCENARIO, owner)
    make_bot(lines["Доставка"], "Курьер", "Где заказ", story.DELIVERY_SCENARIO, owner)
    people = {person: make_customer(business, person) for person in story.PEOPLE}
    make_chats(lines, people, operator)
    make_deals(people)
    make_templates(lines["Магазин"])
    make_broadcast(lines["Магазин"], people)
    plan_broadcast(lines["Магазин"])


def make_number(business, line):
    return WhatsAppNumber.objects.create(business=business, access_token=ACCESS_TOKEN, app_secret=APP_SECRET, **line)


def make_bot(number, name, scenario_name, definition, owner):
    bot = create_bot(number.business, whatsapp_number=number, name=name)
    scenario = BotScenario.objects.create(business=number.business, bot=bot, name=scenario_name, definition=definition)
    scenarios.publish(scenario, owner)


def make_customer(business, person):
    customer = customers.get_or_create(business, phone=person.phone, name=person.name)
    customers.add_tags(customer, person.tags)
    customer.attributes = person.attributes
    customer.save(update_fields=["attributes"])
    return customer


# --- What was said ---------------------------------------------------------------------------------------


def make_chats(lines, people, operator):
    wamids = (f"wamid.demo{serial:04}" for serial in count(1))
    business = operator.business
    now = timezone.now().astimezone(ZoneInfo(business.time_zone))
    for line, person, chat in story.CHATS:
        for said in chat:
            say(lines[line["name"]], people[person], said, said.when(now), next(wamids), operator)
    date_back(business, now)
    chats = Conversation.objects.for_business(business)
    closed = [person.phone for person in story.CLOSED]
    waiting = [person.phone for person in story.WAITING]
    for conversation in chats.filter(customer__phone__in=closed):
        conversations.close(conversation)
    for conversation in chats.filter(customer__phone__in=waiting):
        conversations.pause_bot(conversation)
        conversations.assign(conversation, operator)
    for conversation in chats.exclude(customer__phone__in=waiting):
        conversations.mark_read(conversation)


def date_back(business, now):
    """As if all had been stored, and looked at by the bots, when it was said."""
    messages = Message.objects.for_business(business)
    messages.update(created_at=F("timestamp"))
    messages.filter(direction="in").update(automated_at=F("timestamp"))
    said = Message.objects.filter(conversation=OuterRef("pk")).order_by("timestamp").values("timestamp")
    Conversation.objects.for_business(business).update(created_at=said[:1])
    everybody = Customer.objects.for_business(business)
    everybody.update(created_at=now - timedelta(days=30))
    last_word = (
        Message.objects.filter(conversation__customer=OuterRef("pk")).order_by("-timestamp").values("timestamp")
    )
    everybody.filter(opted_out_at__isnull=False).update(opted_out_at=last_word[:1])


def say(number, customer, said, moment, wamid, operator):
    if said.who == "customer":
        hear(number, customer, said.text, moment, wamid)
    else:
        conversation = Conversation.objects.get(whatsapp_number=number, customer=customer)
        answer(conversation, said, moment, wamid, operator)


def hear(number, customer, text, moment, wamid):
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
    inbox.record(number, Change(field="messages", value={}, messages=(message,)))


def answer(conversation, said, moment, wamid, operator):
    """A message that went out long ago, with the ticks it got."""
    failed = said.status == "failed"
    Message.objects.create(
        business=conversation.business,
        whatsapp_number=conversation.whatsapp_number,
        conversation=conversation,
        direction="out",
        origin=said.who,
        author=operator if said.who == "person" else None,
        type="text",
        text=said.text,
        content={"type": "text", "text": {"body": said.text}},
        timestamp=moment,
        wamid=wamid,
        status=said.status,
        **(undeliverable() if failed else {}),
        **ticks(said.status, moment),
    )
    conversations.change(conversation, unread=0, last_message_at=moment)


def undeliverable():
    """What is kept of a message that could not be delivered."""
    return {"error_code": UNDELIVERABLE, "error_title": explain(UNDELIVERABLE, "Message undeliverable")}


def ticks(status, moment):
    """The times of the steps that a message with this status has behind it."""
    reached = "sent" if status == "failed" else status
    times = {}
    for step, seconds in STEPS.items():
        times[f"{step}_at"] = moment + timedelta(seconds=seconds)
        if step == reached:
            break
    return times


# --- What came of it -------------------------------------------------------------------------------------


def make_deals(people):
    for person, title, amount, stage in story.DEALS:
        conversation = people[person].conversations.first()
        deals.create_deal(people[person], title, amount, stage, conversation)


def make_broadcast(number, people):
    """A broadcast of two days ago, which everybody received who was to."""
    moment = timezone.now() - timedelta(days=2, hours=3)
    broadcast = Broadcast.objects.create(
        name=story.BROADCAST,
        audience={"everyone": True},
        status=Broadcast.Status.DONE,
        started_at=moment,
        finished_at=moment + timedelta(minutes=1),
        **sale(number),
    )
    for serial, (person, status) in enumerate(story.RECIPIENTS.items(), 1):
        BroadcastMessage.objects.create(
            business=number.business,
            whatsapp_number=number,
            broadcast=broadcast,
            customer=people[person],
            parameters={"name": person.name, "discount": story.DISCOUNT},
            status=status,
            **fate(status, moment, f"wamid.demobroadcast{serial:04}"),
        )
    Broadcast.objects.filter(pk=broadcast.pk).update(created_at=moment)
    broadcast.messages.update(created_at=moment)


def plan_broadcast(number):
    """A broadcast whose plan is made: its owner looks at it, and starts it."""
    broadcast = Broadcast.objects.create(**story.PLANNED_BROADCAST, **sale(number))
    planning.begin(broadcast)


def sale(number):
    """What a broadcast of the sale's template says, and through which number."""
    return {
        "business": number.business,
        "whatsapp_number": number,
        "template": MessageTemplate.objects.get(business=number.business, name="spring_sale"),
        "parameters": {"name": '{{customer.name|default:"Здравствуйте"}}', "discount": story.DISCOUNT},
    }


def fate(status, moment, wamid):
    if status == "skipped":
        return {"skip_reason": "opted_out"}
    if status == "failed":
        return {"wamid": wamid, **undeliverable(), **ticks(status, moment)}
    return {"wamid": wamid, **ticks(status, moment)}


def make_templates(number):
    wanted = ("name", "language", "category", "status", "parameter_format", "components")
    for facts in DEFAULT_TEMPLATES:
        MessageTemplate.objects.create(
            business=number.business,
            waba_id=number.waba_id,
            meta_id=facts["id"],
            **{name: facts[name] for name in wanted},
        )
