"""Personal texts are erased from the history, on a paper (xóa dữ liệu cá nhân).

What may go and what stays: docs/decisions/0010-erasure.md. Live rows (a telephone number in use)
are corrected by their own acts, and records that a duty keeps are not touched.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cycle import clock, files, letters
from cycle.appointing import Appointed, is_oneself
from cycle.models import (
    HistoryEntry,
    Level,
    OrgUnit,
    Role,
    RoleAssignment,
    Stream,
    User,
    names_them,
    people_in,
    same_name,
)
from dossiers.models import ActBatchRow, Because, Dossier, Erasure, OwnerType, Producer
from dossiers.models.act_batch import ActBatchRowQuerySet
from dossiers.office import people

#: So many texts are offered at once; the next ones come when these are done.
AT_ONCE = 200
#: So many people and producers are found by one search.
FOUND = 20
#: In what is about a person a number is looked for when it has so many digits, a single word when
#: it has so many letters; elsewhere a telephone or identity number as a whole.
DIGITS, LETTERS, WHOLE = 6, 4, 9

#: Why a text stays, as ``history_word_stays`` says in the database.
STAYS: dict[str, str | Promise] = {
    "act": _("Tên người đã làm hoặc được làm thay trong một việc: quyết định phải có người làm."),
    "paper": _("Tên người ký văn bản làm căn cứ."),
    "post": _("Tên người giữ vai trò, ghế hội đồng theo quyết định."),
    "council": _("Nội dung do hội đồng, đợt đánh giá ghi: đi theo biên bản."),
    "own": _(
        "Nội dung nói về bạn, trong việc bạn đã làm, hoặc theo văn bản bạn đã ký: lãnh đạo khác "
        "của tỉnh mới xóa được."
    ),
    "erasure": _("Lý do của một lần xóa dữ liệu."),
    "columns": _("Lần sửa có nội dung không riêng của ai: tên, nhóm, mã sản phẩm, đơn vị, quyền."),
    "open": _(
        "Lý do trong hồ sơ đang xử lý, hoặc còn nộp lại, mở lại được: người làm tiếp cần đọc. Xóa "
        "được khi hồ sơ xong."
    ),
    "other": _("Nội dung khác mà quy định của hệ thống giữ lại."),
}


class ErasedMeanwhile(Exception):
    """A text that was chosen is not there to be erased any more; nothing changed."""


@rules.predicate
def leads_the_province(user: User | None) -> bool:
    """Leads the province, in their own right: who stands in for a leader does nothing for good."""
    return user is not None and user.is_active and _post(user) is not None


def _post(user: User) -> RoleAssignment | None:
    return next(
        (
            held for held in user.posts(Role.LEADER)
            if held.user_id == user.pk and held.org_unit.level == Level.PROVINCE
        ),
        None,
    )  # fmt: skip


rules.add_perm("dossiers.erase", leads_the_province)


# --- Whose ------------------------------------------------------------------------------------


def search(text: str) -> tuple[list[User], list[Producer]]:
    """(people with an account, producers) whose name, representative or number is ``text``."""
    if not letters.search_words(text):
        return [], []
    users = people.found(User.objects.order_by("sort_key", "username"), text)
    makers = Producer.everything.filter(letters.found(text)).select_related("commune")
    return list(users[:FOUND]), list(makers.order_by("sort_key", "pk")[:FOUND])


def is_of(whose: User | Producer, user: User) -> bool:
    """Whether these are the texts of ``user``: an account of theirs, or a producer that they stand
    for or are themselves, alone or with others.
    """
    if isinstance(whose, User):
        return is_oneself(user, whose)
    names = [whose.representative]
    if whose.owner_type == OwnerType.HOUSEHOLD:
        names.append(whose.name)
    phone = letters.fold(whose.phone)
    mine = (_pattern(each)[0] for each in _BETWEEN.split(user.phone))
    return is_called(user, *names) or any(re.search(each, phone) for each in mine if each)


def is_called(user: User, *names: str) -> bool:
    """Whether one of ``names`` names ``user``, as they are or were called."""
    own = [user.full_name, *_former(user)]
    return any(names_them(other, one) for one in own for other in names)


#: Between several numbers or addresses in one column.
_BETWEEN = re.compile(r"[,;/]|\s[-–—]\s")


def _known(whose: User | Producer) -> dict[str, list[str]]:
    """What says of a text, wherever it stands, that it is about this person: their full name, now
    and before, their telephone, their identity number or e-mail as a whole.

    What anybody may set to any words, as an address or a sign-in, is none: with it a text about
    something else would be taken for one of theirs.
    """
    if isinstance(whose, User):
        named, others = [whose.full_name, *_former(whose)], [whose.phone, whose.email]
    else:
        named, others = [whose.representative], [whose.phone, whose.registration_number]
        # A household is called by who it is; a cooperative is no person.
        if whose.owner_type == OwnerType.HOUSEHOLD:
            named += [whose.name, *_former(whose)]
    names = {letters.plain_words(each) for said in named for each in people_in(said)}
    found = [_pattern(each) for said in others for each in _BETWEEN.split(said)]
    return {
        "names": sorted(names - _of_units(names)),
        "patterns": sorted(each for each, digits in found if each and not 0 < digits < WHOLE),
    }


def _loose(whose: User | Producer) -> list[str]:
    """What else is looked for in what is about this person."""
    if isinstance(whose, User):
        return [whose.full_name, whose.username, *_former(whose)]
    said = [whose.representative, whose.address, whose.registration_number]
    return said + ([whose.name, *_former(whose)] if whose.owner_type == OwnerType.HOUSEHOLD else [])


def _own(user: User) -> list[str]:
    """What says that a text is about ``user``, who therefore does not erase it."""
    return [user.full_name, user.email, *_BETWEEN.split(user.phone), *_former(user)]


def _former(row: User | Producer) -> list[str]:
    return [each["name"] for each in row.former_names]


def _of_units(names: set[str]) -> set[str]:
    """Those of ``names`` that are what a unit is called: «Nà Tấu»."""
    called = Q(pk__in=[])
    for name in names:
        called |= Q(search__contains=name)
    units = OrgUnit.objects.filter(called).values_list("name", flat=True)
    told = [f" {letters.plain_words(unit)}" for unit in units]
    return {name for name in names if any(each.endswith(f" {name}") for each in told)}


def _pattern(said: str) -> tuple[str, int]:
    """(a regular expression for ``said`` as a whole in a folded text, its digits) of a number,
    however it is parted, or an e-mail address (0); ("", 0) of anything else.
    """
    if "@" in said:
        return rf"(?<![a-z0-9._%+-]){re.escape(letters.fold(said))}(?![a-z0-9_-]|[.][a-z0-9])", 0
    digits = letters.search_joined(said).removeprefix("+")
    if not digits.isdecimal() or len(digits) < DIGITS:
        return "", 0
    # A telephone number with or without what stands before it.
    core = re.sub("^(?:0084|84(?=[0-9]{9}$)|0(?=[0-9]{9,10}$))", "", digits)
    parted = "[ .()-]{0,2}"
    before = rf"(?:(?:[+]?84|0084|0){parted})?" if len(core) in (WHOLE, WHOLE + 1) else ""
    return rf"(?<![0-9])(?<![0-9][.]){before}{parted.join(core)}(?![.]?[0-9])", len(digits)


def _terms(said_of: Iterable[str], of: str) -> dict[str, list[str]]:
    """``names`` (as words) and ``patterns`` of what is looked for, the keys with ``of`` before
    them.
    """
    names, patterns = set(), set()
    for said in said_of:
        words, (pattern, _digits) = letters.plain_words(said), _pattern(said)
        if pattern:
            patterns.add(pattern)
        elif not words.replace(" ", "").isdecimal() and (" " in words or len(words) >= LETTERS):
            names.add(words)
    return {f"{of}names": sorted(names), f"{of}patterns": sorted(patterns)}


# --- What -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """One personal text of the history; ``ticked``: offered as chosen."""

    entry: HistoryEntry
    part: str
    word: str
    ticked: bool

    @property
    def key(self) -> str:
        """What names it in a form."""
        return f"{self.entry.pk}:{self.part}"

    @property
    def said(self) -> str:
        """The text as a person reads it."""
        if not self.part.startswith("data."):
            return self.word
        try:
            return _in_words(json.loads(self.word))
        except ValueError:
            return self.word


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(_in_words(each) for each in value.values())
    if isinstance(value, list):
        return " → ".join(_in_words(each) for each in value)
    return "" if value is None else str(value)


@dataclass
class Found:
    """What the history says of somebody: ``texts`` that may be erased, at most AT_ONCE of ``more``;
    ``stays`` [(why, how many)]; ``old``: entries whose words are hashed into their chain.
    """

    texts: list[Text] = field(default_factory=list)
    more: bool = False
    stays: list[tuple[str | Promise, int]] = field(default_factory=list)
    old: int = 0


def _folded(word: str) -> str:
    """SQL: the text ``word`` folded, and its plain words with a blank on either side. The end of a
    line is two signs where the text is of JSON: with the name after it they would be one word.
    """
    fold = letters.Fold.template % {
        "expressions": rf"regexp_replace({word}, '(\\[nrt])+', ' ', 'g')"
    }
    # OFFSET: computed once, however often it is asked.
    return f"""(SELECT folded, ' ' || regexp_replace(folded, '[^a-z0-9]+', ' ', 'g') || ' ' AS words
                FROM (SELECT {fold} AS folded OFFSET 0) AS once OFFSET 0)"""  # noqa: S608  # no value of anybody's


def _told(row: str, of: str = "") -> str:
    """SQL: whether the text ``row`` (:func:`_folded`) has one of the terms ``of`` somebody."""
    return f"""(EXISTS (SELECT FROM unnest(%({of}names)s::text[]) AS name
                        WHERE position(' ' || name || ' ' IN {row}.words) > 0)
                OR EXISTS (SELECT FROM unnest(%({of}patterns)s::text[]) AS pattern
                           WHERE {row}.folded ~ pattern))"""  # noqa: S608  # no value of anybody's


# CASE: who did it need not be read. Of the producer's products and dossiers a correction is of the
# producer; their reasons are the office's words, unless they name somebody. What is no full name or
# whole number, and what is typed beside, names them where the entry is about them; what is typed
# also where the entry says a full name of theirs: elsewhere these are words.
_SEARCH = f"""
SELECT * FROM (
SELECT e.id, said.part, said.word,
       coalesce(history_word_stays(e, said.part, s.words -> said.part, %(eraser)s),
                CASE WHEN {_told("said", "own_")} THEN 'own' END) AS stays,
       told.names_them OR told.own AND said.part <> 'reason'
FROM cycle_sealedtext s
JOIN cycle_historyentry e ON e.id = s.entry_id
CROSS JOIN LATERAL (SELECT part, word, folded, words
                    FROM jsonb_each_text(s.words) AS one (part, word)
                    CROSS JOIN LATERAL {_folded("one.word")} AS read
                    WHERE part NOT IN ('actor', 'acting_for')) AS said
CROSS JOIN LATERAL (SELECT
    e.stream = %(stream)s AND e.stream_id = %(id)s AS own,
    e.stream = 'product' AND e.stream_id = ANY (%(products)s::bigint[])
      OR e.stream = 'dossier' AND e.stream_id = ANY (%(dossiers)s::bigint[]) AS beside) AS whose
CROSS JOIN LATERAL (SELECT whose.own,
    {_told("said")} OR {_told("said", "also_")} AND (
      whose.own OR whose.beside OR EXISTS (
        SELECT FROM jsonb_each_text(s.words) AS one (part, word)
        CROSS JOIN LATERAL {_folded("one.word")} AS near
        WHERE one.part NOT IN ('actor', 'acting_for', 'data.signer', 'data.document_signer')
          AND {_told("near")})),
    (whose.own OR whose.beside) AND {_told("said", "loose_")}) AS told (own, names_them, loosely)
WHERE told.own OR told.names_them OR told.loosely OR whose.beside AND (
    said.part IN ('data.changed', 'data.was')
    -- One act, told in both chains.
    OR said.part = 'reason' AND EXISTS (
      SELECT FROM cycle_historyentry same JOIN cycle_sealedtext its ON its.entry_id = same.id
      WHERE same.stream = %(stream)s AND same.stream_id = %(id)s AND same.at = e.at
        AND its.words ->> 'reason' = said.word))
) AS found (id, part, word, stays, ticked)
ORDER BY stays IS NOT NULL, id, part
LIMIT %(most)s
"""  # noqa: S608  # no value of anybody's


def find(whose: User | Producer, also: str = "", *, by: User) -> Found:
    """What the history says of this person, for ``by`` to erase; ``also`` is one more name or
    number of theirs.
    """
    streams = _streams(whose)
    (stream, (pk,)), *_others = streams.items()
    asked: dict[str, Any] = {"stream": stream, "id": pk, "eraser": by.pk}
    asked |= _known(whose) | _terms(_loose(whose), "loose_")
    asked |= _terms([also], "also_") | _terms(_own(by), "own_")
    asked |= {"products": streams.get("product", []), "dossiers": streams.get("dossier", [])}
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, asked | {"most": 10 * AT_ONCE})
        rows = cursor.fetchall()
    entries = HistoryEntry.objects.select_related("actor", "org_unit", "acting_for").in_bulk(
        {row[0] for row in rows}
    )
    kept: Counter[str] = Counter()
    texts = []
    for key, part, word, stays, ticked in rows:
        entry = entries[key]
        if stays is not None:
            kept[stays] += 1
        else:
            texts.append(Text(entry, part, word, ticked))
    if isinstance(whose, User):
        # Their name is in each of their acts: counted, never listed.
        acts = HistoryEntry.objects.filter(Q(actor=whose) | Q(acting_for=whose))
        kept["act"] += acts.order_by().count()
    return Found(
        texts[:AT_ONCE],
        len(texts) > AT_ONCE,
        [(said, kept[why]) for why, said in STAYS.items() if kept[why]],
        _of(streams).filter(version=1).order_by().count(),
    )


def _streams(whose: User | Producer) -> dict[str, list[int]]:
    """{stream: ids} of the chains about this person, their own first."""
    if isinstance(whose, User):
        return {Stream.PERSON.value: [whose.pk]}
    products = list(whose.products.values_list("pk", flat=True))
    dossiers = list(Dossier.objects.filter(product__in=products).values_list("pk", flat=True))
    return {Stream.PRODUCER.value: [whose.pk], "product": products, "dossier": dossiers}


def _of(streams: dict[str, list[int]]) -> QuerySet[HistoryEntry]:
    of = Q(pk__in=[])
    for stream, ids in streams.items():
        of |= Q(stream=stream, stream_id__in=ids)
    return HistoryEntry.objects.filter(of)


# --- The act ----------------------------------------------------------------------------------


def used_before(
    whose: User | Producer, number: str, signed_on: date, sha256: str
) -> Erasure | None:
    """The last erasure of somebody else on a paper of this number and year, or with this scan."""
    found = _on_this_paper(number, signed_on, sha256)
    return next((each for each in found if not one_person(each.whose, whose)), None)


def one_person(one: User | Producer, other: User | Producer) -> bool:
    """Whether both are one person: one row, or of one name (an account's, a producer's
    representative's, a household's) with one telephone number. The database says it, which asks it
    of each erasure too.
    """
    keys = [
        whose.pk if isinstance(whose, kind) else None
        for whose in (one, other)
        for kind in (User, Producer)
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_one_person(%s::bigint, %s::bigint, %s::bigint, %s::bigint)", keys)
        return cursor.fetchone()[0]


def _on_this_paper(number: str, signed_on: date, sha256: str) -> QuerySet[Erasure]:
    numbered = Q(folded=letters.fold_number(number), signed_on__year=signed_on.year)
    return (
        Erasure.objects.annotate(folded=letters.FoldNumber("number"))
        .filter(numbered | ~Q(sha256="") & Q(sha256=sha256))
        .select_related("person", "producer")
    )


def check_paper(
    whose: User | Producer,
    *,
    by: User,
    because: str,
    number: str,
    signed_on: date,
    signer: str,
    sha256: str,
) -> None:
    """Raises ValidationError at ``signer`` of a paper of one's own; at ``number`` or ``scan`` of
    somebody else's request; where it differs from itself, as it was recorded before.

    ``sha256`` is its scan's; "" when none came yet.
    """
    if is_called(by, signer):
        raise ValidationError(
            {"signer": _("Người ký phải là người khác: không ai tự ký văn bản rồi tự xóa theo nó.")}
        )
    folded = letters.fold_number(number)
    for before in _on_this_paper(number, signed_on, sha256):
        scanned = before.sha256 == sha256
        numbered = (
            letters.fold_number(before.number) == folded and before.signed_on.year == signed_on.year
        )
        told = {"whose": before.whose, "paper": before, "signer": before.signer}
        another = not one_person(before.whose, whose)
        if another and Because.REQUEST in (because, before.because):
            # Without a telephone number it may be theirs all the same.
            said = (
                _(
                    "Văn bản số này đã dùng để xóa của %(whose)s, không cùng họ tên và số điện "
                    "thoại: một yêu cầu là của một người."
                )
                if numbered
                else _(
                    "Bản chụp này đã dùng để xóa của %(whose)s, không cùng họ tên và số điện "
                    "thoại: một yêu cầu là của một người."
                )
            )
            raise ValidationError({"number" if numbered else "scan": said % told})
        # Two bodies may give one number: of somebody else it is asked about.
        if not scanned and another:
            continue
        if not numbered:
            raise ValidationError(
                {"scan": _("Bản chụp này là của văn bản %(paper)s, đã dùng để xóa.") % told}
            )
        if before.signed_on != signed_on:
            raise ValidationError(
                {"signed_on": _("Văn bản này đã dùng để xóa, ghi là %(paper)s.") % told}
            )
        if not same_name(before.signer, signer):
            raise ValidationError(
                {"signer": _("Văn bản này đã dùng để xóa, ghi người ký %(signer)s.") % told}
            )


def erase(made: Erasure, keys: list[str], *, by: User, also: str = "") -> Erasure:
    """Erase for good the texts ``keys`` (of :class:`Text`), on the paper of ``made`` (unsaved).

    They must be among what :func:`find` offers of this person with ``also``. Every chain that lost
    a text says so. Raises PermissionDenied, ValidationError, ErasedMeanwhile.
    """
    if not rules.has_perm("dossiers.erase", by):
        raise PermissionDenied
    if is_of(made.whose, by):
        raise ValidationError(NOT_OWN)
    _check_paper_of(made, by)
    offered = {each.key: each for each in find(made.whose, also, by=by).texts}
    if not keys:
        raise ValidationError({"texts": _("Bạn chưa chọn nội dung nào để xóa.")})
    if set(keys) - set(offered):
        raise ErasedMeanwhile
    chosen = [offered[key] for key in sorted(set(keys))]
    made.texts = [[each.entry.pk, each.part] for each in chosen]
    made.made_by, made.made_at = by, clock.now()
    try:
        with transaction.atomic():
            files.keep(made.sha256, "scan")
            made.save(force_insert=True)
            _batches(made.whose, chosen).erase()
            _forget_drafts(made.whose, also)
            for chain, lost in _chains(made.whose, chosen):
                HistoryEntry.objects.record(
                    "personal.erase", chain, by=by, capacity=_post(by), reason=made.reason,
                    saved=[made], attached=[made.sha256], document=str(made), signer=made.signer,
                    erased=lost,
                )  # fmt: skip
    except IntegrityError as error:
        if "is a paper of" in str(error):
            # Somebody else was faster with it.
            _check_paper_of(made, by)
        # A dossier may have been reopened since.
        if "erased before" not in str(error) and "this text stays" not in str(error):
            raise
        raise ErasedMeanwhile from error
    return made


def _check_paper_of(made: Erasure, by: User) -> None:
    check_paper(
        made.whose, by=by, because=made.because, number=made.number, signed_on=made.signed_on,
        signer=made.signer, sha256=made.sha256,
    )  # fmt: skip


@dataclass(frozen=True)
class _Chain:
    """A chain that lost a text, as an entry is written into it."""

    history_stream: str
    pk: int
    history_cycle_id: int | None
    label: str

    def __str__(self) -> str:
        return self.label


def _chains(whose: User | Producer, chosen: list[Text]) -> Iterator[tuple[Any, int]]:
    """(chain, how many texts it lost), the person's own first, lost or not."""
    own: Any = Appointed(whose) if isinstance(whose, User) else whose
    lost = Counter((each.entry.stream, each.entry.stream_id) for each in chosen)
    yield own, lost.pop((own.history_stream, own.pk), 0)
    last = {(each.entry.stream, each.entry.stream_id): each.entry for each in chosen}
    for (stream, pk), many in sorted(lost.items()):
        entry = last[stream, pk]
        # What is called by a person is not named again.
        label = entry.label if "label" not in entry.sealed else str(Stream(stream).label)
        yield _Chain(stream, pk, entry.cycle_id, label), many


