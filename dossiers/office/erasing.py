"""Personal texts are erased from the history, on a paper (xóa dữ liệu cá nhân).

What may go and what stays: docs/decisions/0010-erasure.md. Live rows (a telephone number in use)
are corrected by their own acts, and records that a duty keeps are not touched.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import rules
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cycle import clock, files, letters
from cycle.appointing import Appointed
from cycle.models import HistoryEntry, Level, Role, RoleAssignment, Stream, User
from dossiers.models import Dossier, Erasure, OwnerType, Producer, Task
from dossiers.office import people

#: So many texts are offered at once; the next ones come when these are done.
AT_ONCE = 200
#: So many people and producers are found by one search.
FOUND = 20
#: A number is looked for when it has so many digits, a single word when it has so many letters.
DIGITS, LETTERS = 6, 4

#: Why a text stays: what ``history_word_stays`` says in the database, and ``open``.
STAYS: dict[str, str | Promise] = {
    "act": _("Tên người đã làm hoặc được làm thay trong một việc: quyết định phải có người làm."),
    "paper": _("Tên người ký văn bản làm căn cứ."),
    "post": _("Tên người giữ vai trò, ghế hội đồng theo quyết định."),
    "council": _("Nội dung do hội đồng, đợt đánh giá ghi: đi theo biên bản."),
    "open": _("Lý do trong hồ sơ đang xử lý: người làm tiếp cần đọc. Xóa được khi hồ sơ xong."),
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


def _called(whose: User | Producer) -> Iterator[str]:
    """What is looked for in texts everywhere: what this person is or was called, their numbers."""
    former = [each["name"] for each in whose.former_names]
    if isinstance(whose, User):
        yield from (whose.full_name, whose.username, whose.email, whose.phone, *former)
        return
    yield from (whose.representative, whose.phone, whose.address, whose.registration_number)
    # A household is called by who it is; a cooperative is no person.
    if whose.owner_type == OwnerType.HOUSEHOLD:
        yield from (whose.name, *former)


def _terms(whose: User | Producer, also: str) -> dict[str, list[str]]:
    """``names`` (as words) and ``numbers`` (as digits) that a text of theirs may have."""
    names, numbers = set(), set()
    for said in (*_called(whose), also):
        words = letters.search_words(said)
        joined = words.replace(" ", "")
        if joined.isdigit():
            numbers |= {joined} if len(joined) >= DIGITS else set()
        elif " " in words or len(words) >= LETTERS:
            names.add(words)
    return {"names": sorted(names), "numbers": sorted(numbers)}


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


_WORDS = letters.SearchWords.template % {"expressions": "said.word"}
_JOINED = letters.SearchJoined.template % {"expressions": "said.word"}
# CASE: what stays whatever it says need not be read. Of the producer's products and dossiers a
# correction is of the producer; their reasons are the office's words, unless they name somebody.
_SEARCH = f"""
SELECT e.id, said.part, said.word, history_word_stays(e.stream, e.event, said.part) AS stays,
       told.names_them, e.stream = %(stream)s AND e.stream_id = %(id)s AS own
FROM cycle_sealedtext s
JOIN cycle_historyentry e ON e.id = s.entry_id
CROSS JOIN LATERAL jsonb_each_text(s.words) AS said (part, word)
CROSS JOIN LATERAL (SELECT CASE WHEN said.part IN ('actor', 'acting_for') THEN FALSE ELSE
    EXISTS (SELECT FROM unnest(%(names)s::text[]) AS name
            WHERE position(' ' || name || ' ' IN ' ' || {_WORDS} || ' ') > 0)
    OR EXISTS (SELECT FROM unnest(%(numbers)s::text[]) AS number
               WHERE position(number IN {_JOINED}) > 0) END) AS told (names_them)
WHERE said.part NOT IN ('actor', 'acting_for')
  AND (e.stream = %(stream)s AND e.stream_id = %(id)s OR told.names_them
       OR said.part IN ('data.changed', 'data.was')
          AND (e.stream = 'product' AND e.stream_id = ANY (%(products)s::bigint[])
               OR e.stream = 'dossier' AND e.stream_id = ANY (%(dossiers)s::bigint[])))
ORDER BY history_word_stays(e.stream, e.event, said.part) IS NOT NULL, e.id, said.part
LIMIT %(most)s
"""  # noqa: S608  # no value of anybody's


def find(whose: User | Producer, also: str = "") -> Found:
    """What the history says of this person; ``also`` is one more name or number to look for."""
    streams = _streams(whose)
    (stream, (pk,)), *_others = streams.items()
    asked: dict[str, Any] = {**_terms(whose, also), "stream": stream, "id": pk}
    asked |= {"products": streams.get("product", []), "dossiers": streams.get("dossier", [])}
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, asked | {"most": 10 * AT_ONCE})
        rows = cursor.fetchall()
    entries = HistoryEntry.objects.select_related("actor", "org_unit", "acting_for").in_bulk(
        {row[0] for row in rows}
    )
    under_way = set(
        Task.objects.filter(
            dossier__in={each.stream_id for each in entries.values() if each.stream == "dossier"},
            open_state__isnull=False,
        ).values_list("dossier", flat=True)
    )  # fmt: skip
    kept: Counter[str] = Counter()
    texts = []
    for key, part, word, stays, names_them, own in rows:
        entry = entries[key]
        if stays is None and part == "reason" and entry.stream == "dossier":
            stays = "open" if entry.stream_id in under_way else None
        if stays is not None:
            kept[stays] += 1
        else:
            texts.append(Text(entry, part, word, names_them or own and part != "reason"))
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


def erase(made: Erasure, keys: list[str], *, by: User, also: str = "") -> Erasure:
    """Erase for good the texts ``keys`` (of :class:`Text`), on the paper of ``made`` (unsaved).

    They must be among what :func:`find` offers of this person with ``also``. Raises
    PermissionDenied, ValidationError, ErasedMeanwhile.
    """
    if not rules.has_perm("dossiers.erase", by):
        raise PermissionDenied
    if made.person_id == by.pk:
        raise ValidationError(NOT_OWN)
    offered = {each.key: each for each in find(made.whose, also).texts}
    if not keys:
        raise ValidationError({"texts": _("Bạn chưa chọn nội dung nào để xóa.")})
    if set(keys) - set(offered):
        raise ErasedMeanwhile
    made.texts = [[offered[key].entry.pk, offered[key].part] for key in sorted(set(keys))]
    made.made_by, made.made_at = by, clock.now()
    try:
        with transaction.atomic():
            files.keep(made.sha256, "scan")
            made.save(force_insert=True)
            whose: Any = Appointed(made.person) if made.person else made.producer
            HistoryEntry.objects.record(
                "personal.erase", whose, by=by, capacity=_post(by), reason=made.reason,
                saved=[made], attached=[made.sha256], document=str(made), signer=made.signer,
                erased=len(made.texts),
            )  # fmt: skip
    except IntegrityError as error:
        if "erased before" not in str(error):
            raise
        raise ErasedMeanwhile from error
    return made


NOT_OWN = _("Không ai tự xóa dữ liệu của mình: hãy nhờ một lãnh đạo khác của tỉnh.")
