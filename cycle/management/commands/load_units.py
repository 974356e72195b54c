"""Load administrative units (đơn vị hành chính) and who succeeds whom after a merge."""

from argparse import ArgumentTypeError
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Q

from cycle import tables, written
from cycle.models import Configuration, HistoryEntry, Level, OrgUnit
from cycle.models.organisation import check_one_province

ORDER: list[str] = [Level.PROVINCE, Level.DISTRICT, Level.COMMUNE]


def day(text):
    """A date of the command line."""
    try:
        return written.day(text)
    except written.NotADay as refused:
        raise ArgumentTypeError(str(refused)) from None


class Command(BaseCommand):
    """Load the units of one period: all of the file, or nothing when a row is refused."""

    help = "Nạp đơn vị của một thời kỳ từ tệp CSV: code, name, level, parent_code, aliases."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="tệp CSV")
        parser.add_argument("--valid-from", type=day, required=True, help="có từ ngày")
        parser.add_argument("--valid-to", type=day, help="đến hết ngày")
        parser.add_argument(
            "--merged", type=Path, help="tệp CSV sáp nhập: old_code, old_name, new_code, new_name"
        )

    @transaction.atomic
    def handle(self, *, file, valid_from, valid_to=None, merged=None, **options):
        """Raises :class:`CommandError`, for a row :class:`~cycle.tables.RowRefused`."""
        if valid_to and valid_to < valid_from:
            raise CommandError("Ngày kết thúc trước ngày bắt đầu.")
        rows = tables.read(file, ["code", "name", "level", "parent_code"])
        self.check_rows(file, rows)
        self.check_periods(file, rows, valid_from, valid_to)

        before = OrgUnit.objects.count()
        named = dict(OrgUnit.objects.filter(valid_from=valid_from).values_list("code", "name"))
        units: dict[str, OrgUnit] = {}
        for level in ORDER:
            batch = [
                OrgUnit(
                    code=row["code"],
                    name=row["name"],
                    level=level,
                    parent=units.get(row["parent_code"]),
                    valid_from=valid_from,
                    valid_to=valid_to,
                    aliases=row.get("aliases", ""),
                )
                for _line, row in rows
                if row["level"] == level
            ]
            if level == Level.PROVINCE:
                batch = [self.one_province(unit) for unit in batch]
            else:
                OrgUnit.objects.bulk_create(
                    batch,
                    update_conflicts=True,
                    unique_fields=["code", "valid_from"],
                    update_fields=["name", "level", "parent", "valid_to", "aliases"],
                )
            units |= {unit.code: unit for unit in batch}
        self.stdout.write(
            f"{file.name}: {len(rows)} đơn vị, mới {OrgUnit.objects.count() - before}."
        )
        HistoryEntry.objects.record(
            "unit.load",
            Configuration("Đơn vị hành chính"),
            file=file.name,
            rows=len(rows),
            valid_from=valid_from.isoformat(),
            changed=[
                {"row": code, "before": name, "after": units[code].name}
                for code, name in named.items()
                if code in units and units[code].name != name
            ],
        )
        if merged:
            self.succeed(merged, valid_from)

    def check_rows(self, file, rows):
        """Refuse what the file itself makes impossible."""
        seen: dict[str, tuple[int, str]] = {}
        for line, row in rows:
            if not row["code"]:
                raise tables.RowRefused(file, line, "thiếu mã đơn vị.")
            if not row["name"]:
                raise tables.RowRefused(file, line, f"đơn vị {row['code']} thiếu tên.")
            if row["level"] not in ORDER:
                raise tables.RowRefused(file, line, f"không biết cấp «{row['level']}».")
            if row["code"] in seen:
                first = seen[row["code"]][0]
                raise tables.RowRefused(file, line, f"mã {row['code']} đã có ở dòng {first}.")
            seen[row["code"]] = line, row["level"]
        for line, row in rows:
            if row["level"] == Level.PROVINCE:
                if row["parent_code"]:
                    raise tables.RowRefused(file, line, "cấp tỉnh không có đơn vị cấp trên.")
                continue
            if row["parent_code"] not in seen:
                raise tables.RowRefused(
                    file, line, f"không có đơn vị cấp trên mã «{row['parent_code']}»."
                )
            above = seen[row["parent_code"]][1]
            if ORDER.index(above) >= ORDER.index(row["level"]):
                raise tables.RowRefused(
                    file, line, f"đơn vị {row['parent_code']} không ở cấp cao hơn."
                )

    def check_periods(self, file, rows, valid_from, valid_to):
        """Refuse a second unit of one code while the first still exists."""
        others = OrgUnit.objects.exclude(valid_from=valid_from).exclude(level=Level.PROVINCE)
        others = others.filter(Q(valid_to=None) | Q(valid_to__gte=valid_from))
        if valid_to:
            others = others.filter(valid_from__lte=valid_to)
        taken = {unit.code: unit for unit in others}
        for line, row in rows:
            if (unit := taken.get(row["code"])) and row["level"] != Level.PROVINCE:
                raise tables.RowRefused(
                    file,
                    line,
                    f"mã {unit.code} đang là «{unit.name}» từ {unit.valid_from:%d/%m/%Y}.",
                )

    def one_province(self, unit):
        """The province outlives its communes: one row, over the union of the periods."""
        same = {"code": unit.code, "level": Level.PROVINCE, "name": unit.name}
        if known := OrgUnit.objects.filter(**same).first():
            ends = (known.valid_to, unit.valid_to)
            known.valid_to = None if None in ends else max(ends)
            known.valid_from = min(known.valid_from, unit.valid_from)
            unit = known
        elif unit.valid_to is None:
            try:
                check_one_province(unit)
            except ValidationError as refused:
                raise CommandError(" ".join(refused.messages)) from None
        unit.save()
        return unit

    def succeed(self, file, valid_from):
        """Say which unit took over from which on ``valid_from``."""
        old = {u.code: u for u in OrgUnit.objects.filter(valid_to=valid_from - timedelta(days=1))}
        new = {u.code: u for u in OrgUnit.objects.filter(valid_from=valid_from)}
        link = OrgUnit.successors.through
        links = []
        for line, row in tables.read(file, ["old_code", "old_name", "new_code", "new_name"]):
            pair = []
            # Codes were reused under other names, so the name is checked with the code.
            for side, units in (("old", old), ("new", new)):
                code, name = row[f"{side}_code"], row[f"{side}_name"]
                unit = units.get(code)
                if unit is None or unit.name != name:
                    raise tables.RowRefused(
                        file, line, f"không có đơn vị mã «{code}» tên «{name}»."
                    )
                pair.append(unit)
            links.append(link(from_orgunit=pair[0], to_orgunit=pair[1]))
        link.objects.bulk_create(links, ignore_conflicts=True)
        self.stdout.write(f"{file.name}: {len(links)} đơn vị có đơn vị kế thừa.")
