"""The machinery of official papers (văn bản), of which each app registers its kinds."""
