"""Addresses of the officers' work."""

from django.urls import path

from dossiers.views import absence, dossier, evidence, flow, inbox, outreach, task

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
    path("absence/", absence.absence, name="absence"),
    path("absence/new/", absence.absence_new, name="absence_new"),
    path("absence/<int:pk>/end/", absence.absence_end, name="absence_end"),
    path("handover/", absence.handover_list, name="handover"),
    path("handover/<int:pk>/", absence.handover_post, name="handover_post"),
    path("handover/<int:pk>/briefing/", absence.briefing, name="briefing"),
]
