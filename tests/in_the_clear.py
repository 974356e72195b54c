"""Who stands by name in what history hashes: nobody may, else no erasure could take them out."""

from django.db import connection, transaction

#: Only names of two words, else a name is part of other words; what a household or its product is
#: sold under may be the name of who represents it, and a cooperative is no person.
NAMED = """
WITH people AS (
  SELECT full_name AS said FROM cycle_user WHERE full_name LIKE '% %'
  UNION SELECT phone FROM dossiers_producer WHERE length(phone) > 7
  UNION SELECT named.said FROM dossiers_producer p CROSS JOIN LATERAL (
    SELECT p.representative UNION SELECT p.name WHERE p.owner_type = 'household'
    UNION SELECT former ->> 'name' FROM jsonb_array_elements(p.former_names) AS former
    WHERE p.owner_type = 'household') AS named (said)
  WHERE named.said LIKE '% %'
    AND NOT EXISTS (SELECT FROM dossiers_producer o
                    WHERE o.owner_type <> 'household' AND position(named.said IN o.name) > 0)
    AND NOT EXISTS (SELECT FROM dossiers_product o WHERE position(named.said IN o.name) > 0)
)
SELECT DISTINCT event, said FROM cycle_historyentry, people
WHERE version = 2 AND position(said IN payload) > 0 ORDER BY event, said
"""

#: The files whose tests walk through most that people do: after each of their tests all of the
#: history is looked through.
WALKS = {
    "test_absence.py", "test_appointing.py", "test_corrections.py", "test_handover.py",
    "test_in_the_clear.py", "test_opinions.py", "test_ownership.py", "test_people.py",
    "test_round_ways.py", "test_stock_entered.py", "test_unit_moves.py", "test_written_rounds.py",
    "test_year.py",
}  # fmt: skip


def named_in_the_clear():
    """(event, name or telephone) of each person whom a payload says; nothing when a test has left
    its transaction broken.
    """
    if not connection.in_atomic_block or connection.needs_rollback:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NAMED)
        return cursor.fetchall()
