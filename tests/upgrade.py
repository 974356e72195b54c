"""``python -m tests.upgrade``: what a released version stored is at home in today's code.

For each release: its own code, from the history of this repository, makes its demo and a backup;
today's code restores it, migrates, checks it, and opens every address as the people of the demo.
The backup is made once per machine and kept below ``.local/upgrade``.
"""

import io
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from itertools import cycle, islice, product
from pathlib import Path
from random import Random

from bench.__main__ import services_of_its_own
from cycle.running import embedded

#: Every release whose data are out there: its tag, and the commit where a clone has no tags.
RELEASES = {"v0.1.0": "e87c212"}
KEPT = embedded.PROJECT / ".local" / "upgrade"

#: The module of the release that stops its own services.
SERVICES = {"v0.1.0": "cycle.embedded"}

#: What the released code does with the demo before it is saved: a beat's work, and a few rows that
#: the demo has none of. Read by that code alone, so it never changes.
LIVED = {
    "v0.1.0": """
from datetime import timedelta
from cycle import clock
from cycle.models import RoleAssignment, Substitution, User
from dossiers import handover
from notifications import jobs
from notifications.models import CalendarFeed
jobs.keep_time()
officer, other = (User.objects.get(username=name) for name in ("xa.natau", "xa.natau.2"))
CalendarFeed.objects.create(user=officer, created_at=clock.now())
handover.substitute(
    Substitution(
        assignment=officer.role_assignments.get(), substitute=other, reason="Nghỉ phép",
        valid_from=clock.today(), valid_to=clock.today() + timedelta(days=3),
    ),
    by=officer,
)
"""
}


def main() -> None:
    """Check every release; raises SystemExit naming what does not fit."""
    for tag, commit in RELEASES.items():
        backup = backup_of(tag, commit)
        began = time.monotonic()
        with services_of_its_own():
            faults = check(backup)
        for fault in faults:
            print(fault)
        say(f"{tag}: {len(faults)} chỗ không chạy, kiểm tra mất {time.monotonic() - began:.0f} s.")
        if faults:
            raise SystemExit(1)


def say(sentence: str) -> None:
    print(sentence, flush=True)


# --- The released version, in its own code --------------------------------------------------


def backup_of(tag: str, commit: str) -> Path:
    """The backup of that release's demo, made now if this machine has none.

    Raises SystemExit when the history does not reach so far, or its code does not run.
    """
    found = found_commit(tag, commit)
    file = KEPT / f"{found}.tar"
    if file.exists():
        return file
    KEPT.mkdir(parents=True, exist_ok=True)
    say(f"{tag}: tạo bản sao lưu bằng mã nguồn của bản đó (chỉ lần đầu)…")
    with tempfile.TemporaryDirectory(prefix="ocop-upgrade-") as place:
        # PostgreSQL of root runs as nobody, who must be able to pass.
        Path(place).chmod(0o711)
        code = Path(place) / "code"
        archive = git("archive", "--format=tar", found).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(code, filter="data")
        try:
            try:
                make_backup(tag, sys.executable, code, Path(place))
            except subprocess.CalledProcessError as failed:
                say(f"Thư viện hôm nay không chạy được {tag} ({last_line(failed)}).")
                make_backup(tag, python_of(found, code), code, Path(place))
        except subprocess.CalledProcessError as failed:
            raise SystemExit(f"Không chạy được mã nguồn của {tag}: {last_line(failed)}") from None
        # Renamed when complete, within one folder: an interrupted check leaves nothing that looks whole.
        partial = file.with_suffix(".partial")
        shutil.copyfile(Path(place) / "backup.tar", partial)
        partial.replace(file)
    return file


def found_commit(tag: str, commit: str) -> str:
    """The commit of the release; raises SystemExit in words where the history does not have it."""
    for name in (f"refs/tags/{tag}", commit):
        known = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        # A clone may know the name and not have the files.
        if known.returncode == 0 and git("cat-file", "-e", f"{name}^{{tree}}").returncode == 0:
            return known.stdout.decode().strip()
    if git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        raise SystemExit(
            f"Thiếu lịch sử: kho mã này được tải nông, không có {tag}. "
            "Hãy chạy git fetch --unshallow --tags rồi kiểm tra lại."
        )
    raise SystemExit(f"Thiếu lịch sử: không tìm thấy {tag} (commit {commit}) trong kho git này.")


