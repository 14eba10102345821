"""The screens of a receipt file, mounted where the admin's own forms of it would be."""

from django.urls import path

from . import views

app_name = "receipts"
urlpatterns = [
    path("upload/", views.upload, name="upload"),
    path("progress/", views.progress, name="progress"),
    path("<int:pk>/change/", views.file_page, name="file"),
    path("<int:pk>/lines/", views.lines, name="lines"),
    path("<int:pk>/lines/<int:number>/", views.line, name="line"),
    path("<int:pk>/errors/<slug:kind>/", views.errors, name="errors"),
    path("<int:pk>/retry/", views.retry, name="retry"),
    path("<int:pk>/correct/", views.correct, name="correct"),
]
