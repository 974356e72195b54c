"""The rounds of the demo's councils."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.utils import timezone

from councils.judging import closing
from councils.models import (
    Appraisal,
    AppraisalPhoto,
    Council,
    DocumentKind,
    EvaluationRound,
    Member,
    Opinion,
    Regulation,
    RoundEntry,
    Seat,
    SignedDocument,
)
from councils.papers import facts
from councils.stories import sitting
from councils.stories.cast import COUNCIL, MEANS
from councils.stories.replay import DATA
from cycle import clock, files
from cycle.models import Document, Role
from cycle.papers import pdf
from dossiers.models import Dossier

if TYPE_CHECKING:
    from councils.stories.year import Year

# --- The council ----------------------------------------------------------------------------


class Rounds:
    """The province's council with three rounds: one closed, one in which members are scoring, one
    that was opened again; and a member who has left since.
    """

    def __init__(self, year: Year) -> None:
        self.year, self.random = year, year.random
        self.by = year.posts(Role.COUNCIL_OFFICE, year.province)

    def run(self) -> None:
        """Set up the council when the cycle opens, then hold the rounds."""
        first = self.year.days[0]
        with self.at(0, 9):
            Regulation.lay_down(
                Regulation(
                    org_unit=self.year.province,
                    basis=Document(
                        number="Quy chế hội đồng (minh họa)",
                        signed_on=first,
                        signer=str(self.year.posts(Role.LEADER, self.year.province)),
                        signer_capacity="Chủ tịch UBND tỉnh",
                    ),
                    valid_from=first,
                ),
                by=self.by,
            )
            self.council = Council.set_up(
                Council(
                    org_unit=self.year.province,
                    name=f"Hội đồng OCOP tỉnh Điện Biên {self.year.cycle.year}",
                    decision=Document(
                        number=f"{self.random.randrange(100, 999)}/QĐ-UBND",
                        signed_on=first,
                        signer=str(self.year.posts(Role.LEADER, self.year.province)),
                        signer_capacity="Chủ tịch UBND tỉnh",
                    ),
                    valid_from=first,
                ),
                by=self.by,
            )
            account = self.year.posts.account
            sitting.take_seats(
                self.council,
                [(seat, account(user, name), office) for user, name, seat, office in COUNCIL],
                by=self.by,
            )
        now = self.year.now
        if closed := self.year.judged["closed"]:
            round_ = self.open("Đợt 1", closed, now - 9, now - 5)
            self.appraise(round_, now - 7)
            for entry, mean in zip(self.entries(round_), itertools.cycle(MEANS), strict=False):
                self.score(entry, self.judges(round_), mean, now - 5)
            with self.at(now - 5, 16):
                sitting.close(round_, by=self.by)
            with self.at(now - 4, 10):
                self.sign_minutes(round_)
        if scoring := self.year.judged["open"]:
            round_ = self.open("Đợt 2", scoring, now - 4, now - 1)
            self.appraise(round_, now - 3)
            self.ask(round_, now - 4)
            # Two members have handed in all sheets, one has begun, the others have not.
            _chair, *members = self.judges(round_)
            for number, entry in enumerate(self.entries(round_)):
                who = members[: 3 if number < 2 else 2]
                self.score(entry, who, 66, now - 1, begun=members[2] if number == 2 else None)
        if again := self.year.judged["reopened"]:
            round_ = self.open("Đợt bổ sung", again, now - 9, now - 4)
            for entry in self.entries(round_):
                self.score(entry, self.judges(round_), 71, now - 4)
            with self.at(now - 4, 16):
                sitting.close(round_, by=self.by)
            with self.at(now - 2, 10):
                closing.reopen(
                    round_,
                    by=self.by,
                    reason="Chủ thể kiến nghị xem lại minh chứng về vùng nguyên liệu",
                    document=Document(
                        number=f"{self.random.randrange(10, 99)}/TB-UBND",
                        signed_on=clock.today(),
                        signer=str(self.year.posts(Role.LEADER, self.year.province)),
                        signer_capacity="Chủ tịch UBND tỉnh",
                    ),
                )
        with self.at(now - 1, 17):
            last = self.council.members.select_related("user").filter(seat=Seat.MEMBER).last()
            assert last is not None, "the council has members"
            self.council.take_seat(
                last,
                by=self.by,
                until=clock.today(),
                reason="Chuyển công tác",
                document=Document(
                    number=f"{self.random.randrange(100, 999)}/QĐ-UBND",
                    signed_on=clock.today(),
                    signer=str(self.year.posts(Role.LEADER, self.year.province)),
                    signer_capacity="Chủ tịch UBND tỉnh",
                ),
            )

    def at(self, day: int, hour: int, minute: int = 0) -> AbstractContextManager[datetime]:
        """The clock at a time on the working day with the index ``day``."""
        moment = datetime.combine(self.year.days[day], time(hour, minute))
        return clock.at(timezone.make_aware(moment), replay=True)

    def open(
        self, name: str, dossiers: list[Dossier], prepared: int, opened: int
    ) -> EvaluationRound:
        """An open round over ``dossiers``, with all members present."""
        with self.at(prepared, 14):
            round_ = EvaluationRound.create(
                EvaluationRound(
                    council=self.council,
                    cycle=self.year.cycle,
                    name=name,
                    meets_at=timezone.make_aware(datetime.combine(self.year.days[opened], time(8))),
                    place="Phòng họp tầng 2, trụ sở UBND tỉnh",
                ),
                by=self.by,
            )
            known = {row.number: row for row in self.year.cycle.rule_set.rubrics.current()}
            round_.take_in(
                [(each, known[self.year.rubrics[each.product_id]]) for each in dossiers],
                by=self.by,
            )
            round_.invite(by=self.by)
        self.sheets = 0
        with self.at(opened, 8):
            round_.open(by=self.by)
            there = self.council.members.sitting()
            round_.attend({member.pk: True for member in there}, by=self.by)
        return round_

    def appraise(self, round_: EvaluationRound, day: int) -> None:
        """Hand in the support team's appraisal of each product."""
        lead = self.council.members.get(seat=Seat.TEAM_LEAD).user
        photo = (DATA / "demo_photo.png").read_bytes()
        for number, entry in enumerate(self.entries(round_)):
            with self.at(day, 14 + number // 6, number % 6 * 10):
                staged = files.stage(ContentFile(photo))
                Appraisal.hand_in(
                    Appraisal(
                        entry=entry,
                        checked=[
                            "Giấy tờ pháp lý của chủ thể còn hiệu lực",
                            "Nhãn, bao bì đúng với hồ sơ công bố",
                            "Sản phẩm mẫu đủ và còn nguyên",
                        ],
                        visited_on=self.year.days[day],
                        findings="Xưởng sạch, có sổ nhập nguyên liệu; nhãn ghi đúng nơi sản xuất.",
                        tests_asked="Kiểm nghiệm lại chỉ tiêu vi sinh" if number == 0 else "",
                        report="Đề nghị hội đồng chấm điểm. Cần làm rõ hợp đồng tiêu thụ.",
                    ),
                    [
                        AppraisalPhoto(
                            sha256=staged.sha256,
                            bytes=staged.bytes,
                            filename="kiem-tra-tai-co-so.png",
                            content_type="image/png",
                        )
                    ],
                    by=lead,
                )

    def ask(self, round_: EvaluationRound, day: int) -> None:
        """Ask a department two questions, and answer one of them."""
        department = self.year.posts(Role.DEPARTMENT, self.year.province)
        for number, entry in enumerate(self.entries(round_)[:2]):
            with self.at(day, 15, number * 10):
                opinion = Opinion.ask(
                    Opinion(
                        entry=entry,
                        to=department,
                        department="Sở Nông nghiệp và Môi trường",
                        question="Cơ sở còn giấy chứng nhận an toàn thực phẩm đến khi nào?",
                    ),
                    days=2,
                    by=self.by,
                )
            if number == 0:
                with self.at(day + 1, 10):
                    opinion.reply("Giấy chứng nhận còn hạn hai năm.", by=department)

    def sign_minutes(self, round_: EvaluationRound) -> None:
        """Record the signed minutes, with number and scan, as the clerk."""
        kind = DocumentKind.MINUTES
        data = facts.of_round(kind, round_, closing=round_.closings.get())
        scan = files.stage(ContentFile(pdf.pdf(kind, data)))
        SignedDocument.record(
            SignedDocument(
                document=Document(
                    number=f"{self.random.randrange(10, 99)}/BB-HĐ",
                    signed_on=timezone.localdate(round_.closed_at),
                    signer=str(self.council.members.get(seat=Seat.CHAIR).user),
                    signer_capacity="Chủ tịch hội đồng",
                    scan_sha256=scan.sha256,
                    scan_bytes=scan.bytes,
                    scan_filename="bien-ban-hop.pdf",
                    scan_type="application/pdf",
                )
            ),
            round_,
            kind,
            by=self.year.posts(Role.CLERK, self.year.province),
        )

    def judges(self, round_: EvaluationRound) -> list[Member]:
        assert round_.opened_at is not None, "only an opened round is asked for its judges"
        with clock.at(round_.opened_at):
            return list(round_.scoring_members.select_related("user"))

    def entries(self, round_: EvaluationRound) -> QuerySet[RoundEntry]:
        return round_.entries.select_related("rubric", "dossier__rule_set")

    def score(
        self,
        entry: RoundEntry,
        members: Sequence[Member],
        mean: int,
        day: int,
        begun: Member | None = None,
    ) -> None:
        """Hand in sheets of about ``mean`` points by ``members``; ``begun`` begins one."""
        stars = entry.dossier.rule_set.band(Decimal(mean), 1)
        pen = sitting.Pen(entry.rubric, self.random, stars)
        total = Decimal(mean * len(members) + self.random.randrange(4))
        points = sitting.shares(total, len(members), self.random)
        for member, its in zip(members, points, strict=True):
            self.sheets += 1
            with self.at(day, 9 + self.sheets // 6, self.sheets % 6 * 10):
                sitting.fill(entry, member, pen.options(its), remark="Điểm minh họa")
        if begun:
            with self.at(day, 15, 20):
                half = [o for o in pen.options(Decimal(mean)) if o.criterion.part == "A"]
                sitting.fill(entry, begun, half, submit=False)
