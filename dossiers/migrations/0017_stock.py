"""What was recognised before comes in as batches, which can be struck out again."""

import cycle.guards
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


STANDS = """
-- Nothing new stands on what was struck out. The row is held: who strikes it out waits, or is
-- waited for, and then seen.
CREATE FUNCTION stands_on_what_stands() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE gone boolean;
BEGIN
  IF TG_TABLE_NAME = 'dossiers_dossier' THEN
    SELECT void INTO gone FROM dossiers_product WHERE id = NEW.product_id FOR KEY SHARE;
  ELSE
    SELECT void INTO gone FROM dossiers_producer WHERE id = NEW.producer_id FOR KEY SHARE;
  END IF;
  IF gone AND NOT NEW.void THEN
    RAISE EXCEPTION 'it would stand on what was struck out'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'stands_on_what_stands';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stands_on_what_stands BEFORE INSERT OR UPDATE OF product_id ON dossiers_dossier
  FOR EACH ROW EXECUTE FUNCTION stands_on_what_stands();
CREATE TRIGGER stands_on_what_stands BEFORE INSERT OR UPDATE OF producer_id ON dossiers_product
  FOR EACH ROW EXECUTE FUNCTION stands_on_what_stands();
"""
UNDO = """
DROP TRIGGER stands_on_what_stands ON dossiers_product;
DROP TRIGGER stands_on_what_stands ON dossiers_dossier;
DROP FUNCTION stands_on_what_stands();
"""


