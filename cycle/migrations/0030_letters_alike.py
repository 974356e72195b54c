"""Units and people are searched and put in order alike, whatever the database's locale.

What a generated column is made of cannot be changed: it is made anew, over all rows.
"""

from django.db import migrations

from cycle import letters


class Migration(migrations.Migration):
    dependencies = [("cycle", "0029_before_a_day")]

    operations = [
        migrations.RemoveField("orgunit", "search"),
        migrations.AddField("orgunit", "search", letters.searched("name", "aliases")[0]),
        migrations.AddField("orgunit", "search_joined", letters.searched("name", "aliases")[1]),
        migrations.AddField("orgunit", "sort_key", letters.sorted_by("name")),
        migrations.AddField("user", "sort_key", letters.sorted_by("full_name")),
    ]
