"""What a person may put into the screens of receipt files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from apps.organization.models import Business, Staff
from apps.receipts import layouts

CORRECTION_MAX_MB = 20


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class SeveralFilesField(forms.FileField):
    """Files of one input; each is checked like the one of an ordinary FileField."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=SeveralFilesInput(attrs={"multiple": True}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        several = data if isinstance(data, list | tuple) else [data]
        return [super(SeveralFilesField, self).clean(one, initial) for one in several] or [
            super().clean(None, initial)
        ]


class UploadForm(forms.Form):
    """取り込む: the files and how they are to be read."""

    uploads = SeveralFilesField(label="受信ファイル", max_length=255, allow_empty_file=True)
    layout = forms.ChoiceField(
        label="レイアウト",
        required=False,
        help_text="ふつうは自動判定のままにします。違うものを選ぶと、登録する前に知らせます。",
    )
    business = forms.ChoiceField(
        label="業務",
        required=False,
        help_text="ふつうは自動判定のままにします。ファイルの収納機関コードから決まります。",
    )
    accept_partial = forms.BooleanField(
        label="エラー行があれば除いて登録する",
        required=False,
        help_text="選ばないときは、エラーが1行でもあれば止まり、内容を見てから決められます。",
    )

    def __init__(self, *args: Any, person: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["layout"].choices = [("auto", "自動判定"), *_layout_choices()]  # type: ignore[attr-defined]
        self.fields["business"].choices = [  # type: ignore[attr-defined]
            ("", "自動判定"),
            *((one.code, one.name) for one in Business.objects.visible_to(person)),
        ]

    def clean_layout(self) -> str:
        return self.cleaned_data["layout"] or "auto"

    def clean_uploads(self) -> list[UploadedFile]:
        limit = settings.RECEIPT_UPLOAD_MAX_MB
        too_large = [
            f"「{file.name}」は大きすぎます。1件{limit:,} MB までです。代行会社にファイルを分けてもらうか、"
            "システム管理者に相談してください。"
            for file in self.cleaned_data["uploads"]
            if (file.size or 0) > limit * 1024 * 1024
        ]
        if too_large:
            raise ValidationError(too_large)
        files: list[UploadedFile] = self.cleaned_data["uploads"]
        return files


def _layout_choices() -> list[tuple[str, str]]:
    return [
        (layout.code, layout.name if layout.confirmed else f"{layout.name}〔未確認〕")
        for layout in sorted(layouts.all_layouts().values(), key=lambda one: one.code)
    ]


class CorrectionForm(forms.Form):
    """訂正行: an error list with the corrections filled in, or the corrected records themselves."""

    file = forms.FileField(
        label="訂正したファイル",
        max_length=255,
        help_text="「訂正後の原データ」欄に書き込んだエラー一覧（Excel か CSV）、または訂正したレコードだけの"
        f"テキストファイル。{CORRECTION_MAX_MB} MB まで。",
    )
    accept_partial = forms.BooleanField(
        label="まだエラーの行があれば除いて登録する", required=False
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > CORRECTION_MAX_MB * 1024 * 1024:
            raise ValidationError(
                f"訂正のファイルは {CORRECTION_MAX_MB} MB までです。訂正した行だけのファイルにしてください。"
            )
        return file


class RetryForm(forms.Form):
    """再実行, with the choice to leave out the lines that are wrong."""

    accept_partial = forms.BooleanField(required=False)


class CancelForm(forms.Form):
    """全体の取消."""

    reason = forms.CharField(
        label="取消の理由",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="200字まで。個人が分かることは書かないでください。記録に残ります。",
    )


class LinesForm(forms.Form):
    """Which lines of a file: of one verdict, after a line number. Anything odd means the beginning."""

    verdict = forms.IntegerField(required=False, min_value=0, max_value=3)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**32)
    at = forms.IntegerField(required=False, min_value=1, max_value=2**32)

    def value(self, name: str) -> int | None:
        self.is_valid()
        found: int | None = self.cleaned_data.get(name)
        return found
