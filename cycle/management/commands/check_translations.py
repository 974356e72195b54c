"""Whether English can say all that Vietnamese says; exit code 1 when it cannot."""

from __future__ import annotations

import sys
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from cycle import translations

APPS = ["cycle", "dossiers", "councils", "notifications"]


class Command(BaseCommand):
    """Compare the msgids in code and templates with locale/en, and the .mo with its .po."""

    help = "Kiểm tra bản dịch tiếng Anh; --write ghi thêm các câu còn thiếu và biên dịch .mo."
    requires_system_checks: list = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true")

    def handle(self, *, write: bool, **options: Any) -> None:
        path = settings.LOCALE_PATHS[0] / "en" / "LC_MESSAGES" / "django.po"
        wanted = translations.messages(settings.BASE_DIR, APPS)
        catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile(wrapwidth=96)
        known = {entry.msgid: entry for entry in catalogue}
        if write:
            self.write(path, catalogue, known, wanted)
            known = {entry.msgid: entry for entry in catalogue}
        problems = [f"thiếu: {msgid!r}" for msgid in wanted if msgid not in known]
        problems += [f"thừa: {msgid!r}" for msgid in known if msgid not in wanted]
        problems += [
            f"chưa dịch: {msgid!r}"
            for msgid, entry in known.items()
            if not entry.translated() and msgid in wanted
        ]
        # Of Vietnamese only what packages say in English: ours is Vietnamese in the code.
        packages = settings.LOCALE_PATHS[0] / "vi" / "LC_MESSAGES" / "django.po"
        if write:
            polib.pofile(str(packages)).save_as_mofile(str(packages.with_suffix(".mo")))
        for each in (path, packages):
            compiled, said = each.with_suffix(".mo"), polib.pofile(str(each))
            if not compiled.exists() or compiled.read_bytes() != said.to_binary():
                problems.append(f"{compiled} không khớp django.po: chạy check_translations --write")
        for problem in problems:
            self.stdout.write(problem)
        if problems:
            sys.exit(1)
        self.stdout.write(f"{len(wanted)} câu, đủ bản dịch tiếng Anh.")

    def write(self, path: Any, catalogue: Any, known: Any, wanted: Any) -> None:
        """Add what is missing, drop what is no longer said, compile."""
        catalogue.metadata = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Transfer-Encoding": "8bit",
            "Language": "en",
            "Plural-Forms": "nplurals=2; plural=(n != 1);",
        }
        for msgid, plural in wanted.items():
            if msgid not in known:
                extra = {"msgid_plural": plural, "msgstr_plural": {0: "", 1: ""}} if plural else {}
                # python-format lets gettext's users see which words are filled in.
                flags = ["python-format"] if "%(" in msgid else []
                catalogue.append(polib.POEntry(msgid=msgid, msgstr="", flags=flags, **extra))
        catalogue[:] = sorted(
            (entry for entry in catalogue if entry.msgid in wanted), key=lambda entry: entry.msgid
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
        catalogue.save_as_mofile(str(path.with_suffix(".mo")))
