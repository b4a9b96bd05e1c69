"""The page on which a bot is tried out: a chat whose messages travel with the form, so that nothing is stored."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from bots.editor.forms import ChatForm
from bots.editor.labels import effect_text, problem_text
from bots.editor.scenarios import BrokenScenario
from bots.engine.effects import Call, SendMessage, SetTimer, TimerKind
from bots.simulation.simulation import MAX_MESSAGES, SKIP, SimulatedTurn, is_shown, read_tap, taps

#: Before the key of a step that calls a service: the field with what the service answers.
ANSWER = "answer-"


def chat_page(
    request: HttpRequest, context: dict[str, Any], simulate: Callable[..., list[SimulatedTurn]]
) -> TemplateResponse:
    """The chat so far and the next message. `simulate` answers a list of messages, given the services' answers."""
    said = request.POST.getlist("said")[:MAX_MESSAGES]
    form: ChatForm | None = ChatForm(request.POST if "text" in request.POST else None)
    if form and form.is_bound and form.is_valid():
        said = [*said, form.cleaned_data["text"]]
        form = ChatForm()
    if len(said) >= MAX_MESSAGES:
        form = None
    written = {name.removeprefix(ANSWER): str(text) for name, text in request.POST.items() if name.startswith(ANSWER)}
    try:
        turns, problems = simulate(said, dict(read(written))), []
    except BrokenScenario as broken:
        definition = context["original"].definition
        turns, problems = [], [problem_text(problem, definition) for problem in broken.report.errors]
    shown = {
        "said": said,
        "turns": [show(turn) for turn in turns],
        "services": services(turns, written),
        "skip": SKIP if turns and form and may_run_out(turns[-1]) else None,
        "problems": problems,
        "form": form,
    }
    title = _("Try it: %(name)s") % {"name": context["original"]}
    return TemplateResponse(request, "admin/bots/chat.html", {**context, **shown, "title": title})


def read(written: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """The answers that are JSON, by step."""
    for step, text in written.items():
        try:
            yield step, json.loads(text)
        except ValueError:
            continue


def services(turns: list[SimulatedTurn], written: dict[str, str]) -> list[dict[str, Any]]:
    """The steps that called a service, with the answers written for them."""
    steps = dict.fromkeys(effect.step for turn in turns for effect in turn.effects if isinstance(effect, Call))
    read_well = dict(read(written))
    return [
        {"step": step, "answer": written.get(step, ""), "is_wrong": bool(written.get(step)) and step not in read_well}
        for step in steps
    ]


def may_run_out(turn: SimulatedTurn) -> bool:
    """Whether the bot waits for an answer no longer than a time."""
    return any(isinstance(effect, SetTimer) and effect.kind == TimerKind.TIMEOUT for effect in turn.effects)


def show(turn: SimulatedTurn) -> dict[str, Any]:
    """A turn for the page: what was written and, in order, what was said and what else happened, in words."""
    text = _("(no answer in time)") if turn.text == SKIP else read_tap(turn.text)[1]
    shown = [
        {"message": effect, "taps": taps(effect)}
        if isinstance(effect, SendMessage)
        else {"note": effect_text(effect.as_json())}
        for effect in turn.effects
        if is_shown(effect)
    ]
    return {"text": text, "shown": shown, "is_silent": not turn.answers}
