"""Nothing is hidden but with the list that brought it in; a list that was entered is only struck
out; a year in which something is stays.
"""

from django.db import migrations, models

STRUCK = """
CREATE FUNCTION struck_with_its_list() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE fits boolean;
BEGIN
  IF TG_TABLE_NAME = 'dossiers_dossier' THEN
    fits := EXISTS (
      SELECT FROM dossiers_stockrow r JOIN dossiers_stockbatch b ON b.id = r.batch_id
      WHERE r.dossier_id = NEW.id AND b.state = 'void');
  ELSIF TG_TABLE_NAME = 'dossiers_product' THEN
    fits := NOT EXISTS (SELECT FROM dossiers_dossier WHERE product_id = NEW.id AND NOT void)
      AND EXISTS (
        SELECT FROM dossiers_dossier d JOIN dossiers_stockrow r ON r.dossier_id = d.id
        JOIN dossiers_stockbatch b ON b.id = r.batch_id
        WHERE d.product_id = NEW.id AND r.makes_product AND b.state = 'void');
  ELSE
    fits := NOT EXISTS (SELECT FROM dossiers_product WHERE producer_id = NEW.id AND NOT void)
      AND EXISTS (
        SELECT FROM dossiers_product p JOIN dossiers_dossier d ON d.product_id = p.id
        JOIN dossiers_stockrow r ON r.dossier_id = d.id
        JOIN dossiers_stockbatch b ON b.id = r.batch_id
        WHERE p.producer_id = NEW.id AND r.makes_producer AND b.state = 'void');
  END IF;
  IF NOT fits THEN
    RAISE EXCEPTION 'row % of % came with no list that was struck out', NEW.id, TG_TABLE_NAME
      USING ERRCODE = 'check_violation', CONSTRAINT = 'struck_with_its_list';
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION struck_out_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'row % of % was struck out, or entered, for good', NEW.id, TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'struck_out_stays';
END $$;
CREATE TRIGGER struck_out_stays BEFORE UPDATE OF state ON dossiers_stockbatch
  FOR EACH ROW WHEN (OLD.state = 'committed' AND NEW.state NOT IN ('committed', 'void'))
  EXECUTE FUNCTION struck_out_stays();
CREATE FUNCTION year_struck_out_is_empty() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM dossiers_dossier WHERE cycle_id = NEW.id) THEN
    RAISE EXCEPTION 'dossiers are in cycle %', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'year_struck_out_is_empty';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER year_struck_out_is_empty
  AFTER INSERT OR UPDATE OF void ON cycle_cycle
  FOR EACH ROW WHEN (NEW.void) EXECUTE FUNCTION year_struck_out_is_empty();
"""
OF_TABLE = """
CREATE CONSTRAINT TRIGGER struck_with_its_list AFTER UPDATE OF void ON {table}
  DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.void) EXECUTE FUNCTION struck_with_its_list();
CREATE TRIGGER struck_out_stays BEFORE UPDATE OF void ON {table}
  FOR EACH ROW WHEN (OLD.void AND NOT NEW.void) EXECUTE FUNCTION struck_out_stays();
"""
TABLES = "dossiers_dossier", "dossiers_product", "dossiers_producer"
UNDO = "".join(
    f"DROP TRIGGER struck_with_its_list ON {table}; DROP TRIGGER struck_out_stays ON {table};"
    for table in TABLES
)
UNDO += """
DROP TRIGGER year_struck_out_is_empty ON cycle_cycle;
DROP TRIGGER struck_out_stays ON dossiers_stockbatch;
DROP FUNCTION year_struck_out_is_empty();
DROP FUNCTION struck_out_stays();
DROP FUNCTION struck_with_its_list();
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0022_owner_corrects_certificates"), ("cycle", "0025_year_opens")]
    operations = [
        # Each row that is struck out looks for its line: without them a list of 10,000 would read
        # 10,000 lines for each.
        migrations.AddIndex(
            "stockrow",
            models.Index(
                fields=["dossier"],
                name="stock_row_of_dossier",
                condition=models.Q(dossier__isnull=False),
            ),
        ),
        migrations.AddIndex(
            "stockrow",
            models.Index(
                fields=["certificate"],
                name="stock_row_of_certificate",
                condition=models.Q(certificate__isnull=False),
            ),
        ),
        migrations.RunSQL(STRUCK + "".join(OF_TABLE.format(table=table) for table in TABLES), UNDO),
    ]
