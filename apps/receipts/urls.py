"""The screens of a receipt file, mounted where the admin's own forms of it would be."""

from django.urls import path

from .views import deciding, reading, taking_in

app_name = "receipts"
urlpatterns = [
    path("upload/", taking_in.upload, name="upload"),
    path("progress/", taking_in.progress, name="progress"),
    path("<int:pk>/change/", reading.file_page, name="file"),
    path("<int:pk>/lines/", reading.lines, name="lines"),
    path("<int:pk>/lines/<int:number>/", reading.line, name="line"),
    path("<int:pk>/errors/<slug:kind>/", reading.errors, name="errors"),
    path("<int:pk>/retry/", deciding.retry, name="retry"),
    path("<int:pk>/correct/", deciding.correct, name="correct"),
    path("<int:pk>/cancel/", deciding.cancel, name="cancel"),
]
