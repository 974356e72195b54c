"""Who signs: how offices write the capacity in which they do."""

import unicodedata
from datetime import date

import pytest

from councils.models import Council, DocumentKind, EvaluationRound, SignedDocument
from councils.models.document import BY_COMMITTEE, BY_COUNCIL
from cycle.letters import fold
from cycle.models import Level, OrgUnit
from dossiers.law import signers
from tests.owning import update_as_owner

#: Of whose chair any committee's paper may be, for the unit is on the paper's head.
ANY_CHAIR = [
    "Chủ tịch",
    "CHỦ TỊCH",
    "Phó Chủ tịch",
    "KT. CHỦ TỊCH\nPHÓ CHỦ TỊCH",
    "KT. CHỦ TỊCH, PHÓ CHỦ TỊCH",
    "K/T CHỦ TỊCH – PHÓ CHỦ TỊCH THƯỜNG TRỰC",
    "TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH",
    "T/M UBND, Chủ tịch",
    "TM. UBND, KT. CHỦ TỊCH, PHÓ CHỦ TỊCH",
    "Thay mặt Uỷ ban nhân dân, Chủ tịch",
    "Ký thay Chủ tịch, Phó Chủ tịch",
    "Quyền Chủ tịch",
    "Q. Chủ tịch",
    "Q.Chủ tịch UBND",
    "Phó Chủ tịch phụ trách",
    "Chủ tịch Ủy ban nhân dân",
    "CT UBND",
    "PCT UBND",
    "P. Chủ tịch",
    "P.CT UBND",
    "Phó Chủ tịch TT UBND",
    "PCTTT UBND",
    "Chủ tịch (đã ký)",
    "TUQ. Chủ tịch, Chánh Văn phòng",
    "TUQ. Chủ tịch, KT. Chánh Văn phòng, Phó Chánh Văn phòng",
]
COMMUNE_CHAIR = [
    "Chủ tịch UBND xã",
    "Chủ tịch UBND Nà Tấu",
    "Chủ tịch UBND xã Nà Tấu, tỉnh Điện Biên",
    "TUQ. Chủ tịch UBND xã Nà Tấu, Trưởng phòng Kinh tế",
    "TUQ. CHỦ TỊCH, PHÓ TRƯỞNG PHÒNG KINH TẾ, HẠ TẦNG VÀ ĐÔ THỊ XÃ NÀ TẤU",
    "Chủ tịch Ủy ban nhân dân xã Nà Tấu",
    "Chủ tịch UBND xã Nà Tấu, huyện Điện Biên, tỉnh Điện Biên",
    "Chủ tịch Uỷ ban nhân dân phường Mường Thanh",
    "Phó Chủ tịch UBND phường Hội An",
    "Chủ tịch xã",
    "Chủ tịch xã Sín Chải",
    "Chủ tịch UBND thị trấn Phố Ràng",
    "Chủ tịch UBND đặc khu Phú Quốc",
    "TM. ỦY BAN NHÂN DÂN XÃ NÀ TẤU\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH",
    "UBND xã Nà Tấu - Chủ tịch",
    "Chủ tịch UBND cấp xã",
    "P. Chủ tịch UBND xã",
    "P.CT UBND xã Nà Tấu",
    "Chủ tịch UBND P. Mường Thanh",
    "Bí thư Đảng ủy, Chủ tịch UBND xã",
    "Phó Bí thư Đảng ủy xã Nà Tấu - Chủ tịch UBND xã Nà Tấu",
]
DISTRICT_CHAIR = [
    "Chủ tịch UBND huyện",
    "Chủ tịch UBND huyện Mường Ảng",
    "Phó Chủ tịch UBND thị xã Mường Lay, tỉnh Điện Biên",
    "TM. UBND THÀNH PHỐ ĐIỆN BIÊN PHỦ, CHỦ TỊCH",
]
PROVINCE_CHAIR = [
    "Chủ tịch UBND tỉnh",
    "Chủ tịch UBND tỉnh Điện Biên",
    "Phó Chủ tịch Ủy ban nhân dân tỉnh",
    "TM. UBND TỈNH, KT. CHỦ TỊCH, PHÓ CHỦ TỊCH",
    "TUQ. CHỦ TỊCH UBND TỈNH, GIÁM ĐỐC SỞ",
    "Quyền Chủ tịch UBND tỉnh Điện Biên",
    "P. Chủ tịch UBND tỉnh",
    "Phó Chủ tịch TT UBND tỉnh",
    "Phó Chủ tịch UBND tỉnh - Chủ tịch Hội đồng OCOP",
    "Phó Bí thư Tỉnh ủy, Chủ tịch UBND tỉnh",
    "TUQ. CHỦ TỊCH\nGIÁM ĐỐC SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
    "TUQ. Chủ tịch UBND tỉnh, Phó Giám đốc Sở Công Thương tỉnh Điện Biên",
    "TUQ. UBND tỉnh, KT. Giám đốc Sở, Phó Giám đốc Sở Nông nghiệp và Môi trường",
]
#: Other units, and what only begins as an office does: of no office of the dossier's.
OF_ANOTHER = [
    "Chủ tịch UBND xã Xã Mường Nhé",
    "Chủ tịch UBND xã Mường Nhé",
    "Chủ tịch UBND Mường Nhé",
    "Chủ tịch xã Mường Nhé, huyện Điện Biên",
    "UBND xã Mường Nhé - Chủ tịch",
    "Chủ tịch UBND phường Nà Tấu",
    "Chủ tịch UBND xã Nà Tấu, tỉnh Lai Châu",
    "Chủ tịch UBND xã thuộc tỉnh Lai Châu",
    "Chủ tịch xã đã nghỉ hưu",
    "Chủ tịch xã Nà Tấu đã nghỉ hưu",
    "Chủ tịch xã Trưởng ban Quản lý chợ",
    "Chủ tịch xã nhiệm kỳ trước",
    "TUQ. Chủ tịch Giám đốc HTX Mường Phăng",
    "TUQ. Chủ tịch UBND xã, Chuyên viên",
    "TUQ. Chủ tịch xã Mường Nhé, Trưởng phòng Kinh tế",
    "TUQ. Chủ tịch, Trưởng phòng Kinh tế xã Mường Nhé",
    "Chủ tịch UBND huyện Mường Nhé",
    "Chủ tịch UBND tỉnh Lai Châu",
    "Chủ tịch tỉnh Lai Châu",
    "Phó Chủ tịch UBND tỉnh Lai Châu",
    "Chủ tịch tỉnh Đoàn",
    "Chủ tịch tỉnh Câu lạc bộ Doanh nhân",
    "TUQ. UBND tỉnh Chủ thể",
    "TUQ. Chủ tịch UBND tỉnh, Giám đốc HTX",
    "TUQ. Chủ tịch UBND tỉnh, Giám đốc Sở Nông nghiệp và Môi trường tỉnh Lai Châu",
    "TUQ. Chủ tịch UBND tỉnh, Chuyên viên Sở Công Thương",
    "TL. Bộ trưởng Chuyên viên",
    "TL. Bộ trưởng, Chuyên viên Cục Kinh tế hợp tác",
    "TUQ. Bộ trưởng Giám đốc HTX",
    "TUQ. Bộ trưởng, Vụ trưởng Vụ Y tế",
    "Bộ trưởng Nguyễn Văn A",
    "Chủ tịch Hội đồng OCOP tỉnh Lai Châu",
    "Chủ tịch Hội đồng OCOP xã Mường Nhé",
]
NO_CHAIR = [
    *OF_ANOTHER,
    "",
    "…",
    "Chủ tịch Hội Nông dân",
    "Chủ tịch Hội Nông dân xã",
    "Hội Nông dân, Chủ tịch",
    "Hội Nông dân xã - Chủ tịch",
    "Chủ tịch Hội Liên hiệp Phụ nữ xã",
    "Chủ tịch Hội Cựu chiến binh",
    "Chủ tịch Hội đồng quản trị",
    "Chủ tịch HĐQT HTX Nà Tấu",
    "Chủ tịch Hội đồng nhân dân xã",
    "Chủ tịch HĐND xã, Chủ tịch UBND xã",
    "Chủ tịch Ủy ban Mặt trận Tổ quốc xã",
    "Chủ tịch UBMTTQ xã",
    "Chủ tịch Công đoàn xã",
    "Chủ tịch Liên minh Hợp tác xã tỉnh",
    "Chủ tịch công ty",
    "TUQ. Chủ tịch Hội Nông dân xã",
    "Thư ký Chủ tịch",
    "Thư ký Chủ tịch UBND xã",
    "Trợ lý Chủ tịch UBND tỉnh",
    "Nguyên Chủ tịch UBND xã",
    "Con ông Chủ tịch xã",
    "Giám đốc HTX",
    "Bí thư Đảng ủy",
    "Bí thư Đảng ủy, Chủ tịch Hội Nông dân xã",
    "Bí thư Đảng ủy, Chủ tịch UBND xã Mường Nhé",
    "Giám đốc HTX, Chủ tịch UBND xã",
    "Trưởng phòng",
    "Công chức kinh tế xã",
    "TL. CHỦ TỊCH, CHÁNH VĂN PHÒNG",
    "Chưa rõ chức vụ",
    "Tịch Chủ",
    "Chủ tịch và Phó Chủ tịch",
]
MINISTER = [
    "Bộ trưởng",
    "BỘ TRƯỞNG",
    "Quyền Bộ trưởng",
    "Q. Bộ trưởng",
    "Bộ trưởng Bộ Nông nghiệp và Môi trường",
    "Bộ trưởng Bộ Nông nghiệp và Phát triển nông thôn",
    "Bộ trưởng Bộ NN&PTNT",
    "Bộ trưởng Bộ NN và MT",
    "Bộ trưởng Bộ NNMT",
    "Thứ trưởng",
    "Thứ trưởng Bộ Nông nghiệp",
    "Thứ trưởng Thường trực Bộ Nông nghiệp và Môi trường",
    "KT. BỘ TRƯỞNG\nTHỨ TRƯỞNG",
    "KT. Bộ trưởng – Thứ trưởng",
    "Ký thay Bộ trưởng, Thứ trưởng",
    "Bộ Nông nghiệp và Môi trường, Bộ trưởng",
    "BỘ NÔNG NGHIỆP VÀ MÔI TRƯỜNG - KT. BỘ TRƯỞNG - THỨ TRƯỞNG",
    "TL. BỘ TRƯỞNG\nCỤC TRƯỞNG",
    "TL. Bộ trưởng, Cục trưởng Cục Kinh tế hợp tác và Phát triển nông thôn",
    "TUQ. Bộ trưởng, Chánh Văn phòng Điều phối",
    "Thứ trưởng (đã ký)",
]
NO_MINISTER = [
    *OF_ANOTHER,
    "",
    "Thư ký Bộ trưởng",
    "Trợ lý Bộ trưởng",
    "Nguyên Bộ trưởng",
    "Vợ Bộ trưởng",
    "Thủ trưởng",
    "THỦ TRƯỞNG",
    "Thủ trưởng cơ quan",
    "Bộ trưởng Bộ Công Thương",
    "Thứ trưởng Bộ Y tế",
    "Bộ trưởng, Chủ nhiệm Văn phòng Chính phủ",
    "Cục trưởng",
    "Vụ trưởng",
    "Bộ",
    "TL. Bộ trưởng",
    "TM. Bộ",
    "Chủ tịch",
    "Chủ tịch UBND tỉnh",
    "Chánh Văn phòng Bộ",
    "Phó Bộ trưởng",
    "Thư ký Thứ trưởng",
    "Thứ trưởng danh dự",
]
CENTRE_COUNCIL = [
    "Chủ tịch Hội đồng",
    "CHỦ TỊCH HỘI ĐỒNG",
    "Phó Chủ tịch Hội đồng",
    "KT. CHỦ TỊCH, PHÓ CHỦ TỊCH HỘI ĐỒNG",
    "Chủ tịch Hội đồng OCOP trung ương",
    "Chủ tịch Hội đồng đánh giá, phân hạng sản phẩm OCOP cấp trung ương",
    "TM. HỘI ĐỒNG, CHỦ TỊCH",
    "Chủ tịch Hội đồng OCOP quốc gia",
    "Chủ tịch Hội đồng OCOP cấp quốc gia",
    "Phó Chủ tịch Hội đồng TW",
]
COUNCIL_OF_PROVINCE = [
    "Chủ tịch hội đồng",
    "Chủ tịch Hội đồng OCOP tỉnh",
    "Chủ tịch Hội đồng đánh giá, phân hạng sản phẩm OCOP cấp tỉnh",
    "TM. HỘI ĐỒNG, CHỦ TỊCH",
    "Phó Chủ tịch Hội đồng đánh giá, xếp hạng sản phẩm OCOP tỉnh Điện Biên",
    "CHỦ TỊCH HỘI ĐỒNG\nPHÓ CHỦ TỊCH UBND TỈNH",
    "TM. HỘI ĐỒNG\nCHỦ TỊCH\nPhó Chủ tịch UBND tỉnh",
    "TM. HỘI ĐỒNG\nKT. CHỦ TỊCH\nPHÓ CHỦ TỊCH\nGiám đốc Sở Nông nghiệp và Môi trường",
    "Giám đốc Sở NN&MT - Chủ tịch Hội đồng",
    "Chủ tịch HĐ OCOP tỉnh",
    "Chủ tịch Hội đồng thẩm định OCOP tỉnh",
]
NO_COUNCIL = [
    *OF_ANOTHER,
    "Thư ký hội đồng",
    "Thành viên hội đồng",
    "Chủ tịch Hội đồng, Giám đốc HTX",
    "Chủ tịch Hội đồng, Phó Chủ tịch UBND tỉnh Lai Châu",
    "Thư ký hội đồng, Giám đốc Sở Nông nghiệp và Môi trường",
    "Chủ tịch Hội đồng quản trị",
    "Chủ tịch Hội đồng nhân dân tỉnh",
    "Ủy viên",
]

