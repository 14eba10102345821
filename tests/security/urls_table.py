"""Every address of the product, and what each role gets there: GET/POST.

A new address without a row fails tests/security/test_urls.py, and so does a row without an address.
The objects behind the numbers belong to 税務課: `own` is its clerk, `other` a clerk of another 課,
`root` a superuser whom nobody gave a 業務, `stopped` a clerk of 税務課 whose account was stopped
while he was logged in. Outside the role is 403, outside the scope 404. POST is empty.
"""

from __future__ import annotations

ROLES = ("anonymous", "own", "other", "system", "privacy", "root", "stopped")

# fmt: off
#                                             anonymous own     other   system  privacy root    stopped
EXPECTED: dict[str, str] = {
    "/":                                                          "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "receipts:upload":                                            "302/302 200/400 200/400 403/403 403/403 200/400 302/302",
    "receipts:progress":                                          "302/302 200/200 200/200 403/403 403/403 200/200 302/302",
    "receipts:file":                                              "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "receipts:lines":                                             "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "receipts:line":                                              "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "receipts:errors":                                            "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "receipts:retry":                                             "302/302 302/302 404/404 403/403 403/403 404/404 302/302",
    "receipts:correct":                                           "302/302 302/400 404/404 403/403 403/403 404/404 302/302",
    "receipts:cancel":                                            "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "payments:payment":                                           "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "payments:duplicates":                                        "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "payments:of_line":                                           "302/302 302/302 404/404 403/403 403/403 404/404 302/302",
    "home:read_notices":                                          "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "home:read_notice":                                           "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:index":                                                "302/302 200/200 200/200 200/200 200/200 200/200 302/302",
    "admin:login":                                                "200/200 302/200 302/200 302/200 302/200 302/200 200/200",
    "admin:logout":                                               "302/302 405/200 405/200 405/200 405/200 405/200 302/302",
    "admin:password_change":                                      "302/302 200/200 200/200 200/200 200/200 200/200 302/302",
    "admin:password_change_done":                                 "302/302 200/405 200/405 200/405 200/405 200/405 302/302",
    "admin:autocomplete":                                         "302/302 403/405 403/405 403/405 403/405 403/405 302/302",
    "admin:jsi18n":                                               "302/302 200/405 200/405 200/405 200/405 200/405 302/302",
    "admin:organization_department_changelist":                   "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_department_add":                          "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:organization_department_history":                      "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_department_delete":                       "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:organization_department_change":                       "302/302 403/403 403/403 200/403 403/403 200/403 302/302",
    "/admin/organization/department/<path:object_id>/":           "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:organization_business_changelist":                     "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_business_add":                            "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:organization_business_history":                        "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_business_delete":                         "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:organization_business_change":                         "302/302 403/403 403/403 200/403 403/403 200/403 302/302",
    "/admin/organization/business/<path:object_id>/":             "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:auth_user_password_change":                            "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_staff_changelist":                        "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_staff_add":                               "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_staff_history":                           "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "admin:organization_staff_delete":                            "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:organization_staff_change":                            "302/302 403/403 403/403 200/200 403/403 200/200 302/302",
    "/admin/organization/staff/<path:object_id>/":                "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:accesslog_accessrecord_changelist":                    "302/302 403/403 403/403 403/403 200/200 200/200 302/302",
    "admin:accesslog_accessrecord_add":                           "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:accesslog_accessrecord_history":                       "302/302 403/403 403/403 403/403 200/200 200/200 302/302",
    "admin:accesslog_accessrecord_delete":                        "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:accesslog_accessrecord_change":                        "302/302 403/403 403/403 403/403 200/403 200/403 302/302",
    "/admin/accesslog/accessrecord/<path:object_id>/":            "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:receipts_receiptfile_changelist":                      "302/302 200/200 200/200 403/403 403/403 200/200 302/302",
    "admin:receipts_receiptfile_add":                             "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:receipts_receiptfile_history":                         "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "admin:receipts_receiptfile_delete":                          "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:receipts_receiptfile_change":                          "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "/admin/receipts/receiptfile/<path:object_id>/":              "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:payments_payment_changelist":                          "302/302 200/200 200/200 403/403 403/403 200/200 302/302",
    "admin:payments_payment_add":                                 "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:payments_payment_history":                             "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "admin:payments_payment_delete":                              "302/302 403/403 403/403 403/403 403/403 403/403 302/302",
    "admin:payments_payment_change":                              "302/302 200/200 404/404 403/403 403/403 404/404 302/302",
    "/admin/payments/payment/<path:object_id>/":                  "302/302 302/302 302/302 302/302 302/302 302/302 302/302",
    "admin:app_list":                                             "302/302 200/200 200/200 404/404 404/404 200/200 302/302",
    "/admin/(?P<url>.*)$":                                        "302/302 404/404 404/404 404/404 404/404 404/404 302/302",
}
# fmt: on
