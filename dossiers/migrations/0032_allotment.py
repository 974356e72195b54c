"""Which successor of a split commune gets which producer; what was recorded of it stays."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def revoke(apps, schema_editor):
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON dossiers_allotment FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0033_readings_stay'),
        ('dossiers', '0031_samples_stay'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='dossier',
            name='before_split',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='xã trước khi chia tách'),
        ),
        migrations.AddField(
            model_name='product',
            name='made_in',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='nơi sản xuất khác xã của chủ thể'),
        ),
        migrations.CreateModel(
            name='Allotment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('document', models.CharField(max_length=120, verbose_name='số, ngày văn bản')),
                ('document_signer', models.CharField(max_length=150, verbose_name='người ký văn bản')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='lý do đính chính')),
                ('made_at', models.DateTimeField(editable=False, verbose_name='lúc')),
                ('made_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('producer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allotments', to='dossiers.producer', verbose_name='chủ thể')),
                ('product', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='allotments', to='dossiers.product', verbose_name='sản phẩm')),
                ('to', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='xã kế thừa nhận')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='allotments', to='cycle.orgunit', verbose_name='xã đã chia tách')),
                ('was', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.orgunit', verbose_name='đơn vị trước đó')),
            ],
            options={
                'verbose_name': 'phân về xã kế thừa',
                'verbose_name_plural': 'phân về xã kế thừa',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('document', ''), _negated=True), models.Q(('document_signer', ''), _negated=True)), name='allotment_has_a_document'), models.CheckConstraint(condition=models.Q(('unit', models.F('to')), _negated=True), name='allotment_not_to_the_split_unit')],
            },
        ),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
