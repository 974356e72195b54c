"""Where in the database something is kept."""

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
