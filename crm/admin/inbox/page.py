"""The inbox: the list of a queue, the thread of one conversation and its customer, on a screen that updates itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.tenancy.scope import signed_in
from crm.conversations import reads
from crm.conversations.queues import QUEUES
from crm.inbox import counts, listing, presence, snoozing
from crm.inbox.changes import stamp
from crm.models import Conversation

from .parameters import choice_of, filters_for, number_of, query_of, rows_of

if TYPE_CHECKING:
    from ..conversation_page import ConversationPage

TEMPLATES = "admin/crm/inbox"


#: What a page says of who has it before them: whether they look at it, or write.
PRESENCE = ("looks", "writes")


class Inbox:
    """The views of the inbox; what they show of one conversation is its ConversationPage's."""

    def __init__(self, page: ConversationPage) -> None:
        self.page = page
        self.model_admin = page.model_admin

    def urls(self) -> list[URLPattern]:
        view = self.model_admin.admin_site.admin_view
        return [
            path("inbox/", view(self.list_view), name="crm_inbox"),
            path("inbox/live/", view(self.live_view), name="crm_inbox_live"),
            path("inbox/rows/", view(self.rows_view), name="crm_inbox_rows"),
            path("inbox/<int:pk>/", view(self.conversation_view), name="crm_inbox_conversation"),
            path("inbox/<int:pk>/pane/", view(self.pane_view), name="crm_inbox_pane"),
            path("inbox/<int:pk>/older/", view(self.older_view), name="crm_inbox_older"),
            path("inbox/<int:pk>/read/", view(self.read_view), name="crm_inbox_read"),
        ]

    # Pages

    @method_decorator(require_GET)
    def list_view(self, request: HttpRequest) -> HttpResponse:
        """The inbox with no conversation open."""
        self.page.check_may_view(request)
        context = {
            **self.model_admin.admin_site.each_context(request),
            **self.context(request),
            "title": _("Conversations"),
            "opts": self.model_admin.opts,
            "media": self.model_admin.media,
            "screen": "list",
        }
        return TemplateResponse(request, f"{TEMPLATES}/page.html", context)

    @method_decorator(require_GET)
    def conversation_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The inbox with a conversation open, which is read thereby."""
        conversation = self.page.row(request, pk)
        self.page.note_read(request, conversation)
        return self.page.show(request, conversation)

    def context(self, request: HttpRequest, opened: Conversation | None = None) -> dict[str, Any]:
        """What every page of the inbox shows around the thread."""
        choice = choice_of(request.GET)
        return {
            **self._list_context(request, opened.pk if opened else None),
            "filters": filters_for(signed_in(request)),
            "snooze_choices": [(name, until.label) for name, until in snoozing.CHOICES.items()],
            "live_url": reverse("admin:crm_inbox_live"),
            "list_url": reverse("admin:crm_inbox") + query_of(choice),
            "screen": request.GET.get("screen") if request.GET.get("screen") == "customer" else "thread",
        }

    def _list_context(self, request: HttpRequest, open_pk: int | None) -> dict[str, Any]:
        user, choice = signed_in(request), choice_of(request.GET)
        page = listing.page(user, choice, request.GET.get("after", ""), rows_of(request.GET))
        colleagues = presence.colleagues_of(user)
        for row in page.rows:
            row.colleagues = [colleague.name for colleague in presence.at(colleagues, row.pk)]
        counted = counts.counts_of(user)
        return {
            "choice": choice,
            "query": query_of(choice),
            "list": page,
            "more_query": query_of(choice, after=page.after) if page.after else "",
            "queues": [
                (name, queue.label, counted.shown(name), query_of(choice, queue=name, search=""))
                for name, queue in QUEUES.items()
            ],
            "waiting": counted.shown("waiting"),
            "newest_waits_since": counted.newest_waits_since,
            "open_pk": open_pk,
        }

    # Parts of a page

    @method_decorator(require_GET)
    def live_view(self, request: HttpRequest) -> HttpResponse:
        """All that changes by itself, as a fragment of HTML; 304 while nothing did, told by few statements."""
        user, open_pk = signed_in(request), number_of(request.GET.get("open"))
        _note_presence(request, open_pk)
        colleagues = presence.colleagues_of(user)
        chosen = sorted((name, value) for name, value in request.GET.items() if name not in PRESENCE)
        etag = f'W/"{stamp(user, open_pk, colleagues, chosen)}"'
        if request.headers.get("If-None-Match") == etag:
            return HttpResponse(status=304, headers={"ETag": etag})
        self.page.check_may_view(request)
        context = {**self._list_context(request, open_pk), "is_live": True}
        if open_pk:
            context |= self.page.live_context(request, self.page.row(request, open_pk))
        response = render(request, f"{TEMPLATES}/live.html", context)
        response["ETag"] = etag
        response["X-CSRFToken"] = get_token(request)
        response["X-Person"] = str(user.pk)
        patch_cache_control(response, no_cache=True, private=True)
        return response

    @method_decorator(require_GET)
    def rows_view(self, request: HttpRequest) -> HttpResponse:
        """The rows after a cursor, or the first ones, with the link to what follows."""
        self.page.check_may_view(request)
        context = self._list_context(request, number_of(request.GET.get("open")))
        return render(request, f"{TEMPLATES}/rows.html", context)

    @method_decorator(require_GET)
    def pane_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Thread and customer of a conversation, to be put into a page of the inbox."""
        conversation = self.page.row(request, pk)
        return render(request, f"{TEMPLATES}/pane.html", self.page.pane_context(request, conversation))

    @method_decorator(require_GET)
    def older_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The messages before a cursor, without anything around them."""
        context = self.page.live_context(request, self.page.row(request, pk))
        return render(request, "admin/crm/conversation/log.html", context)

    @method_decorator(require_POST)
    def read_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A person has what came in before their eyes."""
        reads.read(self.page.row(request, pk, may_change=True), signed_in(request))
        return JsonResponse({"unread": 0})


def _note_presence(request: HttpRequest, open_pk: int | None) -> None:
    if open_pk and request.GET.get("writes"):
        presence.write(signed_in(request), open_pk)
    elif open_pk and request.GET.get("looks"):
        presence.look(signed_in(request), open_pk)
