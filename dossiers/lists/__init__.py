"""Lists of work: inbox, files, overdue, ending."""
