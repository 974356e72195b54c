"""Where this installation is reached: never as a request claims; addresses are printed and kept."""

from django.conf import settings


def address(path=""):
    """The whole public address of ``path``, which begins with a slash; without one, of the site."""
    return settings.SITE_URL.rstrip("/") + path
