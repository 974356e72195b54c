"""The forms of a score sheet: options and remarks, a declared interest, the scan of a pen sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models import (
    ConflictRule,
    Interest,
    InterestKind,
    Member,
    RoundEntry,
    Score,
    Scoresheet,
)
from cycle import rubrics
from cycle.models import Criterion, Option, User
from cycle.written import moment_text
from dossiers.forms.fields import LONG, Part, PlainPart, long_text, polish
from dossiers.forms.uploads import ScanField, hold_for

#: The longest remark on one criterion, in characters.
REMARK = 500


class SheetForm(PlainPart):
    """A whole sheet, or with ``partial`` only the fields that one click sends.

    ``c<id>`` is the option chosen on a criterion, ``r<id>`` its remark, ``remark`` the general
    remark. ``was`` lists the options saved when the page was made: a field that still has one of
    them was not touched, and does not overwrite what was saved elsewhere meanwhile. Of one field
    ``was-<name>`` says what it had when it was touched. What was touched here and saved elsewhere
    meanwhile is an error that names both: nobody's clock decides which is the newer.
    """

    #: Field -> what was saved of it elsewhere meanwhile; shown beside what was sent.
    elsewhere: dict[str, str]

    def __init__(
        self, sheet: Scoresheet, *, data: QueryDict | None = None, partial: bool = False
    ) -> None:
        super().__init__(data)
        self.sheet, self.partial, self.elsewhere = sheet, partial, {}
        self.page = rubrics.sheet(sheet.entry.rubric)
        self.scores = (
            {score.criterion_id: score for score in sheet.scores.all()} if sheet.pk else {}
        )
        self.options = {
            option.pk: option
            for row in self.rows()
            for case in row["cases"]
            for option in case["options"]
        }
        for row in self.rows():
            pk, code = row["criterion"].pk, row["criterion"].code
            self.fields[f"c{pk}"] = forms.ChoiceField(
                label=code,
                required=False,
                widget=forms.RadioSelect,
                choices=[
                    (str(option.pk), option.label)
                    for case in row["cases"]
                    for option in case["options"]
                ],
            )
            self.fields[f"r{pk}"] = forms.CharField(
                label=code, required=False, max_length=REMARK, widget=forms.Textarea
            )
        self.fields["remark"] = forms.CharField(
            label=_("Nhận xét chung"), required=False, max_length=LONG, widget=forms.Textarea
        )
        for name, field in self.fields.items():
            polish(field)
            if name.startswith("c"):
                field.error_messages["invalid_choice"] = _("Mức điểm này không có trong phiếu.")
        if partial:
            for name in set(self.fields) - set(data or ()):
                del self.fields[name]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of the sheet that have a criterion, in order."""
        return [row for part in self.page["parts"] for row in part["rows"] if "criterion" in row]

    @property
    def chosen(self) -> dict[int, Option]:
        """``{criterion id: option}`` as saved."""
        return {pk: self.options[score.option_id] for pk, score in self.scores.items()}

    def save(self, *, by: User) -> bool:
        """Save what is valid and changed; each invalid field gets an error. Returns whether there
        is none.

        A criterion that does not apply is skipped. Raises as :meth:`Scoresheet.put` does when the
        sheet can no longer change.
        """
        self.is_valid()
        was = set() if self.partial else set(self.data.get("was", "").split())
        for row in self.rows():
            self._save_row(row["criterion"], was, by)
        text = self._text("remark", self.sheet.remark)
        if text is not None:
            self.sheet.note(by=by, remark=text)
        self.scores = {score.criterion_id: score for score in self.sheet.scores.all()}
        return not self.errors

    def _save_row(self, criterion: Criterion, was: set[str], by: User) -> None:
        pk, score = criterion.pk, self.scores.get(criterion.pk)
        choice = self.cleaned_data.get(f"c{pk}")
        remark = self._text(f"r{pk}", score.remark if score else "")
        if choice and choice in was:
            choice = ""
        if choice and score is not None and self._newer(f"c{pk}", choice, score, was):
            return
        required = self.scores.get(criterion.requires_id or 0)
        if criterion.requires_id and not (required and required.points):
            if self.partial and choice:
                self.add_error(f"c{pk}", _("Tiêu chí này chưa áp dụng cho sản phẩm."))
            return
        if choice:
            self.scores[pk] = self.sheet.put(self.options[int(choice)], by=by, remark=remark)
        elif remark is not None and score is None:
            self.add_error(f"r{pk}", _("Hãy chọn mức điểm trước, nhận xét được lưu cùng mức điểm."))
        elif remark is not None:
            self.sheet.note(by=by, remark=remark, criterion=criterion)

    def _newer(self, name: str, choice: str, score: Score, was: set[str]) -> bool:
        """Whether another choice was saved elsewhere since this one was touched: an error then."""
        saved = str(score.option_id)
        told = self.data.get(f"was-{name}")
        known = told == saved if told is not None else self.partial or saved in was
        if known or choice == saved or ("was" not in self.data and told is None):
            return False
        self.elsewhere[name] = saved
        there, here = self.options[score.option_id], self.options[int(choice)]
        self.add_error(
            name,
            _now(
                "Lúc %(at)s ở nơi khác bạn đã chọn «%(there)s»; ở đây bạn chọn «%(here)s», chưa "
                "lưu. Hãy chọn lại mức bạn muốn giữ."
            )
            % {
                "at": moment_text(score.saved_at),
                "there": _named(there),
                "here": _named(here),
            },
        )
        return True

    def _text(self, name: str, saved: str) -> str | None:
        """The remark sent for ``name``; None when it was not touched, is saved already, or another
        was saved elsewhere since it was touched: an error then.
        """
        text, told = self.cleaned_data.get(name), self.data.get(f"was-{name}")
        if text is None or text == saved:
            return None
        # Browsers send line ends of their own.
        if told is not None and _lines(told) != _lines(saved):
            if _lines(text) != _lines(told):
                self.elsewhere[name] = saved
                self.add_error(
                    name,
                    _now(
                        "Ở nơi khác nhận xét này đã được lưu là «%(there)s». Sửa lại ở đây để thay."
                    )
                    % {"there": saved},
                )
            return None
        return text

    def typed(self) -> list[tuple[Any, list[Any]]]:
        """What was sent and could not be saved, as (label, texts), to be shown to its author."""
        found: list[tuple] = []
        for row in self.rows():
            criterion, score = row["criterion"], self.scores.get(row["criterion"].pk)
            sent = self.data.get(f"c{criterion.pk}", "")
            option = self.options.get(int(sent)) if sent.isdecimal() and len(sent) < 19 else None
            texts = []
            if option and (score is None or score.option_id != option.pk):
                texts.append(_named(option))
            remark = self.data.get(f"r{criterion.pk}", "").strip()[:REMARK]
            if remark and remark != (score.remark if score else ""):
                texts.append(remark)
            if texts:
                found.append((f"{criterion.code} {criterion.title}", texts))
        general = self.data.get("remark", "").strip()[:LONG]
        if general and general != self.sheet.remark:
            found.append((_("Nhận xét chung"), [general]))
        return found

    def shown(
        self,
        *,
        missing: Iterable[Criterion] = (),
        evidence: Mapping[str, Any] | None = None,
        proposed: Mapping[int, Any] | None = None,
        claimed: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """The sheet for its page: parts with rows, each with its choice, remark and errors.

        ``missing``: criteria to mark as open. ``evidence``: by code of criterion. ``proposed``: the
        support team's scores by criterion id. ``claimed``: the producer's points by code.
        """
        left_open = {criterion.pk for criterion in missing}
        evidence, proposed, claimed = evidence or {}, proposed or {}, claimed or {}
        names = {row["criterion"].code: f"c{row['criterion'].pk}" for row in self.rows()}
        return [
            part
            | {
                "rows": [
                    row
                    if "section" in row
                    else row
                    | self._row(row["criterion"])
                    | {
                        "depends_on": names.get(row["requires"], ""),
                        "missing": row["criterion"].pk in left_open,
                        "evidence": evidence.get(row["criterion"].code, []),
                        "proposed": proposed.get(row["criterion"].pk),
                        "claimed": claimed.get(row["criterion"].code),
                    }
                    for row in part["rows"]
                ]
            }
            for part in self.page["parts"]
        ]

    def _row(self, criterion: Criterion) -> dict[str, Any]:
        name, note = f"c{criterion.pk}", f"r{criterion.pk}"
        score = self.scores.get(criterion.pk)
        saved = str(score.option_id) if score else ""
        return {
            "name": name,
            "note": note,
            "score": score,
            "chosen": (self.data.get(name) or saved) if self.is_bound else saved,
            "remark": self.data[note]
            if self.is_bound and note in self.data
            else (score.remark if score else ""),
            "problems": self.errors.get(name, []) if self.is_bound else [],
            "remark_problems": self.errors.get(note, []) if self.is_bound else [],
        }

    @property
    def general(self) -> str:
        """The general remark as the page shows it."""
        return self.data.get("remark", self.sheet.remark) if self.is_bound else self.sheet.remark

    @property
    def was(self) -> str:
        """The ids of the options saved now, for the page's field ``was``."""
        return " ".join(str(score.option_id) for score in self.scores.values())


def _named(option: Option) -> str:
    """An option with its points, in one line."""
    return _now("%(label)s (%(points)g điểm)") % {"label": option.label, "points": option.points}


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def recusal_field(label: Any) -> forms.TypedChoiceField:
    """The field that asks whether a member with an interest does not score the product."""
    return forms.TypedChoiceField(
        label=label,
        coerce=lambda value: value == "yes",
        choices=[("yes", _("Từ chối chấm sản phẩm này")), ("no", _("Vẫn chấm, vì lý do dưới đây"))],
        widget=forms.RadioSelect,
        initial="yes",
    )


class Declares(Part):
    """A declaration of interest. Where one stands already the page shows it, by whom and when, and
    a change of it says why (``correction``).
    """

    #: The hidden inputs that say which declarations the page showed.
    STOOD = "was-interest"
    stands: dict[int, Interest]

    def of(self, entry: RoundEntry, *members: Member) -> None:
        """Read what stands on ``entry`` for ``members``."""
        its = entry.interests.standing().filter(member__in=members)
        its = its.select_related("member__user", "by")
        self.stands = {each.member_id: each for each in its.order_by("member")}
        if self.stands:
            self.fields["correction"] = long_text(
                _("Lý do sửa khai báo đã ghi"),
                required=False,
                help_text=_("Cần khi người này đã có khai báo; nhật ký giữ cả hai."),
            )

    @property
    def shown(self) -> Iterator[tuple[str, str]]:
        """(name, value) of each hidden input that says what the page shows."""
        yield self.STOOD, ""
        for each in self.stands.values():
            yield self.STOOD, self.token(each)

    @staticmethod
    def token(interest: Interest) -> str:
        """What tells a declaration from the one that replaces it."""
        return f"{interest.pk}-{interest.at.timestamp():.6f}"

    def corrected(self, member: Member | None) -> None:
        """Ask why what stands for ``member`` is changed."""
        stands = self.stands.get(member.pk) if member else None
        if stands is None:
            return
        seen = self.data.getlist(self.STOOD) if isinstance(self.data, QueryDict) else []
        said = {name: self.cleaned_data.get(name) for name in ("kind", "recused", "reason")}
        if all(getattr(stands, name) == value for name, value in said.items()):
            self.add_error(None, _("Khai báo này giống khai báo đã ghi: không có gì để sửa."))
        elif seen and self.token(stands) not in seen:
            words = _now(
                "Trong lúc bạn ghi, %(by)s vừa ghi: %(stands)s. Hãy xem lại; vẫn muốn ghi như ở "
                "đây thì nêu lý do sửa rồi bấm lần nữa."
            )
            self.add_error("correction", words % {"by": stands.by, "stands": stands.stands})
        elif not (self.cleaned_data.get("correction") or "").strip():
            self.add_error("correction", stands.already_said)


class InterestForm(Declares, PlainPart):
    """A member's interest in a product, and whether they still score it (khai báo lợi ích)."""

    recused = recusal_field(_("Bạn chọn"))
    kind = forms.ChoiceField(label=_("Lợi ích liên quan"), choices=InterestKind)
    reason = long_text(_("Lý do"))

    def __init__(
        self,
        *args: Any,
        entry: RoundEntry,
        member: Member,
        conflicts: Sequence[tuple[InterestKind, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, prefix="interest", **kwargs)
        self.member = member
        self.of(entry, member)
        if conflicts:
            self.fields["kind"].initial = conflicts[0][0]
        if any(rule == ConflictRule.FORBID for _kind, rule in conflicts):
            self.fields["recused"].choices = self.fields["recused"].choices[:1]

    def clean(self) -> Any:
        cleaned = super().clean()
        self.corrected(self.member)
        return cleaned


class ScanForm(PlainPart):
    """The scan of a sheet scored by pen (bản chụp phiếu giấy): PDF or a photo."""

    scan = ScanField(label=_("Bản chụp phiếu giấy"), help_text=_("Tệp PDF hoặc ảnh JPG, PNG."))

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hold_for(by, self)
        self.fields["scan"].error_messages["required"] = _("Bạn chưa chọn: Bản chụp phiếu giấy.")
