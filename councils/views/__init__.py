"""The pages of councils: seats, rounds, sheets, results, documents."""
