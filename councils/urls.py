"""Addresses of the councils."""

from django.urls import path

from councils.views import calibration, documents

app_name = "councils"
urlpatterns = [
    path("calibration/", calibration.overview, name="calibration"),
    path("rounds/<int:pk>/calibration/", calibration.round_calibration, name="round_calibration"),
    path("entries/<int:pk>/calibration/", calibration.entry_calibration, name="entry_calibration"),
    path("rounds/<int:pk>/documents/", documents.documents, name="documents"),
    path(
        "rounds/<int:pk>/documents/<slug:kind>.<slug:format_>", documents.document, name="document"
    ),
    path("entries/<int:pk>/sheet.<slug:format_>", documents.blank_sheet, name="blank_sheet"),
    path("sheets/<int:pk>/sheet.<slug:format_>", documents.filled_sheet, name="filled_sheet"),
    path("entries/<int:pk>/certificate.<slug:format_>", documents.certificate, name="certificate"),
    path("documents/<int:pk>/scan/", documents.scan, name="document_scan"),
    path("documents/templates/", documents.templates, name="templates"),
    path("documents/templates/<slug:kind>.docx", documents.template, name="template"),
]
