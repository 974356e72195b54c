"""Tables read from files, each row known by its line. A leaf: it imports nothing of ours."""

import csv
from pathlib import Path

from django.core.management.base import CommandError

DATA = Path(__file__).parent / "data"


class RowRefused(CommandError):
    """A row of a file cannot be loaded; the message names the file and the line (dòng)."""

    def __init__(self, path, line, reason):
        super().__init__(f"{Path(path).name}, dòng {line}: {reason}")
        self.line = line


def read(path, columns):
    """The rows of the CSV file ``path`` as pairs of line number and ``{column: text}``.

    Cells are stripped; an empty cell is ``""``. Raises :class:`CommandError` when the file cannot
    be read or lacks one of ``columns``, :class:`RowRefused` when a row has more or fewer cells.
    """
    path = Path(path)
    rows = []
    try:
        # Spreadsheets write a byte order mark before UTF-8.
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [c for c in columns if c not in (reader.fieldnames or [])]
            if missing:
                raise CommandError(f"{path.name}: thiếu cột {', '.join(missing)}.")
            for row in reader:
                if None in row or None in row.values():
                    raise RowRefused(path, reader.line_num, "số ô không khớp với dòng tiêu đề.")
                rows.append((reader.line_num, {k: v.strip() for k, v in row.items()}))
    except OSError as error:
        raise CommandError(f"Không đọc được tệp {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path.name}: không phải tệp CSV mã UTF-8.") from error
    return rows
