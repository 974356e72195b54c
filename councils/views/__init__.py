"""Pages: fetch through the person, validate, call one method, say what happened, redirect."""
