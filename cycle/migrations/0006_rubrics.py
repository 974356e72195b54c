"""The rubrics: what is law is only added; the wording laid over it may be corrected, not removed."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


def revoke(apps, schema_editor):
    """The application adds rubrics and reads them; it never rewrites, removes or empties them."""
    role = schema_editor.quote_name(settings.APPLICATION_ROLE)
    schema_editor.execute(
        "REVOKE UPDATE, DELETE, TRUNCATE ON"
        f" cycle_rubric, cycle_criterion, cycle_option, cycle_elimination FROM {role}"
    )
    schema_editor.execute(f"REVOKE DELETE, TRUNCATE ON cycle_wording FROM {role}")


class Migration(migrations.Migration):

    dependencies = [
        ('cycle', '0005_transition_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='Criterion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='thứ tự')),
                ('part', models.CharField(max_length=1, verbose_name='phần')),
                ('code', models.CharField(max_length=10, verbose_name='mã')),
                ('title', models.CharField(max_length=200, verbose_name='tiêu chí')),
                ('points', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='điểm tối đa')),
                ('yes_no', models.BooleanField(default=False, verbose_name='chỉ có hoặc không')),
                ('cases', models.JSONField(default=list, verbose_name='các trường hợp')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='ghi chú')),
                ('requires', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cycle.criterion', verbose_name='chỉ chấm khi có điểm ở')),
            ],
            options={
                'verbose_name': 'tiêu chí',
                'verbose_name_plural': 'tiêu chí',
                'ordering': ['rubric_id', 'position'],
            },
        ),
        migrations.CreateModel(
            name='Option',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('case', models.PositiveSmallIntegerField(default=0, verbose_name='trường hợp')),
                ('level', models.PositiveSmallIntegerField(verbose_name='mức')),
                ('points', models.DecimalField(decimal_places=2, max_digits=5, verbose_name='điểm')),
                ('minimum_for', models.PositiveSmallIntegerField(null=True, verbose_name='tối thiểu cho hạng sao')),
                ('short_label', models.CharField(blank=True, max_length=80, verbose_name='tên ngắn')),
                ('criterion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='options', to='cycle.criterion', verbose_name='tiêu chí')),
            ],
            options={
                'verbose_name': 'mức điểm',
                'verbose_name_plural': 'mức điểm',
                'ordering': ['criterion_id', 'case', 'level'],
            },
        ),
        migrations.CreateModel(
            name='Rubric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='số của bộ sản phẩm')),
                ('name', models.CharField(max_length=200, verbose_name='bộ sản phẩm')),
                ('group', models.CharField(max_length=40, verbose_name='nhóm sản phẩm')),
                ('sections', models.JSONField(verbose_name='các mục')),
                ('content_hash', models.CharField(max_length=64, verbose_name='mã băm nội dung')),
                ('rule_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rubrics', to='cycle.ruleset', verbose_name='bộ quy định')),
            ],
            options={
                'verbose_name': 'bộ tiêu chí',
                'verbose_name_plural': 'bộ tiêu chí',
                'ordering': ['rule_set_id', 'number', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Elimination',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='thứ tự')),
                ('short_label', models.CharField(max_length=80, verbose_name='tên ngắn')),
                ('criterion', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='eliminations', to='cycle.criterion', verbose_name='tiêu chí')),
                ('rubric', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='eliminations', to='cycle.rubric', verbose_name='bộ tiêu chí')),
            ],
            options={
                'verbose_name': 'điều kiện loại',
                'verbose_name_plural': 'điều kiện loại',
                'ordering': ['rubric_id', 'position'],
            },
        ),
        migrations.AddField(
            model_name='criterion',
            name='rubric',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='criteria', to='cycle.rubric', verbose_name='bộ tiêu chí'),
        ),
        migrations.CreateModel(
            name='Wording',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(verbose_name='lời văn')),
                ('document', models.CharField(max_length=200, verbose_name='văn bản')),
                ('criterion', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='wording', to='cycle.criterion')),
                ('elimination', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='wording', to='cycle.elimination')),
                ('option', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='wording', to='cycle.option')),
            ],
            options={
                'verbose_name': 'lời văn chính thức',
                'verbose_name_plural': 'lời văn chính thức',
            },
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(fields=('criterion', 'case', 'level'), name='option_level_once'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(fields=('criterion', 'case', 'points'), name='option_points_once'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.CheckConstraint(condition=models.Q(('points__gte', 0), ('points__lte', 100)), name='option_points_possible'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_for', None), ('minimum_for__range', (3, 5)), _connector='OR'), name='option_minimum_is_stars'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='option',
            trigger=pgtrigger.compiler.Trigger(name='option_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='3c201f2b7bfd1ba5c8dee4ff9774a0525e8744cf', operation='UPDATE OR DELETE', pgid='pgtrigger_option_immutable_c0b43', table='cycle_option', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='rubric',
            constraint=models.UniqueConstraint(fields=('rule_set', 'number', 'content_hash'), name='rubric_version_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rubric',
            trigger=pgtrigger.compiler.Trigger(name='rubric_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d336acd9d2cc5fa7b6812e92679450c1c59b5dfd', operation='UPDATE OR DELETE', pgid='pgtrigger_rubric_immutable_2a133', table='cycle_rubric', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='elimination',
            constraint=models.UniqueConstraint(fields=('rubric', 'position'), name='elimination_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='elimination',
            trigger=pgtrigger.compiler.Trigger(name='elimination_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='6604b4be77033239eedd3aeb63b1b39a85380ea4', operation='UPDATE OR DELETE', pgid='pgtrigger_elimination_immutable_69bd3', table='cycle_elimination', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='criterion',
            constraint=models.UniqueConstraint(fields=('rubric', 'code'), name='criterion_code_once'),
        ),
        migrations.AddConstraint(
            model_name='criterion',
            constraint=models.CheckConstraint(condition=models.Q(('part__in', ['A', 'B', 'C'])), name='criterion_part_known'),
        ),
        migrations.AddConstraint(
            model_name='criterion',
            constraint=models.CheckConstraint(condition=models.Q(('points__gt', 0), ('points__lte', 100)), name='criterion_points_possible'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='criterion',
            trigger=pgtrigger.compiler.Trigger(name='criterion_immutable', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='f92e73c1b39492316c04a97d747765c27b08dd50', operation='UPDATE OR DELETE', pgid='pgtrigger_criterion_immutable_909e3', table='cycle_criterion', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='wording',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('criterion__isnull', True), ('elimination__isnull', True), ('option__isnull', False)), models.Q(('criterion__isnull', False), ('elimination__isnull', True), ('option__isnull', True)), models.Q(('criterion__isnull', True), ('elimination__isnull', False), ('option__isnull', True)), _connector='OR'), name='wording_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='wording',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('text', ''), _negated=True), models.Q(('document', ''), _negated=True)), name='wording_says_something'),
        ),
        migrations.RunPython(revoke, migrations.RunPython.noop),
    ]
