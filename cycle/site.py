"""Where this installation is reached: never as a request claims, for addresses are printed, kept."""

from django.conf import settings


def address(path=""):
    """The whole public address of ``path``, which begins with a slash; without one, of the site."""
    return settings.SITE_URL.rstrip("/") + path
