"""Who signs the paper that an act rests on (thẩm quyền ký), and how offices write their capacity.

A leaf. One table, :data:`SIGNERS`; a capacity is read without marks, capitals, dots and dashes:
«KT. CHỦ TỊCH — PHÓ CHỦ TỊCH» is "kt chu tich pho chu tich". The whole of it must be that of the
office, so that «Thư ký Bộ trưởng» is no minister.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cycle.letters import fold, search_words
from cycle.models import Level
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
        ("pct", "pho chu tich"),
        ("ct", "chu tich"),
        ("tp", "thanh pho"),
    )
]
#: What is another office though it reads the same without marks: the head of any agency.
_MISTAKEN = ("thủ trưởng",)
#: A copied signature block may end so.
_SIGNED = re.compile(r" da ky(?: ten)?(?: dong dau)?$")

#: Other bodies that have a chair; no part of a unit's name.
_OTHER_BODY = (
    r"hoi (?:nong|phu|lien|cuu|dong|nguoi|chu thap|khuyen|lam|doanh|san)|hop tac xa|htx|mat tran"
    r"|mttq|cong doan|doan thanh|doan tncs|lien minh|lien hiep|dang uy|cong ty|hdnd|hdqt|van phong"
    r"|uy ban"
)
_TOWN = "xa|phuong|thi tran|dac khu"
_OF_DISTRICT = "huyen|thi xa|thanh pho|quan"
_HEADS = r"tm|kt|tuq|tl|quyen chu tich|pho chu tich|chu tich"


def _name(most: int) -> str:
    """Up to ``most`` words of a unit's name."""
    return rf"(?: (?!(?:{_OTHER_BODY}|{_HEADS})\b)\w+){{0,{most}}}"


def _unit(kinds: str, above: str = "") -> str:
    """A unit of one of ``kinds``, its name, and the units ``above`` it."""
    upper = rf"(?: (?:{above}){_name(4)}){{0,2}}" if above else ""
    return rf"(?:{kinds}){_name(5)}{upper}"


def _line(head: str, deputy: str, before: str, *, orders: str = "tuq") -> re.Pattern[str]:
    """How ``head`` and ``deputy`` are written, with the body ``before`` them or not: alone, one for
    the other, or whoever signs for them by an authority (``orders``).
    """
    # The unit is read as that of whoever gave the authority.
    no_office = rf"{_OTHER_BODY}|{_HEADS}|{_TOWN}|{_OF_DISTRICT}|tinh"
    of_another = rf"(?: (?!(?:{no_office})\b)\w+)(?: \w+){{0,14}}"
    return re.compile(
        rf"(?:(?:tm )?{before} )?(?:kt {head}(?: {deputy})?|{head}(?: {deputy})?|{deputy}"
        rf"|(?:{orders}) (?:{head}|{before}){of_another})"
    )


def _chair(unit: str) -> re.Pattern[str]:
    """The chair of a unit's People's Committee, or who signs for them."""
    committee = rf"uy ban nhan dan(?: cap)?(?: {unit})?"
    of = rf"(?: {committee}| {unit})?"
    head = rf"(?:quyen )?chu tich{of}"
    deputy = rf"pho chu tich(?: thuong truc| phu trach)?{of}"
    return _line(head, deputy, committee)


def _council(unit: str) -> re.Pattern[str]:
    """The chair of a council that judges, or who signs for them."""
    topic = (
        r"(?: (?:danh gia|xep hang|phan hang|va|cac|san pham|chuong trinh|ocop|moi xa mot san pham"
        r"|cap|nam \d{4}))*"
    )
    council = rf"hoi dong{topic}(?: {unit})?"
    return _line(
        rf"chu tich(?: {council})?", rf"pho chu tich(?: thuong truc)?(?: {council})?", council
    )


_MINISTRY = (
    r"bo (?:nong nghiep(?: va)?(?: phat trien nong thon| ptnt| moi truong| mt)?"
    r"|nn ?(?:va )?(?:ptnt|mt|moi truong))"
)


@dataclass(frozen=True)
class Office:
    """An office whose holder signs: ``sentence`` says so to whoever typed another capacity."""

    sentence: str | Promise
    written: tuple[re.Pattern[str], ...]

    def signs_as(self, capacity: str) -> bool:
        """Whether a paper signed in this ``capacity`` is signed by its holder, or for them."""
        words = capacity_words(capacity)
        return any(pattern.fullmatch(words) for pattern in self.written)


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

_COMMUNE = (_chair(_unit(_TOWN, f"{_OF_DISTRICT}|tinh")),)
_DISTRICT = (_chair(_unit(_OF_DISTRICT, "tinh|thanh pho")),)
_PROVINCES = {kind: (_chair(_unit(kind)),) for kind in ("tinh", "thanh pho")}
#: Whoever signs by the minister's order writes «TL. Bộ trưởng» before.
_MINISTER = (
    _line(
        rf"(?:quyen )?bo truong(?: {_MINISTRY})?",
        rf"thu truong(?: thuong truc)?(?: {_MINISTRY})?",
        _MINISTRY,
        orders="tuq|tl",
    ),
)
_CENTRAL = "trung uong|quoc gia"