#: Of these a dossier's units have the name, or had it.
CALLED = signers.Called(
    *(
        frozenset(map(signers.capacity_words, names))
        for names in (
            ["Xã Nà Tấu", "Xã Sín Chải", "Phường Mường Thanh", "Phường Hội An"]
            + ["Thị trấn Phố Ràng", "Đặc khu Phú Quốc"],
            ["Huyện Điện Biên", "Huyện Mường Ảng", "Thị xã Mường Lay", "TP. Điện Biên Phủ"],
            ["Tỉnh Điện Biên"],
        )
    )
)
COMMUNE, DISTRICT, PROVINCE = (
    signers.committee(CALLED, level) for level in (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)
)
OF_COUNCIL = signers.council(CALLED, Level.PROVINCE)

#: Office -> (how it is written, how it is not).
WRITTEN = {
    "commune": (
        COMMUNE,
        ANY_CHAIR + COMMUNE_CHAIR,
        NO_CHAIR + DISTRICT_CHAIR + PROVINCE_CHAIR + MINISTER,
    ),
    "district": (
        DISTRICT,
        ANY_CHAIR + DISTRICT_CHAIR,
        NO_CHAIR + COMMUNE_CHAIR + PROVINCE_CHAIR + MINISTER,
    ),
    "province": (
        PROVINCE,
        ANY_CHAIR + PROVINCE_CHAIR,
        NO_CHAIR + COMMUNE_CHAIR + DISTRICT_CHAIR + MINISTER,
    ),
    "minister": (
        signers.MINISTER,
        MINISTER,
        NO_MINISTER + NO_CHAIR + ANY_CHAIR + PROVINCE_CHAIR + CENTRE_COUNCIL,
    ),
    "centre": (
        signers.CENTRE,
        MINISTER + CENTRE_COUNCIL,
        [each for each in NO_MINISTER + NO_CHAIR if each not in CENTRE_COUNCIL]
        + NO_COUNCIL
        + ["Chủ tịch", "Phó Chủ tịch", "Chủ tịch Hội đồng OCOP tỉnh"]
        + PROVINCE_CHAIR,
    ),
    "council": (OF_COUNCIL, ANY_CHAIR + PROVINCE_CHAIR + COUNCIL_OF_PROVINCE, NO_COUNCIL),
}


