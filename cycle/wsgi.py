"""The WSGI application, served by gunicorn."""

import os
import re

from django.core.wsgi import get_wsgi_application

from cycle.running import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")
starting.for_pages()

_django = get_wsgi_application()


def application(environ, start_response):
    """The product, which reads UTF-8 whatever a header claims.

    Django reads the address by the codec that is named there, «base64» too, before any of its own
    guards: what fails there is answered by nobody.
    """
    claimed = environ.get("CONTENT_TYPE", "")
    environ["CONTENT_TYPE"] = re.sub(r";\s*charset\s*=[^;]*", "", claimed, flags=re.IGNORECASE)
    return _django(environ, start_response)
