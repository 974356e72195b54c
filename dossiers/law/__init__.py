"""The law in words and data: states, tasks, acts, conditions, guidance. Imports no model."""
