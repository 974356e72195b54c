"""Who signs the paper that an act rests on (thẩm quyền ký), and how offices write their capacity.

A leaf. Each act names its :class:`Signer` where it is declared. A capacity is read without marks,
capitals, dots and dashes: «KT. CHỦ TỊCH — PHÓ CHỦ TỊCH» is "kt chu tich pho chu tich". The whole of
it must be that of the office, so that «Thư ký Bộ trưởng» is no minister.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cycle.letters import fold, search_words
from cycle.models import Level, OrgUnit, Role, before_and_after
from dossiers.law.states import State

if TYPE_CHECKING:
    from dossiers.models.dossier import Dossier

# --- How it is written ----------------------------------------------------------------------------

#: Ways to write the same, of words without marks: what is found, what it says.
_SHORT = [
    (re.compile(rf"\b(?:{found})\b"), said)
    for found, said in (
        ("thay mat|t m", "tm"),
        ("ky thay|k t", "kt"),
        ("thua uy quyen|t u q", "tuq"),
        ("thua lenh|t l", "tl"),
        ("ubnd|ub nd|ub nhan dan", "uy ban nhan dan"),
        ("q", "quyen"),
        ("(?:p|pho) ?(?:ct|chu tich) ?tt|pct ?tt", "pho chu tich thuong truc"),
        ("p (?:ct|chu tich)|pho ct|pct", "pho chu tich"),
        ("ct", "chu tich"),
        ("hd", "hoi dong"),
        ("t ?w", "trung uong"),
        ("uy ban nhan dan p", "uy ban nhan dan phuong"),
        ("uy ban nhan dan tt", "uy ban nhan dan thi tran"),
        ("tp", "thanh pho"),
    )
]
#: What is another office though it reads the same without marks: the head of any agency.
_MISTAKEN = ("thủ trưởng",)
#: A copied signature block may end so.
_SIGNED = re.compile(r" da ky(?: ten)?(?: dong dau)?$")

_TOWN = "xa|phuong|thi tran|dac khu"
_OF_DISTRICT = "huyen|thi xa|thanh pho|quan"
_OF_PROVINCE_KINDS = "tinh|thanh pho"

#: Names of units, as :func:`capacity_words` reads them: «xa na tau».
Names = frozenset[str]


def _names(names: Names, kinds: str) -> list[str]:
    """How units of these ``names`` are written: with the word of their kind, or without."""
    written = []
    for name in sorted(names):
        kind, bare = re.fullmatch(rf"(?:({kinds}) )?(.+)", name).groups()  # type: ignore[union-attr]
        written.append(rf"(?:(?:{kind or kinds}) )?{re.escape(bare)}")
    return written


def _unit(kinds: str, names: Names, above: str = "", alone: str = "") -> str:
    """A unit: the word of its kind ``alone`` (any of ``kinds`` without it), or one of ``names``;
    then the units ``above`` it.
    """
    return rf"(?:{'|'.join((alone or kinds, *_names(names, kinds)))}){above}"


def _line(head: str, deputy: str, before: str, heads: str, *, orders: str = "tuq") -> re.Pattern:
    """How ``head`` and ``deputy`` are written, with the body ``before`` them or not: alone, one for
    the other, or one of the ``heads`` of offices who sign for them by an authority (``orders``).
    """
    return re.compile(
        rf"(?:(?:tm )?{before} )?(?:kt {head}(?: {deputy})?|{head}(?: {deputy})?|{deputy}"
        rf"|(?:{orders}) (?:{head}|{before}) (?:{heads}))"
    )


def _head(office: str, *titles: tuple[str, str]) -> str:
    """The head of an ``office``, their deputy, or the deputy for the head."""
    ways = []
    for head, deputy in titles:
        ways += [rf"(?:kt {head}{office} )?{deputy}{office}", rf"{head}{office}"]
    return "|".join(ways)


def _any_of(*words: str) -> str:
    return rf"(?: (?:{'|'.join(words)}))*"


#: What offices of a committee are about, word by word.
_ABOUT = _any_of(
    "nong nghiep", "va", "moi truong", "phat trien nong thon", "ptnt", "mt", "nn", "nnptnt", "nnmt",
    "cong thuong", "khoa hoc", "cong nghe", "tai chinh", "ke hoach", "dau tu", "noi vu", "y te",
    "van hoa", "the thao", "du lich", "tai nguyen", "xay dung", "kinh te", "ha tang", "do thi",
    "xa hoi",
)  # fmt: skip
_CHIEF = ("chanh van phong", "pho (?:chanh )?van phong")


def _heads_of(unit: str, office: str, *titles: tuple[str, str]) -> str:
    """The heads of a committee's offices and of its secretariat, and of no other."""
    secretariat = (
        rf"(?: (?:hdnd va )?(?:uy ban nhan dan|uy ban)|(?: dieu phoi)(?: nong thon moi| ntm)?)?"
        rf"(?: {unit})?"
    )
    return _head(rf"{office}{_ABOUT}(?: {unit})?", *titles) + "|" + _head(secretariat, _CHIEF)