def _batches(whose: User | Producer, chosen: list[Text]) -> ActBatchRowQuerySet:
    """Rows of acts for many, of the dossiers that lost a text or are of the person: what was typed
    for them and not done, and why it was not, is in no history, and goes with it.
    """
    of = {each.entry.stream_id for each in chosen if each.entry.stream == Stream.DOSSIER}
    of.update(_streams(whose).get(Stream.DOSSIER.value, ()))
    return ActBatchRow.objects.filter(dossier__in=of)


# Words are looked for as in the history, in all that is typed: a draft is in no chain.
_DRAFTS = f"""
DELETE FROM dossiers_draft WHERE id IN (
    SELECT d.id FROM dossiers_draft d CROSS JOIN LATERAL {_folded("d.content::text")} AS said
    WHERE d.dossier_id = ANY (%(dossiers)s::bigint[]) OR d.by_id = %(person)s
      OR {_told("said")} OR {_told("said", "also_")})
"""  # noqa: S608  # no value of anybody's


def _forget_drafts(whose: User | Producer, also: str) -> None:
    """Delete drafts of the person's dossiers, by them, or that name them: they are no record."""
    asked: dict[str, Any] = {**_known(whose), **_terms([also], "also_")}
    asked |= {
        "dossiers": _streams(whose).get(Stream.DOSSIER.value, []),
        "person": whose.pk if isinstance(whose, User) else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DRAFTS, asked)


NOT_OWN = _("Không ai tự xóa dữ liệu của mình: hãy nhờ một lãnh đạo khác của tỉnh.")
