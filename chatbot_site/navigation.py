"""
Where a person can go, by task. What each may see, Django's permissions decide; what does not belong to their daily
work is listed on two pages, Settings and the Journal, so that nothing is out of reach.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.admin import site
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Business, User
from accounts.tenancy.scope import signed_in
from crm.conversations.queues import QUEUES
from crm.models import Conversation

#: So many waiting conversations are counted; of more it is only said that they are more.
MAX_COUNTED = 100


@dataclass(frozen=True)
class Section:
    """A task: a label and an icon, the address it opens, whose permission earns it, and the models it is made of."""

    label: str | Promise
    icon: str
    permission: str
    models: tuple[str, ...]
    url_names: tuple[str, ...] = ()
    is_counted: bool = False


SECTIONS = (
    Section(
        pgettext_lazy("navigation", "Conversations"),
        "message-circle",
        "crm.view_conversation",
        ("crm.conversation",),
        url_names=("crm_inbox",),
        is_counted=True,
    ),
    Section(pgettext_lazy("navigation", "Customers"), "users", "crm.view_customer", ("crm.customer",)),
    Section(
        pgettext_lazy("navigation", "Deals"),
        "handshake",
        "crm.view_deal",
        ("crm.deal",),
        url_names=("crm_deal_board",),
    ),
    Section(
        pgettext_lazy("navigation", "Broadcasts"), "megaphone", "broadcasts.add_broadcast", ("broadcasts.broadcast",)
    ),
    Section(pgettext_lazy("navigation", "Bots"), "bot", "bots.add_bot", ("bots.bot", "bots.botscenario")),
    Section(
        pgettext_lazy("navigation", "Templates"),
        "file-text",
        "whatsapp.add_messagetemplate",
        ("whatsapp.messagetemplate",),
    ),
    Section(
        pgettext_lazy("navigation", "Numbers"),
        "phone",
        "whatsapp.delete_whatsappnumber",
        ("whatsapp.whatsappnumber",),
    ),
    Section(pgettext_lazy("navigation", "Team"), "user-cog", "accounts.add_user", ("accounts.user",)),
)

#: Of a platform administrator, who sees all businesses.
PLATFORM_SECTIONS = (
    Section(pgettext_lazy("navigation", "Businesses"), "store", "accounts.view_business", ("accounts.business",)),
    Section(pgettext_lazy("navigation", "People"), "users", "accounts.view_user", ("accounts.user",)),
    Section(
        pgettext_lazy("navigation", "Subscriptions"),
        "credit-card",
        "accounts.view_subscription",
        ("accounts.subscription",),
    ),
    Section(pgettext_lazy("navigation", "Installation"), "server", "", (), url_names=("doctor",)),
)

#: What only the system writes, with what people look for there.
RECORDS: dict[str, str | Promise] = {
    "crm.message": _("Every message in and out, with what WhatsApp said about it."),
    "broadcasts.broadcastmessage": _("Who got a message of a broadcast, who did not, and why."),
    "bots.botturn": _("What a bot understood, answered and did, step by step."),
    "bots.botsession": _("Which customers are in a scenario now, and at which step."),
    "bots.scenarioversion": _("What scenarios were when they were published."),
    "whatsapp.webhookevent": _("What WhatsApp reported, and what could not be processed."),
    "accounts.deletion": _("What was deleted for good, by whom, and how far it is."),
}

#: What is set up once, with what it is for.
SETTINGS: dict[str, str | Promise] = {
    "accounts.business": _("Name, time zone, currency, when the bot returns, opt-out words."),
    "whatsapp.whatsappnumber": _("The numbers that you write from, and whether they work."),
    "accounts.user": _("Who works here, and what each may do."),
    "accounts.subscription": _("Your plan and its limits."),
    "crm.savedreply": _("Answers that are kept ready: “/” finds them where one writes."),
    "crm.tag": _("Marks for customers, to find and choose them by."),
    "crm.dealpipeline": _("The ways that deals go, each with its stages."),
    "crm.dealstage": _("The columns that deals move through."),
    "whatsapp.messagetemplate": _("Texts that WhatsApp approved for writing first."),
    "bots.bot": _("What answers by itself, and on which numbers."),
    "bots.botscenario": _("What bots say, step by step."),
    "bots.allowedhost": _("Other services that scenarios may call."),
    "broadcasts.broadcast": _("What was sent to many customers."),
    "accounts.apitoken": _("Keys with which programs work here."),
}


@dataclass
class Link:
    """A link to a section or to a list of rows."""

    label: str
    url: str
    icon: str = ""
    text: str | Promise = ""
    is_current: bool = False
    count: str | None = None


@dataclass
class Navigation:
    """Everything that the shell around a page shows."""

    links: list[Link] = field(default_factory=list)
    more: list[Link] = field(default_factory=list)
    tabs: list[Link] = field(default_factory=list)
    search_url: str = ""


def navigation(request: HttpRequest) -> Navigation:
    person = signed_in(request)
    current = request.resolver_match.url_name or "" if request.resolver_match else ""
    sections = list(_earned(person))
    links = [_link(section, person, current) for section in sections]
    home = Link(gettext("Overview"), reverse("admin:index"), "layout-dashboard", is_current=current == "index")
    return Navigation(
        links=[home, *links],
        more=[*_more(person, current, is_elsewhere=not any(link.is_current for link in links))],
        tabs=_tabs(sections, person, current),
        search_url=_url("search"),
    )


def context(request: HttpRequest) -> dict[str, Any]:
    """What every page of the admin may ask for. Read once, by those that have a shell."""
    return {"shell": partial(_once, request)}


def _once(request: HttpRequest) -> Navigation:
    if not hasattr(request, "navigation"):
        request.navigation = navigation(request)  # type: ignore[attr-defined]
    found: Navigation = request.navigation  # type: ignore[attr-defined]
    return found


def waiting_count(business: Business | None, person: User) -> str:
    """How many conversations wait for a person, as it stands beside the link: empty for none."""
    if business is None:
        return ""
    waiting = Conversation.objects.filter(QUEUES["waiting"].condition(person), business=business)
    count = waiting.order_by()[:MAX_COUNTED].count()
    return f"{MAX_COUNTED - 1}+" if count >= MAX_COUNTED else str(count or "")


def settings_of(person: User) -> list[Link]:
    """The lists that a person sets things up by, which are no section of theirs."""
    return [] if person.is_superuser else list(_lists(person, is_record=False))


def records_of(person: User) -> list[Link]:
    """The lists of what happened; for a platform administrator, of everything that is no section."""
    return [
        *_lists(person, is_record=True),
        *(_lists(person, is_record=False) if person.is_superuser else []),
    ]


def _earned(person: User) -> Iterator[Section]:
    for section in PLATFORM_SECTIONS if person.is_superuser else SECTIONS:
        if not section.permission or person.has_perm(section.permission):
            yield section


def _link(section: Section, person: User, current: str) -> Link:
    urls = [_url(name) for name in section.url_names]
    own = next(filter(None, urls), "") or _url(f"{_name_of(section.models[0])}_changelist")
    return Link(
        str(section.label),
        own,
        section.icon,
        is_current=_is_within(current, [*section.url_names, *map(_name_of, section.models)]),
        count=waiting_count(person.business, person) if section.is_counted else None,
    )


def _more(person: User, current: str, is_elsewhere: bool) -> Iterator[Link]:
    """Links to the two pages that list the rest; one of them is where the lists it names are."""
    pages = [
        (gettext("Settings"), "settings", "settings", settings_of(person)),
        (gettext("Journal"), "journal", "scroll-text", records_of(person)),
    ]
    for label, url_name, icon, lists in pages:
        if lists:
            is_current = current == url_name or (is_elsewhere and any(link.is_current for link in _at(lists, current)))
            yield Link(label, reverse(f"admin:{url_name}"), icon, is_current=is_current)


def _at(lists: list[Link], current: str) -> Iterator[Link]:
    for link in lists:
        yield Link(link.label, link.url, is_current=_is_within(current, [link.icon]))


def _tabs(sections: list[Section], person: User, current: str) -> list[Link]:
    """The lists of the section that the page is in, where there are several."""
    for section in sections:
        names = [_name_of(label) for label in section.models]
        if _is_within(current, names):
            shown = [label for label in section.models if _may_view(person, label)]
            tabs = [_list_link(label, current) for label in shown]
            return tabs if len(tabs) > 1 else []
    return []


def _lists(person: User, is_record: bool) -> Iterator[Link]:
    taken = {label for section in _earned(person) for label in section.models}
    labels = [*(RECORDS if is_record else SETTINGS)]
    known = {*RECORDS, *SETTINGS}
    for model in site._registry:
        label = model._meta.label_lower
        if label not in known and _is_record(model) == is_record:
            labels.append(label)
    for label in labels:
        if label not in taken and _may_view(person, label):
            link = _list_link(label, text=(RECORDS if is_record else SETTINGS).get(label, ""))
            yield _own_business(link, person) if label == "accounts.business" else link


def _is_record(model: type[Model]) -> bool:
    """Whether a model that is listed nowhere belongs to the Journal: nobody of a business can change it."""
    from accounts.people.roles import RIGHTS

    return not any("change" in rights for rights in RIGHTS.get(model._meta.label_lower, ()))


def _list_link(label: str, current: str = "", text: str | Promise = "") -> Link:
    name = _name_of(label)
    plural = str(apps.get_model(label)._meta.verbose_name_plural)
    is_current = bool(current) and _is_within(current, [name])
    return Link(capfirst(plural), _url(f"{name}_changelist"), name, text, is_current)


def _own_business(link: Link, person: User) -> Link:
    """To the page of one's own business, instead of a list of it alone."""
    if person.business:
        link.label = capfirst(str(Business._meta.verbose_name))
        link.url = reverse("admin:accounts_business_change", args=[person.business.pk])
    return link


def _may_view(person: User, label: str) -> bool:
    model = apps.get_model(label)
    may_see = any(
        person.has_perm(f"{model._meta.app_label}.{word}_{model._meta.model_name}") for word in ("view", "change")
    )
    return may_see and model in site._registry


def _name_of(label: str) -> str:
    """What the names of a model's addresses begin with."""
    return label.replace(".", "_")


def _is_within(current: str, names: list[str]) -> bool:
    return any(current == name or current.startswith(f"{name}_") for name in names)


def _url(name: str) -> str:
    """The address of a page of the admin; empty where there is no such page."""
    try:
        return reverse(f"admin:{name}")
    except NoReverseMatch:
        return ""
