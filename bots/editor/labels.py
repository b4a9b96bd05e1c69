"""What a bot did, and what keeps a scenario from being published, in words."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bots.document.report import Problem
from bots.engine.effects import EndReason, TimerKind

#: What people call the kinds of steps.
STEP_KINDS = {
    "message": gettext_lazy("Message"),
    "menu": gettext_lazy("Menu"),
    "ask": gettext_lazy("Question"),
    "condition": gettext_lazy("Condition"),
    "set": gettext_lazy("Write down"),
    "wait": gettext_lazy("Wait"),
    "template": gettext_lazy("Template"),
    "http": gettext_lazy("Call a service"),
    "goto": gettext_lazy("Go to a step"),
    "handoff": gettext_lazy("Call a person"),
    "end": gettext_lazy("End"),
}


def problem_text(problem: Problem, definition: dict[str, Any]) -> str:
    """What is wrong, and at which step, for people who do not see the document."""
    found = re.match(r"steps\[(\d+)\]", problem.path)
    if not found:
        return str(problem.message)
    step = definition["steps"][int(found[1])].get("key") or int(found[1]) + 1
    return _("Step “%(step)s”: %(problem)s") % {"step": step, "problem": problem.message}


#: What a log holds that another version of the program wrote, or that was written by hand.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


def event_text(event: Any) -> str:
    """What happened, as it stands in the log."""
    try:
        return _event_text(event)
    except UNREADABLE:
        return _("something that cannot be shown here")


def _event_text(event: dict[str, Any]) -> str:
    kind = event.get("kind")
    if kind in EVENTS:
        return EVENTS[kind](event)
    text = event.get("text") or _("something without text")
    if kind == "operator_word":
        return _("the customer asked for a person: “%(text)s”") % {"text": text}
    if kind == "opt_out":
        return _("the customer wants no more messages: “%(text)s”") % {"text": text}
    if kind == "while_waiting":
        return _("the customer wrote while the scenario waits, so it is left to people: “%(text)s”") % {"text": text}
    return _("the customer wrote: “%(text)s”") % {"text": text}


def answered(event: dict[str, Any]) -> str:
    return _("the service called at “%(step)s” answered with the status %(status)s") % event


def call_failed(event: dict[str, Any]) -> str:
    return _("the call at “%(step)s” brought nothing: %(why)s") % event


EVENTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "timeout": lambda event: _("no answer in time"),
    "for_people": lambda event: _("the customer sent an order, a form or a contact card, which is left to people"),
    "wait_over": lambda event: _("the wait is over"),
    "answer": answered,
    "call_failed": call_failed,
}


def effect_text(effect: Any) -> str:
    """One effect, as it stands in the log."""
    try:
        return WORDS[effect["effect"]](effect)
    except UNREADABLE:
        return _("something that cannot be shown here")


def said(effect: dict[str, Any]) -> str:
    words = _("said: “%(text)s”") % {"text": effect["text"]}
    return f"{words} [{' | '.join(effect['choices'])}]" if effect["choices"] else words


def template_sent(effect: dict[str, Any]) -> str:
    words = _("sent the template “%(template)s” (%(language)s)") % effect
    filled = ", ".join(f"{name} = {text}" for name, text in effect["parameters"].items())
    return f"{words}: {filled}" if filled else words


def customer_known(effect: dict[str, Any]) -> str:
    facts = [effect["name"]] if effect["name"] else []
    facts += [f"{name} = {text}" for name, text in effect["attributes"].items()]
    return _("wrote down about the customer: %(facts)s") % {"facts": ", ".join(facts)}


def tags_added(effect: dict[str, Any]) -> str:
    return _("added tags: %(tags)s") % {"tags": ", ".join(effect["names"])}


def tags_removed(effect: dict[str, Any]) -> str:
    return _("removed tags: %(tags)s") % {"tags": ", ".join(effect["names"])}


def deal_created(effect: dict[str, Any]) -> str:
    if effect["amount"] is None:
        return _("created the deal “%(title)s” without an amount in the stage “%(stage)s”") % effect
    return _("created the deal “%(title)s” for %(amount)s in the stage “%(stage)s”") % effect


def handed_off(effect: dict[str, Any]) -> str:
    return _("called a person; the bot is silent now")


def timer_set(effect: dict[str, Any]) -> str:
    time = {"time": duration(effect["seconds"])}
    if effect["kind"] == TimerKind.TIMEOUT:
        return _("waits %(time)s for the answer") % time
    if effect["kind"] == TimerKind.WAIT:
        return _("waits %(time)s") % time
    return _("ends after %(time)s without an answer") % time


def duration(seconds: int) -> str:
    """Seconds in the largest unit that says it exactly."""
    if seconds % 86400 == 0:
        return ngettext("%(count)s day", "%(count)s days", seconds // 86400) % {"count": seconds // 86400}
    if seconds % 3600 == 0:
        return ngettext("%(count)s hour", "%(count)s hours", seconds // 3600) % {"count": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(count)s minute", "%(count)s minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}


def called(effect: dict[str, Any]) -> str:
    return _("calls the service: %(method)s %(url)s") % effect


def refused(effect: dict[str, Any]) -> str:
    return _("could not go on at “%(step)s”: %(why)s") % effect


def ended(effect: dict[str, Any]) -> str:
    reason = EndReason(effect["reason"]).label
    if effect.get("step"):
        return _("ended at “%(step)s”: %(reason)s") % {"step": effect["step"], "reason": reason}
    return _("ended: %(reason)s") % {"reason": reason}


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "SendMessage": said,
    "SendTemplate": template_sent,
    "SetCustomer": customer_known,
    "AddTags": tags_added,
    "RemoveTags": tags_removed,
    "CreateDeal": deal_created,
    "HandOff": handed_off,
    "SetTimer": timer_set,
    "Call": called,
    "Refused": refused,
    "End": ended,
}
