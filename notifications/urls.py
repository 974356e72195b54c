"""Addresses of what people are told."""

from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("notifications/", views.news, name="news"),
    path("notifications/<int:pk>/", views.notification, name="notification"),
    path("notifications/read/", views.read_all, name="read_all"),
    path("notifications/bell/", views.bell, name="bell"),
    path("notifications/preferences/", views.preferences, name="preferences"),
    path("notifications/calendar/", views.calendar_address, name="calendar_address"),
    path("calendar/<str:token>.ics", views.calendar_feed, name="calendar_feed"),
    path("people/<int:pk>/letters/", views.letters_of_person, name="letters_of_person"),
    path("dossiers/<int:pk>/letters/", views.letters_of_dossier, name="letters_of_dossier"),
    path("letters/bounced", views.bounced, name="bounced"),
    path("operations/", views.operations, name="operations"),
    path("metrics", views.metrics, name="metrics"),
    path("healthz/deep", views.deep, name="deep"),
    path("reports/week/", views.week, name="week"),
    path("reports/week.pdf", views.week_pdf, name="week_pdf"),
]
