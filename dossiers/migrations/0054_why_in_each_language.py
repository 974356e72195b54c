from django.db import migrations, models


class Migration(migrations.Migration):
    """Why a row was not done is kept in each language of the product; what differs is read where it
    stands. What is gone of a row that was emptied goes with its reason: an erasure emptied it.
    """

    dependencies = [("dossiers", "0053_columns_told_and_stay")]

    operations = [
        migrations.RemoveConstraint(
            model_name="actbatchrow", name="act_batch_row_says_why_it_was_refused"
        ),
        migrations.RemoveField(model_name="actbatchrow", name="shown"),
        migrations.RenameField(model_name="actbatchrow", old_name="sentence", new_name="why"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    # No row is updated: one that is done stays.
                    """
                    ALTER TABLE dossiers_actbatchrow ALTER COLUMN why TYPE jsonb USING
                      CASE WHEN why = '' OR call = '{}' THEN '{}'::jsonb
                           ELSE jsonb_build_object('vi', why) END
                    """
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="actbatchrow",
                    name="why",
                    field=models.JSONField(blank=True, default=dict, verbose_name="lý do"),
                )
            ],
        ),
        migrations.AddConstraint(
            model_name="actbatchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("why", {}), ("state", "refused"), _connector="OR"),
                name="act_batch_row_says_why_it_was_refused",
            ),
        ),
    ]