def git(*arguments: str) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            ["git", "-C", str(embedded.PROJECT), *arguments], capture_output=True, check=False
        )
    except FileNotFoundError:
        raise SystemExit("Cần git để lấy mã nguồn của bản đã phát hành.") from None


def make_backup(tag: str, python: str, code: Path, place: Path) -> None:
    """Demo, a beat's work and a backup with that code; raises CalledProcessError if it fails."""
    given = {
        "DATABASE_URL", "DATABASE_OWNER_URL", "DJANGO_SETTINGS_MODULE", "REDIS_URL", "MEDIA_ROOT",
        "PYTHONPATH",
    }  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if key not in given}
    environment |= {"OCOP_STATE": str(place / "state"), "OCOP_PG_FAST": "1"}

    def run(*arguments: str) -> None:
        subprocess.run(
            [python, *arguments],
            cwd=code,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )

    try:
        run("manage.py", "migrate", "--verbosity", "0")
        run("manage.py", "load_demo")
        run("manage.py", "shell", "-c", LIVED[tag])
        run("manage.py", "backup", str(place / "backup.tar"))
    finally:
        if (place / "state").exists():
            run("-m", SERVICES[tag], "forget")


def python_of(commit: str, code: Path) -> str:
    """A Python with the packages that the release pinned; installed once per machine."""
    python = KEPT / f"{commit}-venv" / "bin" / "python"
    if not (python.parent / "installed").exists():
        say("Đang cài thư viện của bản đó (chỉ lần đầu)…")
        subprocess.run([sys.executable, "-m", "venv", "--clear", python.parents[1]], check=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run(
            [python, *install, "--require-hashes", "-r", code / "requirements.txt"], check=True
        )
        (python.parent / "installed").touch()
    return str(python)


def last_line(failed: subprocess.CalledProcessError) -> str:
    return ((failed.stderr or "").strip().splitlines() or [str(failed)])[-1]


# --- Today's code over its data -------------------------------------------------------------


def check(backup: Path) -> list[str]:
    """Restore, migrate, run the checks, open every address; what does not fit, in words."""
    import django
    from django.core.management import call_command, get_commands
    from django.db import connections

    django.setup()
    # Every refusal is a warning in the log; what matters is said in the end.
    logging.disable(logging.CRITICAL)
    call_command("restore", backup)
    call_command("migrate", verbosity=0)
    faults = []
    for command in ("check_flows", "check_words", "verify_history"):
        try:
            call_command(command)
        except SystemExit:
            faults.append(f"{command}: không đạt, xem các dòng trên.")
    if "check_data" in get_commands():
        # Rows that an older release let in are listed there and mended by people.
        try:
            call_command("check_data")
        except SystemExit:
            say("check_data: có dòng cần xem, như trên.")
    faults += papers()
    faults += Walk().faults()
    connections.close_all()
    return faults


def papers() -> list[str]:
    """What entries and tables of before name as a paper, and the ledger does not have."""
    from councils.models import Council, Member, Opinion, Regulation, Reopening, SignedDocument
    from cycle import documents
    from cycle.models import (
        Cycle,
        Document,
        HistoryEntry,
        LawReading,
        RoleAssignment,
        Substitution,
        TermRule,
    )
    from dossiers.models import Allotment, OfficialDocument, PlanPaper, TermEvent

    def whole(row):
        """Its number, day and signer, each in a column of its own."""
        return row.was_number, row.was_signed_on, row.was_signer, ""

    def of_the_council(row):
        """A seat that named none of its own rests on the decision of its council."""
        first = row.council.was_decision_number, row.council.was_decision_on
        return row.was_document in ("", "{}, {:%d/%m/%Y}".format(*first))

    # Each table of before, its relation, and what its row said: number, day, signer, or a text.
    resting = (
        (OfficialDocument, "document", whole),
        (SignedDocument, "document", whole),
        (PlanPaper, "document", whole),
        (Council, "decision", lambda row: (row.was_decision_number, row.was_decision_on, "", "")),
        (Member, "decision", lambda row: ("", None, "", row.was_document)),
        (Regulation, "basis", lambda row: ("", None, "", row.was_document)),
        (Reopening, "basis", lambda row: ("", None, "", row.was_document)),
        (Cycle, "target_basis", lambda row: ("", None, "", row.was_target_document)),
        (TermRule, "basis", lambda row: ("", None, "", row.was_document)),
        (LawReading, "basis", lambda row: ("", None, "", row.was_document)),
        (Opinion, "letter", lambda row: ("", None, "", row.was_number)),
        (
            RoleAssignment,
            "basis",
            lambda row: ("", None, row.was_document_signer, row.was_document),
        ),
        (
            Substitution,
            "basis",
            lambda row: ("", None, row.was_document_signer, row.was_document),
        ),
        (TermEvent, "basis", lambda row: ("", None, "", row.document)),
        (
            Allotment,
            "basis",
            lambda row: ("", None, row.was_document_signer, row.was_document),
        ),
    )

    faults, named = [], set()
    for entry in HistoryEntry.objects.iterator():
        for kept in entry.data.get("records", ()):
            if kept[0] == "officialdocument":
                named.add(kept[1])
    for model, relation, was in resting:
        for row in model.objects.select_related(relation):
            document = documents.of_before(model._meta.label_lower, row.pk)
            if document is None and getattr(row, relation) is None:
                continue  # It named none.
            if model is Member and of_the_council(row):
                if (document, row.decision) != (None, row.council.decision):
                    faults.append(f"Thành viên {row.pk}: không theo quyết định của hội đồng.")
                continue
            said = document and (
                document.number, document.signed_on, document.signer, document.said
            )  # fmt: skip
            if document != getattr(row, relation) or said != was(row):
                faults.append(f"{model._meta.verbose_name} {row.pk}: không có trong sổ như đã ghi.")
            if model is OfficialDocument:
                named.discard(row.pk)
    faults += [f"Nhật ký nêu văn bản {each}: không có trong sổ." for each in sorted(named)]
    number = Document.objects.of_before().count()
    say(
        f"{number} văn bản có trước khi lập sổ, {len(documents.of_one_number())} số dùng cho nhiều."
    )
    return faults


#: The rows that the first word of an address means, and by what they are of a kind where KINDS
#: does not say it: an address opens for some kinds only.
ROWS = {
    "absence": "cycle.Substitution",
    "appraisals": "councils.Appraisal",
    "c": "dossiers.Certificate",
    "certificates": "dossiers.Certificate",
    "calendar": "notifications.CalendarFeed",
    "councils": "councils.Council",
    "cycles": "cycle.Cycle",
    "documents": "councils.SignedDocument",
    "dossiers": "dossiers.Dossier",
    "entries": "councils.RoundEntry dossier__state",
    # Of people and of producers: whose number is a producer's, too.
    "erasures": "cycle.User username",
    "evidence": "dossiers.Evidence",
    # What a list is made of is asked by its own page; the number is of a dossier, if of anything.
    "export": "dossiers.Dossier",
    "handover": "cycle.RoleAssignment",
    "help": "cycle.Cycle",
    "interests": "councils.Interest",
    "jobs": "cycle.Job",
    "ledger": "cycle.Document",
    # An act for many dossiers, begun in any year; no release before had one that was asked for.
    "many": "cycle.Cycle",
    "outreach": "dossiers.OutreachEvent",
    "notifications": "notifications.Notification recipient",
    "opinions": "councils.Opinion",
    "papers": "dossiers.OfficialDocument",
    "people": "cycle.User username",
    "photos": "councils.AppraisalPhoto",
    "potential": "dossiers.Potential",
    "promotions": "dossiers.PromotionEvent",
    "rounds": "councils.EvaluationRound",
    "rubrics": "cycle.Rubric",
    "sheets": "councils.Scoresheet",
    "split": "cycle.OrgUnit",
    "stock": "dossiers.StockBatch",
    "tasks": "dossiers.Task",
    "terms": "dossiers.Term",
}
#: Columns by which rows are of a kind: one is opened of each value of the first that there is.
KINDS = ("flow_task", "state", "kind", "role", "edition")
#: Most rows opened of a table that has no such column, and of each person's own.
FEW = 3
#: Most places opened of one address.
MOST = 40
#: Who opens each address, one of each desk; everybody is asked only where none of them may.
DESKS = (
    "xa.natau", "xa.natau.lanhdao", "huyen.dienbien", "huyen.dienbien.hoidong", "tinh",
    "tinh.hoidong", "tinh.lanhdao", "tinh.congthuong", "hoidong.chutich", "hoidong.uyvien1",
    "vanthu", "kiemtra", "quantri",
)  # fmt: skip
STRANGER = "khách"
#: Where no page answers by design: they lead on, also those who may.
LEADS_ON = {
    "home", "account_login", "language", "dossiers:task_bulk", "notifications:notification",
    "dossiers:export", "dossiers:export_of", "account_reset_password",
}  # fmt: skip
#: What opens for rows that the demo of no release has: score sheets that were filled by pen, lists
#: that were entered, a year with a plan and batches; a round in preparation (each of v0.1.0's ten
#: was opened or closed, met long ago, with nothing to be scored once more or kept; and pages of what
#: a round allows no more lead on to it); results of its newest closed round that are decided.
NOT_IN_DEMO = {
    "councils:round_invite", "councils:round_open", "councils:move_meeting",
    "councils:score_again", "councils:accept_spread",
    "councils:outcome", "councils:compare", "councils:hand_back", "councils:opinion_scan", "councils:scan",
    "dossiers:erasure_scan", "dossiers:stock_batch", "dossiers:split_one", "dossiers:split_correct",
    "dossiers:split_potential",
    "dossiers:many_one", "dossiers:potential_one", "dossiers:potential_correct", "dossiers:outreach_file", "dossiers:outreach_take_off", "dossiers:planned_one", "dossiers:planned_correct", "dossiers:planned_paper", "dossiers:plan_scan", "dossiers:absence_scan", "dossiers:cycle_batch",
    "dossiers:plan_correct", "dossiers:term_correct", "dossiers:stock_correct",
    "dossiers:cycle_batch_edit", "dossiers:cycle_batch_windows", "dossiers:cycle_take_back",
    # No year of the demo was closed by its page.
    "dossiers:cycle_reopen",
    # For machines that bear a token, which the demo has none of.
    "notifications:metrics", "notifications:deep", "notifications:bounced",
}  # fmt: skip


class Walk:
    """Every address of the product, with the ids of stored rows, as the people of the demo."""

    def __init__(self):
        from django.test import Client

        from councils.stories import accounts
        from cycle.models import User

        self.people = {
            user.username: user for user in User.objects.filter(username__in=accounts.SHOWN)
        }
        if missing := set(DESKS) - self.people.keys():
            raise SystemExit(f"Bản sao lưu không có các tài khoản {', '.join(sorted(missing))}.")
        self.clients = {STRANGER: Client()}
        for name, user in self.people.items():
            self.clients[name] = Client()
            self.clients[name].force_login(user)
        #: (name of the address, what it raised) -> where and by whom first, and how often.
        self.errors = {}
        #: Names of the addresses that opened for somebody.
        self.opened = set()
        self.asked = 0

    def faults(self):
        """What did not open, in words."""
        owned = list(self.own())
        unopened, empty, number = [], [], 0
        for name, route, parts in addresses():
            number += 1
            places = list(self.places(name, route, parts))
            if not places:
                empty.append(name)
                continue
            wanted = {200, 405}
            if name in LEADS_ON:
                wanted = {302}
            elif name.startswith("admin:"):
                # Much of it can only be read, by nobody changed.
                wanted = {200, 302, 403}
            answers = self.answers(name, places)
            if answers & wanted or name in self.opened | NOT_IN_DEMO:
                continue
            answers |= self.answers_of_all(name, places, wanted)
            if not answers & wanted:
                unopened.append(f"/{route} ({name}): không ai mở được, chỉ trả lời {answers}.")
        say(f"{number} địa chỉ, {self.asked} lượt mở trang của {len(self.clients)} người.")
        if empty:
            say(f"Không có dữ liệu để mở: {', '.join(empty)}.")
        return [*map(str, self.errors.values()), *unopened, *owned]

    def answers(self, name, places):
        """The statuses of all desks at the first place, and of two in turn at the others."""
        people = (STRANGER, *DESKS)
        answers = {self.status(name, person, places[0]) for person in people}
        turn = cycle(DESKS)
        others = places[1:]
        if len(others) > MOST:
            others = Random(name).sample(others, MOST)  # the same at every run
        return answers | {
            self.status(name, person, place) for place in others for person in islice(turn, 2)
        }

    def answers_of_all(self, name, places, wanted):
        """The statuses at every place as everybody, until one is ``wanted``."""
        answers = set()
        for place, person in product(places, self.clients):
            answers.add(self.status(name, person, place))
            if answers & wanted:
                break
        return answers

    def own(self):
        """Pages that somebody has in a list of theirs, and that do not open for them."""
        from django.urls import reverse

        from councils.models import Council, EvaluationRound, Opinion, Scoresheet
        from dossiers.models import Dossier, Task

        for person, user in self.people.items():
            for name, rows in (
                ("dossiers:task", Task.objects.inbox(user)),
                ("dossiers:task", Task.objects.visible_to(user).order_by("-pk")),
                ("dossiers:dossier", Dossier.objects.visible_to(user).order_by("-pk")),
                ("councils:round", EvaluationRound.objects.visible_to(user).order_by("-pk")),
                ("councils:council", Council.objects.visible_to(user).order_by("-pk")),
                ("councils:opinion", Opinion.objects.visible_to(user).order_by("-pk")),
                ("councils:filled_sheet", Scoresheet.objects.visible_to(user).order_by("-pk")),
            ):
                extra = ["docx"] if name == "councils:filled_sheet" else []
                for row in rows[:FEW]:
                    place = reverse(name, args=[row.pk, *extra])
                    status = self.status(name, person, place)
                    # A task of somebody else's leads on to its dossier.
                    if status != 200 and (name, status) != ("dossiers:task", 302):
                        yield f"{place}: có trong danh sách của {person}, trả lời {status}."

    def status(self, name, person, place):
        """The status with which ``place`` answers; 401 when it asks to sign in.

        An exception counts as 500 and is kept.
        """
        self.asked += 1
        try:
            response = self.clients[person].get(place)
            status, error = response.status_code, f"trả lời {response.status_code}"
            if "/login/" in response.headers.get("Location", ""):
                status = 401
            response.close()
        except Exception as raised:
            status, error = 500, f"{type(raised).__name__}: {raised}".splitlines()[0]
        if status == 200:
            self.opened.add(name)
        if status >= 500:
            self.errors.setdefault((name, error), Trouble(place, person, error)).times += 1
        return status

    def places(self, name, route, parts):
        """Where that address can be opened, by the rows that are stored."""
        from django.urls import reverse

        if name.startswith("admin:"):
            yield from self.places_of_admin(name, parts)
        elif not parts:
            yield reverse(name)
        else:
            for row in rows_of(name, route):
                for chosen in product(*(values(name, row, part) for part in parts)):
                    yield reverse(name, kwargs=dict(zip(parts, chosen, strict=True)))

    def places_of_admin(self, name, parts):
        """The administration's own pages, of every model that it has."""
        from django.contrib import admin
        from django.urls import reverse

        if not parts:
            yield reverse(name)
        elif parts == ["app_label"]:
            for label in sorted({model._meta.app_label for model in admin.site._registry}):
                yield reverse(name, args=[label])
        for model in admin.site._registry if "object_id" in parts else ():
            if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
                for row in of_each_kind(model)[:FEW]:
                    yield reverse(name, args=[row.pk])


class Trouble:
    """An address that failed: first where, for whom, with what; and how often in all."""

    def __init__(self, place, person, error):
        self.place, self.person, self.error, self.times = place, person, error, 0

    def __str__(self):
        return f"{self.place}: {self.error} ({self.person}, {self.times} lượt)"


def addresses(resolver=None, before="", space=""):
    """Every address that has a name: the name, its route, and the parts to be filled in."""
    from django.urls import URLResolver, get_resolver

    for one in (resolver or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from addresses(one, route, inner)
        elif one.name:
            yield space + one.name, route, list(one.pattern.regex.groupindex)


def rows_of(name, route):
    """The rows that an address is about; raises SystemExit for one that nobody has told us of."""
    from django.apps import apps

    word = route.partition("/")[0]
    if word not in ROWS:
        raise SystemExit(f"/{route} ({name}): hãy ghi vào ROWS lấy dữ liệu nào để mở địa chỉ này.")
    label, _, kind = ROWS[word].partition(" ")
    return of_each_kind(apps.get_model(label), kind)


def of_each_kind(model, kind=""):
    """One row of each kind that is stored, the newest; a few where there are no kinds."""
    own = {field.name for field in model._meta.concrete_fields}
    kind = kind or next((name for name in KINDS if name in own), None)
    if kind is None:
        return model._default_manager.order_by("-pk")[:FEW]
    return model._default_manager.order_by(kind, "-pk").distinct(kind)


def values(name, row, part):
    """What can stand for a part of an address that is about ``row``; raises SystemExit for new parts."""
    from councils.help import book
    from councils.models import DocumentKind
    from cycle.models import LawReading, RoleAssignment
    from dossiers.models import ACTS, Evidence, OutreachFile, PlannedOutreach, Potential
    from dossiers.papers.kinds import Printed

    match part:
        case "pk" if name in ("dossiers:outreach_file", "dossiers:outreach_take_off"):
            return [file.pk for file in OutreachFile.objects.all()[:FEW]]
        case "pk" if name.startswith("dossiers:planned"):
            return [planned.pk for planned in PlannedOutreach.objects.all()[:FEW]]
        case "pk" if name in ("dossiers:numbers_of", "dossiers:correct_numbers"):
            # Of the decision; of before none may be known.
            return [row.decision.document_id] if row.decision is not None else []
        case "pk" if name == "councils:correct_basis":
            return [row.decision_id]
        case "pk" if name == "dossiers:absence_correct":
            return [row.pk] if row.basis_id else []
        case "pk" if name in ("dossiers:post_correct", "dossiers:post_scan"):
            posts = RoleAssignment.objects.exclude(basis=None)
            if name == "dossiers:post_scan":
                posts = posts.exclude(basis__scan_sha256="")
            return list(posts.values_list("pk", flat=True)[:FEW])
        case "pk" if name == "dossiers:reading_correct":
            return list(LawReading.objects.values_list("pk", flat=True)[:FEW])
        case "term_pk" if name == "dossiers:cycle_term_correct":
            return [rule.pk for rule in row.term_rules.exclude(basis=None)[:FEW]]
        case "pk" if name == "dossiers:plan_correct":
            return [plan.pk for plan in row.plans.all()[:FEW]]
        case "pk" if name == "dossiers:stock_correct":
            return [row.pk] if row.basis_id else []
        case "event_pk":
            return [event.pk for event in row.events.exclude(basis=None)[:FEW]]
        case "pk" if name == "dossiers:register_scan":
            return [row.pk] if row.scan_sha256 else []
        case "pk":
            return [row.pk]
        case "token":
            return [row.token]
        case "member":
            council = row.round.council if hasattr(row, "round") else row
            return [member.pk for member in council.members.all()[:FEW]]
        case "piece":
            return [piece.pk for piece in Evidence.objects.filter(dossier=row.dossier_id)[:FEW]]
        case "duty_pk":
            return [duty.pk for duty in row.duties.all()[:FEW]]
        case "term_pk":
            return [rule.pk for rule in row.term_rules.all()[:FEW]]
        case "batch_pk":
            return [batch.pk for batch in row.batches.all()[:FEW]]
        case "producer_pk":
            return [maker.pk for maker in row.producers.all()[:FEW]]
        case "potential_pk":
            return [found.pk for found in Potential.objects.filter(commune=row)[:FEW]]
        case "slug":
            return book.slugs()
        case "name" if name.startswith("dossiers:export"):
            return ["history" if name.endswith("_of") else "dossiers"]
        case "name" if name == "dossiers:many_new":
            return [act for act, said in ACTS.items() if said.for_many]
        case "name":
            return [act for act, said in ACTS.items() if said.door == "act"]
        case "kind" if name.startswith("dossiers:"):
            return list(Printed)
        case "kind":
            return list(DocumentKind)
        case "format_":
            return ["docx", "pdf"]
        case _:
            raise SystemExit(f"{name}: hãy ghi vào values() cách điền phần <{part}> của địa chỉ.")


if __name__ == "__main__":
    main()