def _chair(unit: str, heads: str) -> re.Pattern:
    """The chair of a unit's People's Committee, or who signs for them: one of ``heads``."""
    committee = rf"uy ban nhan dan(?: cap)?(?: {unit})?"
    of = rf"(?: {committee}| {unit})?"
    head = rf"(?:quyen )?chu tich{of}"
    deputy = rf"pho chu tich(?: thuong truc| phu trach)?{of}"
    return _line(head, deputy, committee, heads)


#: What a council that judges is about, word by word.
_JUDGED = _any_of(
    "danh gia", "tham dinh", "xep hang", "phan hang", "va", "cac", "san pham", "chuong trinh",
    "ocop", "moi xa mot san pham", "cap", r"nam \d{4}",
)  # fmt: skip
_CHAIR = ("chu tich", "pho chu tich(?: thuong truc| phu trach)?")


def _body(unit: str) -> str:
    """A council that judges."""
    return rf"hoi dong{_JUDGED}(?: {unit})?"


def _council(unit: str) -> re.Pattern:
    """The chair of a council that judges, or their deputy."""
    council = _body(unit)
    head = rf"chu tich(?: {council})?"
    # No council gives an authority.
    return _line(head, rf"pho chu tich(?: thuong truc)?(?: {council})?", council, r"(?!)")


def _party(unit: str) -> str:
    """Who leads the party in a unit, as its chair often does."""
    body = r"(?: (?:dang uy|dang bo|ban thuong vu|tinh uy|huyen uy|thanh uy|thi uy))*"
    return rf"(?:pho )?bi thu(?: thuong truc)?{body}(?: {unit})?"


_MINISTRY = (
    r"bo (?:nong nghiep(?: va)?(?: phat trien nong thon| ptnt| moi truong| mt)?"
    r"|nn ?(?:va )?(?:ptnt|mt|moi truong))"
)


@dataclass(frozen=True)
class Office:
    """An office whose holder signs: ``sentence`` says so to whoever typed another capacity."""

    sentence: str | Promise
    written: tuple[re.Pattern[str], ...]
    #: What its holder is beside it, and a signature block says before or after it.
    beside: str = ""

    def signs_as(self, capacity: str) -> bool:
        """Whether a paper signed in this ``capacity`` is signed by its holder, or for them."""
        words = capacity_words(capacity)
        return any(_whole(pattern, self.beside).fullmatch(words) for pattern in self.written)


@lru_cache(maxsize=512)
def _whole(pattern: re.Pattern[str], beside: str) -> re.Pattern[str]:
    """``pattern``, with one of the offices ``beside`` before or after it."""
    if not beside:
        return pattern
    its = f"(?:{pattern.pattern})"
    return re.compile(rf"{its}|(?:{beside}) {its}|{its} (?:{beside})")


