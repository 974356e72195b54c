"""The office's own work: absence, hand-over, outreach, calendar, reports."""
