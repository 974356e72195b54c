"""Every field of every form of the product and of the administration, found by a walk."""

import importlib
import pkgutil

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import RequestFactory

from cycle.models import User
from dossiers.forms.fields import field_for

OURS = ("cycle", "dossiers", "councils", "notifications")


def fields_of_forms():
    """(name, field) of every form class of the product that has fields of its own."""
    for app in OURS:
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    seen, classes = set(), [forms.BaseForm]
    while classes:
        found = classes.pop()
        classes += [each for each in found.__subclasses__() if each not in seen]
        seen.add(found)
        if found.__module__.split(".")[0] in OURS:
            for name, field in getattr(found, "base_fields", {}).items():
                yield f"{found.__module__}.{found.__qualname__}.{name}", field


def fields_of_the_admin():
    """(name, field) of every form of the administration, and of each model registered there as if
    all of it could be edited: a field made editable tomorrow is in the walk today.
    """
    request = RequestFactory().get("/")
    request.user = User(is_active=True, is_staff=True, is_superuser=True)
    for model, page in admin.site._registry.items():
        pages = [page, *page.get_inline_instances(request)]
        for each in pages:
            for db_field in each.model._meta.get_fields():
                if isinstance(db_field, models.Field) and not db_field.primary_key:
                    field = each.formfield_for_dbfield(db_field, request)
                    yield f"admin.{model.__name__}.{each.model.__name__}.{db_field.name}", field


def fields_of_models():
    """(name, field) of what the product's own forms make of each field of a model."""
    for model in apps.get_models():
        if model.__module__.split(".")[0] in OURS:
            for db_field in model._meta.fields:
                yield f"{model.__name__}.{db_field.name}", field_for(db_field)


def every(*kinds):
    walked = [*fields_of_forms(), *fields_of_the_admin(), *fields_of_models()]
    return [(name, field) for name, field in walked if isinstance(field, kinds)]
