"""Which successor of a split commune gets which potential product."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0035_erased_words'),
        ('dossiers', '0034_erasure'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='allotment',
            name='potential',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='allotments', to='dossiers.potential', verbose_name='sản phẩm tiềm năng'),
        ),
        migrations.AlterField(
            model_name='allotment',
            name='producer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='allotments', to='dossiers.producer', verbose_name='chủ thể'),
        ),
        migrations.AddConstraint(
            model_name='allotment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('potential', None), ('producer__isnull', False)), models.Q(('potential__isnull', False), ('producer', None), ('product', None)), _connector='OR'), name='allotment_of_one_thing'),
        ),
    ]
