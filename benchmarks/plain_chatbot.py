"""
The yardstick of `answered`: the plainest Django and Celery that keeps the same promises. The view stores and asks for
a task, which records and asks for one, which answers and asks for one, which sends. Each message is stored before it
is acknowledged, recorded once, answered once, and a send is claimed before its call. It has one number, one bot with
one text, and nothing else: no tenants' rules, no scenario, no log.

`python -m benchmarks.plain_chatbot` makes its tables.
"""

import hmac
import json
import os

import environ
import requests
from celery import Celery
from django.apps import AppConfig
from django.conf import settings
from django.core.wsgi import get_wsgi_application

SECRET = b"the-app-secret"
TEXT = "Здравствуйте!"

settings.configure(
    SECRET_KEY="only-for-benchmarks",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[f"{__name__}.PlainChatbot"],
    DATABASES={"default": {**environ.Env.db_url_config(os.environ["DATABASE_URL"]), "CONN_MAX_AGE": 60}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)


class PlainChatbot(AppConfig):
    name = "benchmarks"
    label = "plain"


application = get_wsgi_application()

from django.db import connection, models, transaction  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402


class Event(models.Model):
    body = models.JSONField()
    processed_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "plain"


class Customer(models.Model):
    phone = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        app_label = "plain"


class Conversation(models.Model):
    customer = models.OneToOneField(Customer, models.CASCADE)
    unread = models.IntegerField(default=0)
    last_message_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "plain"


class Message(models.Model):
    conversation = models.ForeignKey(Conversation, models.CASCADE)
    direction = models.CharField(max_length=3)
    wamid = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001
    text = models.TextField()
    status = models.CharField(max_length=10)
    is_answered = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "plain"


app = Celery("plain", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=1)
meta = requests.Session()


def receive(request):
    body = request.body
    expected = "sha256=" + hmac.digest(SECRET, body, "sha256").hex()
    if not hmac.compare_digest(expected, request.headers["X-Hub-Signature-256"]):
        return HttpResponse(status=401)
    event = Event.objects.create(body=json.loads(body))
    record.delay(event.pk)
    return HttpResponse()


@app.task
def record(event_id):
    with transaction.atomic():
        event = Event.objects.select_for_update().get(pk=event_id)
        if event.processed_at:
            return
        messages = [_record(event.body["entry"][0]["changes"][0]["value"])]
        event.processed_at = timezone.now()
        event.save(update_fields=["processed_at"])
    for pk in filter(None, messages):
        answer.delay(pk)


def _record(value):
    contact, message = value["contacts"][0], value["messages"][0]
    customer, _new = Customer.objects.get_or_create(
        phone=message["from"], defaults={"name": contact["profile"]["name"]}
    )
    Conversation.objects.get_or_create(customer=customer)
    conversation = Conversation.objects.select_for_update().get(customer=customer)
    if Message.objects.filter(wamid=message["id"]).exists():
        return None
    row = Message.objects.create(
        conversation=conversation, direction="in", wamid=message["id"], text=message["text"]["body"], status="received"
    )
    conversation.unread += 1
    conversation.last_message_at = timezone.now()
    conversation.save(update_fields=["unread", "last_message_at"])
    return row.pk


@app.task
def answer(message_id):
    with transaction.atomic():
        message = Message.objects.select_related("conversation").get(pk=message_id)
        conversation = Conversation.objects.select_for_update().get(pk=message.conversation_id)
        message.refresh_from_db(fields=["is_answered"])
        if message.is_answered:
            return
        reply = Message.objects.create(conversation=conversation, direction="out", text=TEXT, status="queued")
        conversation.last_message_at = timezone.now()
        conversation.save(update_fields=["last_message_at"])
        message.is_answered = True
        message.save(update_fields=["is_answered"])
    send.delay(reply.pk)


@app.task
def send(message_id):
    if not Message.objects.filter(pk=message_id, status="queued").update(status="sending"):
        return
    message = Message.objects.select_related("conversation__customer").get(pk=message_id)
    body = {"to": message.conversation.customer.phone, "type": "text", "text": {"body": message.text}}
    given = meta.post(f"{os.environ['META_GRAPH_URL']}/v1/messages", json=body, timeout=20).json()
    Message.objects.filter(pk=message_id, status="sending").update(status="accepted", wamid=given["messages"][0]["id"])


urlpatterns = [path("webhooks/whatsapp/", receive), path("readyz", lambda request: HttpResponse())]

if __name__ == "__main__":
    with connection.schema_editor() as editor:
        for model in (Event, Customer, Conversation, Message):
            editor.create_model(model)
