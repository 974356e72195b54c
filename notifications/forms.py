"""The one form of this app: how a person wants to be told."""

from __future__ import annotations

from typing import Any

from django import forms

from notifications.models import Preference


class PreferenceForm(forms.ModelForm):
    """Which channels (lựa chọn nhận tin); the weekly page is asked of leaders only."""

    class Meta:
        model = Preference
        fields = ["email", "webhook", "digest", "weekly"]

    def __init__(self, *args: Any, leads: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not leads:
            del self.fields["weekly"]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-check-input"
