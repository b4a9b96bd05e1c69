"""The page on which a bot is tried out: a chat whose messages travel with the form, so that nothing is stored."""

from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from bots.forms import ChatForm
from bots.scenarios import BrokenScenario
from bots.simulation import MAX_MESSAGES
from bots.wording import effect_in_words


def chat_page(request, context, simulate):
    """The chat so far and the next message. `simulate` answers a list of messages."""
    said = request.POST.getlist("said")[:MAX_MESSAGES]
    form = ChatForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        said = [*said, form.cleaned_data["text"]]
        form = ChatForm()
    if len(said) >= MAX_MESSAGES:
        form = None
    try:
        turns, report = simulate(said), None
    except BrokenScenario as broken:
        turns, report = [], broken.report
    shown = {"said": said, "turns": [show(turn) for turn in turns], "report": report, "form": form}
    title = _("Try it: %(name)s") % {"name": context["original"]}
    return TemplateResponse(request, "admin/bots/chat.html", {**context, **shown, "title": title})


def show(turn):
    """A turn for the page: what was written, what was answered, and what else happened, in words."""
    facts = [effect.as_json() for effect in turn.effects]
    done = [fact for fact in facts if fact["effect"] not in ("Visited", "SendMessage")]
    return {"text": turn.text, "answers": turn.answers, "done": [effect_in_words(fact) for fact in done]}
