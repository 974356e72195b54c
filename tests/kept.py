"""Where in the database something is kept, and what stands on a page that nothing keeps."""

import re

from django.db import connection


def tables_with(text):
    """Tables of which any column of any row says ``text``, as it is or as bytes."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS kept'
                " WHERE kept::text LIKE %s OR kept::text LIKE %s",
                [f"%{text}%", f"%{text.encode().hex()}%"],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def codes(page):
    """The codes of the slips on a page."""
    return re.findall(r"\b(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}\b", page)
