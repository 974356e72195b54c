#!/usr/bin/env python3
"""Run a management command: ``python manage.py help`` lists them."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cycle.settings")
    from django.core.management import execute_from_command_line

    from cycle.running import starting

    starting.for_command(sys.argv[1:])
    execute_from_command_line(sys.argv)
