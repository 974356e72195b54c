"""Addresses of the officers' work."""

from django.urls import path

from dossiers.office.views import absence, calendar, jobs, outreach, people, register, setup
from dossiers.views import certificate, dossier, evidence, flow, inbox, task, terms

app_name = "dossiers"
urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("tasks/bulk/", inbox.task_bulk, name="task_bulk"),
    path("tasks/<int:pk>/", task.task, name="task"),
    path("dossiers/", inbox.dossier_list, name="dossier_list"),
    path("dossiers/new/", dossier.dossier_new, name="dossier_new"),
    path("dossiers/<int:pk>/", dossier.dossier, name="dossier"),
    path("dossiers/<int:pk>/acts/<slug:name>/", dossier.act, name="act"),
    path("dossiers/<int:pk>/flow.bpmn", flow.flow, name="flow"),
    path("evidence/<int:pk>/", evidence.evidence, name="evidence"),
    path("outreach/", outreach.outreach, name="outreach"),
    path("tasks/<int:pk>/why/", terms.task_why, name="task_why"),
    path("terms/<int:pk>/", terms.term_why, name="term"),
    path("terms/<int:pk>/extend/", terms.term_extend, name="term_extend"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("register/", register.register, name="register"),
    path("register/certificates/", register.ending_certificates, name="ending"),
    path("certificates/", certificate.look_up, name="certificates"),
    path("c/<slug:token>/", certificate.certificate, name="certificate"),
    path("c/<slug:token>/qr.svg", certificate.qr_code, name="certificate_qr"),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<int:pk>/", jobs.job, name="job"),
    path("absence/", absence.absence, name="absence"),
    path("absence/new/", absence.absence_new, name="absence_new"),
    path("absence/<int:pk>/end/", absence.absence_end, name="absence_end"),
    path("absence/<int:pk>/paper/", absence.absence_paper, name="absence_paper"),
    path("handover/", absence.handover_list, name="handover"),
    path("handover/<int:pk>/", absence.handover_post, name="handover_post"),
    path("handover/<int:pk>/back/", absence.handover_back, name="handover_back"),
    path("handover/<int:pk>/briefing/", absence.briefing, name="briefing"),
    path("people/", people.people_list, name="people"),
    path("people/new/", people.person_new, name="person_new"),
    path("people/import/", people.roster_page, name="people_import"),
    path("people/import/sheet.xlsx", people.roster_sheet, name="people_sheet"),
    path("people/slips/", people.slips, name="slips"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/give/", people.give, name="person_give"),
    path("people/<int:pk>/move/", people.move, name="person_move"),
    path("people/<int:pk>/leave/", people.leave, name="person_leave"),
    path("people/<int:pk>/contact/", people.contact, name="person_contact"),
    path("setup/units/", setup.units, name="setup_units"),
    path("setup/reference/", setup.reference, name="setup_reference"),
    path("setup/contact/", setup.office_contact, name="setup_contact"),
    path("profile/contact/", people.own_contact, name="own_contact"),
    path("activate/", people.activate, name="activate"),
]
