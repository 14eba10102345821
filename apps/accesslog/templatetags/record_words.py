"""Words of the access records for templates."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accesslog import words

register = template.Library()
register.filter("who", words.who)


@register.filter
def result_badge(result: str) -> SafeString:
    """成功, 拒否, … with a sign: the colour never says it alone."""
    sign, tone = words.RESULTS.get(result, ("・", "still"))
    return format_html(
        '<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>', tone, sign, result
    )
