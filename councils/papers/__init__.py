"""The official papers of a council: their kinds, words and facts."""
