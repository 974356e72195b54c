"""Addresses of the officers' work."""

from django.urls import path

from dossiers.office.views import absence, calendar, jobs, outreach, register, stock
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
    path("stock/", stock.stock_list, name="stock"),
    path("stock/one/", stock.stock_one, name="stock_one"),
    path("stock/<int:pk>/", stock.stock_batch, name="stock_batch"),
    path("absence/", absence.absence, name="absence"),
    path("absence/new/", absence.absence_new, name="absence_new"),
    path("absence/<int:pk>/end/", absence.absence_end, name="absence_end"),
    path("absence/<int:pk>/paper/", absence.absence_paper, name="absence_paper"),
    path("handover/", absence.handover_list, name="handover"),
    path("handover/<int:pk>/", absence.handover_post, name="handover_post"),
    path("handover/<int:pk>/back/", absence.handover_back, name="handover_back"),
    path("handover/<int:pk>/briefing/", absence.briefing, name="briefing"),
]
