"""The ledger of documents, and which document a row of before is.

A number once per register, body and year, and a scan for one document: a trigger holds both, for a
correction gives the number of what it replaces free, which no unique index can know.
"""

import cycle.guards
import cycle.letters
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

ONCE = """
CREATE FUNCTION document_number_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.before THEN
    RETURN NULL;
  END IF;
  -- Two that come at once: the second looks when the first is there or gone.
  PERFORM pg_advisory_xact_lock(hashtextextended('document ' || NEW.folded_number, 0));
  -- What has no figure is no number.
  IF NEW.folded_number ~ '[0-9]' AND EXISTS (
    SELECT FROM cycle_document d
    WHERE d.folded_number = NEW.folded_number AND d.year = NEW.year AND d.register = NEW.register
      AND d.issuer_id IS NOT DISTINCT FROM NEW.issuer_id
      AND d.folded_outside = NEW.folded_outside
      AND NOT d.before AND d.id <> NEW.id
      AND NOT EXISTS (SELECT FROM cycle_document r WHERE r.replaces_id = d.id)
  ) THEN
    RAISE EXCEPTION 'the number % is that of another document', NEW.number
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'document_number_once';
  END IF;
  IF NEW.scan_sha256 <> '' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('document ' || NEW.scan_sha256, 0));
    IF EXISTS (
      SELECT FROM cycle_document d
      WHERE d.scan_sha256 = NEW.scan_sha256 AND NOT d.before AND d.id <> NEW.id
        AND NOT EXISTS (SELECT FROM cycle_document r WHERE r.replaces_id = d.id)
    ) THEN
      RAISE EXCEPTION 'the scan of % is that of another document', NEW.number
        USING ERRCODE = 'unique_violation', CONSTRAINT = 'document_scan_once';
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- After the row is in: what the database computes of it is known then.
CREATE TRIGGER document_number_once AFTER INSERT ON cycle_document
FOR EACH ROW EXECUTE FUNCTION document_number_once();
"""
UNDO = """
DROP TRIGGER document_number_once ON cycle_document;
DROP FUNCTION document_number_once();
"""


