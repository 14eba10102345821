from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    # The screens of a file and a payment stand where the admin's own would: one address for one thing.
    path("admin/receipts/receiptfile/", include("apps.receipts.urls")),
    path("admin/payments/payment/", include("apps.payments.urls")),
    path("home/", include("apps.home.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "apps.home.views.bad_request"
handler403 = "apps.home.views.forbidden"
handler404 = "apps.home.views.not_found"
handler500 = "apps.home.views.broken"
