"""Pages. A view finds its rows through ``request.user`` (404 else), validates, calls one method,
says what happened and redirects.
"""
