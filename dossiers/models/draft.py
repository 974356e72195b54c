"""What is typed into a long form and not sent yet (nháp)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from cycle.models import User
from dossiers.models.dossier import Dossier
from dossiers.models.task import Task

#: So long a draft is kept that nobody saves again.
KEPT = timedelta(days=30)


class DraftQuerySet(models.QuerySet["Draft"]):
    def forget_old(self, now: datetime) -> int:
        """Delete those that nobody saved again for :data:`KEPT`; returns how many."""
        return self.filter(saved_at__lte=now - KEPT).delete()[0]

    def of_tasks(self, *tasks: int) -> Self:
        """Everybody's, of the forms of these tasks (ids)."""
        return self.filter(task__in=tasks)


class Draft(models.Model):
    """What one person typed into one form: of an act of a task or of a dossier, or of a page that
    has neither. No record of anything: it is read by nobody else, until the task is another's, and
    goes with the act.
    """

    by = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("người nhập"))
    dossier = models.ForeignKey(Dossier, models.CASCADE, null=True, related_name="+")
    task = models.ForeignKey(Task, models.CASCADE, null=True, related_name="+")
    #: The act or the page, with what its form is about: «correct_visit:12».
    form = models.CharField(_("biểu mẫu"), max_length=100)
    #: {name of a field: its values}, as they were sent; no file and no secret.
    content = models.JSONField(_("nội dung"), default=dict)
    #: Counts up with each save: a page that has seen another one does not overwrite it.
    version = models.PositiveIntegerField(default=1)
    #: The newest entry of the dossier's history when it was saved.
    seen_entry = models.BigIntegerField(null=True)
    saved_at = models.DateTimeField(_("lúc"))

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("nháp")
        verbose_name_plural = _("nháp")
        constraints = [
            models.UniqueConstraint(
                fields=["by", "dossier", "task", "form"], nulls_distinct=False, name="draft_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.form}: {self.saved_at}"

    @property
    def typed(self) -> QueryDict:
        """What was typed, as a form reads it."""
        data = QueryDict(mutable=True)
        for name, values in self.content.items():
            data.setlist(name, values)
        return data
