"""Who may see what: rows of one business only, in queries, admin pages, forms, serializers, filters and the API."""
