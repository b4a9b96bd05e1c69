"""What is wrong with each step by itself."""

import re
from collections import Counter
from dataclasses import dataclass

from django.utils.translation import gettext as _

from bots.engine.steps.http_request import WITH_BODY
from whatsapp.template_parameters import missing

from . import content
from .addresses import BadAddress, read_address
from .conditions import WITHOUT_VALUE
from .matching import folded
from .report import below
from .steps import KINDS

#: What leads to the host of an address: it is written down, not filled in.
BEGINNING = re.compile(r"[^/?#]*//[^/?#]*")

#: What is filled in, closed or not.
FILLED_IN = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)

FIXED_FIELDS = ("customer.name", "customer.phone", "customer.tags", "message.text", "now.office_hours")
OPEN_FIELDS = ("vars.", "customer.attributes.")


@dataclass(frozen=True)
class Known:
    """
    What is known of the business; None: nothing. `stages` are the keys of its deal stages, `templates` maps (name,
    language) to the approved ones of the number, `hosts` maps an allowed host to whether http:// will do.
    """

    stages: list | None = None
    templates: dict | None = None
    hosts: dict | None = None


def check_steps(steps, expires, known, report):
    if not steps:
        report.error("steps", "no_steps", _("The scenario has no steps. Add at least one message."))
    check_unique(steps, "key", "steps", report)
    for position, step in enumerate(steps):
        path = below("steps", position)
        if KINDS[step["kind"]].asks:
            check_waiting(step, path, expires, report)
        if check := CHECKS.get(step["kind"]):
            check(step, path, known, report)


def check_unique(records, name, path, report):
    counts = Counter(folded(record[name]) for record in records if name in record)
    for position, record in enumerate(records):
        if name in record and counts[folded(record[name])] > 1:
            report.error(
                f"{path}[{position}].{name}",
                "duplicate",
                _("“%(name)s” stands here more than once. Give each its own.") % {"name": record[name]},
            )


def check_menu(step, path, known, report):
    choices, path = step.get("choices", []), below(path, "choices")
    if not choices:
        report.error(path, "no_choices", _("The menu has no choices. Add at least one."))
    check_unique(choices, "key", path, report)
    check_unique(choices, "label", path, report)
    for position, choice in enumerate(choices):
        label = choice.get("label", "")
        if len(choices) <= content.MAX_BUTTONS and len(label) > content.MAX_BUTTON_TITLE:
            report.error(
                f"{path}[{position}].label",
                "too_long",
                _("On a button WhatsApp shows at most %(limit)s characters; these are %(length)s. Shorten it.")
                % {"limit": content.MAX_BUTTON_TITLE, "length": len(label)},
            )
        if "{{" in label:
            report.error(
                f"{path}[{position}].label",
                "no_placeholders",
                _("A label is shown as it is: write it without {{ }}."),
            )


def check_waiting(step, path, expires, report):
    if "tries" in step.get("invalid", {}) and "next" not in step["invalid"]:
        report.error(
            f"{path}.invalid.next",
            "required",
            _("Say which step comes after so many wrong answers, or drop the tries."),
        )
    if step.get("timeout", {}).get("seconds", 0) >= expires:
        report.warn(
            f"{path}.timeout.seconds",
            "after_expiry",
            _("The scenario ends after %(seconds)s seconds without an answer, so this never happens. Make it shorter.")
            % {"seconds": expires},
        )


def check_set(step, path, known, report):
    stage = step["deal"].get("stage", "new") if "deal" in step else None
    if known.stages is not None and stage is not None and stage not in known.stages:
        report.error(
            f"{path}.deal.stage",
            "unknown_stage",
            _("There is no deal stage “%(stage)s”. There are: %(stages)s.")
            % {"stage": stage, "stages": ", ".join(known.stages)},
        )


def check_condition(step, path, known, report):
    if not step.get("rules"):
        report.error(f"{path}.rules", "no_rules", _("The condition has no rules. Add at least one."))
    for position, rule in enumerate(step.get("rules", [])):
        if "field" in rule and "op" in rule:
            check_rule(rule, f"{path}.rules[{position}]", report)
    if "then" not in step and "otherwise" not in step:
        report.warn(
            path, "same_way", _("Whether the rules hold or not, the same follows. Say where it goes on then, or else.")
        )


def check_rule(rule, path, report):
    name, op = rule["field"], rule["op"]
    is_open = any(name.startswith(prefix) and name != prefix for prefix in OPEN_FIELDS)
    if name not in FIXED_FIELDS and not is_open:
        report.error(
            f"{path}.field",
            "unknown_field",
            _("“%(name)s” cannot be asked for. Use vars.…, customer.attributes.… or one of: %(known)s.")
            % {"name": name, "known": ", ".join(FIXED_FIELDS)},
        )
    if op == "in_tags" and name != "customer.tags":
        report.error(
            f"{path}.op", "wrong_op", _("Only customer.tags has tags. Compare “%(name)s” otherwise.") % {"name": name}
        )
    if "value" not in rule and op not in WITHOUT_VALUE:
        report.error(f"{path}.value", "required", _("Write what it is compared with."))


def check_template(step, path, known, report):
    if known.templates is None or "template" not in step or "language" not in step:
        return
    template = known.templates.get((step["template"], step["language"]))
    if template is None:
        report.warn(
            f"{path}.template",
            "no_template",
            _(
                "The number has no approved template “%(name)s” in “%(language)s” now. "
                "If that stays so, a person is called here."
            )
            % {"name": step["template"], "language": step["language"]},
        )
    elif keys := missing(template, step.get("parameters", {})):
        report.error(
            f"{path}.parameters",
            "missing_parameters",
            _("The template needs more: %(keys)s. Write a line for each.") % {"keys": ", ".join(keys)},
        )


def check_http(step, path, known, report):
    if "json" in step and step.get("method") not in (None, *WITH_BODY):
        report.error(
            f"{path}.json",
            "no_body",
            _("Only %(methods)s carry JSON. Change the method, or drop it.") % {"methods": ", ".join(WITH_BODY)},
        )
    if "url" in step:
        check_url(step["url"], f"{path}.url", known.hosts, report)
    if "failed" not in step:
        report.warn(
            f"{path}.failed",
            "no_failed",
            _("If the service does not answer, a person is called without a word. Say which step comes then."),
        )


def check_url(url, path, hosts, report):
    if "{{" in (beginning[0] if (beginning := BEGINNING.match(url)) else url):
        report.error(path, "no_placeholders", _("Write the host as it is: {{ }} may stand after it only."))
        return
    try:
        address = read_address(FILLED_IN.sub("x", url))
    except BadAddress as error:
        report.error(path, "bad_url", str(error))
        return
    if hosts is None:
        return
    if address.host not in hosts:
        told = _("“%(host)s” is not among the allowed hosts, so it is not called. Add it there: Bots, Allowed hosts.")
        report.warn(path, "host_not_allowed", told % {"host": address.host})
    elif address.scheme == "http" and not hosts[address.host]:
        told = _("“%(host)s” may be called by https:// only. Write https, or change that among the allowed hosts.")
        report.warn(path, "https_only", told % {"host": address.host})


#: What is checked of the steps of a kind, beside their form.
CHECKS = {
    "menu": check_menu,
    "set": check_set,
    "condition": check_condition,
    "template": check_template,
    "http": check_http,
}
