"""A round can be voided, a sheet left out, a product need enough sheets; an opinion has its paper."""

import django.core.validators
from django.conf import settings
from django.db import migrations, models

VOID = """
-- What a round rests on does not change once it is closed or voided.
CREATE OR REPLACE FUNCTION round_still_open() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE row jsonb; its_round bigint;
BEGIN
  row := to_jsonb(CASE WHEN TG_OP = 'INSERT' THEN NEW ELSE OLD END);
  its_round := COALESCE((row->>'round_id')::bigint,
    (SELECT round_id FROM councils_roundentry WHERE id = (row->>'entry_id')::bigint));
  PERFORM 1 FROM councils_evaluationround
    WHERE id = its_round AND state NOT IN ('closed', 'void') FOR SHARE;
  IF NOT FOUND OR (TG_OP = 'UPDATE' AND (to_jsonb(NEW)->'round_id', to_jsonb(NEW)->'entry_id')
                   IS DISTINCT FROM (row->'round_id', row->'entry_id')) THEN
    RAISE EXCEPTION 'round % is closed', its_round
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_still_open';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- A voided round stays as it is, and has let its products go.
CREATE FUNCTION round_void_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.state = 'void' OR OLD.state = 'closed'
     OR EXISTS (SELECT 1 FROM councils_roundentry e WHERE e.round_id = OLD.id AND e.live) THEN
    RAISE EXCEPTION 'round % is over, or still has products', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'round_void_stays';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER round_void_stays BEFORE UPDATE ON councils_evaluationround
  FOR EACH ROW WHEN (OLD.state = 'void' OR NEW.state = 'void')
  EXECUTE FUNCTION round_void_stays();
"""
UNDO = """
DROP TRIGGER round_void_stays ON councils_evaluationround;
DROP FUNCTION round_void_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('councils', '0017_round_of_a_year_that_stands'),
        ('cycle', '0025_year_opens'),
        ('dossiers', '0024_year_that_stands'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='evaluationround',
            name='round_state_known',
        ),
        migrations.RemoveConstraint(
            model_name='opinion',
            name='opinion_answered_in_full',
        ),
        migrations.RemoveConstraint(
            model_name='scoresheet',
            name='sheet_state_known',
        ),
        migrations.AddField(
            model_name='evaluationround',
            name='void_document',
            field=models.CharField(blank=True, db_default='', editable=False, max_length=200, verbose_name='văn bản hủy đợt'),
        ),
        migrations.AddField(
            model_name='evaluationround',
            name='void_reason',
            field=models.TextField(blank=True, db_default='', editable=False, verbose_name='lý do hủy'),
        ),
        migrations.AddField(
            model_name='evaluationround',
            name='voided_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='hủy lúc'),
        ),
        migrations.AddField(
            model_name='opinion',
            name='number',
            field=models.CharField(blank=True, max_length=120, verbose_name='số, ngày văn bản trả lời'),
        ),
        migrations.AddField(
            model_name='opinion',
            name='scan_name',
            field=models.CharField(blank=True, max_length=200, verbose_name='bản chụp văn bản'),
        ),
        migrations.AddField(
            model_name='opinion',
            name='scan_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='regulation',
            name='absent_sheets',
            field=models.BooleanField(db_default=False, default=False, verbose_name='tính phiếu của người vắng họp'),
        ),
        migrations.AddField(
            model_name='regulation',
            name='fewest_sheets',
            field=models.PositiveSmallIntegerField(db_default=1, default=3, help_text='Sau khi trừ người từ chối chấm; thiếu thì sản phẩm chờ đợt khác.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(13)], verbose_name='số phiếu chấm tối thiểu của một sản phẩm'),
        ),
        migrations.AddField(
            model_name='roundentry',
            name='recounts',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='scoresheet',
            name='void_reason',
            field=models.TextField(blank=True, db_default='', editable=False, verbose_name='lý do không tính'),
        ),
        migrations.AlterField(
            model_name='evaluationround',
            name='state',
            field=models.CharField(choices=[('preparing', 'Đang chuẩn bị'), ('open', 'Đang chấm điểm'), ('closed', 'Đã chốt kết quả'), ('void', 'Đã hủy')], default='preparing', max_length=10, verbose_name='trạng thái'),
        ),
        migrations.AlterField(
            model_name='regulation',
            name='show_self_score',
            field=models.BooleanField(default=False, verbose_name='thành viên thấy điểm tự chấm trước khi nộp phiếu'),
        ),
        migrations.AlterField(
            model_name='scoresheet',
            name='state',
            field=models.CharField(choices=[('draft', 'Đang chấm'), ('entered', 'Nhập từ phiếu giấy, chờ xác nhận'), ('submitted', 'Đã nộp'), ('void', 'Không tính')], default='draft', max_length=10, verbose_name='trạng thái'),
        ),
        migrations.AddConstraint(
            model_name='evaluationround',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['preparing', 'open', 'closed', 'void'])), name='round_state_known'),
        ),
        migrations.AddConstraint(
            model_name='evaluationround',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'void'), ('voided_at__isnull', False), models.Q(('void_reason', ''), _negated=True), models.Q(('void_document', ''), _negated=True)), models.Q(models.Q(('state', 'void'), _negated=True), ('void_document', ''), ('void_reason', ''), ('voided_at', None)), _connector='OR'), name='round_void_knows_why'),
        ),
        migrations.AddConstraint(
            model_name='opinion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('number', ''), ('scan_sha256', ''), ('answered_at', None), ('answered_by', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='opinion_answered_in_full'),
        ),
        migrations.AddConstraint(
            model_name='regulation',
            constraint=models.CheckConstraint(condition=models.Q(('fewest_sheets__range', (1, 13))), name='regulation_asks_for_a_sheet'),
        ),
        migrations.AddConstraint(
            model_name='scoresheet',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'entered', 'submitted', 'void'])), name='sheet_state_known'),
        ),
        migrations.AddConstraint(
            model_name='scoresheet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'void'), models.Q(('void_reason', ''), _negated=True)), models.Q(models.Q(('state', 'void'), _negated=True), ('void_reason', '')), _connector='OR'), name='sheet_void_knows_why'),
        ),
        migrations.RunSQL(VOID, UNDO),
    ]
