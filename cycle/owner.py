"""Work as the owner of the database: migrations, and the making and flushing of a test database."""

from contextlib import contextmanager

from django.conf import settings
from django.db import connection

_LOGIN = ("USER", "PASSWORD", "HOST", "PORT")


@contextmanager
def as_owner():
    """Let the default connection log in as the owning role inside the block.

    A second alias would not do: migrations of other packages write through the default one.
    """
    ours = {key: connection.settings_dict[key] for key in _LOGIN}
    connection.close()
    connection.settings_dict.update(
        {key: settings.DATABASES["owner"].get(key, "") for key in _LOGIN}
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(ours)
