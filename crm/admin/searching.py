from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import scope, signed_in
from crm.customers.search import matching
from crm.models import Customer
from crm.search.messages import find_messages


class CustomerSearch(TenantModelAdmin):
    """
    The list's search box finds customers by name or phone; `search_fields` names the path to their search text. Only
    the customers of the user's business are searched, whosever else are in the table.
    """

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        user = signed_in(request)
        country = user.business.country if user.business else "RU"
        path, _separator, _field = self.search_fields[0].rpartition("__")
        if not path:
            return matching(queryset, search_term, country), False
        found = matching(scope(Customer.objects.order_by(), user), search_term, country)
        # SQLite looks at the customer of each row in turn, and so stops at the end of the page.
        return queryset.filter(Exists(found.filter(pk=OuterRef(path)))), False


class WordSearch(TenantModelAdmin):
    """The search box of a list of messages finds the newest by their words. Whoever has no business has no box."""

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return ["text"] if signed_in(request).business_id else []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        business_id = signed_in(request).business_id
        if not search_term or business_id is None:
            return queryset, False
        return queryset.filter(pk__in=find_messages(queryset, business_id, search_term)), False
