"""A workbook as Excel 97 wrote it, made by hand: nothing we use writes XLS any more."""

import struct

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def _record(kind, content):
    return struct.pack("<HH", kind, len(content)) + content


def _cell(row, column, value):
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, int | float):
        return _record(0x0203, place + struct.pack("<d", value))
    text = str(value)
    return _record(0x0204, place + struct.pack("<HB", len(text), 1) + text.encode("utf-16-le"))


def _stream(rows):
    """Globals with one sheet, then the sheet (BIFF8)."""
    begin = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    sheet_begin = struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)
    name = "Danh sach".encode("latin-1")
    codepage = _record(0x0042, struct.pack("<H", 1200))
    before = len(_record(0x0809, begin)) + len(codepage)
    bound = struct.pack("<IHBB", 0, 0, len(name), 0) + name
    offset = before + len(_record(0x0085, bound)) + len(_record(0x000A, b""))
    bound = struct.pack("<IHBB", offset, 0, len(name), 0) + name
    width = max(map(len, rows))
    sheet = _record(0x0809, sheet_begin)
    sheet += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if value != "":
                sheet += _cell(number, column, value)
    sheet += _record(0x000A, b"")
    return _record(0x0809, begin) + codepage + _record(0x0085, bound) + _record(0x000A, b"") + sheet


def _entry(name, kind, child, start, size):
    written = (name + "\0").encode("utf-16-le")
    return (
        written.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(written) if name else 0, kind, 1, FREE, FREE, child)
        + b"\0" * 36
        + struct.pack("<IQ", start, size)
    )


def xls(rows):
    """The bytes of a workbook with one sheet of ``rows``, lists of text and numbers."""
    stream = _stream(rows)
    # A short stream would lie elsewhere.
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    sectors = len(stream) // SECTOR
    # Sector 0 the table, 1 the directory, then the stream.
    table = [FAT, END, *range(3, sectors + 2), END]
    table += [FREE] * (SECTOR // 4 - len(table))
    assert len(table) == SECTOR // 4, "one sector of table holds no more"
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 2, len(stream))
    directory += _entry("", 0, FREE, 0, 0) * 2
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + b"\0" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\0" * 6
        + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0)
        + struct.pack("<I", 0)
        + struct.pack("<I", FREE) * 108
    )
    return header + struct.pack(f"<{len(table)}I", *table) + directory + stream