def revoke(apps, schema_editor):
    """The application adds to the ledger; it changes nothing."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON cycle_document FROM {role}")
    schema_editor.execute(
        f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON cycle_formerpaper FROM {role}"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0037_sent_entries'),
    ]

    operations = [
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('direction', models.CharField(blank=True, choices=[('incoming', 'Văn bản đến'), ('outgoing', 'Văn bản đi'), ('internal', 'Văn bản nội bộ')], editable=False, max_length=10, verbose_name='đến, đi, nội bộ')),
                ('kind', models.CharField(blank=True, choices=[('decision', 'Quyết định'), ('submission', 'Tờ trình'), ('report', 'Báo cáo'), ('minutes', 'Biên bản'), ('notice', 'Thông báo'), ('plan', 'Kế hoạch'), ('resolution', 'Nghị quyết'), ('regulation', 'Quy chế, quy định'), ('conclusion', 'Kết luận'), ('confirmation', 'Giấy xác nhận'), ('invitation', 'Giấy mời'), ('authorisation', 'Giấy ủy quyền'), ('letter', 'Công văn'), ('other', 'Văn bản khác')], max_length=16, verbose_name='loại văn bản')),
                ('does', models.CharField(blank=True, choices=[('proposes', 'Đề nghị'), ('decides', 'Quyết định'), ('approves', 'Phê duyệt'), ('recognises', 'Công nhận'), ('notifies', 'Thông báo'), ('revokes', 'Thu hồi'), ('minutes', 'Ghi kết quả'), ('confirms', 'Xác nhận'), ('orders', 'Yêu cầu'), ('corrects', 'Đính chính')], max_length=12, verbose_name='tác dụng')),
                ('register', models.CharField(blank=True, max_length=60, verbose_name='sổ')),
                ('outside', models.CharField(blank=True, max_length=200, verbose_name='cơ quan ban hành khác')),
                ('number', models.CharField(max_length=60, verbose_name='số và ký hiệu')),
                ('signed_on', models.DateField(null=True, verbose_name='ngày ký')),
                ('signer', models.CharField(max_length=150, verbose_name='người ký')),
                ('signer_capacity', models.CharField(max_length=150, verbose_name='chức vụ người ký')),
                ('subject', models.CharField(blank=True, max_length=300, verbose_name='trích yếu')),
                ('scan_sha256', models.CharField(blank=True, editable=False, max_length=64)),
                ('scan_bytes', models.BigIntegerField(default=0, editable=False)),
                ('scan_filename', models.CharField(blank=True, editable=False, max_length=200)),
                ('scan_type', models.CharField(blank=True, editable=False, max_length=100)),
                ('before', models.BooleanField(default=False, editable=False, verbose_name='có trước khi lập sổ')),
                ('said', models.CharField(blank=True, editable=False, max_length=200, verbose_name='như đã ghi')),
                ('at', models.DateTimeField(editable=False, verbose_name='vào sổ lúc')),
                ('folded_number', models.GeneratedField(db_persist=True, expression=cycle.letters.FoldNumber(models.F('number')), output_field=models.TextField(db_collation='C'))),
                ('folded_outside', models.GeneratedField(db_persist=True, expression=cycle.letters.Fold(models.F('outside')), output_field=models.TextField())),
                ('year', models.GeneratedField(db_persist=True, expression=django.db.models.functions.datetime.ExtractYear('signed_on'), output_field=models.IntegerField())),
            ],
            options={
                'verbose_name': 'văn bản',
                'verbose_name_plural': 'văn bản',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='FormerPaper',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=60)),
                ('row', models.BigIntegerField()),
                ('part', models.CharField(blank=True, max_length=40)),
            ],
            options={
                'verbose_name': 'văn bản trước khi lập sổ',
                'ordering': ['pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='historyentry',
            name='history_stream_known',
        ),
        migrations.AlterField(
            model_name='historyentry',
            name='stream',
            field=models.CharField(choices=[('dossier', 'Hồ sơ'), ('round', 'Đợt đánh giá'), ('council', 'Hội đồng'), ('cycle', 'Chu trình'), ('person', 'Nhân sự'), ('office', 'Văn phòng'), ('config', 'Cấu hình'), ('unit', 'Đơn vị'), ('producer', 'Chủ thể'), ('product', 'Sản phẩm'), ('document', 'Văn bản')], max_length=12, verbose_name='chuỗi'),
        ),
        migrations.AddConstraint(
            model_name='historyentry',
            constraint=models.CheckConstraint(condition=models.Q(('stream__in', ['dossier', 'round', 'council', 'cycle', 'person', 'office', 'config', 'unit', 'producer', 'product', 'document'])), name='history_stream_known'),
        ),
        migrations.AddField(
            model_name='document',
            name='issuer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='đơn vị ban hành'),
        ),
        migrations.AddField(
            model_name='document',
            name='recorded_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người nhập'),
        ),
        migrations.AddField(
            model_name='document',
            name='replaces',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='cycle.document', verbose_name='thay cho'),
        ),
        migrations.AddField(
            model_name='formerpaper',
            name='document',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='former', to='cycle.document'),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(fields=['folded_number', 'year'], name='document_ledger_look_up'),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(condition=models.Q(('scan_sha256', ''), _negated=True), fields=['scan_sha256'], name='document_by_scan'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['', 'incoming', 'outgoing', 'internal'])), name='document_direction_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['', 'decision', 'submission', 'report', 'minutes', 'notice', 'plan', 'resolution', 'regulation', 'conclusion', 'confirmation', 'invitation', 'authorisation', 'letter', 'other'])), name='document_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('does__in', ['', 'proposes', 'decides', 'approves', 'recognises', 'notifies', 'revokes', 'minutes', 'confirms', 'orders', 'corrects'])), name='document_effect_known'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('before', True), models.Q(('signed_on__isnull', False), models.Q(('number', ''), _negated=True), models.Q(('signer', ''), _negated=True), models.Q(('kind', ''), _negated=True), models.Q(('direction', ''), _negated=True)), _connector='OR'), name='document_says_what_it_is'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('issuer', None), models.Q(('outside', ''), _negated=True)), models.Q(('issuer__isnull', False), ('outside', '')), models.Q(('before', True), ('issuer', None), ('outside', '')), _connector='OR'), name='document_of_one_body'),
        ),
        migrations.AddConstraint(
            model_name='document',
            constraint=models.CheckConstraint(condition=models.Q(('replaces', None), models.Q(('replaces', models.F('id')), _negated=True), _connector='OR'), name='document_replaces_another'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='document',
            trigger=pgtrigger.compiler.Trigger(name='document_stays', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='4f41cc9d86e7daace872c8b197f3a87dbbbd1e01', operation='UPDATE OR DELETE', pgid='pgtrigger_document_stays_0e629', table='cycle_document', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='formerpaper',
            constraint=models.UniqueConstraint(fields=('model', 'row', 'part'), name='former_paper_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='formerpaper',
            trigger=pgtrigger.compiler.Trigger(name='former_paper_stays', sql=cycle.guards.PinnedTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='1252b287279a7a57bf5aa2889a151c4f731841e8', operation='UPDATE OR DELETE', pgid='pgtrigger_former_paper_stays_928c2', table='cycle_formerpaper', when='BEFORE')),
        ),
        migrations.RunSQL(ONCE, UNDO),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
