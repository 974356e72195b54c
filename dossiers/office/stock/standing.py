"""Where a running dossier stands, in the words of offices (đang hoàn thiện phương án…)."""

import re

from cycle.models import fold
from dossiers.law.states import BEFORE_RESULT, State
from dossiers.walk.running import STEPS

S = State
#: Where a dossier may stand that a list brings in: until a council has it. After that it has a
#: result, which is recorded from its papers.
STANDING: tuple[State, ...] = tuple(state for state in State if state in BEFORE_RESULT)
#: The day of a list that brought a dossier to this state; in the order of :data:`STEPS`.
LED_BY: dict[State, str] = {
    S.IDEA_REGISTERED: "idea_on",
    S.IDEA_SELECTED: "selected_on",
    S.PLAN_SUBMITTED: "plan_on",
    S.IMPLEMENTING: "approved_on",
    S.ASSEMBLING: "ready_on",
    S.DOSSIER_SUBMITTED: "submitted_on",
}
#: What offices write -> where it stands; the first that fits. What has a result stands beyond.
_WORDS: tuple[tuple[str, State], ...] = (
    (r"chua (co |nop |lap |xay dung |hoan thien )?(phuong an|pa)\b", S.IDEA_SELECTED),
    (r"chua (duoc )?(tham dinh|duyet|phe duyet)", S.PLAN_CHECKED),
    (r"chua (nop|lap|hoan thien|xong|gui) ho so", S.ASSEMBLING),
    (r"chua (nop|dang ky|gui)", S.POTENTIAL),
    (r"(cho|dang|trinh).*(tham dinh|duyet) (phuong an|pa)\b|"
     r"phuong an.*(cho|dang).*(tham dinh|duyet)",
     S.PLAN_CHECKED),
    (r"da co ket qua|cho quyet dinh|cho cong nhan|trinh ubnd tinh|trinh trung uong|da cong nhan",
     S.AWAITING_DECISION),
    (r"(hd|hoi dong) (cap )?huyen.*(danh gia|cham)|(danh gia|cham).*(cap )?huyen",
     S.DISTRICT_EVALUATING),
    (r"(hd|hoi dong)( cap)?( tinh)?.*(danh gia|cham|phan hang)|cho (hop )?hoi dong|"
     r"cho danh gia|dang danh gia|cho phan hang|cho cham", S.PROVINCE_EVALUATING),
    (r"huyen (dang )?(kiem tra|tham dinh|tiep nhan)|da (nop|chuyen|gui)( ho so)? (len )?huyen",
     S.AT_DISTRICT),
    (r"tinh (dang )?(kiem tra|tham dinh|tiep nhan)|"
     r"(nop|chuyen|gui|trinh)( ho so)?( len)? (tinh|vpdp|van phong dieu phoi)",
     S.AT_PROVINCE),
    (r"cho lanh dao( xa)? ky|trinh (lanh dao|chu tich)( ubnd)?( xa)?|cho ky bao cao",
     S.COMMUNE_CHECKED),
    (r"(bo sung|hoan thien|sua|chinh sua) (lai )?ho so( danh gia)? (theo|sau|lai)|"
     r"ho so.*(tra lai|cho bo sung|yeu cau bo sung)|bo sung ho so", S.SUPPLEMENT_REQUESTED),
    (r"(da )?nop ho so|xa (dang )?kiem tra ho so|ho so cho xa", S.DOSSIER_SUBMITTED),
    (r"(hoan thien|lap|xay dung|chuan bi|lam|hoan chinh) (bo )?ho so|thu thap minh chung",
     S.ASSEMBLING),
    (r"(y tuong).*(tra lai|bo sung|chinh sua)|(bo sung|chinh sua|hoan thien).*y tuong",
     S.IDEA_RETURNED),
    (r"phuong an.*(tra lai|cho bo sung|yeu cau)|(bo sung|chinh sua|sua).*(phuong an|\bpa\b)",
     S.PLAN_RETURNED),
    (r"(da )?(duyet|phe duyet) (phuong an|pa)|phuong an (da )?(duoc )?(duyet|phe duyet)|"
     r"trien khai|thuc hien|dang san xuat|hoan thien san pham", S.IMPLEMENTING),
    (r"(cho|dang) (tham dinh|duyet|phe duyet)|tham dinh phuong an", S.PLAN_CHECKED),
    (r"(da )?(nop|gui|chuyen) (phuong an|pa)\b|xa (dang )?kiem tra phuong an|phuong an cho xa",
     S.PLAN_SUBMITTED),
    (r"(cho )?xet (chon|duyet) y tuong|y tuong.*cho xet|da so tuyen", S.IDEA_SCREENED),
    (r"(hoan thien|lap|xay dung|viet|lam|cho nop|chuan bi) (phuong an|pa)\b|cho phuong an|"
     r"(da )?(chap nhan|chon|duyet) y tuong|y tuong (da )?duoc (chap nhan|chon|duyet)",
     S.IDEA_SELECTED),
    (r"(da )?(nop|dang ky|gui)( phieu)?( dang ky)? y tuong|y tuong.*cho (xa )?so tuyen|"
     r"da dang ky|nop phieu", S.IDEA_REGISTERED),
    (r"tiem nang|van dong|moi khao sat|dang dang ky|"
     r"(lam|viet|hoan thien) phieu", S.POTENTIAL),
)  # fmt: skip


def in_words(text: str) -> State | None:
    """The state that words mean, in those of a list or of the product; None when nobody knows."""
    words = " ".join(re.findall(r"[a-z0-9]+", fold(text)))
    for state in State:
        if words == " ".join(re.findall(r"[a-z0-9]+", fold(str(state.label)))):
            return state
    return next((state for found, state in _WORDS if re.search(found, words)), None)


def reached(state: str) -> tuple[str, ...]:
    """The steps that are behind a dossier in this state."""
    states = list(State)
    return tuple(STEPS)[: sum(each in LED_BY for each in states[: states.index(State(state)) + 1])]
