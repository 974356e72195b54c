"""Where in the database something is kept, and what stands on a page that nothing keeps."""

import re

from django.db import connection


def tables_with(text):
    """Tables of which any column of any row says ``text``, as it is or as bytes."""
    with connection.cursor() as cursor:
        # One statement for all: they are asked after each form that is sent.
        cursor.execute(
            " UNION ALL ".join(
                f"(SELECT '{table}' FROM \"{table}\" AS kept"
                " WHERE kept::text LIKE %(plain)s OR kept::text LIKE %(bytes)s LIMIT 1)"
                for table in connection.introspection.table_names(cursor)
            ),
            {"plain": f"%{text}%", "bytes": f"%{text.encode().hex()}%"},
        )
        return [table for (table,) in cursor]


def codes(page):
    """The codes of the slips on a page."""
    return re.findall(r"\b(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}\b", page)
