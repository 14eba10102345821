from django.contrib.admin.apps import AdminConfig


class ShunoAdminConfig(AdminConfig):
    """Django's admin with this product's site, so that every app registers on it as usual."""

    default_site = "shinjuku_shuno.admin_site.ShunoAdminSite"
