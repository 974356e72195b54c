"""Moments in Vietnam."""

from datetime import datetime

from django.utils import timezone


def moment(*parts):
    return timezone.make_aware(datetime(*parts))
