"""What somebody or something was called before (tên trước đây)."""

from datetime import datetime
from typing import Any

from django.db import models


class Renamed(models.Model):
    """A row whose name may change, and which remembers each name it had.

    ``former_names`` = ``[{"name": …, "until": moment in UTC}, …]``, the oldest first. The database
    alone writes it (trigger ``former_names``), by whatever means the name was changed.
    """

    former_names = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), editable=False
    )

    class Meta:
        abstract = True

    def name_at(self, moment: datetime | None) -> str:
        """What it was called at ``moment``; today's name for None."""
        former: list[dict[str, Any]] = self.former_names if moment is not None else []
        for each in former:
            if moment < datetime.fromisoformat(each["until"]):  # type: ignore[operator]
                return each["name"]
        return str(self)