@lru_cache(maxsize=1024)
def capacity_words(capacity: str) -> str:
    """A capacity as it is compared: «Q. Chủ tịch UBND xã» → "quyen chu tich uy ban nhan dan xa"."""
    said = " ".join(unicodedata.normalize("NFC", capacity).casefold().split())
    if any(other in said for other in _MISTAKEN):
        return ""
    words = search_words(capacity)
    for found, meant in _SHORT:
        words = found.sub(meant, words)
    return _SIGNED.sub("", words)


# --- Which office ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Called:
    """What the units over a dossier or council are and were called, by level, as
    :func:`capacity_words` reads them; ``kind``: what its province is today, ``level``: whose names
    these are, of one unit.
    """

    commune: Names = frozenset()
    district: Names = frozenset()
    province: Names = frozenset()
    kind: str = "tinh"
    level: str = ""

    @classmethod
    def over(cls, *units: OrgUnit) -> Called:
        """The units, those above them, all that these took over, and what took them over."""
        names: dict[str, set[str]] = {level: set() for level in Level}
        kind, ids = "tinh", {unit.pk for unit in units}
        # Upward by level: what is above those of one level is known then.
        for _level in Level:
            found = before_and_after(ids)
            ids = set()
            for unit in found:
                names[unit.level].update(_names_of(unit))
                if unit.parent_id is not None:
                    ids.add(unit.parent_id)
                if unit.level == Level.PROVINCE and unit.valid_to is None:
                    kind = _kind(unit)
            if not ids:
                break
        commune, district, province = (
            frozenset(names[level]) for level in (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)
        )
        return cls(commune, district, province, kind)

    @classmethod
    def of(cls, unit: OrgUnit) -> Called:
        """The unit alone, with the names that it had, and all above it. What it took over and what
        took it over have chairs of their own.
        """
        own: dict[str, Any] = {"level": unit.level, unit.level: _names_of(unit)}
        found = replace(cls.over(unit), **own)
        return replace(found, kind=_kind(unit)) if unit.level == Level.PROVINCE else found


def _names_of(unit: OrgUnit) -> Names:
    """What a unit is and was called, as :func:`capacity_words` reads it."""
    former = [each["name"] for each in unit.former_names]
    other = re.split(r"[;,|]", unit.aliases)
    return frozenset(map(capacity_words, [unit.name, *former, *other])) - {""}


def _kind(province: OrgUnit) -> str:
    return "thanh pho" if fold(province.name).startswith("thanh pho") else "tinh"


def called(dossier: Dossier) -> Called:
    """What the unit is called whose body issued the paper that is being recorded, with those above
    it; without one the commune of today.
    """
    paper = dossier.resting_on
    issuer = paper.document.issuer if paper is not None else None
    return Called.of(issuer or dossier.commune.heir())


def _above(*levels: tuple[str, Names]) -> str:
    """The units above one, each named or not there."""
    return "".join(
        rf"(?: (?:{'|'.join(written)}))?"
        for kinds, names in levels
        if (written := _names(names, kinds))
    )


@lru_cache(maxsize=256)
def _units(called: Called) -> dict[Level, str]:
    """How its unit of each level is written after the office, with those above it."""
    province = _OF_PROVINCE_KINDS, called.province
    return {
        Level.COMMUNE: _unit(
            _TOWN, called.commune, _above((_OF_DISTRICT, called.district), province)
        ),
        Level.DISTRICT: _unit(_OF_DISTRICT, called.district, _above(province)),
        Level.PROVINCE: _unit(*province, alone=called.kind),
    }


_DIVISION = ("truong phong", "pho (?:truong )?phong")
#: Level of a committee -> its offices whose heads may sign by an authority of the chair.
_OFFICES: dict[Level, tuple[str, tuple[str, str]]] = {
    Level.COMMUNE: ("", _DIVISION),
    Level.DISTRICT: ("", _DIVISION),
    Level.PROVINCE: (" so", ("giam doc", "pho giam doc")),
}


