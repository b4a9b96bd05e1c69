"""What is wrong with each step by itself."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm.normalization import normalize
from whatsapp.template_parameters import missing

from .addresses import BadAddress, read_address
from .interpolation import FORM
from .limits import MAX_BUTTON_TITLE, MAX_BUTTONS
from .report import Report, below
from .scenario import Scenario
from .steps import (
    METHODS_WITH_BODY,
    OPS_WITHOUT_VALUE,
    BaseStep,
    Condition,
    HttpRequest,
    Menu,
    Question,
    Rule,
    Set,
    Template,
)

#: What leads to the host of an address: it is written down, not filled in.
BEGINNING = re.compile(r"[^/?#]*//[^/?#]*")

#: What is filled in, closed or not.
FILLED_IN = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)

FIXED_FIELDS = ("customer.name", "customer.phone", "customer.tags", "message.text", "now.office_hours")
OPEN_FIELDS = ("vars.", "customer.attributes.", FORM)


@dataclass(frozen=True)
class Known:
    """
    What is known of the business; None: nothing. `stages` are the keys of its deal stages, `templates` maps (name,
    language) to the approved ones of the number, `hosts` maps an allowed host to whether http:// will do, `keywords`
    maps (match, `matching.compared` value) to the name of the other scenario of the bot that begins with it.
    """

    stages: Sequence[str] | None = None
    templates: Mapping[tuple[str, str], Any] | None = None
    hosts: Mapping[str, bool] | None = None
    keywords: Mapping[tuple[str, str], str] | None = None


def check_steps(scenario: Scenario, known: Known, report: Report) -> None:
    """Report what is wrong with each step by itself, and keys that stand more than once."""
    if not scenario.steps:
        report.error("steps", "no_steps", _("The scenario has no steps. Add at least one message."))
    _check_unique([step.key for step in scenario.steps], "steps", "key", report)
    for position, step in enumerate(scenario.steps):
        path = below("steps", position)
        if isinstance(step, Question):
            _check_waiting(step, path, scenario.expires, report)
        _check_step(step, path, known, report)


def _check_step(step: BaseStep, path: str, known: Known, report: Report) -> None:
    """Report what is wrong with a step of its kind."""
    match step:
        case Menu():
            _check_menu(step, f"{path}.choices", report)
        case Set():
            _check_set(step, path, known, report)
        case Condition():
            _check_condition(step, path, report)
        case Template():
            _check_template(step, path, known, report)
        case HttpRequest():
            _check_http(step, path, known, report)


def _check_unique(values: Sequence[str], path: str, name: str, report: Report) -> None:
    """Report the values that stand more than once under a name of a list's items; blank ones are not compared."""
    counts = Counter(normalize(value) for value in values if value)
    for position, value in enumerate(values):
        if counts[normalize(value)] > 1:
            report.error(
                f"{path}[{position}].{name}",
                "duplicate",
                _("“%(name)s” is used here more than once. Give each its own.") % {"name": value},
            )


def _check_menu(menu: Menu, path: str, report: Report) -> None:
    if not menu.choices:
        report.error(path, "no_choices", _("The menu has no choices. Add at least one."))
    _check_unique([choice.key for choice in menu.choices], path, "key", report)
    _check_unique([choice.label for choice in menu.choices], path, "label", report)
    for position, choice in enumerate(menu.choices):
        _check_label(choice.label, len(menu.choices) <= MAX_BUTTONS, f"{path}[{position}].label", report)


def _check_label(label: str, is_button: bool, path: str, report: Report) -> None:
    if is_button and len(label) > MAX_BUTTON_TITLE:
        report.error(
            path,
            "too_long",
            _("On a button WhatsApp shows at most %(limit)s characters; these are %(length)s. Shorten it.")
            % {"limit": MAX_BUTTON_TITLE, "length": len(label)},
        )
    if "{{" in label:
        report.error(path, "no_placeholders", _("A label is shown as it is: write it without {{ }}."))


def _check_waiting(question: Question, path: str, expires: int, report: Report) -> None:
    if question.invalid and question.invalid.tries is not None and question.invalid.next is None:
        report.error(
            f"{path}.invalid.next",
            "required",
            _("Choose the step that follows after so many wrong answers, or leave the number of tries out."),
        )
    if question.timeout and question.timeout.seconds >= expires:
        report.warn(
            f"{path}.timeout.seconds",
            "after_expiry",
            _("The scenario ends after %(seconds)s seconds without an answer, so this never happens. Make it shorter.")
            % {"seconds": expires},
        )


