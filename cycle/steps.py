"""The six steps of the annual cycle. A leaf: it imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Step(models.TextChoices):
    """The six steps of the annual cycle (sáu bước, QĐ 851/QĐ-UBND ngày 24/5/2018, Bắc Kạn)."""

    OUTREACH = "outreach", _("Tuyên truyền, hướng dẫn")
    IDEA = "idea", _("Đăng ký ý tưởng")
    PLAN = "plan", _("Phương án kinh doanh")
    IMPLEMENTATION = "implementation", _("Triển khai")
    EVALUATION = "evaluation", _("Đánh giá, phân hạng")
    PROMOTION = "promotion", _("Xúc tiến thương mại")

    @property
    def number(self) -> int:
        """1 to 6."""
        return list(Step).index(self) + 1
