from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import User
from accounts.tenancy.admin import TenantModelAdmin
from crm.customers.search import matching


class CustomerSearch(TenantModelAdmin):
    """The list's search box finds customers by name or phone; `search_fields` names the path to their search text."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        business = cast(User, request.user).business
        country = business.country if business else "RU"
        return matching(queryset, search_term, country, path=self.search_fields[0]), False
