"""The pages of councils: who sits, their rounds, what is judged, what came of it."""
