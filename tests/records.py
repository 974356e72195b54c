"""What each step keeps, made up, ready to be handed in."""

from datetime import date
from decimal import Decimal
from hashlib import sha256

from django.core.files.base import ContentFile

from councils.models import SignedDocument
from cycle import clock, files
from cycle.letters import fold_number
from cycle.models import Document, kind_of
from dossiers.models import (
    BusinessPlan,
    Call,
    Certificate,
    CertificateNumber,
    CommuneReport,
    Completion,
    Evaluation,
    Evidence,
    Idea,
    Inspection,
    OfficialDocument,
    Payment,
    Promotion,
    Revocation,
    SampleReceipt,
    SelfAssessment,
    StoppedProduction,
    SupportMeasure,
    Visit,
)
from dossiers.models.evidence import SIGNED_PAPER
from tests.numbering import one_more


def idea(**fields):
    return Idea(filed_on=clock.today(), description="Mật ong bạc hà, nuôi dưới tán rừng", **fields)


def plan(**fields):
    values = {
        "filed_on": clock.today(),
        "objective": "Đưa mật ong ra thị trường tỉnh ngoài",
        "products_and_volume": "2.000 lít mỗi năm",
        "investment": 450_000_000,
        "own_capital": 150_000_000,
    }
    return BusinessPlan(**values | fields)


def visit(**fields):
    values = {
        "visited_on": clock.today(),
        "visitor": "Lò Thị An",
        "findings": "Đã có 120 đàn ong",
    }
    return Visit(**values | fields)


def call(**fields):
    values = {
        "called_on": clock.today(),
        "spoke_with": "Giàng A Pó",
        "said": "Sẽ nộp hồ sơ trong tháng",
    }
    return Call(**values | fields)


def support(**fields):
    values = {
        "kind": "production",
        "provider": "Trung tâm Khuyến nông",
        "source": "programme",
        "budget_source": "Chương trình mục tiêu quốc gia",
        "planned": 60_000_000,
        "expected_result": "50 thùng ong",
    }
    return SupportMeasure(**values | fields)


def payment(measure, **fields):
    values = {
        "measure": measure,
        "amount": 20_000_000,
        "paid_on": clock.today(),
        "voucher": "UNC 12",
    }
    return Payment(**values | fields)


def completion():
    return Completion(
        finished_on=clock.today(), result="Đạt sản lượng", product_ready="Chai 500 ml, nhãn đủ"
    )


def self_assessment(**fields):
    values = {
        "general": "Hợp tác xã 12 thành viên",
        "points_a": Decimal(25),
        "points_b": Decimal(20),
        "points_c": Decimal(25),
    }
    return SelfAssessment(**values | fields)


def commune_report():
    return CommuneReport(
        origin="Rừng Nà Tấu",
        labour="12 lao động tại xã",
        idea_origin="Nghề truyền thống",
        identity="Kỹ thuật nuôi của người Thái",
        samples=5,
        label_checked=True,
    )


def samples(**fields):
    return SampleReceipt(**{"received_on": clock.today(), "samples": 5} | fields)


def evaluation(points_sum="548", sheets=7, stars=4, **fields):
    values = {
        "met_on": clock.today(),
        "points_sum": None if points_sum is None else Decimal(points_sum),
        "sheets": sheets,
        "stars": stars,
        "reasons": "Hội đồng nhất trí",
    }
    return Evaluation(**values | fields)


def certificate(**fields):
    values = {"issued_on": clock.today(), "number": f"{one_more('certificate')}/GCN-VT"}
    return Certificate(**values | fields)


def unnumbered(**fields):
    """A certificate that waits for its number."""
    return certificate(**{"number": ""} | fields)


def number(**fields):
    return CertificateNumber(**{"number": f"{one_more('certificate')}/GCN-VT"} | fields)


def promotion():
    return Promotion(done_on=clock.today(), channel="Hội chợ tỉnh", result="Bán 120 chai")


def inspection(conclusion="passed", **fields):
    values = {
        "inspected_on": clock.today(),
        "inspectors": "Đoàn kiểm tra của Sở Nông nghiệp và Môi trường",
        "findings": "Nhãn đúng, cơ sở sạch",
        "samples": 2,
        "conclusion": conclusion,
        "concluded_on": clock.today(),
    }
    return Inspection(**values | fields)


def stopped(**fields):
    return StoppedProduction(**{"stopped_on": clock.today()} | fields)


def revocation(**fields):
    return Revocation(**{"ground": "a", "recipients": "Chủ thể; UBND xã Nà Tấu"} | fields)


def signed_paper(**fields):
    """A document of the province, signed today, with its scan and a number of its own."""
    values = {
        "number": f"{one_more('paper')}/QĐ-UBND",
        "signed_on": clock.today(),
        "signer": "Trần Công Sơn",
        "signer_capacity": "Chủ tịch",
    } | fields
    if "scan" not in fields:
        values["scan"] = scan(values["number"])
    return OfficialDocument(**values)


def in_ledger(paper):
    """The paper of a dossier with its document in the ledger, past the door: the one of its number
    if there is one.
    """
    typed = paper.of_ledger
    if typed.pk is None:
        typed.issuer = paper.dossier.commune.at_level("province")
        typed.kind, typed.direction, typed.at = kind_of(typed.number), "outgoing", clock.now()
        same = Document.objects.standing().numbered(typed.number)
        paper.document = (
            same.filter(issuer=typed.issuer, year=typed.signed_on.year).first() or typed
        )
        paper.document.pk or paper.document.save()
        paper.document = paper.document
    return paper


def of_round(round_, kind, *, by, number, **fields):
    """The signed document of a round, past the door; unsaved, its document is in the ledger."""
    said = {"signed_on": clock.today(), "signer": "Trần Ký Tên", "signer_capacity": "Chủ tịch"}
    of = {name: fields.pop(name) for name in [*said] if name in fields}
    document = Document.objects.create(
        number=number, issuer=round_.council.org_unit, kind=kind_of(number), direction="outgoing",
        at=clock.now(), **said | of,
    )  # fmt: skip
    return SignedDocument(
        round=round_, kind=kind, document=document, by=by, at=clock.now(), **fields
    )


def request(**fields):
    """The commune's official request, signed today by its chair."""
    chair = {
        "number": "15/TTr-UBND",
        "signer": "Quàng Văn Chi",
        "signer_capacity": "Chủ tịch UBND xã",
    }
    return signed_paper(**chair | fields)


def ministry_paper(**fields):
    """A document of the ministry, signed for the minister."""
    minister = {
        "number": f"{one_more('paper')}/QĐ-BNNMT",
        "signer": "Nguyễn Văn Bộ",
        "signer_capacity": "Thứ trưởng",
    }
    return signed_paper(**minister | fields)


def scan(number=""):
    """The scan of the signed document ``number``, another than that of another; its file is staged,
    once for all tests of a folder.
    """
    content = f"%PDF-1.7 obj {fold_number(number)}%%EOF\n".encode()
    came = files.Staged(sha256(content).hexdigest(), len(content), "van-ban.pdf", "application/pdf")
    if not files.is_there(came.sha256):
        files.stage(ContentFile(content))
    found = Evidence(kind=SIGNED_PAPER, title="Bản chụp")
    found.hold(came)
    return found


def paper(kind, title="Bản giấy", **fields):
    """A piece of evidence that lies in a cupboard."""
    return Evidence(kind=kind, title=title, paper_location="Tủ hồ sơ số 2", **fields)


def day(year, month, number):
    return date(year, month, number)
