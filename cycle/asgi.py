"""The ASGI application, for servers that speak it."""

import os

from django.core.asgi import get_asgi_application

from cycle.running import starting

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")
starting.for_pages()

application = get_asgi_application()
