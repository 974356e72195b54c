"""Lists of potential products and of running dossiers come in beside those of certificates."""

import cycle.guards
import cycle.models.folding
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


def rights(apps, schema_editor):
    """What a survey named is never deleted."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE DELETE, TRUNCATE ON dossiers_potential FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0020_one_province'),
        ('dossiers', '0018_marks_of_the_owner'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Potential',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='tên sản phẩm')),
                ('group', models.CharField(blank=True, choices=[('food', 'Thực phẩm'), ('drink', 'Đồ uống'), ('herbs', 'Dược liệu và sản phẩm từ dược liệu'), ('handicraft', 'Thủ công mỹ nghệ'), ('ornamental', 'Sinh vật cảnh'), ('community_tourism', 'Du lịch cộng đồng, sinh thái'), ('fabrics_and_garments', 'Vải và may mặc'), ('souvenirs_furniture_decoration', 'Lưu niệm, nội thất, trang trí')], max_length=40, verbose_name='nhóm sản phẩm')),
                ('producer_name', models.CharField(max_length=200, verbose_name='chủ thể')),
                ('owner_type', models.CharField(blank=True, choices=[('cooperative', 'Hợp tác xã'), ('group', 'Tổ hợp tác'), ('enterprise', 'Doanh nghiệp nhỏ và vừa'), ('farm', 'Trang trại'), ('household', 'Hộ có đăng ký kinh doanh'), ('association', 'Hội, hiệp hội (du lịch)')], max_length=20, verbose_name='loại hình')),
                ('representative', models.CharField(blank=True, max_length=150, verbose_name='người đại diện')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='điện thoại')),
                ('address', models.CharField(blank=True, max_length=250, verbose_name='địa chỉ')),
                ('wish', models.CharField(blank=True, max_length=1000, verbose_name='nguyện vọng')),
                ('surveyed_on', models.DateField(null=True, verbose_name='ngày khảo sát')),
                ('state', models.CharField(choices=[('open', 'Chưa mở hồ sơ'), ('begun', 'Đã mở hồ sơ'), ('closed', 'Đã khép lại')], default='open', max_length=10, verbose_name='tình trạng')),
                ('reason', models.CharField(blank=True, max_length=1000, verbose_name='lý do khép lại')),
                ('closed_at', models.DateTimeField(null=True, verbose_name='khép lại lúc')),
                ('search', models.GeneratedField(db_persist=True, expression=cycle.models.folding.Fold(django.db.models.functions.text.Concat(models.F('name'), models.Value(' '), models.F('producer_name'), output_field=models.TextField())), output_field=models.TextField())),
                ('void', models.BooleanField(default=False, editable=False, verbose_name='đã gạch bỏ')),
            ],
            options={
                'verbose_name': 'sản phẩm tiềm năng',
                'verbose_name_plural': 'sản phẩm tiềm năng',
                'ordering': ['pk'],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='stockrow',
            name='stock_row_stays_when_committed',
        ),
        migrations.RemoveConstraint(
            model_name='stockrow',
            name='stock_row_becomes_all_or_nothing',
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='into',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.cycle', verbose_name='chu trình của hồ sơ'),
        ),
        migrations.AddField(
            model_name='stockbatch',
            name='kind',
            field=models.CharField(choices=[('certificates', 'Sản phẩm đã công nhận'), ('potential', 'Sản phẩm tiềm năng (khảo sát)'), ('running', 'Hồ sơ đang làm')], default='certificates', max_length=12, verbose_name='loại danh sách'),
        ),
        migrations.AddField(
            model_name='stockrow',
            name='becomes',
            field=models.CharField(choices=[('certificates', 'Sản phẩm đã công nhận'), ('potential', 'Sản phẩm tiềm năng (khảo sát)'), ('running', 'Hồ sơ đang làm')], default='certificates', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='stockbatch',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['certificates', 'potential', 'running'])), name='stock_batch_kind_known'),
        ),
        migrations.AddField(
            model_name='potential',
            name='batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='potentials', to='dossiers.stockbatch', verbose_name='danh sách'),
        ),
        migrations.AddField(
            model_name='potential',
            name='closed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='người khép lại'),
        ),
        migrations.AddField(
            model_name='potential',
            name='commune',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='potentials', to='cycle.orgunit', verbose_name='xã, phường'),
        ),
        migrations.AddField(
            model_name='potential',
            name='dossier',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='potential', to='dossiers.dossier', verbose_name='hồ sơ'),
        ),
        migrations.AddField(
            model_name='stockrow',
            name='potential',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='dossiers.potential'),
        ),
        migrations.AddConstraint(
            model_name='stockrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('certificate', None), ('dossier', None), ('potential', None)), models.Q(('errors', 0), ('kind', 'data'), models.Q(models.Q(('becomes', 'certificates'), ('potential', None), ('certificate__isnull', False), ('dossier__isnull', False)), models.Q(('becomes', 'running'), ('certificate', None), ('potential', None), ('dossier__isnull', False)), models.Q(('becomes', 'potential'), ('certificate', None), ('dossier', None), ('potential__isnull', False)), _connector='OR')), _connector='OR'), name='stock_row_becomes_all_or_nothing'),
        ),
        migrations.AddIndex(
            model_name='potential',
            index=models.Index(fields=['commune', 'id'], name='potential_of_commune'),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'begun', 'closed'])), name='potential_state_known'),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(('group', ''), ('group__in', ['food', 'drink', 'herbs', 'handicraft', 'ornamental', 'community_tourism', 'fabrics_and_garments', 'souvenirs_furniture_decoration']), _connector='OR'), name='potential_group_known'),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dossier__isnull', False), ('state', 'begun')), models.Q(models.Q(('state', 'begun'), _negated=True), ('dossier', None)), _connector='OR'), name='potential_begun_knows_its_dossier'),
        ),
        migrations.AddConstraint(
            model_name='potential',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('state', 'closed'), models.Q(('reason', ''), _negated=True)), models.Q(models.Q(('state', 'closed'), _negated=True), ('closed_at', None), ('closed_by', None), ('reason', '')), _connector='OR'), name='potential_closed_knows_why'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='stockrow',
            trigger=pgtrigger.compiler.Trigger(name='stock_row_stays_when_committed', sql=cycle.guards.PinnedTriggerSql(condition='WHEN (OLD."dossier_id" IS NOT NULL OR OLD."potential_id" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='02db1bee568bf6a424a089550001b53d052ed25b', operation='UPDATE OR DELETE', pgid='pgtrigger_stock_row_stays_when_committed_50011', table='dossiers_stockrow', when='BEFORE')),
        ),
        migrations.RunPython(rights, migrations.RunPython.noop),
    ]
