from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.tenancy.admin import TenantModelAdmin
from accounts.tenancy.scope import signed_in
from crm.customers.search import matching


class CustomerSearch(TenantModelAdmin):
    """The list's search box finds customers by name or phone; `search_fields` names the path to their search text."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        business = signed_in(request).business
        country = business.country if business else "RU"
        return matching(queryset, search_term, country, path=self.search_fields[0]), False
