"""
A process that has a row of every job in hand, half done, and waits to be killed: `run` is called by `manage.py shell`
in an installation of its own. Nothing of it is inside a transaction, which the others would have to wait for.
"""

import os
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread

from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.deletion import deletion, job
from accounts.jobs import registry
from accounts.jobs.job import run_claimed
from accounts.models import Deletion
from accounts.testing import make_owner
from bots.models import AllowedHost, BotCall, BotTimer
from bots.runtime import http_calls, http_client, timers, turns
from bots.testing import document, make_bot, make_published_scenario
from broadcasts import planning
from broadcasts.testing import make_broadcast
from chatbot_site.tests.system.installation import NUMBER
from crm.conversations import export_job, export_writer, exports, ordinary, scheduled
from crm.customers import customers
from crm.customers.files import file_import, uploads
from crm.media import transfers
from crm.models import MediaFile, Message, ScheduledMessage
from crm.testing import make_conversation, make_customer, make_message
from whatsapp.message_templates import header_files, sync
from whatsapp.models import QuickSetup, WebhookEvent, WhatsAppNumber
from whatsapp.numbers import health
from whatsapp.numbers.quick_setup import setups
from whatsapp.testing import PNG, inbound_text, make_number
from whatsapp.webhooks import process

WABA_ID = "102290129340398"
IMPORTED = [f"+7925{serial:07}" for serial in range(6)]
EXPORTED = [f"message {serial}" for serial in range(4)]
WRITTEN = ["раз", "два", "три"]
PLANNED = 5
URL = "https://api.example.com/orders"
FAILED, LATE = "Не вышло", "До встречи!"
LATER = "Ждём вас завтра"


def run(folder, media_id):
    """Fill an installation, take everything in hand, and say so by a file `ready`."""
    make_small_steps()
    owner = make_owner()
    number = make_number(owner.business, waba_id=WABA_ID, **NUMBER)
    reached = set()
    for name, begin in half_done(owner, number, media_id, reached).items():
        Thread(target=begin, name=name, daemon=True).start()
    while reached < set(registry._jobs):
        time.sleep(0.1)
    (Path(folder) / "ready").touch()
    time.sleep(3600)


def make_small_steps():
    """So that little is enough to be half done."""
    file_import.BATCH = planning.BATCH = 2
    export_writer.CONVERSATION_BATCH = 1
    job.BATCH = 5
    deletion.MAX_ROWS_AT_ONCE = 0
    for task in ("accounts.jobs.tasks.work_off", "whatsapp.sending.tasks.deliver"):
        from chatbot_site.celery import app

        app.tasks[task].delay = lambda *arguments: None


def half_done(owner, number, media_id, reached):
    """The name of each job → what begins it and does not come back."""
    rows = {
        uploads.JOB: (upload(owner), uploads, "_import_rows", 1),
        export_job.JOB: (export(owner, number), export_job, "_write_part", 1),
        planning.JOB: (plan(number), planning, "store", 1),
        job.JOB: (delete(owner), job, "_remove", 1),
        http_calls.JOB: (wanted_call(number), http_client, "call", 0),
        timers.JOB: (due_timer(number), timers, "fire", 0),
        header_files.JOB: (header_files.store(number, ContentFile(PNG, "cake.png")), header_files, "_upload", 0),
        transfers.JOB: (expected_file(number, media_id), transfers, "fetch", 0),
        health.JOB: (number, health, "_check_one", 0),
        sync.JOB: (number, sync, "_read", 0),
        scheduled.JOB: (due_later(number), scheduled, "_settle", 0),
    }
    begun = {}
    for of_job, (row, module, step, done) in rows.items():
        stop_at(module, step, done, partial(reached.add, of_job.name))
        begun[of_job.name] = partial(take_in_hand, of_job, row)
    stop_at(ordinary, "record_first", 1, partial(reached.add, process.JOB.name))
    stop_at(setups._Run, "complete", 0, partial(reached.add, setups.JOB.name))
    write(number)
    setup = QuickSetup.objects.create(business=owner.business, created_by=owner, waba_id="1", access_token="t")
    begun[process.JOB.name] = partial(process.process_line, number.pk)
    begun[setups.JOB.name] = partial(setups.run, setup, owner)
    return begun


