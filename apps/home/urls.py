from django.urls import path

from . import views

app_name = "home"
urlpatterns = [
    path("notices/read/", views.read_notices, name="read_notices"),
    path("notices/<int:pk>/read/", views.read_notices, name="read_notice"),
]
