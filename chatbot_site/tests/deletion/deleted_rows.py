"""What a deletion may leave behind, in SQL of our own: rows that name nothing, and the rows of everybody else."""

import hashlib

from django.apps import apps


def orphans(select):
    """Foreign keys by which some row names a row that is not there. `select` runs a query."""
    found = []
    for model in apps.get_models(include_auto_created=True):
        for key in model._meta.concrete_fields:
            if key.is_relation and key.related_model:
                target = key.related_model._meta
                query = (
                    f'SELECT COUNT(*) FROM "{model._meta.db_table}" AS a LEFT JOIN "{target.db_table}" AS b '
                    f'ON a."{key.column}" = b."{target.pk.column}" '
                    f'WHERE a."{key.column}" IS NOT NULL AND b."{target.pk.column}" IS NULL'
                )
                found += [str(key)] if select(query) != [(0,)] else []
    return found


def others(select, business_id):
    """
    By table, a digest of the rows of every business but this one, and of what they name. The rest of them changes by
    ticks.
    """
    digests = {}
    for model in apps.get_models():
        keys = [key.column for key in model._meta.concrete_fields if key.primary_key or key.is_relation]
        if "business_id" in keys:
            table, columns = model._meta.db_table, ", ".join(f'"{key}"' for key in keys)
            rows = select(f'SELECT {columns} FROM "{table}" WHERE business_id <> {business_id} ORDER BY id')
            digests[table] = len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()
    return digests
