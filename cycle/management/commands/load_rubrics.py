"""Load the rubrics (bộ tiêu chí) of the editions, or lay the official wording over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from cycle import rubrics, rulesets
from cycle.models import Option, RuleSet, Wording


class Command(BaseCommand):
    """Without FILE, load what ships; with FILE, lay its official wording over one edition."""

    help = "Nạp bộ tiêu chí chấm điểm; có TỆP thì nạp lời văn chính thức từ tệp CSV đó."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="tệp CSV lời văn chính thức")
        parser.add_argument("--edition", default="qd26_2026", help="ấn bản mà tệp thuộc về")
        parser.add_argument(
            "--document", help="văn bản có lời văn; mặc định: quyết định của ấn bản"
        )

    @transaction.atomic
    def handle(
        self, *, file: Path | None, edition: str | None, document: str | None, **options: Any
    ) -> None:
        """Raises :class:`CommandError` naming the set and criterion, or the rows of FILE, that
        cannot be; nothing is then loaded."""
        if file is None:
            self.load()
        else:
            self.lay(file, edition, document)

    def load(self) -> None:
        total = added = 0
        for path in rulesets.files():
            sheet = path.with_name("rubrics.json")
            if not sheet.exists():
                continue
            law = rulesets.read(path)
            rule_set = RuleSet.objects.filter(content_hash=rulesets.content_hash(law)).first()
            if rule_set is None:
                raise CommandError(f"Chưa nạp bộ quy định {law['edition']}: chạy load_rulesets.")
            try:
                found = rubrics.read(sheet, law)
            except rubrics.RubricInvalid as error:
                raise CommandError(str(error)) from error
            total += len(found)
            added += rubrics.load(rule_set, found)
        self.stdout.write(f"Bộ tiêu chí: {total}, mới {added}.")

    def lay(self, file: Path, edition: str | None, document: str | None) -> None:
        rule_set = RuleSet.objects.filter(edition=edition).order_by("-pk").first()
        if rule_set is None:
            raise CommandError(f"Chưa có bộ quy định «{edition}».")
        laid = rubrics.lay_wording(rule_set, file, document or rule_set.document)
        # Two plain questions: joined in one, rows just loaded and not yet analysed take minutes.
        current = list(rule_set.rubrics.current().values_list("pk", flat=True))
        options = Option.objects.filter(criterion__rubric__in=current, criterion__yes_no=False)
        worded = Wording.objects.filter(option__isnull=False).values_list("option_id", flat=True)
        bare = len(set(options.values_list("pk", flat=True)) - set(worded))
        self.stdout.write(f"{file.name}: {laid} lời văn; còn {bare} mức điểm chưa có.")
