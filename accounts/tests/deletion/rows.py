"""A number with all that can hang on it, and what every table holds."""

from django.apps import apps

from bots.models import Bot, BotScenario, BotSession, BotTimer, BotTurn, ScenarioVersion
from broadcasts.models import Broadcast, BroadcastMessage
from crm.models import Conversation, ConversationExport, Customer, Deal, DealStage, MediaFile, Message
from whatsapp.models import MessageTemplate, WebhookEvent, WhatsAppNumber


def fill_number(owner, phone_number_id, customers=3):
    """A number with something of every kind that can hang on it."""
    business = owner.business
    own = {"business": business}
    number = WhatsAppNumber.objects.create(
        **own, name=f"Shop {phone_number_id}", phone_number="+79161234567", phone_number_id=phone_number_id
    )
    on_number = {**own, "whatsapp_number": number}
    WebhookEvent.objects.create(**on_number, field="messages", value={})
    bot = Bot.objects.create(**on_number, name="Bot")
    scenario = BotScenario.objects.create(**own, bot=bot, name="Orders")
    version = ScenarioVersion.objects.create(**own, scenario=scenario, number=1, definition={})
    template, _ = MessageTemplate.objects.get_or_create(**own, waba_id="1", name="hello", language="ru")
    broadcast = Broadcast.objects.create(**on_number, name="News", template=template)
    stage = DealStage.objects.for_business(business).first()
    for position in range(customers):
        customer, _ = Customer.objects.get_or_create(**own, phone=f"+7916000000{position}")
        conversation = Conversation.objects.create(**on_number, customer=customer)
        message = Message.objects.create(
            **on_number, conversation=conversation, direction="in", origin="customer", type="text", status="received"
        )
        MediaFile.objects.create(**own, message=message)
        session = BotSession.objects.create(**own, conversation=conversation, bot=bot, version=version)
        BotTimer.objects.create(**own, session=session, kind="expiry", turn=1, due_at=session.started_at)
        BotTurn.objects.create(**own, conversation=conversation, session=session, message=message)
        BroadcastMessage.objects.create(**on_number, broadcast=broadcast, customer=customer, status="read")
        Deal.objects.create(
            **own, customer=customer, conversation=conversation, title="Tea", currency="RUB", stage=stage
        )
    ConversationExport.objects.create(**on_number, format="csv")
    return number


def rows_of_everything():
    return {model._meta.db_table: set(model._base_manager.values_list("pk", flat=True)) for model in apps.get_models()}
