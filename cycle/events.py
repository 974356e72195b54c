"""The registry of history events and their phrases; each app registers its own in events.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.utils.functional import Promise

    Teller = Callable[[Any], list[str]]

_labels: dict[str, str | Promise] = {}
#: The phrase where what was recorded before is changed (``corrects`` in the entry's data).
_again: dict[str, str | Promise] = {}
_tellers: dict[str, Teller] = {}
_keys: set[str] = set()


def register(event: str, label: str | Promise, *, again: str | Promise = "") -> None:
    """Let ``event`` be recorded; ``label`` is the verb phrase that follows the actor's name,
    ``again`` the one of a change of what stood.
    """
    if event in _labels:
        raise ValueError(f"{event} is registered twice")
    _labels[event] = label
    _again[event] = again or label


def label(event: str, *, again: bool = False) -> str | Promise:
    """The Vietnamese verb phrase of ``event``; KeyError when nobody registered it."""
    return (_again if again else _labels)[event]


def tell(*events: str) -> Callable[[Teller], Teller]:
    """Let the function say what an entry of ``events`` is about, as phrases that follow its
    sentence: made of the entry's data, as it was written in any version.
    """

    def keep(teller: Teller) -> Teller:
        for event in events:
            if event in _tellers:
                raise ValueError(f"{event} is told twice")
            _tellers[event] = teller
        return teller

    return keep


def told(entry: Any) -> list[str]:
    """What follows the sentence of a history entry."""
    teller = _tellers.get(entry.event)
    return [] if teller is None else teller(entry)


def registered() -> set[str]:
    """All event names, for tests and for the audiences."""
    return set(_labels)


def carry(keys: str) -> None:
    """Register ``keys`` (separated by blanks) as keys of an entry's ``data``.

    A key stays registered as long as a stored row may have it, even when none is written any more.
    """
    _keys.update(keys.split())


def keys() -> set[str]:
    """All keys of the data of entries."""
    return set(_keys)


carry(
    "assignment bootstrap changed document document_signer is_staff is_superuser post post_role"
    " unit valid_from"
)
# The first day: accounts, slips, the units of a province.
carry("communes expires_on of_before province slip units username")

register("role.assign", _("phân công vai trò"))
register("role.prolong", _("kéo dài phân công"))
register("role.end", _("kết thúc phân công"))
register("person.deactivate", _("ngừng cho dùng hệ thống"))
register("person.activate", _("cho dùng lại hệ thống"))
register("person.staff", _("đổi quyền quản trị"))
register("person.change", _("sửa tài khoản"))
register("person.password", _("đặt lại mật khẩu"))
register("group.change", _("đổi quyền của một nhóm"))
register("unit.configure", _("đổi đơn vị hành chính"))
register("person.enrol", _("cấp tài khoản"))
register("person.leave", _("ghi nhận nghỉ, chuyển công tác"))
register("person.contact", _("đổi thư điện tử, điện thoại"))
register("person.slip", _("in phiếu kích hoạt"))
register("person.begin", _("kích hoạt tài khoản bằng phiếu"))
register("person.new_password", _("đặt lại mật khẩu bằng phiếu"))
register("person.letter", _("gửi thư đặt lại mật khẩu"))
register("person.new_password_by_mail", _("đặt lại mật khẩu bằng thư"))
register("unit.add", _("thêm đơn vị hành chính"))
register("unit.load", _("nạp đơn vị hành chính từ tệp"))
register("job.fail", _("báo việc chạy nền không xong"))
carry("job")
register("letter.resend", _("gửi lại thư"))
carry("channel delivery person")
register("calendar.change", _("đổi lịch nghỉ"))
register("calendar.load", _("nạp ngày nghỉ từ tệp"))
register("ruleset.load", _("nạp bộ quy định"))
register("rubric.load", _("nạp bộ tiêu chí"))
register("rubric.wording", _("nạp lời văn chính thức của bộ tiêu chí"))
register("office.units", _("nạp đơn vị của tỉnh"))
register("office.split", _("chọn đơn vị nhận sản phẩm của xã đã chia tách"))
register("office.reference", _("nạp bộ quy định, bộ tiêu chí, ngày nghỉ"))
register("office.reading", _("chọn cách hiểu quy định"))
register("office.contact", _("đổi liên hệ của văn phòng"))
register("cycle.configure", _("đổi cấu hình của chu trình"))
register("document.record", _("vào sổ văn bản"))
register("document.correct", _("đính chính văn bản trong sổ"))
register("document.announce", _("ghi ngày công bố quyết định"))
carry("announced_on issuer number outside signed_on signer")