MINISTER = Office(
    _("Văn bản của Bộ do Bộ trưởng hoặc Thứ trưởng ký: hãy kiểm tra chức vụ người ký."), _MINISTER
)
CENTRE = Office(
    _(
        "Kết quả của trung ương do Bộ trưởng, Thứ trưởng hoặc Chủ tịch Hội đồng trung ương ký: hãy "
        "kiểm tra chức vụ người ký."
    ),
    # A chair without a body is anybody's.
    (*_MINISTER, re.compile(rf"(?!(?:kt )?(?:pho )?chu tich$){_council(_CENTRAL).pattern}")),
)
STOPPED = Office(
    _(
        "Xác nhận ngừng sản xuất do Chủ tịch hoặc Phó Chủ tịch UBND xã ký: hãy kiểm tra chức vụ "
        "người ký."
    ),
    _COMMUNE,
)
COMMUNE = Office(
    _("Văn bản của xã do Chủ tịch hoặc Phó Chủ tịch UBND xã ký: hãy kiểm tra chức vụ người ký."),
    _COMMUNE,
)
DISTRICT = Office(
    _(
        "Văn bản của huyện do Chủ tịch hoặc Phó Chủ tịch UBND huyện ký: hãy kiểm tra chức vụ người "
        "ký."
    ),
    _DISTRICT,
)
_OF_PROVINCE = _(
    "Văn bản này do Chủ tịch UBND tỉnh hoặc người ký thay ký: hãy kiểm tra chức vụ người ký."
)
_OF_COUNCIL = _(
    "Kết quả của hội đồng do Chủ tịch hoặc Phó Chủ tịch hội đồng ký: hãy kiểm tra chức vụ người ký."
)
FIVE_STARS = Office(_("Quyết định thu hồi sản phẩm 5 sao do Bộ trưởng ký."), _MINISTER)
RECOGNISED = Office(_("Quyết định công nhận 5 sao do Bộ trưởng ký."), _MINISTER)


def _kind(dossier: Dossier) -> str:
    """What its province is: a province, or a city of the centre."""
    province = dossier.commune.at_level(Level.PROVINCE)
    city = province is not None and fold(province.name).startswith("thanh pho")
    return "thanh pho" if city else "tinh"


def _province(dossier: Dossier) -> Office:
    return Office(_OF_PROVINCE, _PROVINCES[_kind(dossier)])


def _of_whoever_has_it(dossier: Dossier) -> Office:
    return COMMUNE if dossier.state == State.COMMUNE_CHECKED else DISTRICT


def _council_of_district(_dossier: Dossier) -> Office:
    return Office(_OF_COUNCIL, (*_DISTRICT, _council(_unit(_OF_DISTRICT, "tinh|thanh pho"))))


def _council_of_province(dossier: Dossier) -> Office:
    kind = _kind(dossier)
    return Office(_OF_COUNCIL, (*_PROVINCES[kind], _council(_unit(kind))))


def _centre(dossier: Dossier) -> Office:
    """Five stars are given by the minister; a result below may come from the centre's council."""
    result = dossier.fresh_result()
    return RECOGNISED if result is not None and result.stars == 5 else CENTRE


def _who_revokes(dossier: Dossier) -> Office:
    """What the centre certifies under the pinned edition the minister revokes."""
    by_centre = dossier.rule_set.certifier(dossier.stars) == Level.CENTRE
    return FIVE_STARS if by_centre else _province(dossier)


@dataclass(frozen=True)
class Signer:
    """Who signs the paper of an act: by which article of QĐ 26/2026/QĐ-TTg, unless said; ``own``:
    the paper is of no other act of the dossier.
    """

    office: Callable[[Dossier], Office]
    article: str
    own: bool = True


#: Act -> who signs its paper. It is asked of the paper that is given, also where none need be.
SIGNERS: dict[str, Signer] = {
    "forward_to_district": Signer(lambda _dossier: COMMUNE, "QĐ 1048/2019", own=False),
    "forward_to_province": Signer(_of_whoever_has_it, "Điều 7.2", own=False),
    "rank_at_district": Signer(_council_of_district, "QĐ 1048/2019", own=False),
    "rank": Signer(_council_of_province, "Điều 7.3", own=False),
    "not_recognise": Signer(_council_of_province, "Điều 7.3", own=False),
    "approve_result": Signer(_province, "Điều 7.4"),
    "nominate": Signer(_province, "Điều 7.4"),
    "record_centre_result": Signer(_centre, "Điều 7.4"),
    "evaluate_again": Signer(_province, "Điều 7.4.g"),
    "certify": Signer(_province, "Điều 7.3"),
    "confirm_stopped": Signer(lambda _dossier: STOPPED, "Điều 8.4"),
    "report_revocation": Signer(_province, "Điều 8.2.b"),
    "revoke": Signer(_who_revokes, "Điều 8.2"),
    "order_evaluation": Signer(lambda _dossier: MINISTER, "Điều 10.1.b"),
    "withdraw_decision": Signer(lambda _dossier: MINISTER, "Điều 10.1.b"),
}
