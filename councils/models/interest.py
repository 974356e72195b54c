"""Interests of members in products, what the council resolved, and the acts of a round on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from councils.models.council import TEAM, ConflictRule, Member
from councils.models.entry import COUNCIL, ROUND, RoundEntry, RoundState
from cycle import clock, guards
from cycle.models import (
    Criterion,
    Elimination,
    HistoryEntry,
    RoleAssignment,
    Stream,
    User,
    fold,
)
from cycle.written import moment_text
from dossiers.law.conditions import ConditionNotMet, Lack, stated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from councils.models.council import Council, MemberQuerySet, Regulation

#: What a declaration of interest says.
_SAID = ("kind", "recused", "reason", "by_id", "at", "taken_off")

#: Why nobody takes off an interest of themself.
NOT_ONES_OWN = _(
    "Không ai tự gỡ khai báo lợi ích về mình: người khác là thư ký hoặc thường trực hội đồng không "
    "chấm điểm gỡ."
)


class InterestKind(models.TextChoices):
    """Why a member has an interest in a product."""

    DECLARED = "declared", _("Thành viên tự khai")
    PRODUCER = "producer", _("Là người của chủ thể")
    RELATIVE = "relative", _("Người thân là chủ thể, người của chủ thể")
    COMMUNE = "commune", _("Công tác tại xã của sản phẩm")
    APPRAISED = "appraised", _("Đã thẩm định sản phẩm")


#: A member with such an interest never scores the product, whatever the regulation says.
NEVER_JUDGED = (InterestKind.PRODUCER, InterestKind.RELATIVE)


class InterestQuerySet(models.QuerySet["Interest"]):
    def standing(self) -> Self:
        """Without those that were taken off."""
        return self.filter(taken_off=False)


class Interest(models.Model):
    """A member's declared interest in one product of the round (khai báo lợi ích).

    ``recused``: the member does not score it; otherwise ``reason`` says why they still may.
    ``taken_off`` (gỡ): it was recorded wrongly, and ``reason`` says what was wrong. The row stays,
    for in a later round of the product it is what was said last.
    """

    entry = models.ForeignKey(RoundEntry, models.PROTECT, related_name="interests")
    member = models.ForeignKey(
        Member, models.PROTECT, related_name="interests", verbose_name=_("thành viên")
    )
    kind = models.CharField(_("lợi ích"), max_length=10, choices=InterestKind)
    recused = models.BooleanField(_("không chấm sản phẩm này"), default=True)
    reason = models.TextField(_("lý do"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("người ghi"))
    at = models.DateTimeField(_("lúc"))
    taken_off = models.BooleanField(_("đã gỡ"), default=False, db_default=False, editable=False)

    objects = InterestQuerySet.as_manager()

    class Meta:
        verbose_name = _("khai báo lợi ích")
        constraints = [
            models.UniqueConstraint(name="interest_once", fields=["entry", "member"]),
            models.CheckConstraint(
                name="interest_kind_known", condition=Q(kind__in=InterestKind.values)
            ),
            models.CheckConstraint(name="interest_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="interest_own_or_relatives_never_judged",
                condition=~Q(kind__in=NEVER_JUDGED) | Q(recused=True),
            ),
            models.CheckConstraint(
                name="interest_taken_off_keeps_nobody_out",
                condition=Q(taken_off=False) | Q(recused=False),
            ),
        ]
        triggers = [
            guards.Told(
                name="interest_told",
                stream="round",
                of=ROUND,
                also=[("council", f"({COUNCIL}{ROUND})")],
                rows="round.declare_interest round.lift_interest round.take_in round.open"
                " round.reopen council.seat council.extend",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member}: {self.entry}"

    @property
    def stands(self) -> str:
        """What it says, in words, without its reason."""
        return interest_words(self.kind, recused=self.recused)

    def binds(self, user: User) -> bool:
        """Whether ``user``, its member, does not unsay it alone: the member is the producer's or a
        relative, or another recorded that they do not score.
        """
        return self.recused and (self.kind in NEVER_JUDGED or self.by_id != user.pk)

    @property
    def binding(self) -> str:
        """The sentence that says why its member does not unsay it alone."""
        if self.kind in NEVER_JUDGED:
            return _now(
                "Đã khai là người của chủ thể hoặc người thân: chỉ thư ký hoặc thường trực hội "
                "đồng sửa được khai báo."
            )
        return _now(
            "%(by)s đã ghi người này không chấm sản phẩm: chỉ thư ký hoặc thường trực hội đồng "
            "sửa được khai báo."
        ) % {"by": self.by}

    @property
    def already_said(self) -> str:
        """The sentence that it stands, which asks why it is changed."""
        return _now(
            "Đã có khai báo: %(stands)s (%(by)s ghi lúc %(at)s). Hãy nêu lý do sửa khai báo đã ghi."
        ) % {"stands": self.stands, "by": self.by, "at": moment_text(self.at)}


def interest_words(kind: str, *, recused: bool) -> str:
    """What an interest of ``kind`` is, and whether its member scores the product."""
    scores = _now("không chấm sản phẩm này") if recused else _now("vẫn chấm sản phẩm này")
    return f"{InterestKind(kind).label}; {scores}"


class Resolution(models.Model):
    """What the council resolved on a minimum or an elimination (kết luận của hội đồng).

    ``holds``: of a minimum, that the product reaches it; of an elimination, that it is eliminated.
    """

    entry = models.ForeignKey(RoundEntry, models.PROTECT, related_name="resolutions")
    criterion = models.ForeignKey(Criterion, models.PROTECT, null=True, related_name="+")
    stars = models.PositiveSmallIntegerField(_("hạng sao"), null=True)
    elimination = models.ForeignKey(Elimination, models.PROTECT, null=True, related_name="+")
    holds = models.BooleanField(_("kết luận"))
    reason = models.TextField(_("lý do"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("lúc"))

    #: The votes for and against it, set by who read its line of the history; empty for none.
    votes: Sequence[int] = ()

    class Meta:
        verbose_name = _("kết luận của hội đồng")
        constraints = [
            models.UniqueConstraint(
                name="resolution_once_per_minimum", fields=["entry", "criterion", "stars"]
            ),
            models.UniqueConstraint(
                name="resolution_once_per_elimination", fields=["entry", "elimination"]
            ),
            models.CheckConstraint(
                name="resolution_of_one_thing",
                condition=Q(
                    criterion__isnull=False,
                    stars__isnull=False,
                    stars__range=(3, 5),
                    elimination__isnull=True,
                )
                | Q(criterion__isnull=True, stars__isnull=True, elimination__isnull=False),
            ),
            models.CheckConstraint(name="resolution_has_reason", condition=~Q(reason="")),
        ]
        triggers = [
            guards.Told(name="resolution_told", stream="round", of=ROUND, rows="round.resolve")
        ]

    def __str__(self) -> str:
        return f"{self.entry}: {self.criterion or self.elimination}"

    @property
    def about(self) -> tuple[str, int | None]:
        """What it is about, as its line of the history says it."""
        return str(self.criterion or self.elimination), self.stars

    @staticmethod
    def votes_on(entry: RoundEntry) -> dict[tuple[str, int | None], list[int]]:
        """The votes for and against each resolution on a product that stands, by :attr:`about`,
        where the council voted.
        """
        told = HistoryEntry.objects.filter(
            stream=Stream.ROUND,
            stream_id=entry.round_id,
            event="round.resolve",
            data__dossier=entry.dossier_id,
        )
        return {
            (each.data["about"], each.data["stars"]): each.data.get("votes", [])
            for each in told.order_by("seq")
        }


# --- The acts on them ----------------------------------------------------------------------------


class Interests(models.Model):
    """The acts of a round on interests and resolutions. Abstract; the model is
    :class:`~councils.models.round.EvaluationRound`.
    """

    if TYPE_CHECKING:
        # Fields and methods of EvaluationRound that are used here.
        council: models.ForeignKey[Council, Council]
        regulation: models.ForeignKey[Regulation, Regulation]
        met_on: Any
        change: Callable[..., AbstractContextManager[dict[str, Any]]]
        _only_in_meeting: Callable[[], None]

        @property
        def seats(self) -> MemberQuerySet: ...

    class Meta:
        abstract = True

    def declare_interest(
        self,
        entry: RoundEntry,
        member: Member,
        *,
        kind: str,
        reason: str,
        recused: bool,
        by: User,
        correction: str = "",
    ) -> None:
        """Record a member's interest in a product, and whether they score it all the same.

        Members declare their own; whoever runs the round and does not score in it may record it
        for them. A sheet that is in already is not counted then (không tính), and a counted product
        is counted anew: after the count only who runs the round records it. Where one stands
        already, ``correction`` says why it is changed; the history keeps both. Raises
        ConditionNotMet without a reason, or when the regulation does not let the member score.
        """
        permission = "councils.declare" if member.user_id == by.pk else "councils.record_interest"
        with self.change(
            "round.declare_interest",
            by,
            permission,
            dossier=entry.dossier_id,
            who=str(member.user),
            who_id=member.user_id,
            interest=kind,
            recused=recused,
            why=reason.strip(),
        ) as data:
            reason = stated(reason)
            if not recused and any(
                rule == ConflictRule.FORBID for _kind, rule in self.conflicts(entry, member)
            ):
                raise ConditionNotMet(
                    [Lack(_("Quy chế không cho thành viên này chấm sản phẩm."), "recused")]
                )
            if not recused and kind in NEVER_JUDGED:
                words = _("Không ai chấm sản phẩm của mình hoặc của người thân: hãy từ chối chấm.")
                raise ConditionNotMet([Lack(words, "recused")])
            entry.must_wait()
            standing = entry.interests.standing()
            before = standing.filter(member=member).select_related("by").first()
            if before is not None:
                data["reason"] = stated(correction, before.already_said, field="correction")
                data["corrects"] = True
            # Of oneself nobody is more than a member, whatever post they have come to since.
            runs = member.user_id != by.pk
            if entry.is_counted and not runs:
                raise ConditionNotMet(
                    [
                        _(
                            "Sản phẩm đã kiểm phiếu: hãy báo thư ký hoặc thường trực hội đồng ghi "
                            "khai báo này."
                        )
                    ]
                )
            # Also to another kind, recused: from there it would be lifted next.
            if before is not None and before.binds(by) and not (runs or kind in NEVER_JUDGED):
                raise ConditionNotMet([Lack(before.binding, "recused")])
            data |= self._scores_by(entry, member, before, recused=recused, reason=reason)
            Interest.objects.update_or_create(
                entry=entry,
                member=member,
                defaults={
                    "kind": kind,
                    "recused": recused,
                    "reason": reason,
                    "by": by,
                    "at": clock.now(),
                    "taken_off": False,
                },
            )

    def lift_interest(self, interest: Interest, *, reason: str, by: User) -> None:
        """Take off an interest that was recorded wrongly (gỡ khai báo), with what was wrong: of its
        person's every seat here, and for every later round of the product. A sheet that was left
        out because of it may be taken back; a counted product is counted anew.

        Who runs the round and does not score in it does so; nobody of themself, not even what they
        declared by mistake: what they said of themself once is not theirs alone to unsay. Raises
        PermissionDenied, RoundClosed, and ConditionNotMet without a reason, of oneself, when it was
        taken off meanwhile, and once the product waits for no result of the round.
        """
        entry, member = interest.entry, interest.member
        with self.change(
            "round.lift_interest",
            by,
            "councils.record_interest",
            dossier=entry.dossier_id,
            who=str(member.user),
            who_id=member.user_id,
            reason=reason.strip(),
        ) as data:
            if member.user_id == by.pk:
                raise ConditionNotMet([NOT_ONES_OWN])
            stated(reason, _("Bạn chưa nêu lý do: đã ghi nhầm điều gì."))
            entry.must_wait()
            interest.refresh_from_db()
            if interest.taken_off:
                raise ConditionNotMet([_("Khai báo này đã được gỡ.")])
            data |= {
                "interest": interest.kind,
                "recused": interest.recused,
                "why": interest.reason,
            }
            its = entry.interests.standing().filter(member__user=member.user_id)
            for each in its.select_related("member"):
                self._scores_by(entry, each.member, each, recused=False, reason="")
            its.update(
                taken_off=True,
                kind=InterestKind.DECLARED,
                recused=False,
                reason=reason.strip(),
                by=by,
                at=clock.now(),
            )

    def bring_interests(
        self, entries: Iterable[RoundEntry], members: Iterable[Member] | None = None
    ) -> list[int]:
        """Have what its members last declared of these products, in whatever round or seat, stand
        here too; returns the ids of the members of whom something does. ``members``: of these
        seats alone, by default of all that have not ended by its meeting. What they declared stays
        theirs, or whose it is who recorded it.

        Every way in goes by this: a product that comes in or back, and a seat that is new.
        """
        if members is None:
            today = clock.today()
            day = min(self.met_on or today, today)
            members = self.council.members.filter(Q(until=None) | Q(until__gte=day))
        seats, brought = list(members), set()
        people = {seat.user_id for seat in seats}
        its = {entry.dossier_id: entry for entry in entries}
        said = Interest.objects.filter(entry__dossier__in=list(its), member__user__in=people)
        last: dict[tuple[int, int], Interest] = {}
        here: dict[tuple[int, int], Interest] = {}
        for each in said.select_related("entry", "member").order_by("at", "pk"):
            last[each.entry.dossier_id, each.member.user_id] = each
            here[each.entry_id, each.member_id] = each
        for (dossier, user), interest in last.items():
            entry = its[dossier]
            for seat in seats:
                before = here.get((entry.pk, seat.pk))
                told = {name: getattr(interest, name) for name in _SAID}
                same = before and all(getattr(before, name) == told[name] for name in _SAID)
                if seat.user_id != user or same or interest.taken_off and before is None:
                    continue
                self._scores_by(
                    entry, seat, before, recused=interest.recused, reason=interest.reason
                )
                Interest.objects.update_or_create(entry=entry, member=seat, defaults=told)
                if not interest.taken_off:
                    brought.add(seat.pk)
        return sorted(brought)

    @staticmethod
    def _scores_by(
        entry: RoundEntry, member: Member, before: Interest | None, *, recused: bool, reason: str
    ) -> dict[str, bool]:
        """Have the sheets follow an interest of ``member`` that replaces ``before``; returns what
        the history says of it.
        """
        if recused:
            return {"left_out": entry.leave_out(member, reason)}
        if before is not None and before.recused:
            # The member scores it after all.
            entry.recount()
        return {}

    def conflicts(self, entry: RoundEntry, member: Member) -> list[tuple[InterestKind, str]]:
        """The conflicts of interest of a member with a product: (kind, ConflictRule) of each."""
        dossier, user = entry.dossier, member.user
        producer = dossier.product.producer
        found: list[tuple[InterestKind, str]] = []
        named = producer.representative and fold(producer.representative) == fold(str(user))
        if named or (producer.phone and producer.phone == user.phone):
            found.append((InterestKind.PRODUCER, ConflictRule.FORBID))
        if RoleAssignment.objects.at(dossier.commune_id).filter(user=user).exists():
            found.append((InterestKind.COMMUNE, self.regulation.same_commune))
        if entry.said_in().filter(appraisals__by=user).exists():
            found.append((InterestKind.APPRAISED, self.regulation.appraised))
        # Of another product of the producer, or in another year: whether it still is so is asked.
        said = Interest.objects.filter(
            member__user=user, entry__dossier__product__producer=producer
        )
        elsewhere = said.exclude(entry__dossier=dossier).order_by("at", "pk")
        last = {each.entry.dossier_id: each for each in elsewhere.select_related("entry")}
        kinds = {each.kind for each in last.values() if not each.taken_off}
        found += [
            (kind, ConflictRule.WARN)
            for kind in NEVER_JUDGED
            if kind in kinds and kind not in dict(found)
        ]
        return [(kind, rule) for kind, rule in found if rule != ConflictRule.ALLOW]

    def resolve(
        self,
        entry: RoundEntry,
        *,
        criterion: Criterion | None = None,
        stars: int | None = None,
        elimination: Elimination | None = None,
        holds: bool,
        reason: str,
        by: User,
        correction: str = "",
        votes: tuple[int, int] | None = None,
    ) -> None:
        """Record what the council resolved on a minimum or an elimination (kết luận).

        Of a minimum ``criterion`` and ``stars`` are given, else ``elimination``; ``holds`` as in
        :class:`Resolution`. Where one stands already, ``correction`` says why it is changed.
        ``votes``: how many were for and against it (biểu quyết), where the council voted; its line
        of the history alone keeps them, and the minutes print them. It says what sheets are worth:
        of those who score, the chair alone records it. Raises ConditionNotMet without a reason, in
        a written round, for votes that cannot have carried it, or where the criterion would
        reach a minimum and miss a lower one.
        """
        reason = stated(reason)
        about: dict[str, Any] = {"criterion": criterion, "stars": stars, "elimination": elimination}
        with self.change(
            "round.resolve",
            by,
            "councils.settle_spread",
            states=[RoundState.OPEN],
            dossier=entry.dossier_id,
            about=str(criterion or elimination),
            stars=stars,
            holds=holds,
            why=reason,
        ) as data:
            entry.must_wait()
            if elimination is None:
                self._only_in_meeting()
            if votes is not None:
                data["votes"] = self._cast(entry, votes)
            if entry.resolutions.filter(**about).exists():
                data["reason"] = stated(correction, _("Kết luận này đã ghi: hãy nêu lý do sửa."))
                data["corrects"] = True
            Resolution.objects.update_or_create(
                entry=entry,
                **about,
                defaults={"holds": holds, "reason": reason, "by": by, "at": clock.now()},
            )
            if criterion is not None:
                self._agree(entry, criterion)

    def _cast(self, entry: RoundEntry, votes: tuple[int, int]) -> list[int]:
        """The votes for and against. Raises ConditionNotMet for more than may be there, for none,
        or where more were against: then the council did not resolve it. At as many for as against
        the chair may decide.
        """
        agree, against = votes
        recused = entry.interests.filter(recused=True).values("member")
        seats = self.seats.exclude(seat__in=TEAM).exclude(pk__in=recused).count()
        if not 0 < agree + against <= seats:
            words = _now(
                "Số phiếu biểu quyết phải từ 1 đến %(seats)d, số thành viên hội đồng được biểu "
                "quyết về sản phẩm này."
            )
            raise ConditionNotMet([Lack(words % {"seats": seats}, "agree")])
        if against > agree:
            words = _now(
                "%(against)d phiếu không tán thành, %(agree)d phiếu tán thành: hội đồng không "
                "thông qua kết luận này."
            )
            raise ConditionNotMet([Lack(words % {"agree": agree, "against": against}, "agree")])
        return list(votes)

    @staticmethod
    def _agree(entry: RoundEntry, criterion: Criterion) -> None:
        """Raise ConditionNotMet when of ``criterion`` a minimum is resolved to be reached and a
        lower one to be missed.
        """
        said = entry.resolutions.filter(criterion=criterion)
        missed = min((each.stars or 0 for each in said if not each.holds), default=None)
        reached = max((each.stars or 0 for each in said if each.holds), default=None)
        if missed is not None and reached is not None and missed < reached:
            raise ConditionNotMet(
                [
                    _now(
                        "Hai kết luận trái nhau: %(criterion)s không đạt mức %(low)d sao thì không "
                        "thể đạt mức %(high)d sao."
                    )
                    % {"criterion": criterion.code, "low": missed, "high": reached}
                ]
            )
