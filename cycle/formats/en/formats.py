"""In English days and numbers stay as they are written in the province's papers."""

from cycle.formats.vi.formats import *  # noqa: F403