@lru_cache(maxsize=256)
def _committee(called: Called, level: Level) -> tuple[re.Pattern, ...]:
    unit = _units(called)[level]
    return (_chair(unit, _heads_of(unit, *_OFFICES[level])),)


@lru_cache(maxsize=256)
def _judges(called: Called, level: Level) -> tuple[re.Pattern, ...]:
    return (_council(_units(called)[level]),)


_OF_MINISTRY = _any_of(
    "kinh te", "hop tac", "va", "phat trien", "nong thon", "chat luong", "che bien",
    "thi truong", "nong nghiep", "moi truong", "thuong mai",
)  # fmt: skip
_MINISTRY_HEADS = "|".join(
    (
        _head(rf"(?: cuc{_OF_MINISTRY})?", ("cuc truong", "pho cuc truong")),
        _head(rf"(?: vu{_OF_MINISTRY})?", ("vu truong", "pho vu truong")),
        _head(
            rf"(?: {_MINISTRY}| bo|(?: dieu phoi)(?: nong thon moi| ntm)?(?: trung uong)?)?", _CHIEF
        ),
    )
)
#: Whoever signs by the minister's order writes «TL. Bộ trưởng» before.
_MINISTER = (
    _line(
        rf"(?:quyen )?bo truong(?: {_MINISTRY})?",
        rf"thu truong(?: thuong truc)?(?: {_MINISTRY})?",
        _MINISTRY,
        _MINISTRY_HEADS,
        orders="tuq|tl",
    ),
)
_CENTRAL = "(?:cap )?(?:trung uong|quoc gia)"

MINISTER = Office(
    _("Văn bản của Bộ do Bộ trưởng hoặc Thứ trưởng ký: hãy kiểm tra chức vụ người ký."), _MINISTER
)
CENTRE = Office(
    _(
        "Kết quả của trung ương do Bộ trưởng, Thứ trưởng hoặc Chủ tịch Hội đồng trung ương ký: hãy "
        "kiểm tra chức vụ người ký."
    ),
    # A chair without a body is anybody's.
    (
        *_MINISTER,
        re.compile(rf"(?!(?:kt )?(?:pho )?chu tich$){_council(_CENTRAL).pattern}"),
    ),
)
_STOPPED = _(
    "Xác nhận ngừng sản xuất do Chủ tịch hoặc Phó Chủ tịch UBND xã ký: hãy kiểm tra chức vụ "
    "người ký."
)
_CORRECTED = _(
    "Văn bản đính chính do Chủ tịch UBND hoặc người đứng đầu cơ quan của UBND ký: hãy kiểm tra "
    "chức vụ người ký."
)
_NOTIFIED = _(
    "Thông báo kết quả do Chủ tịch, Phó Chủ tịch UBND tỉnh, lãnh đạo hội đồng hoặc người đứng đầu "
    "cơ quan của UBND tỉnh ký: hãy kiểm tra chức vụ người ký."
)
_OF_COMMITTEE: dict[Level, str | Promise] = {
    Level.COMMUNE: _(
        "Văn bản của xã do Chủ tịch hoặc Phó Chủ tịch UBND xã ký: hãy kiểm tra chức vụ người ký."
    ),
    Level.DISTRICT: _(
        "Văn bản của huyện do Chủ tịch hoặc Phó Chủ tịch UBND huyện ký: hãy kiểm tra chức vụ người "
        "ký."
    ),
    Level.PROVINCE: _(
        "Văn bản này do Chủ tịch UBND tỉnh hoặc người ký thay ký: hãy kiểm tra chức vụ người ký."
    ),
}
_OF_COUNCIL = _(
    "Kết quả của hội đồng do Chủ tịch hoặc Phó Chủ tịch hội đồng ký: hãy kiểm tra chức vụ người ký."
)
FIVE_STARS = Office(_("Quyết định thu hồi sản phẩm 5 sao do Bộ trưởng ký."), _MINISTER)
RECOGNISED = Office(_("Quyết định công nhận 5 sao do Bộ trưởng ký."), _MINISTER)


