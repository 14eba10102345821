"""代行会社 and 銘柄 from the data files."""

from django.db import transaction

from .. import agencies
from ..models import Agency, Brand


@transaction.atomic
def load_codes() -> dict[str, int]:
    """Load agencies and brands; running it again changes nothing."""
    for table in agencies.all_tables().values():
        Agency.objects.update_or_create(code=table.code, defaults={"name": table.name})
    for code, row in agencies.brands()["brands"].items():
        Brand.objects.update_or_create(
            code=code, defaults={"name": row["name"], "channel": row["channel"]}
        )
    return {"agencies": len(agencies.all_tables()), "brands": len(agencies.brands()["brands"])}
