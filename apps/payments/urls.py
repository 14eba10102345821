"""The screens of a payment, mounted where the admin's own form of it would be."""

from django.urls import path

from . import views

app_name = "payments"
urlpatterns = [
    path("<int:pk>/change/", views.payment_page, name="payment"),
    path("duplicates/<int:file_id>/", views.duplicates, name="duplicates"),
    path("of-line/<int:file_id>/<int:number>/", views.of_line, name="of_line"),
]