def committee(called: Called, level: Level, sentence: str | Promise = "") -> Office:
    """The chair of the People's Committee of this level, among the units that are so ``called``."""
    unit = _units(called)[level]
    beside = rf"{_party(unit)}|{_head(f' {_body(unit)}', _CHAIR)}"
    return Office(sentence or _OF_COMMITTEE[level], _committee(called, level), beside)


def council(called: Called, level: Level) -> Office:
    """The chair of the council of this level, who also is that of its committee."""
    unit = _units(called)[level]
    others = _head(f" uy ban nhan dan(?: {unit})?", _CHAIR), _heads_of(unit, *_OFFICES[level])
    written = (*_committee(called, level), *_judges(called, level))
    return Office(_OF_COUNCIL, written, "|".join((_party(unit), *others)))


def presided(called: Called, level: Level) -> Office:
    """Who presided over a meeting of the council of this level (chủ trì): its chair, or whoever did
    instead of them, which their capacity need not say.
    """
    chair, unit = council(called, level), _units(called)[level]
    its = _head(f"(?: {_body(unit)})?", _CHAIR)
    others = "|".join((chair.beside, its))
    here = re.compile(
        rf"(?:(?:tm )?{_body(unit)} )?(?:nguoi )?(?:chu tri|chu toa)"
        rf"(?: (?:(?:cuoc|phien|buoi) )?hop)?(?: {_body(unit)})?"
    )
    return replace(chair, written=(*chair.written, here), beside=others)


#: Words of whoever is no office that signs here: of other bodies, of people beside a chair, of
#: offices without the authority they would sign by. With one of them a capacity is known.
_OTHERS = re.compile(
    r"\b(?:thu ky|tro ly|nguyen|cuu|con ong|con ba|vo|chong|nghi huu|nhiem ky truoc|danh du"
    r"|chuyen vien|cong chuc|can bo|van thu|nhan vien|uy vien|thanh vien|chu nhiem|chua ro"
    r"|hoi (?!dong)|hoi dong (?:quan tri|nhan dan|thanh vien)|hdqt|hdnd|hdtv|mat tran|mttq|ubmttq"
    r"|cong doan|lien minh|doan|cau lac bo|htx|hop tac xa|to hop tac|cong ty|doanh nghiep|chu the"
    r"|ban quan ly|ban tuyen giao|giam doc|truong phong|pho phong|chanh van phong|pho van phong"
    r"|cuc truong|vu truong|truong thon|truong ban|bi thu|tl)\b"
)
_ALL_KINDS = rf"{_TOWN}|{_OF_DISTRICT}|tinh"
#: What may follow the bare word of a kind of unit that is no name of one.
_NO_NAME = "kiem|dong thoi|tm|kt|duoc|quyen|giao|phu trach|lam thoi|hien nay"

#: A committee, or its chair, of a unit that is called by its name alone.
_OF_SOME_UNIT = re.compile(
    rf"\b(?:chu tich|uy ban nhan dan)(?: cap)? "
    rf"(?!(?:{_NO_NAME}|uy ban|hoi dong|hanh chinh|chu tich|pho|va|thuong truc|dieu hanh)\b)\w"
)


def _names_another(called: Called, level: Level, words: str) -> bool:
    """Whether a unit is named in ``words`` that is none of those over a dossier, or the body of
    another ``level``. Of its own the word of the kind stands alone, or its name follows.
    """
    own = re.sub(_units(called)[level] + rf"(?=$| (?:{_NO_NAME})\b)", " ", words)
    return bool(re.search(rf"\b(?:{_ALL_KINDS})\b", own) or _OF_SOME_UNIT.search(own))


