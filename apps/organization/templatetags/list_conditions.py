"""The conditions of a list as one form: search, choices and days in a line, with one button."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from django import template
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList

from apps.organization.admin import DayFilter

register = template.Library()


@register.simple_tag
def conditions(cl: ChangeList) -> dict[str, Any]:
    """What the form of `cl` asks, and what has to travel along unseen."""
    specs = cl.filter_specs
    asked = {SEARCH_VAR, *(name for spec in specs for name in spec.expected_parameters() if name)}
    return {
        "choices": [_choice(cl, spec) for spec in specs if not isinstance(spec, DayFilter)],
        "days": [spec for spec in specs if isinstance(spec, DayFilter)],
        "others": [(key, value) for key, value in cl.params.items() if key not in asked],
        "in_use": bool(cl.query or cl.has_active_filters),
    }


def _choice(cl: ChangeList, spec: Any) -> dict[str, Any]:
    """A filter of the admin as a select: the options it would have offered as links."""
    name = spec.expected_parameters()[0]
    options = [
        (parse_qs(one["query_string"].removeprefix("?")).get(name, [""])[0], one)
        for one in spec.choices(cl)
    ]
    return {
        "title": spec.title,
        "name": name,
        "options": [(value, one["display"], one["selected"]) for value, one in options],
        "in_use": any(one["selected"] for value, one in options if value),
    }
