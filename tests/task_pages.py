"""The page of a task."""

from django.urls import reverse

from cycle import clock


def address(task):
    return reverse("dossiers:task", args=[task.pk])


def today():
    return f"{clock.today():%d/%m/%Y}"
