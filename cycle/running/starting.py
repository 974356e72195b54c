"""Who starts our own PostgreSQL and Redis, where no others are given: the one place that says so.

The settings only name the services. Each entry point calls one of these functions, before it reads
the settings where it can: commands (manage.py), pages (wsgi.py, asgi.py), worker and beat
(celery.py), tests (tests/conftest.py) and proofs (bench/__main__.py).
"""

from cycle.running import embedded

#: Commands that ask no database: they start none.
WITHOUT_DATABASE = frozenset(
    {
        "help",
        "version",
        "check_translations",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "explain_term",
        "findstatic",
        "make_document_templates",
        "makemessages",
    }
)


def needs_database(arguments: list[str]) -> bool:
    """Whether the command ``manage.py ARGUMENTS`` works with the database."""
    if not arguments or {"-h", "--help", "--version"} & {*arguments}:
        return False
    command, *rest = arguments
    if command == "check":
        return any(each.startswith("--database") for each in rest)
    return command not in WITHOUT_DATABASE


def for_command(arguments: list[str]) -> None:
    """Start PostgreSQL, if this management command works with it."""
    if needs_database(arguments):
        embedded.start_postgres()


def for_pages() -> None:
    """Start PostgreSQL; a page does without Redis."""
    embedded.start_postgres()


def for_work() -> None:
    """Start PostgreSQL and Redis: a worker waits for messages, and a beat sends them."""
    embedded.start_postgres()
    embedded.start_redis()
