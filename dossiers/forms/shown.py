"""Only what was changed on this page is written.

A form that corrects is filled with what is recorded, and sends along what it showed
(``was-<field>``): what is the same as shown is left as it is now, whoever changed it meanwhile.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from dossiers.forms.fields import Part, in_words

if TYPE_CHECKING:
    from django.db.models import Model

    from cycle.models import User

_Key = TypeVar("_Key", bound=Hashable)


def changed(
    shown: Mapping[_Key, Any], recorded: Mapping[_Key, Any], typed: Mapping[_Key, Any]
) -> tuple[dict[_Key, Any], set[_Key]]:
    """What was changed on the page; and the keys of that which somebody else changed otherwise
    since the page was shown.
    """
    here = {key: value for key, value in typed.items() if value != shown[key]}
    return here, {key for key, value in here.items() if recorded[key] not in (shown[key], value)}


def ticks(name: str, seen: Iterable[str], *, by: User, of: Model | None = None) -> str:
    """The value of the box ``name``, ticked by ``by`` for all of ``seen``, asked about ``of``."""
    return ",".join(sorted(sealed(by, of, name, key)[:16] for key in seen))


def ticked(
    form: forms.BaseForm, name: str, seen: Iterable[str], *, by: User, of: Model | None = None
) -> bool:
    """Whether the box ``name`` («this is another») is ticked for all of ``seen``, what it is asked
    about. The box carries what the page showed: a tick made before more came is taken off again,
    and so is one that says nothing of it, as no page of ours sends it.
    """
    asked = ticks(name, seen, by=by, of=of).split(",")
    form.fields[name].widget.attrs["value"] = ",".join(asked)
    told = str(form.data.get(form.add_prefix(name)) or "")
    if told.lower() in ("", "false"):
        return False
    if set(asked) <= set(told.split(",")):
        return True
    without: Any = form.data.copy()  # type: ignore[attr-defined]
    without[form.add_prefix(name)] = ""
    form.data = without
    return False


def sealed(by: User, row: Model | None, *agreed: Any) -> str:
    """What ``by`` agrees to, as the page that asks about ``row`` (None for what is still to be
    made) sends it back with the yes: a seal of all that it showed. Another is asked anew, and so is
    a yes that says nothing of it, or was given by somebody else or on another row.
    """
    asked = (by.pk, row._meta.label if row else "", row.pk if row else None, *agreed)
    # Keyed: none can be made up of words that anybody knows.
    return salted_hmac("dossiers.yes", repr(asked), algorithm="sha256").hexdigest()[:40]


class Corrects(Part):
    """A form filled with what is recorded, of which only what was changed is written.

    What two people changed is asked of the second one: the field says what it is now, and is
    written when it is sent once more. What was left alone is not held against who sends it.
    """

    #: Fields that say why, not what.
    why: tuple[str, ...] = ("reason",)
    #: Fields that mean something together only: one changed, all of them are.
    together: tuple[frozenset[str], ...] = ()
    _shown: dict[str, str] | None = None
    _here: frozenset[str] = frozenset()

    def keep_shown(self, typed: QueryDict) -> None:
        """Keep what the page showed of the form that ``typed`` was typed into."""
        self._shown = {name: typed.get(self._was(name), self._now(name)) for name in self._asked()}

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each hidden input that says what the page shows."""
        shown = self._shown_before()
        for name in self._asked():
            yield self._was(name), shown[name]

    def clean(self) -> Any:
        cleaned = super().clean()
        shown = self._shown_before()
        read = {name: self._value(name, text) for name, text in shown.items()}
        now = {name: self._value(name, self._now(name)) for name in shown}
        typed = {name: self._value(name, self._typed(name)) for name in shown}
        here, taken = changed(read, now, typed)
        for group in self.together:
            if group & here.keys():
                here |= {name: typed[name] for name in group}
                taken |= {name for name in group if now[name] not in (read[name], typed[name])}
        for name in shown.keys() - here.keys():
            self.errors.pop(name, None)
        for name in taken:
            said = {
                "was": self._words(name, shown[name]),
                "now": self._words(name, self._now(name)),
            }
            shown[name] = self._now(name)
            self.add_error(
                name,
                _(
                    "Trong lúc bạn sửa, người khác vừa đổi ô này từ «%(was)s» thành «%(now)s». "
                    "Hãy xem lại; vẫn muốn ghi như ở đây thì bấm lần nữa."
                )
                % said,
            )
        self._shown, self._here = shown, frozenset(here)
        return cleaned

    def as_it_will_be(self) -> None:
        """Put what is recorded now in the place of what was left alone: the rules of the form are
        asked of what will stand, not of what the page showed.
        """
        for name in set(self._asked()) - self._here:
            try:
                self.cleaned_data[name] = self.fields[name].clean(self._now(name))
            except ValidationError:
                self.cleaned_data.setdefault(name, None)

    def changed_here(self) -> dict[str, Any]:
        """``{field: value}`` of what was changed on the page, of a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name in self._here}

    def _asked(self) -> list[str]:
        return [name for name in self.fields if name not in self.why]

    def _was(self, name: str) -> str:
        return f"was-{self.add_prefix(name)}"

    def _shown_before(self) -> dict[str, str]:
        if self._shown is None:
            told = self.data if self.is_bound else {}
            self._shown = {
                name: told.get(self._was(name), self._now(name)) for name in self._asked()
            }
        return dict(self._shown)

    def _recorded(self, name: str) -> Any:
        return self.get_initial_for_field(self.fields[name], name)

    def _now(self, name: str) -> str:
        """What is recorded, as a browser sends it when nobody touches it."""
        field = self.fields[name]
        value = field.prepare_value(self._recorded(name))
        told = field.widget.format_value(value)
        if isinstance(told, list | tuple):
            told = next(iter(told), "")
        return "" if told is None else str(told)

    def _typed(self, name: str) -> str:
        widget = self.fields[name].widget
        told = widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return "" if told is None else str(told)

    def _value(self, name: str, text: str) -> str:
        """What ``text`` means to the field, to be compared; the text itself if it means nothing."""
        field = self.fields[name]
        text = text.replace("\r\n", "\n").strip()
        try:
            value = field.clean(text)
        except ValidationError:
            return text
        if isinstance(field, forms.ModelChoiceField):
            value = field.prepare_value(value)
        return "" if value is None else str(value)

    def _words(self, name: str, text: str) -> str:
        field = self.fields[name]
        try:
            return in_words(field, field.clean(text)) or _("(trống)")
        except ValidationError:
            return text or _("(trống)")
