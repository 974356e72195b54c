"""The door of the ledger (sổ văn bản): a document is recorded once, and found when typed again.

:func:`record` for a document that an act rests on, :func:`record_many` for those of a list,
:func:`correct` for what was typed wrong. The caller has checked who may do the act.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, models, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle import clock, files
from cycle.locking import take_turn
from cycle.models import (
    Direction,
    Document,
    HistoryEntry,
    Level,
    OrgUnit,
    PaperKind,
    Role,
    RoleAssignment,
    Stream,
    User,
    fold,
    fold_number,
    kind_of,
    same_name,
    says_unknown,
)
from cycle.models.document import UNKNOWN_SIGNER, FormerPaper
from cycle.prepared import prepared, steady

#: The field of a form at which a wrong scan is told.
SCAN = "scan_file"
CHUNK = 1000
#: What of a document is corrected by another row.
CORRECTABLE = (
    "kind", "does", "register", "issuer", "outside", "number", "signed_on", "signer",
    "signer_capacity", "subject",
)  # fmt: skip
_OF_SCAN = ("scan_sha256", "scan_bytes", "scan_filename", "scan_type")

#: Names what a document is for, as a sentence says it; "" where nothing is named.
Told = Callable[[Document], str]

#: Refuses, with ValidationError by field, that the first became the second: what rests on the
#: document would be wrong. Each app registers its own.
Refuses = Callable[[Document, Document], None]
_refusing: list[Refuses] = []
#: Refuses a document for a purpose: the relation that it is wanted for.
Claims = Callable[[Document, str], None]
_claiming: list[Claims] = []

#: Brings along what names a document itself, not what stands in its place, once it is corrected:
#: (what it became, by whom, in which post, why). May refuse, as above.
Brings = Callable[[Document, User, RoleAssignment | None, str], None]
#: Locks what names a document that is to be corrected, as the doors do: walks and dossiers before
#: documents. Returns what brings it along.
Follows = Callable[[Document], Brings]
_following: list[Follows] = []

CORRECTED_ALREADY = _("Văn bản này vừa được đính chính: hãy tải lại trang.")
NOTHING_CORRECTED = _("Chưa có nội dung nào khác với nội dung đã ghi.")
NO_REASON = _("Bạn chưa nêu lý do đính chính.")


def ministry(day: date) -> str:
    """What the ministry that runs the programme was called on ``day``."""
    if day < date(2025, 3, 1):
        return "Bộ Nông nghiệp và Phát triển nông thôn"
    return "Bộ Nông nghiệp và Môi trường"


def signed_by(name: str) -> dict[str, Any]:
    """The fields of who signed a document, as a list of before names them; marked where it does
    not.
    """
    if says_unknown(name):
        return {"signer": UNKNOWN_SIGNER, "signer_known": False}
    return {"signer": name}


OF_OTHERS = _(
    "Văn bản này do người khác ghi vào sổ, chưa có nội dung này: để họ hoặc văn phòng của tỉnh ghi "
    "thêm."
)


class Another(ValidationError):
    """A document differs from the one in the ledger that bears its number, or shows its scan."""


def record(
    document: Document,
    *,
    by: User | None,
    capacity: RoleAssignment | None = None,
    sure: bool = True,
    told: Told = lambda _known: "",
) -> Document:
    """Write an unsaved document in the ledger; returns the one that is there when it is the same.

    The same is what bears the same number of the same body and year; of a body that is not
    ``sure``, guessed by the desk at which it was typed, also what shows the same scan under that
    number. What the ledger lacks of it (its scan, who signed) is added by a correction. ``told``:
    the name of what the known one is for, as a sentence says it. Raises :class:`Another`, at the
    field, when it differs from the one that is there (``signed_on``, ``signer``, ``scan_file``), or
    its scan is that of another document; ValidationError when a value is wrong.
    """
    _fill(document, by)
    _check(document)
    if not is_number(document.number):
        return _write("document.record", document, by=by, capacity=capacity)
    _hold(fold_number(document.number), document.scan_sha256)
    known = _known(document, sure, told)
    if known is None:
        return _write("document.record", document, by=by, capacity=capacity)
    if unlike(document, known, ""):
        raise Another(unlike(document, known, told(known)))
    lacked = _lacked(document, known)
    if not lacked:
        return known
    if not _may_complete(by, known):
        raise Another({SCAN if "scan_sha256" in lacked else "signer": OF_OTHERS})
    written = _write(
        "document.correct",
        _replacing(known, _copy(known, **lacked), by),
        by=by,
        capacity=capacity,
        reason=_now("Ghi thêm nội dung còn thiếu"),
    )
    for check in _refusing:
        check(known, written)
    return written


def check(document: Document, *, by: User | None) -> None:
    """Raise what :func:`record` would; nothing is written."""
    with transaction.atomic():
        record(copy(document), by=by)
        transaction.set_rollback(True)


def record_again(
    document: Document,
    known: Document,
    *,
    by: User,
    capacity: RoleAssignment | None = None,
    reason: str,
) -> Document:
    """The unsaved document on which something rests that rested on the ``known`` one, as it is
    typed again with a ``reason``: with the number, body and year of that one it is that one, and
    what else differs is its correction; any other is recorded. Raises as :func:`record` and
    :func:`correct` do.
    """
    if not known.signed_on or not is_number(known.number) or _key(document) != _key(known):
        return record(document, by=by, capacity=capacity)
    wrong = unlike(document, known)
    became = {name: getattr(document, name) for name in wrong if name != SCAN}
    if document.signer_capacity != known.signer_capacity:
        became["signer_capacity"] = document.signer_capacity
    scan = None
    if SCAN in wrong:
        scan = files.Staged(*(getattr(document, name) for name in _OF_SCAN))
    if not became and scan is None:
        return record(document, by=by, capacity=capacity)
    return correct(known, by=by, reason=reason, scan=scan, capacity=capacity, asked=True, **became)


def issue(document: Document, among: Iterable[OrgUnit]) -> None:
    """Say whose the document is, typed with a body in words (``outside``): a unit ``among`` those
    that may have issued it, if that or its People's Committee is meant; else a body outside. The
    first of them issued one that names no body.
    """
    said = fold(document.outside)
    for unit in among:
        word = {Level.PROVINCE: ("tỉnh", "thành phố")}.get(Level(unit.level), ())
        names = (unit.name, *word)
        called = {unit.name} | {
            f"{prefix} {name}" for prefix in ("UBND", "Ủy ban nhân dân") for name in names
        }
        if not said or said in map(fold, called):
            document.issuer, document.outside = unit, ""
            return


def record_many(
    documents: Sequence[Document],
    *,
    by: User | None,
    capacity: RoleAssignment | None = None,
    loose: Callable[[Document], bool] = lambda _known: False,
) -> list[Document]:
    """What a list names of earlier days, without scans, in few statements; returns for each the
    row of the ledger, in the same order. What it bears twice, or the ledger has, is one.

    ``loose``: whether nothing rests on a document any more, so that it may be corrected. Raises
    ValidationError when a number of one body and year has two days or two signers.
    """
    for document in documents:
        _fill(document, by)
    _hold(*sorted({fold_number(each.number) for each in documents}))
    there = Document.objects.standing().filter(
        before=False,
        folded_number__in={fold_number(each.number) for each in documents},
        year__in={each.signed_on.year for each in documents if each.signed_on},
    )
    found = {_key(each): each for each in there.select_related("issuer")}
    new: list[Document] = []
    for document in documents:
        key = _key(document)
        known = found.setdefault(key, document)
        if known is document or not is_number(document.number):
            new.append(document)
        elif known.signed_on != document.signed_on or not _may_be(document, known):
            if known.pk and loose(known):
                document.replaces = known
                found[key] = document
                new.append(document)
                continue
            raise ValidationError(
                _now(
                    "Văn bản %(one)s và %(other)s trùng số nhưng khác ngày ký hoặc người ký: hãy "
                    "kiểm tra lại."
                )
                % {"one": known, "other": document}
            )
    Document.objects.bulk_create(new, CHUNK)
    HistoryEntry.objects.record_all(
        [
            HistoryEntry.objects.entry(
                "document.correct" if document.replaces else "document.record",
                document,
                by=by,
                capacity=capacity,
                saved=[document],
                ledger=document.pk,
                **_told(document),
            )
            for document in new
        ]
    )
    return [each if each.pk else found[_key(each)] for each in documents]


def refuses_correction(check: Refuses) -> Refuses:
    """Let the function refuse a correction for what rests on the document."""
    _refusing.append(check)
    return check


def claims(check: Claims) -> Claims:
    """Let the function refuse a document of the ledger for another purpose than what it knows."""
    _claiming.append(check)
    return check


def check_use(document: Document, purpose: str) -> None:
    """Raise ValidationError where what is typed is a document that something else is done by, and
    that is for nothing beside. ``purpose``: the relation to the ledger that it is wanted for.
    """
    known = _one(_of_today(), **_number_of(document)) if is_number(document.number) else None
    if known is None:
        return
    for check in _claiming:
        check(known, purpose)


def follows_correction(hold: Follows) -> Follows:
    """Let the function hold, and bring along, what a correction does not reach by itself."""
    _following.append(hold)
    return hold


def correct(
    document: Document,
    *,
    by: User,
    reason: str,
    scan: files.Staged | None = None,
    capacity: RoleAssignment | None = None,
    asked: bool = False,
    follow: bool = True,
    **became: Any,
) -> Document:
    """Replace ``document`` by a row with the values ``became`` and, if given, another scan.

    What rests on it goes on naming it, and reads the correction by ``in_force``, or follows it in
    the same transaction, unless the caller does that (no ``follow``). ``capacity``: the post in
    which the caller lets ``by`` correct it; without one, and where the caller has not ``asked``
    itself, it is asked whether they keep the ledger in which it stands (:func:`may_correct`).

    Raises PermissionDenied; ValidationError when a value is wrong, nothing differs, the number or
    the scan is that of another document, or somebody corrected it meanwhile.
    """
    with transaction.atomic():
        capacity = capacity or _desk(by, document)
        if capacity is None and not asked:
            raise PermissionDenied
        if not reason.strip():
            raise ValidationError({"reason": NO_REASON})
        stray = set(became) - set(CORRECTABLE)
        assert not stray, f"not to be corrected: {sorted(stray)}"
        if became.get("number", document.number) != document.number:
            became.setdefault("kind", kind_of(became["number"]))
        new = _copy(document, **became)
        if scan is not None:
            new.hold(scan)
        _fill(new, by)
        _check(new)
        if all(getattr(new, each) == getattr(document, each) for each in (*CORRECTABLE, *_OF_SCAN)):
            raise ValidationError(NOTHING_CORRECTED)
        # What follows is held before the document is: an act on it holds its walk first.
        brings = [hold(document) for hold in (_following if follow else ())]
        numbers = sorted({fold_number(each.number) for each in (document, new)})
        _hold(*numbers, new.scan_sha256, f"correct {document.pk}")
        if Document.objects.filter(replaces=document).exists():
            raise ValidationError(CORRECTED_ALREADY)
        others = Document.objects.standing().filter(before=False).exclude(pk=document.pk)
        if not new.before and (other := _one(others, **_number_of(new))):
            raise ValidationError(
                {"number": _now("Số này đã ghi cho văn bản %(paper)s.") % {"paper": other}}
            )
        # Of before the ledger one scan may stand twice.
        alone = new.scan_sha256 and (scan is not None or not new.before)
        if alone and (other := _one(others, scan_sha256=new.scan_sha256)):
            raise ValidationError({SCAN: of_another(other)})
        written = _write(
            "document.correct",
            _replacing(document, new, by),
            by=by,
            capacity=capacity,
            reason=reason.strip(),
        )
        for check in _refusing:
            check(document, written)
        for bring in brings:
            bring(written, by, capacity, reason.strip())
        return written


def announce(document: Document, *, on: date, by: User) -> None:
    """Record the day on which a decision was announced (công bố; QĐ 26/2026/QĐ-TTg, Điều 7.3.e); a
    later record is the one that counts, and both stay in its history.

    Raises PermissionDenied; ValidationError at ``on`` for a day to come, before the decision was
    signed, or the one that is recorded.
    """
    with transaction.atomic():
        capacity = _desk(by, document)
        if capacity is None:
            raise PermissionDenied
        _hold(f"announce {document.pk}")
        wrong = ""
        if on > clock.today():
            wrong = _now("Ngày công bố không thể ở tương lai.")
        elif document.signed_on and on < document.signed_on:
            wrong = _now("Quyết định ký ngày %(day)s: không thể công bố trước ngày đó.") % {
                "day": f"{document.signed_on:%d/%m/%Y}"
            }
        elif announced_on(document) == on:
            wrong = _now("Ngày công bố này đã ghi.")
        if wrong:
            raise ValidationError({"on": wrong})
        HistoryEntry.objects.record(
            "document.announce",
            document,
            by=by,
            capacity=capacity,
            ledger=document.pk,
            announced_on=on.isoformat(),
        )


def announced_on(document: Document) -> date | None:
    """The day on which it was announced, whatever was corrected of it since; None where nobody
    recorded that.
    """
    told = HistoryEntry.objects.filter(
        stream=Stream.DOCUMENT,
        stream_id__in=[each.pk for each in document.versions()],
        event="document.announce",
    )
    last = told.order_by("-pk").first()
    return date.fromisoformat(last.data["announced_on"]) if last is not None else None


def same_number(one: Document, other: Document) -> bool:
    """Whether both have one number of one year, however it is written."""
    mine, its = (
        (fold_number(each.number), each.signed_on and each.signed_on.year) for each in (one, other)
    )
    return mine == its and bool(mine[0])


def same_body(one: Document, other: Document) -> bool:
    """Whether one body issued both, which is known of each."""
    bodies = [(each.issuer_id, fold(each.outside)) for each in (one, other)]
    return bodies[0] == bodies[1] and bodies[0] != (None, "")


def unlike(typed: Document, known: Document, told: str = "") -> dict[str, str]:
    """Where the two, said to be one document, are not: field -> sentence about the ``known`` one,
    which is for what is ``told``. One document has one number, day, signer and scan; a scan or a
    signer that is not known says nothing.
    """
    of = {"paper": _paper(known.number, told)}
    wrong = {}
    if not same_number(typed, known):
        wrong["number"] = f"{of['paper']}."
    if typed.signed_on != known.signed_on:
        day = f"{known.signed_on:%d/%m/%Y}" if known.signed_on else ""
        wrong["signed_on"] = _now("%(paper)s với ngày ký %(day)s.") % {**of, "day": day}
    if not _may_be(typed, known):
        said = {**of, "signer": known.signer}
        wrong["signer"] = _now("%(paper)s với người ký %(signer)s.") % said
    if typed.scan_sha256 and known.scan_sha256 and typed.scan_sha256 != known.scan_sha256:
        wrong[SCAN] = _now(
            "%(paper)s với bản chụp khác (%(file)s): hãy chọn đúng tệp đó, hoặc để trống để dùng "
            "bản đã có."
        ) % {**of, "file": known.scan_filename or _now("không rõ tên")}
    return wrong


def of_another(other: Document, told: str = "") -> str:
    """The sentence at a scan that shows an ``other`` document, which is for what is ``told``."""
    if not told:
        return _now(
            "Bản chụp này là của văn bản %(paper)s đã vào sổ: hãy chọn bản chụp của văn bản này."
        ) % {"paper": other}
    return _now(
        "Bản chụp này là của văn bản %(paper)s, đã ghi cho %(told)s: hãy chọn bản chụp của văn bản "
        "này."
    ) % {"paper": other, "told": told}


def check_register(document: Document, *, by: User, of: Iterable[OrgUnit] = ()) -> None:
    """Raise ValidationError, at ``number``, where it would be entered in the register of a unit in
    which ``by`` has no post, other than those ``of`` which they act: nobody takes a number of
    another's, and who only reads takes none. What that register has may be named; at ``scan_file``,
    where it lacks the scan.
    """
    its = document.issuer
    mine = _works_at(by)
    if its is None or its in mine or (mine and its in set(of)):
        return
    known, at = _one(_of_today(), **_number_of(document)), "number"
    if known is None:
        said = _now(
            "Sổ văn bản của %(unit)s chưa có số này: để người của %(unit)s ghi văn bản vào sổ "
            "trước, hoặc nhập văn bản của đơn vị bạn."
        )
    elif unlike(document, known):
        # What that register has is not told to who cannot name it.
        said = _now("Số, ngày ký, người ký hoặc bản chụp không như trong sổ văn bản của %(unit)s.")
    elif document.scan_sha256 and not known.scan_sha256:
        at, said = (
            SCAN,
            _now("Sổ văn bản của %(unit)s chưa có bản chụp này: để người của %(unit)s đính."),
        )
    else:
        return
    raise ValidationError({at: said % {"unit": its}})


def is_scanned(number: str) -> bool:
    """Whether the ledger has the scan of a document with this number."""
    if not is_number(number) or "\x00" in number:
        return False
    return bool(_scanned(number=fold_number(number)))


@steady
def _scanned(*, number: Any) -> Any:
    there = Document.objects.standing().filter(before=False, folded_number=number)
    return there.exclude(scan_sha256="").order_by().values_list("pk")[:1]


def _may_complete(by: User | None, known: Document) -> bool:
    """Whether ``by`` may add what the ledger lacks of a document: of a body outside the province
    only who recorded it, or works at the province. What a register of the province has, each door
    lets be named (:func:`check_register`).
    """
    return (
        by is None
        or known.issuer_id is not None
        or known.recorded_by_id == by.pk
        or any(unit.level == Level.PROVINCE for unit in _works_at(by))
    )


def _works_at(by: User) -> list[OrgUnit]:
    """Where ``by`` does anything but read: an auditor records nothing and completes nothing."""
    return [held.org_unit for held in by.posts() if held.role != Role.AUDITOR]


def rests_on(document: Document, *but: type[models.Model]) -> bool:
    """Whether anything rests on a document or on what it corrects, rows of these models aside."""
    rows = [each.pk for each in document.versions()]
    for relation in Document._meta.related_objects:
        its = relation.related_model
        if its in (Document, FormerPaper, *but):
            continue
        if its._base_manager.filter(**{f"{relation.field.name}__in": rows}).exists():
            return True
    return False


def may_correct(user: User, document: Document) -> bool:
    """Whether ``user`` keeps the ledger in which it stands: a clerk or an officer of the body that
    issued it, or of the province.
    """
    return _desk(user, document) is not None


def of_before(model: str, row: int, part: str = "") -> Document | None:
    """The document that the row of before is, as old entries name it: «dossiers.officialdocument»,
    12.
    """
    return _one(Document.objects, former__model=model, former__row=row, former__part=part)


def of_one_number() -> list[tuple[Document, ...]]:
    """Documents of before the ledger that have one number in one year and say different things of
    it: for the clerk to look at.
    """
    rows = Document.objects.standing().of_before().exclude(folded_number="").exclude(year=None)
    by_number: dict[tuple[str, int], dict[tuple[Any, ...], Document]] = {}
    for each in rows.order_by("pk"):
        said = (each.signed_on, fold(each.signer), each.scan_sha256)
        by_number.setdefault((each.folded_number, each.year), {}).setdefault(said, each)
    return [tuple(found.values()) for found in by_number.values() if len(found) > 1]


# --- Inside ---------------------------------------------------------------------------------------


def _desk(user: User, document: Document) -> RoleAssignment | None:
    units = [document.issuer_id] if document.issuer_id else []
    units += OrgUnit.objects.filter(level=Level.PROVINCE, valid_to=None).values_list(
        "pk", flat=True
    )
    posts = (user.capacity(role, unit) for unit in units for role in (Role.CLERK, Role.OFFICER))
    return next(filter(None, posts), None)


def _fill(document: Document, by: User | None) -> None:
    """What follows from what was typed."""
    document.recorded_by, document.at = by, clock.now()
    document.kind = document.kind or kind_of(document.number)
    if document.before and not document.body:
        # Which way it went follows from whose it is.
        return
    document.direction = document.direction or (
        Direction.INCOMING
        if document.issuer_id is None
        else Direction.INTERNAL
        if document.kind == PaperKind.MINUTES
        else Direction.OUTGOING
    )


def _check(document: Document) -> None:
    document.full_clean(
        exclude=["issuer", "replaces", "recorded_by", "at"],
        validate_unique=False,
        validate_constraints=False,
    )


def _hold(*keys: str) -> None:
    """Let nobody else record one of these numbers and scans until this transaction ends. The same
    lock as the trigger ``document_number_once`` takes.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a document belongs in its act's transaction")
    for key in filter(None, keys):
        take_turn("document", key)


