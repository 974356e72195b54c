"""Vietnamese sentences for the errors of sending a message. A leaf: no models."""

from __future__ import annotations

import http.client
import smtplib
import socket
import ssl

from notifications.channels import Refused

#: (type of error, sentence); the first that matches is used, so subclasses come first.
SENTENCES = (
    (smtplib.SMTPAuthenticationError, "Máy chủ thư không nhận tên đăng nhập hoặc mật khẩu."),
    (smtplib.SMTPSenderRefused, "Máy chủ thư không nhận địa chỉ người gửi của hệ thống."),
    (smtplib.SMTPRecipientsRefused, "Máy chủ thư chưa nhận thư cho địa chỉ này."),
    (smtplib.SMTPDataError, "Máy chủ thư chưa nhận nội dung thư."),
    (smtplib.SMTPServerDisconnected, "Máy chủ thư ngắt kết nối giữa chừng."),
    (smtplib.SMTPNotSupportedError, "Máy chủ thư không hỗ trợ cách gửi đã cấu hình."),
    (smtplib.SMTPException, "Máy chủ thư trả lời không đúng cách."),
    (socket.gaierror, "Không tìm thấy máy chủ: địa chỉ sai hoặc mất mạng."),
    (ConnectionRefusedError, "Máy chủ không nhận kết nối: máy chủ tắt hoặc sai cổng."),
    (TimeoutError, "Máy chủ không trả lời trong thời gian chờ."),
    (ssl.SSLError, "Không lập được kết nối bảo mật với máy chủ."),
    (ConnectionError, "Kết nối với máy chủ bị ngắt."),
    (http.client.HTTPException, "Cổng tin nhắn trả lời không đúng cách."),
    (OSError, "Không nối được tới máy chủ."),
)


def reason(error: BaseException) -> str:
    """The sentence for ``error``, followed by the server's answer in brackets."""
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error.__context__, TimeoutError):
        # smtplib raises SMTPServerDisconnected on a timeout.
        error = error.__context__
    said = _said(error)
    for kind, sentence in SENTENCES:
        if isinstance(error, kind):
            return f"{sentence} ({said})"[:500] if said else sentence
    return f"Lỗi phần mềm khi soạn hoặc gửi thư. ({type(error).__name__}: {said})"[:500]


def _said(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return f"{code} {_text(text)}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
