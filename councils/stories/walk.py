"""The walk of one dossier of the demo through the doors."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile

from councils.stories import sitting
from councils.stories.cast import (
    DONE_BY,
    FAMILIES,
    GIVEN,
    ON_PAPER,
    OUT_OF_THE_ORDINARY,
    REASONS,
    SIGNS,
    SYMBOLS,
)
from councils.stories.replay import DATA
from councils.stories.scenes import Scene
from cycle import clock, documents, files
from cycle.models import Document, Level, OrgUnit, Role, Rubric
from cycle.workdays import add_months
from cycle.written import day_text, in_sentence
from dossiers.models import (
    ACTS,
    BatchState,
    BusinessPlan,
    Certificate,
    CommuneReport,
    Completion,
    Conclusion,
    Dossier,
    Evaluation,
    Evidence,
    FundingSource,
    Ground,
    Idea,
    Inspection,
    OfficialDocument,
    Promotion,
    Review,
    Revocation,
    SelfAssessment,
    StockBatch,
    StockRow,
    SupportKind,
    SupportMeasure,
    Task,
    Visit,
)
from dossiers.models.evidence import COMMUNE_REQUEST, SIGNED_PAPER
from dossiers.models.records import Record
from dossiers.walk import doors, stock

if TYPE_CHECKING:
    from councils.stories.year import Year

SCAN = (DATA / "demo_scan.pdf").read_bytes()


class Walk:
    """One dossier: each act of its scene, at its moment, by the post whose task it is."""

    def __init__(self, year: Year, scene: Scene, commune: OrgUnit) -> None:
        self.year, self.scene, self.commune = year, scene, commune
        self.random, self.posts = year.random, year.posts
        self.dossier = Dossier(cycle=year.cycle, product=year.product(commune), commune=commune)

    def run(self) -> None:
        """Open the dossier, do the acts of its scene, then claim or pause the open task if it says
        so (``then``).
        """
        moments = self.year.moments(self.scene)
        if "enter_late:upgrade" in self.scene.acts:
            with clock.at(clock.now(), replay=True):
                self.certified_before()
        with clock.at(next(moments), replay=True):
            self.open()
        for act, moment in zip(self.scene.acts, moments, strict=True):
            with clock.at(moment, replay=True):
                self.act(*act.partition(":")[::2])
        if self.scene.then in self.year.judged:
            self.year.judged[self.scene.then].append(self.dossier)
        elif self.scene.then:
            with clock.at(moment + timedelta(minutes=50), replay=True):
                task = self.task()
                assert task.org_unit is not None, "a task of a person is at a unit"
                if self.scene.then == "claim":
                    # Where two people hold the role, the second one claims it.
                    held = task.org_unit.role_assignments.held_on(clock.today()).filter(
                        role=task.role
                    )
                    doors.claim(task, by=held.select_related("user").latest("pk").user)
                else:
                    by = self.posts(task.role, task.org_unit)
                    doors.wait(task, by=by, reason=REASONS["wait"])

    def certified_before(self) -> None:
        """What is to be upgraded has three stars on record, entered as the stock is: by the office
        of the province, on the decision of two years ago.
        """
        province = self.commune.at_level(Level.PROVINCE)
        assert province is not None, "a commune lies in a province"
        by, product = self.posts(Role.OFFICER, province), self.dossier.product
        issued = add_months(clock.today(), -24)
        # Nobody signs on a Saturday or Sunday.
        issued -= timedelta(days=max(0, issued.weekday() - 4))
        paper = {"number": f"{product.pk}/QĐ-UBND", "signer": "Lò Văn Hặc"}
        scan = ContentFile(SCAN + f"% {paper['number']}\n".encode())
        staged = files.stage(scan, "quyet-dinh.pdf", "application/pdf")
        document = Document(
            number=paper["number"],
            signed_on=issued,
            issuer=province,
            signer=paper["signer"],
            signer_capacity="Chủ tịch UBND tỉnh",
        )
        document.hold(staged)
        batch = StockBatch.objects.create(
            org_unit=province,
            cycle=stock.archive(),
            by=by,
            at=clock.now(),
            checked_at=clock.now(),
            state=BatchState.COMMITTING,
            basis=documents.record(document, by=by),
        )
        values = {
            "product": product.name,
            "product_id": product.pk,
            "product_group": product.group,
            "producer": product.producer.name,
            "producer_id": product.producer_id,
            "owner_type": product.producer.owner_type,
            "commune": self.commune.pk,
            "stars": 3,
            "number": f"{product.pk}/GCN-UBND",
            "issuer": province.pk,
            "decision_number": paper["number"],
            "decision_on": issued.isoformat(),
            "signer": paper["signer"],
            "issued_on": issued.isoformat(),
            "expires_on": add_months(issued, 36).isoformat(),
            "edition": "148",
        }
        StockRow.objects.create(batch=batch, line=1, values=values)
        stock.enter(batch, by=by)

    def open(self) -> None:
        meeting = self.year.meetings.get(self.commune.pk)
        if meeting and meeting.held_on <= clock.today():
            self.dossier.outreach_event = meeting
        doors.open(self.dossier, by=self.posts(Role.OFFICER, self.commune))

    def task(self) -> Task:
        return Task.objects.select_related("org_unit").get(
            dossier=self.dossier, open_state__isnull=False
        )

    def act(self, name: str, result: str) -> None:
        """Do the act ``name``; ``result`` is its points, or for ``enter_late`` the reason."""
        day = day_text(clock.today() + timedelta(days=20))
        given: dict[str, Any] = {"reason": REASONS.get(name, "").format(day=day)}
        if not given["reason"] and self.dossier.asked(ACTS[name], clock.today()):
            given["reason"] = OUT_OF_THE_ORDINARY
        if name == "enter_late":
            given["entered_as"] = result
        elif name == "choose_rubric":
            given["rubric"] = self.rubric()
        elif keep := getattr(self, f"for_{name}", None):
            given["record"] = keep(result) if result else keep()
        if ACTS[name].door == "act":
            role, level = DONE_BY.get(name, (Role.OFFICER, Level.COMMUNE))
            unit = self.commune.at_level(level)
            assert unit is not None, "the demo's acts are of levels that its cycle has"
            by = self.posts(role, unit)
            if self.dossier.demands_paper(ACTS[name]):
                given["paper"] = self.paper(name, unit)
            process = self.dossier.process
            assert process is not None, "every dossier was opened with one"
            self.dossier = doors.act(process, name, by=by, **given)
            return
        task = self.task()
        assert task.org_unit is not None, "a task of a person is at a unit"
        by = self.posts(task.role, task.org_unit)
        if self.dossier.demands_paper(ACTS[name]):
            # Random numbers of its own, so that the rest of the demo does not change.
            chance = random.Random(task.pk)  # noqa: S311
            given["paper"] = self.paper(name, task.org_unit, chance)
        if name in ON_PAPER and self.random.random() < 0.5:
            typist = Role.CLERK if task.org_unit.level == Level.PROVINCE else Role.OFFICER
            by = self.posts(typist, task.org_unit)
            given["paper"] = self.paper(name, task.org_unit)
        self.dossier = doors.complete(task, name, by=by, **given)

    # --- The records of each act --------------------------------------------------------------

    def paper(
        self, name: str, unit: OrgUnit, chance: random.Random | None = None
    ) -> OfficialDocument:
        """A document signed today, with its scan and a number used once."""
        chance = chance or self.random
        symbol = SYMBOLS.get(name, "TTr-UBND")
        number = f"{chance.randrange(100, 999)}{self.dossier.pk:03}/{symbol}"
        # A scan shows one paper.
        staged = files.stage(ContentFile(SCAN + f"% {number}\n".encode()))
        request = ACTS[name].is_request(self.dossier.state, self.dossier.rule_set)
        return OfficialDocument(
            document=Document(
                number=number,
                signed_on=clock.today(),
                signer=f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)}",
                signer_capacity=SIGNS.get(name) or f"Chủ tịch UBND {in_sentence(unit.name)}",
            ),
            scan=Evidence(
                dossier=self.dossier,
                # As the page of forwarding keeps it.
                kind=COMMUNE_REQUEST if request else SIGNED_PAPER,
                title=f"Văn bản {number}",
                sha256=staged.sha256,
                bytes=staged.bytes,
                filename="van-ban.pdf",
                content_type="application/pdf",
                pages=1,
            ),
        )

    def for_register_idea(self) -> Idea:
        return Idea(
            filed_on=clock.today(),
            description=f"Làm {self.dossier.product} theo cách của địa phương, đóng gói và có nhãn",
            materials=f"Nguyên liệu trồng, nuôi tại {self.commune.name}",
            local_identity="Kinh nghiệm truyền thống của đồng bào trong bản",
            local_workers=self.random.randrange(4, 40),
            market="Chợ phiên, khách du lịch, cửa hàng nông sản trong tỉnh",
            support_needed="Thiết kế bao bì, kiểm nghiệm, tập huấn bán hàng",
        )

    for_complete_idea = for_refile_idea = for_register_idea

    def for_submit_plan(self) -> BusinessPlan:
        investment = self.random.randrange(12, 180) * 10_000_000
        return BusinessPlan(
            filed_on=clock.today(),
            owner_trained_on=clock.today() - timedelta(days=self.random.randrange(10, 40)),
            objective=f"Đưa {self.dossier.product} ra thị trường ngoài tỉnh",
            products_and_volume=f"{self.random.randrange(5, 60) * 100} đơn vị sản phẩm mỗi năm",
            production="Thu mua tại bản, sơ chế tại xưởng của chủ thể",
            market="Hợp đồng với hai cửa hàng nông sản và một điểm dừng chân",
            investment=investment,
            own_capital=investment * 4 // 10,
            expected_revenue=investment * 2,
            starts_on=clock.today(),
            ends_on=clock.today() + timedelta(days=180),
        )

    for_complete_plan = for_refile_plan = for_submit_plan

    def for_approve_plan(self) -> Review:
        return Review(
            checked=["Nhu cầu thị trường", "Vùng nguyên liệu", "Vốn và nguồn vốn"],
            remarks="Phương án khả thi, đủ tài liệu",
        )

    def for_record_visit(self) -> Visit:
        return Visit(
            visited_on=clock.today(),
            visitor=str(self.posts(Role.OFFICER, self.commune)),
            findings="Xưởng đã sửa xong, đang chạy thử mẻ đầu",
            advice="Ghi sổ từng mẻ, bổ sung hạn sử dụng trên nhãn",
        )

    def for_record_support(self) -> SupportMeasure:
        planned = self.random.randrange(2, 12) * 10_000_000
        return SupportMeasure(
            kind=self.random.choice(SupportKind.values),
            provider="Sở Nông nghiệp và Môi trường",
            source=FundingSource.PROGRAMME,
            budget_source="Chương trình mục tiêu quốc gia xây dựng nông thôn mới",
            planned=planned,
            paid=planned // 2,
            expected_result="Bao bì mới, phiếu kiểm nghiệm, chủ thể được tập huấn",
        )

    def for_declare_ready(self) -> Completion:
        return Completion(
            finished_on=clock.today(),
            result="Đạt sản lượng theo phương án",
            product_ready="Bao bì, nhãn đã hoàn thiện; chất lượng ổn định qua ba mẻ",
            papers_ready="Đăng ký kinh doanh, phiếu kiểm nghiệm, bản công bố",
        )

    def for_attach_evidence(self) -> list[Evidence]:
        """The compulsory kinds and one more: files, or papers where a file makes no sense."""
        kinds = self.dossier.rule_set.compulsory(self.dossier.case_type)
        return [self.evidence(kind) for kind in [*kinds, "product_story"]]

    def rubric(self) -> Rubric | None:
        """The rubric that the product list names; in an older edition the first of its group."""
        sets = self.dossier.rubrics()
        named = self.year.rubrics[self.dossier.product_id]
        return sets.filter(number=named).first() or sets.first()

    def evidence(self, kind: str) -> Evidence:
        label = self.dossier.rule_set.evidence_label(kind)
        piece = Evidence(kind=kind, title=label, issued_on=clock.today())
        # Mostly for one or two criteria, sometimes for the whole dossier.
        codes = self.dossier.rubric.criteria.values_list("code", flat=True)
        piece.criteria = sorted(self.random.sample(list(codes), self.random.randrange(3)))
        if kind in ("samples", "business_registration"):
            piece.paper_location = f"Tủ hồ sơ OCOP, UBND {in_sentence(self.commune.name)}"
            return piece
        text = (
            f"{label}\n\nSản phẩm: {self.dossier.product}\n"
            f"Chủ thể: {self.dossier.product.producer}\n{self.commune.name}, tỉnh Điện Biên\n\n"
            "Tài liệu minh họa, không phải giấy tờ thật.\n"
        )
        piece.hold(files.stage(ContentFile(text.encode()), f"{kind}.txt", "text/plain"))
        piece.pages = 1
        return piece

    def for_submit_dossier(self) -> SelfAssessment:
        changed = self.dossier.entered_as == "upgrade"
        if self.random.random() < 0.7:
            points = Decimal(self.random.randrange(56, 84))
            chosen = sitting.Pen(self.dossier.rubric, self.random, 3).options(points)
            return self.self_assessment(changed, options=[option.pk for option in chosen])
        # The others handed in a paper with the sums only.
        return self.self_assessment(
            changed,
            points_a=Decimal(self.random.randrange(48, 66)) / 2,
            points_b=Decimal(self.random.randrange(28, 44)) / 2,
            points_c=Decimal(self.random.randrange(44, 64)) / 2,
        )

    def self_assessment(self, changed: bool, **scores: Any) -> SelfAssessment:
        return SelfAssessment(
            general=f"{self.dossier.product.producer}, {self.commune.name}",
            plan_results="Đã thực hiện các nội dung của phương án",
            production_plan="Giữ sản lượng, mở thêm hai điểm bán",
            what_changed="Có mã truy xuất và bao bì mới" if changed else "",
            **scores,
        )

    def for_confirm_dossier(self) -> CommuneReport:
        return CommuneReport(
            origin=f"Nguyên liệu lấy tại {self.commune.name}",
            labour=f"{self.random.randrange(5, 30)} lao động tại xã",
            idea_origin="Nghề truyền thống của bản, chủ thể tự đề xuất",
            identity="Cách làm và hoa văn, hương vị riêng của địa phương",
            samples=5,
            label_checked=True,
        )

    def for_rank(self, points: str = "") -> Evaluation:
        """The result of a council of seven; ``points`` of the scene, or some for 3 or 4 stars."""
        mean = Decimal(points or self.random.randrange(52, 82))
        sheets = 7
        total = mean * sheets + Decimal(self.random.randrange(0, 7)) / 2
        return Evaluation(
            met_on=clock.today(),
            points_sum=total,
            sheets=sheets,
            stars=self.dossier.rule_set.band(total, sheets),
            reasons="Hội đồng thống nhất theo điểm bình quân của các thành viên",
        )

    for_rank_at_district = for_rank

    def for_record_centre_result(self, points: str) -> list[Record]:
        """The centre's result; for five stars with the ministry's certificate."""
        result = self.for_rank(points)
        return [result, self.for_certify()] if result.stars == 5 else [result]

    def for_certify(self, waits: str = "") -> Certificate:
        """The certificate; ``waits``: the clerk has not numbered it yet."""
        given = Certificate(issued_on=clock.today())
        given.number = "" if waits else f"{self.dossier.pk}/GCN-UBND"
        return given

    def for_record_inspection(self) -> Inspection:
        return Inspection(
            inspected_on=clock.today(),
            inspectors="Đoàn kiểm tra liên ngành của tỉnh",
            findings="Nguyên liệu mua ngoài tỉnh, sổ sách không ghi nguồn gốc",
            samples=2,
            results="Mẫu đạt chỉ tiêu an toàn thực phẩm",
            conclusion=Conclusion.REVOKE,
            concluded_on=clock.today(),
        )

    def for_revoke(self) -> Revocation:
        recipients = f"{self.dossier.product.producer}; UBND {in_sentence(str(self.commune))}"
        return Revocation(ground=Ground.A, recipients=recipients)

    def for_record_promotion(self) -> Promotion:
        fair = next((f for f in reversed(self.year.fairs) if f.held_on <= clock.today()), None)
        return Promotion(
            event=fair,
            done_on=fair.held_on if fair else clock.today(),
            channel=fair.title if fair else "Cửa hàng giới thiệu sản phẩm OCOP",
            result=f"Bán {self.random.randrange(4, 40) * 10} sản phẩm, ký hai đơn đặt hàng",
            cost=self.random.randrange(1, 9) * 1_000_000,
        )

    for_promote = for_record_promotion
