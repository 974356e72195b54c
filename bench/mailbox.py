"""A mail server in a process of its own: it writes down what it took, and fails as it is told."""

import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from email import message_from_bytes
from multiprocessing import get_context
from pathlib import Path

import psycopg

ANSWERS, HANGS, FAILS, WATCHES = range(4)

#: What may go wrong in a conversation when the server FAILS. Those that take the letter and then do
#: not say so are done to a letter once: SMTP knows no way not to repeat it.
FAULTS = (
    "drop",  # hangs up instead of greeting
    "away",  # 421 at once
    "silent",  # says nothing at all
    "slow",  # every answer late, but in time
    "greylist",  # 451 to the address
    "busy",  # 452 to the letter
    "cut",  # hangs up in the middle of the letter
    "taken_then_cut",  # takes it, hangs up without a word
    "taken_then_silent",  # takes it, answers too late
    "no_farewell",  # takes it, says so, and never answers QUIT
)


class Mailbox:
    """``port``, and what was ``taken``; it ANSWERS, HANGS, FAILS or WATCHES.

    ``timeout``: how long its clients wait. ``watch``: how to log in to the database in which, while
    a conversation is held, the transactions of others are counted.
    """

    def __init__(self, folder, *, timeout=10, watch=None):
        self._log = Path(folder) / "mailbox"
        self._log.touch()
        self._line = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._line.getsockname()[1]
        fork = get_context("fork")
        self._mode = fork.Value("i", ANSWERS)
        self._timeout, self._watch = timeout, watch
        self._server = fork.Process(target=self._serve, daemon=True)
        self._server.start()

    def behave(self, mode):
        """From the next conversation on."""
        self._mode.value = mode

    def lines(self, word):
        """What was written down under ``word``, in order."""
        rows = (line.split(" ", 1) for line in self._log.read_text().splitlines())
        return [rest for first, rest in rows if first == word]

    def taken(self):
        """How often each Message-ID was taken."""
        return Counter(self.lines("took"))

    def close(self):
        """Stop it."""
        self._server.kill()
        self._server.join()
        self._line.close()

    # --- In the server's process ------------------------------------------------------------

    def _serve(self):
        self._chance = random.Random(26)
        self._once, self._lock = set(), threading.Lock()
        self._out = self._log.open("a", buffering=1)
        self._database = psycopg.connect(**self._watch, autocommit=True) if self._watch else None
        while True:
            line, _address = self._line.accept()
            threading.Thread(target=self._converse, args=(line,), daemon=True).start()

    def _write(self, word, rest):
        with self._lock:
            self._out.write(f"{word} {rest}\n")

    def _converse(self, line):
        mode = self._mode.value
        self._write("connected", mode)
        with self._lock:
            fails = mode == FAILS and self._chance.random() < 0.5
            fault = self._chance.choice(FAULTS) if fails else ""
        with line, suppress(OSError):
            if mode == HANGS or fault == "silent":
                # Until the client has had enough.
                line.recv(1)
            elif fault == "away":
                line.sendall(b"421 away\r\n")
            elif fault != "drop":
                self._talk(line, fault)

    def _talk(self, line, fault):
        def answer(text):
            if fault == "slow":
                time.sleep(self._timeout / 10)
            line.sendall(text + b"\r\n")

        answer(b"220 mailbox")
        with line.makefile("rb") as words:
            for word in words:
                verb = word[:4].upper().strip()
                if verb == b"RCPT" and fault == "greylist":
                    answer(b"451 later")
                elif verb == b"DATA":
                    if fault == "cut":
                        line.recv(10)
                        return
                    answer(b"354 go on")
                    if not self._take(
                        b"".join(iter(words.readline, b".\r\n")), fault, answer, line
                    ):
                        return
                elif verb == b"QUIT":
                    if fault == "no_farewell":
                        line.recv(1)
                        return
                    answer(b"221 bye")
                    return
                else:
                    answer(b"250 mailbox")

    def _take(self, letter, fault, answer, line):
        """Whether the conversation goes on."""
        if fault == "busy":
            answer(b"452 later")
            return True
        key = message_from_bytes(letter)["Message-ID"]
        if self._mode.value == WATCHES:
            with self._lock:
                (open_ones,) = self._database.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                ).fetchone()
            self._write("transactions", open_ones)
        with self._lock:
            if mute := fault.startswith("taken") and key not in self._once:
                self._once.add(key)
        self._write("took", key)
        if mute and fault == "taken_then_silent":
            line.recv(1)
        if not mute:
            answer(b"250 taken")
        return not mute