def rights(apps, schema_editor):
    """A batch is never deleted; of a certificate only whether it was struck out may change."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE DELETE, TRUNCATE ON dossiers_stockbatch FROM {role}")
    schema_editor.execute(f"REVOKE TRUNCATE ON dossiers_stockrow FROM {role}")
    schema_editor.execute(f"GRANT UPDATE (void) ON dossiers_certificate TO {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0020_one_province'),
        ('dossiers', '0016_term_ending'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StockBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('columns', 'Chờ chọn cột'), ('checking', 'Đang kiểm tra'), ('checked', 'Đã kiểm tra'), ('committing', 'Đang ghi'), ('committed', 'Đã ghi'), ('void', 'Đã gạch bỏ')], default='columns', max_length=12, verbose_name='trạng thái')),
                ('filename', models.CharField(blank=True, max_length=200, verbose_name='tệp')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('bytes', models.BigIntegerField(default=0)),
                ('sheets', models.JSONField(default=list)),
                ('sheet', models.CharField(blank=True, max_length=200, verbose_name='trang tính')),
                ('heads', models.JSONField(default=list)),
                ('head_line', models.PositiveIntegerField(default=0)),
                ('first_line', models.PositiveIntegerField(default=0)),
                ('columns', models.JSONField(default=dict)),
                ('answers', models.JSONField(default=dict)),
                ('skip_known', models.BooleanField(default=False, verbose_name='bỏ qua dòng đã có')),
                ('questions', models.JSONField(default=list)),
                ('totals', models.JSONField(default=list)),
                ('counts', models.JSONField(default=dict)),
                ('problem', models.TextField(blank=True)),
                ('document_number', models.CharField(blank=True, max_length=60, verbose_name='số và ký hiệu')),
                ('document_on', models.DateField(blank=True, null=True, verbose_name='ngày ký')),
                ('document_signer', models.CharField(blank=True, max_length=150, verbose_name='người ký')),
                ('document_capacity', models.CharField(blank=True, max_length=150, verbose_name='chức vụ người ký')),
                ('scan_sha256', models.CharField(blank=True, max_length=64)),
                ('scan_bytes', models.BigIntegerField(default=0)),
                ('scan_filename', models.CharField(blank=True, max_length=200)),
                ('scan_type', models.CharField(blank=True, max_length=100)),
                ('at', models.DateTimeField(verbose_name='lúc')),
                ('checked_at', models.DateTimeField(null=True)),
                ('committed_at', models.DateTimeField(null=True, verbose_name='ghi lúc')),
                ('voided_at', models.DateTimeField(null=True, verbose_name='gạch bỏ lúc')),
                ('stopped_terms', models.JSONField(default=list)),
            ],
            options={
                'verbose_name': 'đợt nhập sản phẩm đã công nhận',
                'verbose_name_plural': 'đợt nhập sản phẩm đã công nhận',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='StockRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveIntegerField(verbose_name='dòng')),
                ('kind', models.CharField(choices=[('data', 'dữ liệu'), ('heading', 'tiêu đề nhóm'), ('total', 'dòng cộng'), ('note', 'ghi chú')], default='data', max_length=10)),
                ('text', models.CharField(blank=True, max_length=300)),
                ('values', models.JSONField(default=dict)),
                ('faults', models.JSONField(default=list)),
                ('errors', models.PositiveSmallIntegerField(default=0)),
                ('warnings', models.PositiveSmallIntegerField(default=0)),
                ('known', models.BooleanField(default=False)),
                ('makes_producer', models.BooleanField(default=False)),
                ('makes_product', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'dòng của đợt nhập',
                'ordering': ['batch_id', 'line'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='certificate',
            name='certificate_number_once',
        ),
        migrations.AddField(
            model_name='certificate',
            name='edition',
            field=models.CharField(blank=True, choices=[('851', 'QĐ 851/QĐ-UBND (2018)'), ('1048', 'QĐ 1048/QĐ-TTg (2019)'), ('148', 'QĐ 148/QĐ-TTg (2023)'), ('1489', 'QĐ 148, sửa đổi bởi QĐ 1489/QĐ-TTg (2025)'), ('26', 'QĐ 26/2026/QĐ-TTg')], editable=False, max_length=10, verbose_name='cấp theo'),
        ),
        migrations.AddField(
            model_name='certificate',
            name='void',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='dossier',
            name='void',
            field=models.BooleanField(default=False, editable=False, verbose_name='đã gạch bỏ'),
        ),
        migrations.AddField(
            model_name='producer',
            name='void',
            field=models.BooleanField(default=False, editable=False, verbose_name='đã gạch bỏ'),
        ),
        migrations.AddField(
            model_name='product',
            name='void',
            field=models.BooleanField(default=False, editable=False, verbose_name='đã gạch bỏ'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='certificate_void_stays', sql=cycle.guards.PinnedTriggerSql(condition='WHEN (OLD."void" OR NOT NEW."void")', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='c8f5749cc2d5dd8e9aaf4a32fa25784450b4d3d3', operation='UPDATE', pgid='pgtrigger_certificate_void_stays_87483', table='dossiers_certificate', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.UniqueConstraint(models.F('issuer'), django.db.models.functions.datetime.ExtractYear('issued_on'), models.F('folded_number'), condition=models.Q(('number_repeats', False), ('void', False), models.Q(('number', ''), _negated=True)), name='certificate_number_once', nulls_distinct=False),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người nhập'),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='committed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người ghi'),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='cycle',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.cycle', verbose_name='chu trình'),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='job',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.job'),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='org_unit',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='đơn vị nhập'),
        ),
        migrations.AddField(
            model_name='stockrow',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rows', to='dossiers.stockbatch'),
        ),
        migrations.AddField(
            model_name='stockrow',
            name='certificate',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dossiers.certificate'),
        ),
        migrations.AddField(
            model_name='stockrow',
            name='dossier',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dossiers.dossier'),
        ),
        migrations.AddConstraint(
            model_name='stockbatch',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['columns', 'checking', 'checked', 'committing', 'committed', 'void'])), name='stock_batch_state_known'),
        ),
        migrations.AddConstraint(
            model_name='stockbatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['committing', 'committed', 'void']), _negated=True), models.Q(models.Q(('document_number', ''), _negated=True), models.Q(('document_signer', ''), _negated=True), models.Q(('scan_sha256', ''), _negated=True), ('document_on__isnull', False)), _connector='OR'), name='stock_batch_rests_on_a_paper'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stockbatch',
            trigger=pgtrigger.compiler.Trigger(name='stock_batch_void_stays', sql=cycle.guards.PinnedTriggerSql(condition='WHEN (OLD."state" = \'void\')', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='b57b5c866fa40343558231d7b3dde1992973b6aa', operation='UPDATE', pgid='pgtrigger_stock_batch_void_stays_26a78', table='dossiers_stockbatch', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='stockrow',
            constraint=models.UniqueConstraint(fields=('batch', 'line'), name='stock_row_line_once'),
        ),
        migrations.AddConstraint(
            model_name='stockrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('certificate', None), ('dossier', None)), models.Q(('certificate__isnull', False), ('dossier__isnull', False), ('errors', 0), ('kind', 'data')), _connector='OR'), name='stock_row_becomes_all_or_nothing'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stockrow',
            trigger=pgtrigger.compiler.Trigger(name='stock_row_stays_when_committed', sql=cycle.guards.PinnedTriggerSql(condition='WHEN (OLD."dossier_id" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='5630c38cd2311ea0d06239fb32c2ed402275fdeb', operation='UPDATE OR DELETE', pgid='pgtrigger_stock_row_stays_when_committed_50011', table='dossiers_stockrow', when='BEFORE')),
        ),
        migrations.RunSQL(STANDS, UNDO),
        migrations.RunPython(rights, migrations.RunPython.noop),
    ]
