"""A stream that is encrypted while it is written, and read only whole and unchanged (mã hóa).

AES-256-GCM over numbered chunks (the construction «STREAM», as age has it): the nonce of a chunk
is its number and whether it is the last, so none can be left out, repeated, moved or cut off at
the end. The key of a file comes by scrypt from the given one and a salt of the file, so no nonce is
used twice with it; the head of the file goes into every tag.

Nothing of Django here.
"""

from __future__ import annotations

import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

#: How such a file begins; another construction gets another number.
MAGIC = b"ocop-encrypted-1\n"
CHUNK = 64 * 1024
_SALT, _TAG = 32, 16
_HEAD = len(MAGIC) + _SALT
#: Of the empty text that tells a wrong key from a damaged file; no chunk has it.
_CHECK = b"\xff" * 12


class WrongKey(Exception):
    """The file was written with another key."""


class Damaged(Exception):
    """The file is not what was written: changed, cut off, or longer."""


def _cipher(key: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt, 32, n=2**15, r=8, p=1).derive(key.encode()))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Writer:
    """Encrypt what is written into ``file``; without :meth:`finish` nobody can read it."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        salt = os.urandom(_SALT)
        self.file, self.cipher, self.head = file, _cipher(key, salt), MAGIC + salt
        self.held, self.number = bytearray(), 0
        file.write(self.head + self.cipher.encrypt(_CHECK, b"", self.head))

    def write(self, data: bytes) -> int:
        self.held += data
        # What may be the last chunk waits.
        while len(self.held) > CHUNK:
            self._chunk(last=False)
        return len(data)

    def finish(self) -> None:
        """Write the last chunk."""
        self._chunk(last=True)

    def _chunk(self, *, last: bool) -> None:
        text = bytes(self.held[:CHUNK])
        self.file.write(self.cipher.encrypt(_nonce(self.number, last), text, self.head))
        del self.held[:CHUNK]
        self.number += 1


class Reader:
    """What ``file`` says, behind its MAGIC. Raises WrongKey at once, Damaged while it is read."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        file.seek(0)
        self.file, self.head = file, file.read(_HEAD)
        if len(self.head) < _HEAD or not self.head.startswith(MAGIC):
            raise Damaged
        self.cipher = _cipher(key, self.head[len(MAGIC) :])
        try:
            self.cipher.decrypt(_CHECK, file.read(_TAG), self.head)
        except InvalidTag:
            raise WrongKey from None
        self.held, self.number = b"", 0
        self.ahead = file.read(CHUNK + _TAG)
        self.ended = False

    def read(self, size: int = -1) -> bytes:
        while not self.ended and (size < 0 or len(self.held) < size):
            chunk, self.ahead = self.ahead, self.file.read(CHUNK + _TAG)
            self.ended = not self.ahead
            try:
                self.held += self.cipher.decrypt(_nonce(self.number, self.ended), chunk, self.head)
            except InvalidTag:
                raise Damaged from None
            self.number += 1
        end = len(self.held) if size < 0 else size
        data, self.held = self.held[:end], self.held[end:]
        return data
