from django.db import migrations

#: Open clocks of papers were a bare date; from here on they know what they are counted back from.
COUNT_BACK = """
UPDATE dossiers_term t
SET unit = 'wd', amount = g.documents_days, base_amount = -g.documents_days,
    base_on = (r.meets_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
FROM councils_evaluationround r JOIN councils_regulation g ON g.id = r.regulation_id
WHERE t.id = r.papers_term_id AND t.state = 'running' AND t.unit = ''
  AND g.documents_days > 0 AND r.meets_at IS NOT NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0004_papers_term'),
    ]

    operations = [migrations.RunSQL(COUNT_BACK, migrations.RunSQL.noop)]
