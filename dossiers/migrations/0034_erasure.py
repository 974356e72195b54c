"""Personal texts of history are erased on a paper, and in no other way."""

import cycle.guards
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

ERASE = """
-- Why a text of an entry stays whatever is asked: who did an act, for whom, who signed its paper, who
-- held a post or a seat; and all that a council or a round recorded, as its minutes do. NULL: it may
-- be erased. A part that is not named here stays until somebody has decided about it.
CREATE FUNCTION history_word_stays(stream text, event text, part text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE
    WHEN stream IN ('round', 'council') THEN 'council'
    WHEN part IN ('actor', 'acting_for') THEN 'act'
    WHEN part IN ('data.signer', 'data.document_signer') THEN 'paper'
    WHEN part IN ('data.to', 'data.holder', 'data.who', 'data.seats')
      OR part = 'label' AND event LIKE 'role.%' THEN 'post'
    WHEN part NOT IN ('reason', 'label', 'data.changed', 'data.was', 'data.why', 'data.interest',
                      'data.username', 'data.query', 'data.filter') THEN 'other'
  END
$$;

-- The words change in one way, for the owner too: an erasure that names a text takes it away.
CREATE FUNCTION words_only_emptied() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE lost text[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    lost := ARRAY(SELECT jsonb_object_keys(OLD.words) EXCEPT SELECT jsonb_object_keys(NEW.words));
    IF NEW.entry_id = OLD.entry_id
       AND NEW.words = OLD.words - lost AND NEW.salts = OLD.salts - lost
       AND NEW.erased_by - lost = OLD.erased_by - lost
       AND NOT EXISTS (
         SELECT FROM unnest(lost) AS part WHERE NOT EXISTS (
           SELECT FROM dossiers_erasure made WHERE made.id = (NEW.erased_by ->> part)::bigint
             AND made.texts @> jsonb_build_array(jsonb_build_array(OLD.entry_id, part))))
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'sealed words are only emptied, by an erasure'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'words_only_emptied';
END $$;
CREATE TRIGGER words_only_emptied BEFORE UPDATE OR DELETE ON cycle_sealedtext
  FOR EACH ROW EXECUTE FUNCTION words_only_emptied();

-- The erasing itself, as the owner: exactly the texts that the row names, or none. After the row went
-- in: one that is passed over (ON CONFLICT DO NOTHING) empties nothing.
CREATE FUNCTION erase_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE emptied bigint;
BEGIN
  IF jsonb_typeof(NEW.texts) <> 'array' OR NEW.texts = '[]' OR EXISTS (
       SELECT FROM jsonb_array_elements(NEW.texts) AS told GROUP BY told
       HAVING count(*) > 1 OR jsonb_typeof(told) <> 'array' OR jsonb_array_length(told) <> 2
         OR jsonb_typeof(told -> 0) <> 'number' OR jsonb_typeof(told -> 1) <> 'string') THEN
    RAISE EXCEPTION 'an erasure names each of its texts once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  IF EXISTS (
       SELECT FROM jsonb_array_elements(NEW.texts) AS told
       JOIN cycle_historyentry e ON e.id = (told ->> 0)::bigint
       WHERE history_word_stays(e.stream, e.event, told ->> 1) IS NOT NULL) THEN
    RAISE EXCEPTION 'this text stays'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  WITH named AS (
    SELECT (told ->> 0)::bigint AS entry_id, array_agg(told ->> 1) AS parts
    FROM jsonb_array_elements(NEW.texts) AS told GROUP BY 1
  ), gone AS (
    UPDATE cycle_sealedtext s SET words = s.words - parts, salts = s.salts - parts,
      erased_by = s.erased_by || (SELECT jsonb_object_agg(part, NEW.id) FROM unnest(parts) AS part)
    FROM named WHERE s.entry_id = named.entry_id AND s.words ?& parts
    RETURNING cardinality(parts) AS many
  )
  SELECT coalesce(sum(many), 0) INTO emptied FROM gone;
  IF emptied <> jsonb_array_length(NEW.texts) THEN
    RAISE EXCEPTION 'a text is not there, or was erased before'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'erase_words';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER erase_words AFTER INSERT ON dossiers_erasure
  FOR EACH ROW EXECUTE FUNCTION erase_words();
"""


def revoke(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_erasure FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0035_erased_words'),
        ('dossiers', '0033_numbers_alike'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('texts', models.JSONField(verbose_name='nội dung đã xóa')),
                ('because', models.CharField(choices=[('request', 'Yêu cầu của chính người đó'), ('law', 'Quy định hoặc văn bản của cơ quan có thẩm quyền')], max_length=10, verbose_name='căn cứ')),
                ('reason', models.CharField(max_length=500, verbose_name='lý do')),
                ('number', models.CharField(max_length=60, verbose_name='số và ký hiệu văn bản')),
                ('signed_on', models.DateField(verbose_name='ngày ký')),
                ('signer', models.CharField(max_length=150, verbose_name='người ký')),
                ('sha256', models.CharField(max_length=64)),
                ('filename', models.CharField(max_length=200)),
                ('content_type', models.CharField(max_length=100)),
                ('made_at', models.DateTimeField(editable=False, verbose_name='lúc')),
                ('made_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to=settings.AUTH_USER_MODEL, verbose_name='người')),
                ('producer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='erasures', to='dossiers.producer', verbose_name='chủ thể')),
            ],
            options={
                'verbose_name': 'lần xóa dữ liệu cá nhân',
                'verbose_name_plural': 'các lần xóa dữ liệu cá nhân',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', False), ('producer', None)), models.Q(('person', None), ('producer__isnull', False)), _connector='OR'), name='erasure_of_one_person'), models.CheckConstraint(condition=models.Q(('person', None), models.Q(('person', models.F('made_by')), _negated=True), _connector='OR'), name='erasure_not_of_oneself'), models.CheckConstraint(condition=models.Q(models.Q(('number', ''), _negated=True), models.Q(('signer', ''), _negated=True), models.Q(('reason', ''), _negated=True), models.Q(('sha256', ''), _negated=True)), name='erasure_has_a_paper'), models.CheckConstraint(condition=models.Q(('because__in', ['request', 'law'])), name='erasure_because_known')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='erasure',
            trigger=pgtrigger.compiler.Trigger(name='erasure_stays', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='a435d016254afdd2fd98a68aa7c672c6d5a4fedc', operation='UPDATE OR DELETE', pgid='pgtrigger_erasure_stays_4967c', table='dossiers_erasure', when='BEFORE')),
        ),
        migrations.RunSQL(ERASE),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