def take_in_hand(of_job, row):
    claimed = of_job.claim(row.pk)
    assert claimed, of_job
    run_claimed(of_job, claimed, 60)


def stop_at(owner_of_step, step, done, reached):
    """Let a step be done so often, and then never again."""
    original, calls = getattr(owner_of_step, step), []

    def stopped(*arguments, **options):
        calls.append(step)
        if len(calls) <= done:
            return original(*arguments, **options)
        reached()
        time.sleep(3600)

    setattr(owner_of_step, step, stopped)


# One row for each job


def upload(owner):
    uploaded = uploads.upload(owner, "\n".join(["phone", *IMPORTED]).encode(), "customers.csv")
    uploads.advance(uploaded, 10)
    uploads.start(uploaded)
    return uploaded


def export(owner, number):
    for text in EXPORTED:
        message = make_message(make_conversation(number), text)
        Message.objects.filter(pk=message.pk).update(automated_at=timezone.now())
    return exports.request(number, owner, "jsonl")


def plan(number):
    for _person in range(PLANNED):
        customers.add_tags(make_customer(number.business), ["vip"])
    broadcast = make_broadcast(number, audience={"tags_any": ["vip"]})
    planning.begin(broadcast)
    return broadcast


def delete(owner):
    other = make_number(owner.business)
    for _person in range(20):
        make_message(make_conversation(other))
    asked = deletion.delete(other)
    assert asked.state == Deletion.State.WAITING
    return asked


def wanted_call(number):
    AllowedHost.objects.create(business=number.business, host="api.example.com")
    call = {"key": "call", "kind": "http", "method": "POST", "url": URL, "save_to": "reply", "failed": "sorry"}
    sorry = {"key": "sorry", "kind": "end", "text": FAILED}
    ask(number, "вызов", document(call, sorry, triggers=keyword("вызов")))
    return BotCall.objects.get()


def due_timer(number):
    timeout = {"seconds": 3600, "next": "bye"}
    question = {"key": "ask", "kind": "ask", "answer": "text", "text": "Как?", "save_to": "name", "timeout": timeout}
    ask(number, "вопрос", document(question, {"key": "bye", "kind": "end", "text": LATE}, triggers=keyword("вопрос")))
    BotTimer.objects.filter(kind="timeout").update(due_at=timezone.now())
    return BotTimer.objects.get(kind="timeout")


def due_later(number):
    now = timezone.now()
    row = scheduled.schedule(make_conversation(number), None, now + timedelta(hours=1), text=LATER)
    ScheduledMessage.objects.update(send_at=now, due_at=now)
    return row


def keyword(word):
    return [{"kind": "keyword", "match": "equals", "value": word}]


def ask(number, word, scenario):
    make_published_scenario(make_bot(number), scenario)
    conversation = make_conversation(number)
    make_message(conversation, word)
    turns.take_turns(conversation.pk)


def expected_file(number, media_id):
    picture = {"type": "image", "image": {"id": media_id, "mime_type": "image/png"}}
    message = make_message(make_conversation(number), "Photo", type="image", content=picture)
    Message.objects.filter(pk=message.pk).update(automated_at=timezone.now())
    return MediaFile.objects.create(
        business=number.business, message=message, meta_id=media_id, mime="image/png", due_at=timezone.now()
    )


def write(number):
    for text in WRITTEN:
        change = inbound_text(number, "+79161234567", text)["entry"][0]["changes"][0]
        WebhookEvent.objects.create(
            business=number.business, whatsapp_number=number, field=change["field"], value=change["value"]
        )
    # Nobody else has these.
    assert WhatsAppNumber.objects.filter(pk=number.pk, check_lease_until=None).exists()


def main():
    run(os.environ["KILLED_JOBS"], os.environ["KILLED_MEDIA"])
