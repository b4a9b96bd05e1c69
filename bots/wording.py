"""What a bot did, in words."""

from django.utils.translation import gettext as _

from .effects import EndReason, TimerKind


def event_in_words(event):
    kind = event.get("kind")
    if kind == "timeout":
        return _("no answer in time")
    text = event.get("text") or _("something without text")
    if kind == "operator_word":
        return _("the customer asked for a person: “%(text)s”") % {"text": text}
    return _("the customer wrote: “%(text)s”") % {"text": text}


def effect_in_words(effect):
    """One effect, as it stands in the log."""
    return WORDS[effect["effect"]](effect)


def said(effect):
    words = _("said: “%(text)s”") % {"text": effect["text"]}
    return f"{words} [{' | '.join(effect['choices'])}]" if effect["choices"] else words


def customer_known(effect):
    facts = [effect["name"]] if effect["name"] else []
    facts += [f"{name} = {text}" for name, text in effect["attributes"].items()]
    return _("wrote down about the customer: %(facts)s") % {"facts": ", ".join(facts)}


def tags_added(effect):
    return _("added tags: %(tags)s") % {"tags": ", ".join(effect["names"])}


def tags_removed(effect):
    return _("removed tags: %(tags)s") % {"tags": ", ".join(effect["names"])}


def deal_created(effect):
    return _("created the deal “%(title)s” for %(amount)s in the stage “%(stage)s”") % effect


def handed_off(effect):
    return _("called a person; the bot is silent now")


def timer_set(effect):
    if effect["kind"] == TimerKind.TIMEOUT:
        return _("waits %(seconds)s seconds for the answer") % effect
    return _("ends after %(seconds)s seconds without an answer") % effect


def ended(effect):
    return _("ended: %(reason)s") % {"reason": EndReason(effect["reason"]).label}


WORDS = {
    "SendMessage": said,
    "SetCustomer": customer_known,
    "AddTags": tags_added,
    "RemoveTags": tags_removed,
    "CreateDeal": deal_created,
    "HandOff": handed_off,
    "SetTimer": timer_set,
    "End": ended,
}