def is_anothers(called: Called, level: Level, capacity: str) -> bool:
    """Whether a ``capacity`` that is not that of the office asked for is known to be another's, or
    says nothing; else no pattern knows it, and it may stand so on the paper.

    ``level``: of whom the office is.
    """
    words = capacity_words(capacity)
    if len(re.findall(r"[^\W\d_]{2,}", words)) < 2 or _OTHERS.search(words):
        return True
    offices = [
        *(committee(called, each) for each in (_COMMUNE, _DISTRICT, _PROVINCE)),
        *(council(called, each) for each in (_DISTRICT, _PROVINCE)),
        MINISTER,
        CENTRE,
    ]
    if any(office.signs_as(capacity) for office in offices):
        return True
    if level == Level.CENTRE:
        # The ministry writes neither a chair of a committee nor another ministry.
        return bool(re.search(rf"\b(?:chu tich|uy ban|{_ALL_KINDS}|bo (?!truong))", words)) and (
            re.search(rf"\b{_MINISTRY}", words) is None or "chu tich" in words
        )
    if re.search(r"\b(?:bo|thu truong|trung uong|quoc gia)\b", words):
        return True
    return _names_another(called, level, words)


def doubt(office: Office, called: Called, level: Level, capacity: str) -> str:
    """What is asked of a ``capacity`` that no pattern knows as that of the ``office`` and that may
    stand so on the paper; "" of one that is its own, or known to be another's.
    """
    if office.signs_as(capacity) or is_anothers(called, level, capacity):
        return ""
    return _now(
        "Phần mềm chưa biết chức vụ «%(capacity)s». %(who)s Trên văn bản ghi đúng như vậy, và "
        "người ký có thẩm quyền, thì xác nhận: nhật ký sẽ ghi rõ."
    ) % {"capacity": capacity, "who": office.sentence}


def _committee_at(
    level: Level, sentence: str | Promise = ""
) -> Callable[[Dossier, Called], Office]:
    return lambda _dossier, body: committee(body, level, sentence)


def _council_at(level: Level) -> Callable[[Dossier, Called], Office]:
    return lambda _dossier, body: council(body, level)


def _of_whoever_has_it(dossier: Dossier, body: Called) -> Office:
    return committee(body, _level_that_has_it(dossier, dossier.state))


def _centre(dossier: Dossier, _body: Called) -> Office:
    """Five stars are given by the minister; a result below may come from the centre's council."""
    result = dossier.fresh_result()
    return RECOGNISED if result is not None and result.stars == 5 else CENTRE


def _who_revokes(dossier: Dossier, body: Called) -> Office:
    """What the centre certifies under the pinned edition the minister revokes."""
    by_centre = _level_that_certified(dossier, dossier.state) == Level.CENTRE
    return FIVE_STARS if by_centre else committee(body, Level.PROVINCE)


def _who_corrects(_dossier: Dossier, body: Called) -> Office:
    """The law names nobody: whoever has the names in charge, in the name of an office too."""
    level = Level(body.level or Level.PROVINCE)
    chair = committee(body, level, _CORRECTED)
    return replace(chair, written=(*chair.written, _heads(body, level)))


def _who_notifies(_dossier: Dossier, body: Called) -> Office:
    """The law names «the office»: the council's, so its chair, the province's or an office's."""
    chair = council(body, Level.PROVINCE)
    written = (*chair.written, _heads(body, Level.PROVINCE))
    return replace(chair, sentence=_NOTIFIED, written=written)


@lru_cache(maxsize=256)
def _heads(body: Called, level: Level) -> re.Pattern:
    return re.compile(_heads_of(_units(body)[level], *_OFFICES[level]))


def _level_that_has_it(_dossier: Dossier, state: str) -> Level:
    return Level.COMMUNE if state == State.COMMUNE_CHECKED else Level.DISTRICT


def _level_that_certified(dossier: Dossier, _state: str) -> Level:
    by_centre = dossier.rule_set.certifier(dossier.stars) == Level.CENTRE
    return Level.CENTRE if by_centre else Level.PROVINCE


