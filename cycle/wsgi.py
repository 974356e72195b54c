"""The WSGI application, served by gunicorn."""

import os
import re
from typing import Any

from django.core.wsgi import get_wsgi_application

from cycle.running import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")
starting.for_pages()

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """The application. It ignores the charset of the Content-Type header: everything is UTF-8.

    Django decodes the path with that charset («base64» included) before its own error handling, so
    a wrong one would end in no answer at all.
    """
    claimed = environ.get("CONTENT_TYPE", "")
    environ["CONTENT_TYPE"] = re.sub(r";\s*charset\s*=[^;]*", "", claimed, flags=re.IGNORECASE)
    return _django(environ, start_response)