def _number_of(document: Document) -> dict[str, Any]:
    """What one number is by: once per register, body and year."""
    assert document.signed_on is not None, "only those of before have no day"
    return {
        "folded_number": fold_number(document.number),
        "year": document.signed_on.year,
        "register": document.register,
        "issuer": document.issuer,
        "folded_outside": fold(document.outside),
    }


def _key(document: Document) -> tuple[Any, ...]:
    return tuple(
        value.pk if isinstance(value, OrgUnit) else value for value in _number_of(document).values()
    )


def is_number(number: str) -> bool:
    """Whether it is one: in a year that is told again it may be unknown («Chưa rõ số»)."""
    return re.search("[0-9]", number) is not None


def _paper(number: str, told: str) -> str:
    if told:
        return _now("Văn bản %(number)s đã ghi cho %(told)s") % {"number": number, "told": told}
    return _now("Văn bản %(number)s đã vào sổ") % {"number": number}


def _may_be(typed: Document, known: Document) -> bool:
    if not (typed.signer_known and known.signer_known):
        return True
    return same_name(typed.signer, known.signer) or fold(typed.signer) == fold(known.signer)


def _lacked(typed: Document, known: Document) -> dict[str, Any]:
    """What ``typed`` says of the document and the ledger does not know yet."""
    lacked = {}
    if typed.signer_known and not known.signer_known:
        lacked["signer"] = typed.signer
    if says_unknown(known.signer_capacity) and not says_unknown(typed.signer_capacity):
        lacked["signer_capacity"] = typed.signer_capacity
    if typed.scan_sha256 and not known.scan_sha256:
        lacked |= {field: getattr(typed, field) for field in _OF_SCAN}
    return lacked


