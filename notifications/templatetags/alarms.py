"""The badge of those who run the system."""

from django import template

from cycle.models import User
from notifications.models import Alarm

register = template.Library()


@register.simple_tag
def open_alarms(user: User) -> int:
    """How much is wrong with the installation (báo động), for an administrator; nobody else is
    told, and nothing is asked for them.
    """
    return Alarm.objects.open().count() if user.is_superuser else 0
