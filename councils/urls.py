"""Addresses of the councils."""

from django.urls import path

from councils.views import documents

app_name = "councils"
urlpatterns = [
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