def _one(among: Any, **asked: Any) -> Document | None:
    """The one document that is asked for: the database lets no second in."""
    try:
        return among.get(**asked)
    except Document.DoesNotExist:
        return None


def _of_today() -> Any:
    """The documents among which a number, and a scan, is one document's."""
    return Document.objects.standing().filter(before=False).select_related("issuer")


@prepared
def _shown(*, sha256: Any) -> Any:
    return _of_today().filter(scan_sha256=sha256).order_by()


def _known(document: Document, sure: bool, told: Told) -> Document | None:
    """The same document in the ledger, or None. Raises Another when its scan is that of another."""
    if document.scan_sha256 and (shown := _shown.first(sha256=document.scan_sha256)):
        same = same_number(document, shown) and (not sure or _key(document) == _key(shown))
        if not same:
            raise Another({SCAN: of_another(shown, told(shown))})
        return shown
    return _one(_of_today(), **_number_of(document))


def _copy(document: Document, **became: Any) -> Document:
    kept = (*CORRECTABLE, *_OF_SCAN, "direction", "before", "said", "signer_known")
    if "signer" in became:
        became["signer_known"] = True
    return Document(**{field: getattr(document, field) for field in kept} | became)


def _replacing(old: Document, new: Document, by: User | None) -> Document:
    new.replaces, new.recorded_by, new.at = old, by, clock.now()
    return new


def _told(document: Document) -> dict[str, Any]:
    return {
        "number": document.number,
        "signed_on": document.signed_on.isoformat() if document.signed_on else "",
        "signer": document.signer,
        "issuer": document.issuer_id,
        "outside": document.outside,
    }


def _write(
    event: str,
    document: Document,
    *,
    by: User | None,
    capacity: RoleAssignment | None,
    reason: str = "",
) -> Document:
    """Save the row and its entry; the scan was staged."""
    if document.scan_sha256:
        files.keep(document.scan_sha256, SCAN)
    document.save(force_insert=True)
    HistoryEntry.objects.record(
        event,
        document,
        by=by,
        capacity=capacity,
        reason=reason,
        saved=[document],
        attached=[document.scan_sha256] if document.scan_sha256 else [],
        ledger=document.pk,
        **_told(document),
    )
    return document