def ways_of(said):
    """A capacity as different hands write it."""
    ways = {
        said,
        said.upper(),
        said.lower(),
        unicodedata.normalize("NFD", said),
        f"  {said.replace(' ', '  ')} ",
        said.replace(", ", "\n"),
        said.replace("Ủy", "Uỷ").replace("ỦY", "UỶ"),
    }
    if "thủ trưởng" not in said.lower():
        # Without marks a thủ trưởng is a thứ trưởng.
        ways.add(fold(said))
    return ways


@pytest.mark.parametrize("office", WRITTEN)
def test_a_capacity_is_that_of_its_office_however_it_is_written(office):
    its, does, does_not = WRITTEN[office]
    wrong = [
        (way, f"signs: {not signs}")
        for writings, signs in ((does, True), (does_not, False))
        for said in writings
        for way in ways_of(said)
        if its.signs_as(way) != signs
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_the_tables_are_as_long_as_they_should_be():
    for _office, does, does_not in list(WRITTEN.values())[:4]:
        assert len(set(does)) >= 20 and len(set(does_not)) >= 20


# --- A capacity that no pattern knows ---------------------------------------------------------

#: Of which level's office one is asked.
LEVELS = {
    "commune": Level.COMMUNE,
    "district": Level.DISTRICT,
    "province": Level.PROVINCE,
    "minister": Level.CENTRE,
    "centre": Level.CENTRE,
    "council": Level.PROVINCE,
}
#: Nobody's that is known, though in the tables above: it may stand so on a paper.
NOBODYS = {"Tịch Chủ", "Chủ tịch và Phó Chủ tịch", "TM. Bộ", "Phó Bộ trưởng"}
UNKNOWN = {
    Level.COMMUNE: [
        "Phụ trách Ủy ban nhân dân xã",
        "Người được giao phụ trách UBND xã Nà Tấu",
        "Chủ tịch lâm thời UBND xã Nà Tấu",
        "Chủ tịch Ủy ban hành chính xã",
        "Phó Chủ tịch điều hành UBND xã",
        "Chủ tịch UBND xã lâm thời",
    ],
    Level.PROVINCE: [
        "Phó Chủ tịch điều hành tỉnh",
        "Phó Chủ tịch phụ trách khối kinh tế UBND tỉnh",
        "Quyền phụ trách UBND tỉnh Điện Biên",
    ],
    Level.CENTRE: ["Bộ trưởng Bộ Nông nghiệp và Môi trường Việt Nam", "Thứ trưởng phụ trách"],
}
#: Known to be another's beside those of the tables above.
OF_OTHERS = [
    "Chủ tịch Mường Nhé",
    "Phụ trách UBND xã Mường Nhé",
    "Phụ trách UBND Mường Nhé",
    "Chủ tịch lâm thời UBND phường Nà Tấu",
    "Quyền phụ trách UBND tỉnh Lai Châu",
    "Thư ký phụ trách UBND xã",
    "x",
    "12 34",
]


@pytest.mark.parametrize("office", WRITTEN)
def test_what_is_known_to_be_anothers_may_never_stand_so_on_the_paper(office):
    _its, _does, does_not = WRITTEN[office]
    for said in {*does_not, *OF_OTHERS} - NOBODYS:
        for way in (said, said.upper(), fold(said)):
            assert signers.is_anothers(CALLED, LEVELS[office], way), way


@pytest.mark.parametrize(
    ("level", "said"), [(level, each) for level, its in UNKNOWN.items() for each in its]
)
def test_what_no_pattern_knows_may_stand_so_on_the_paper(level, said):
    assert not any(office.signs_as(said) for office, *_tables in WRITTEN.values())
    assert not signers.is_anothers(CALLED, level, said)


# --- A district's council signs as itself ---------------------------------------------------------

#: Kind of paper -> who signs it for a district, and who does not.
OF_DISTRICT = {
    "invitation": ("Chủ tịch Hội đồng", "Chủ tịch UBND tỉnh Điện Biên"),
    "minutes": ("Chủ tịch Hội đồng OCOP huyện Điện Biên", "Chủ tịch Hội đồng OCOP tỉnh Điện Biên"),
    "council_report": ("Phó Chủ tịch UBND huyện Điện Biên", "Chủ tịch UBND xã Nà Tấu"),
    "decision": ("Chủ tịch UBND huyện Điện Biên", "Chủ tịch UBND tỉnh Điện Biên"),
    "approval": ("Chủ tịch UBND huyện Điện Biên", "Chủ tịch UBND tỉnh Điện Biên"),
    "request": ("KT. Chủ tịch Phó Chủ tịch UBND huyện", "Phó Chủ tịch UBND huyện Mường Ảng"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("ended", [False, True], ids=["then", "after 7/2025"])
def test_papers_of_a_districts_council_are_its_own(ended, district):
    if ended:
        update_as_owner(OrgUnit.objects.filter(pk=district.pk), valid_to=date(2025, 6, 30))
        district.refresh_from_db()
    round_ = EvaluationRound(council=Council(org_unit=district, name="Hội đồng OCOP huyện"))
    kinds = set(DocumentKind) & (BY_COUNCIL | BY_COMMITTEE) - {DocumentKind.CERTIFICATE}
    assert {str(kind) for kind in kinds} == set(OF_DISTRICT)
    for kind, (does, does_not) in OF_DISTRICT.items():
        office = SignedDocument(round=round_, kind=kind).office()
        assert office.signs_as(does) and not office.signs_as(does_not), kind
    numbered = SignedDocument(round=round_, kind="minutes", number="15/BB-HĐ", signer="Lò Văn A")
    numbered.clean()
