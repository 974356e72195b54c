"""What a person was told."""

from notifications.models import Notification


def told(user):
    return list(
        Notification.objects.filter(recipient=user)
        .order_by("pk")
        .values_list("entry__event", flat=True)
    )