@dataclass(frozen=True)
class Signer:
    """Who signs the paper of an act: by which article of QĐ 26/2026/QĐ-TTg, unless said; ``own``:
    the paper is of no other act of the dossier.

    ``level``: whose number the paper has, where the act is done in a state. ``paper``: what paper
    it is; of other dossiers it may be for acts of the same alone. Without one for this act alone.
    ``beside``: other levels whose body may have issued it.
    ``holder``: the office, given what the body that issues it is called.
    """

    holder: Callable[[Dossier, Called], Office]
    article: str
    level: Level | Callable[[Dossier, str], Level]
    own: bool = True
    paper: str = ""
    beside: tuple[Level, ...] = ()

    def office(self, dossier: Dossier, issuer: OrgUnit | None = None) -> Office:
        """The office that signs it for the body of ``issuer``; without one of the body that issued
        the paper which is being recorded.
        """
        return self.holder(dossier, called(dossier) if issuer is None else Called.of(issuer))

    def levels(self, dossier: Dossier, state: str, desk: str = "") -> list[Level]:
        """Whose numbers it may have, the likeliest first: that of the ``desk`` where it is done."""
        found = [self.level_of(dossier, state), *self.beside]
        return sorted(found, key=lambda level: level != desk) if self.beside else found

    def level_of(self, dossier: Dossier, state: str) -> Level:
        """Whose number a paper has on which the act was done in ``state``."""
        return self.level if isinstance(self.level, Level) else self.level(dossier, state)


#: Who records what another signed.
RECORDERS = (Role.OFFICER, Role.CLERK)
#: The kinds of papers that several acts may rest on.
REQUEST, RESULT = "request", "result"
_1048, _CENTRE = "QĐ 1048/2019", Level.CENTRE
_PROVINCE, _DISTRICT, _COMMUNE = Level.PROVINCE, Level.DISTRICT, Level.COMMUNE

_of_commune, _of_province = _committee_at(_COMMUNE), _committee_at(_PROVINCE)

COMMUNE_TO_DISTRICT = Signer(_of_commune, _1048, _COMMUNE, own=False, paper=REQUEST)
TO_PROVINCE = Signer(_of_whoever_has_it, "Điều 7.2", _level_that_has_it, own=False, paper=REQUEST)
DISTRICT_RESULT = Signer(_council_at(_DISTRICT), _1048, _DISTRICT, own=False, paper=RESULT)
PROVINCE_RESULT = Signer(_council_at(_PROVINCE), "Điều 7.3", _PROVINCE, own=False, paper=RESULT)
#: One decision approves some results and recognises others.
APPROVAL = Signer(_of_province, "Điều 7.4", _PROVINCE, paper=RESULT)
CERTIFICATION = Signer(_of_province, "Điều 7.3", _PROVINCE, paper=RESULT)
NOTICE = Signer(_who_notifies, "Điều 7.3.g", _PROVINCE)
NOMINATION = Signer(_of_province, "Điều 7.4", _PROVINCE)
CENTRE_RESULT = Signer(_centre, "Điều 7.4", _CENTRE)
AGAIN = Signer(_of_province, "Điều 7.4.g", _PROVINCE)
STOPPED_PRODUCTION = Signer(_committee_at(_COMMUNE, _STOPPED), "Điều 8.4", _COMMUNE)
REVOCATION_REPORT = Signer(_of_province, "Điều 8.2.b", _PROVINCE)
REVOCATION = Signer(_who_revokes, "Điều 8.2", _level_that_certified)
#: A new evaluation, or a decision withdrawn.
ORDER = Signer(lambda _dossier, _body: MINISTER, "Điều 10.1.b", _CENTRE, paper="order")

#: Names and groups that were written down wrong.
CORRECTION = Signer(
    _who_corrects, "the law names nobody", _PROVINCE, own=False, beside=(_DISTRICT, _COMMUNE)
)

#: Act -> who signs its paper, as the act is declared. It is asked of the paper that is given, also
#: where none need be.
SIGNERS: dict[str, Signer] = {}
