"""The public address of this installation, from the settings and never from a request."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks


def address(path: str = "") -> str:
    """The full public address of ``path``, which begins with a slash; without it, of the site."""
    return settings.SITE_URL.rstrip("/") + path


@checks.register(checks.Tags.security, deploy=True)
def site_is_named(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A warning at deployment while letters and QR codes would lead to this machine or nowhere."""
    reached = urlsplit(settings.SITE_URL)
    here = reached.hostname in {"127.0.0.1", "localhost", "::1"}
    if here or not reached.hostname or reached.scheme not in {"http", "https"}:
        return [
            checks.Warning(
                "SITE_URL chưa phải địa chỉ mọi người mở được: thư, lịch và mã QR của giấy "
                "chứng nhận sẽ không dẫn về hệ thống.",
                hint="Đặt SITE_URL=https://… là địa chỉ mọi người mở được.",
                id="cycle.W002",
            )
        ]
    return []
