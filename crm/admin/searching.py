from crm.customers.search import matching


class CustomerSearch:
    """The list's search box finds customers by name or phone; `search_fields` names the path to their search text."""

    def get_search_results(self, request, queryset, search_term):
        country = request.user.business.country if request.user.business else "RU"
        return matching(queryset, search_term, country, path=self.search_fields[0]), False