def _check_set(step: Set, path: str, known: Known, report: Report) -> None:
    if known.stages is not None and step.deal and step.deal.stage not in known.stages:
        report.error(
            f"{path}.deal.stage",
            "unknown_stage",
            _("There is no deal stage “%(stage)s”. The stages are: %(stages)s.")
            % {"stage": step.deal.stage, "stages": ", ".join(known.stages)},
        )


def _check_condition(condition: Condition, path: str, report: Report) -> None:
    if not condition.rules:
        report.error(f"{path}.rules", "no_rules", _("The condition has no rules. Add at least one."))
    for position, rule in enumerate(condition.rules):
        if rule.field and rule.op:
            _check_rule(rule, f"{path}.rules[{position}]", report)
    if condition.then is None and condition.otherwise is None:
        report.warn(
            path,
            "same_way",
            _("The same step follows whether the rules hold or not. Choose a step for at least one of the two."),
        )


def _check_rule(rule: Rule, path: str, report: Report) -> None:
    is_open = any(rule.field.startswith(prefix) and rule.field != prefix for prefix in OPEN_FIELDS)
    if rule.field not in FIXED_FIELDS and not is_open:
        report.error(
            f"{path}.field",
            "unknown_field",
            _("“%(name)s” cannot be used in a rule. Use vars.…, customer.attributes.… or one of: %(known)s.")
            % {"name": rule.field, "known": ", ".join(FIXED_FIELDS)},
        )
    if rule.op == "in_tags" and rule.field != "customer.tags":
        report.error(
            f"{path}.op",
            "wrong_op",
            _("Only customer.tags holds tags. Choose another comparison for “%(name)s”.") % {"name": rule.field},
        )
    if rule.value is None and rule.op not in OPS_WITHOUT_VALUE:
        report.error(f"{path}.value", "required", _("Enter a value to compare with."))


def _check_template(step: Template, path: str, known: Known, report: Report) -> None:
    if known.templates is None or not (step.template and step.language):
        return
    template = known.templates.get((step.template, step.language))
    if template is None:
        report.warn(
            f"{path}.template",
            "no_template",
            _(
                "The number has no approved template “%(name)s” in “%(language)s” now. "
                "If that stays so, a person is called here."
            )
            % {"name": step.template, "language": step.language},
        )
    elif keys := missing(template, step.parameters):
        report.error(
            f"{path}.parameters",
            "missing_parameters",
            _("The template needs more: %(keys)s. Write a line for each.") % {"keys": ", ".join(keys)},
        )


def _check_http(request: HttpRequest, path: str, known: Known, report: Report) -> None:
    if request.has_body and request.method and request.method not in METHODS_WITH_BODY:
        report.error(
            f"{path}.json",
            "no_body",
            _("Only %(methods)s can send JSON. Change the method, or remove the JSON.")
            % {"methods": ", ".join(METHODS_WITH_BODY)},
        )
    if request.url:
        _check_url(request.url, f"{path}.url", known.hosts, report)
    if request.failed is None:
        report.warn(
            f"{path}.failed",
            "no_failed",
            _(
                "If the service does not answer, a person is called and the customer hears nothing. "
                "Choose the step that follows then."
            ),
        )


def _check_url(url: str, path: str, hosts: Mapping[str, bool] | None, report: Report) -> None:
    if "{{" in (beginning[0] if (beginning := BEGINNING.match(url)) else url):
        report.error(path, "no_placeholders", _("Write the host itself: {{ }} may only come after it."))
        return
    try:
        address = read_address(FILLED_IN.sub("x", url))
    except BadAddress as error:
        report.error(path, "bad_url", str(error))
        return
    if hosts is None:
        return
    if address.host not in hosts:
        message = _(
            "“%(host)s” is not among the allowed hosts, so it is not called. Add it there: Bots, Allowed hosts."
        )
        report.warn(path, "host_not_allowed", message % {"host": address.host})
    elif address.scheme == "http" and not hosts[address.host]:
        report.warn(
            path,
            "https_only",
            _("“%(host)s” may be called by https:// only. Write https, or change that among the allowed hosts.")
            % {"host": address.host},
        )
