"""Scans of signed documents that are in the ledger without one, added many at once (bản chụp)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from cycle import documents, files
from cycle.models import Document, User, fold_number
from dossiers.law.conditions import ConditionNotMet
from dossiers.walk import papers


def named_by(filename: str, among: Iterable[Document]) -> Document | None:
    """The document whose number and symbol stand in the name of a file: «123-QD-UBND.pdf»,
    «QĐ 123_QĐ-UBND ngày 5.3.2026.pdf»; or the number and how its symbol begins, «123 QĐ.pdf». None
    where it is none of them, or may be several.
    """
    stem = filename.rpartition(".")[0] or filename
    said = fold_number(stem)
    found: dict[str, list[Document]] = {}
    for each in among:
        number = each.folded_number
        # No figure before or behind it: «1123/QĐ» is not «123/QĐ».
        if number and re.search(rf"(?<![0-9]){re.escape(number)}(?![0-9])", said):
            found.setdefault(number, []).append(each)
        elif _begins(number, said):
            found.setdefault(said, []).append(each)
    if not found:
        return None
    rows = found[max(found, key=len)]
    if len(rows) > 1:
        years = {int(year) for year in re.findall(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])", stem)}
        rows = [each for each in rows if each.year in years]
    return rows[0] if len(rows) == 1 else None


def _begins(number: str, said: str) -> bool:
    """Whether a file that says nothing but ``said`` names the beginning of this number and symbol:
    «123», «123 QĐ» and «QĐ 123» that of 123/QĐ-UBND.
    """
    named = re.fullmatch(r"([a-z]*)/?0*([0-9]+)/?([a-z]*)", said)
    if named is None or named[1] and named[3] and named[1] != named[3]:
        return False
    figure, slash, symbol = number.partition("/")
    return bool(slash) and figure == named[2] and symbol.startswith(named[1] or named[3])


def attach(
    found: Sequence[tuple[files.Staged, Document]], *, by: User
) -> tuple[files.Staged, str] | None:
    """Give each document its scan, in one transaction; in every dossier that rests on it too.
    Returns the first that may not be, and why: then none was added.
    """
    # Each at a moment of its own: behind the locks that it waits for.
    with transaction.atomic():
        for staged, document in sorted(found, key=lambda pair: pair[1].pk):
            try:
                _attach(staged, document, by)
            except (ValidationError, ConditionNotMet) as refused:
                why = " ".join(map(str, refused.messages))
            except PermissionDenied:
                why = _("Bạn không ghi văn bản này: hãy để người ghi việc đó thêm bản chụp.")
            else:
                continue
            transaction.set_rollback(True)
            return staged, why
    return None


def _attach(staged: files.Staged, document: Document, by: User) -> None:
    reason = _("Ghi thêm bản chụp")
    resting = papers.resting_on(document)
    if not resting:
        documents.correct(document, by=by, reason=reason, scan=staged)
        return
    rests = papers.rests(resting)
    its = (each for each in resting if papers.capacity(by, each.dossier, rests.get(each.pk)))
    paper = next(its, None)
    if paper is None:
        raise PermissionDenied
    papers.correct(paper, by=by, reason=reason, scan=staged)
