"""Who owes the paper of a substitution gets no second one on credit: the post stands in another
table. What was so before stays as it is.
"""

from django.db import migrations

# The rows of the post are held, so that two at once do not each find the other missing.
DO = """
CREATE FUNCTION substitution_owes_one_paper() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE post cycle_roleassignment;
BEGIN
  SELECT * INTO post FROM cycle_roleassignment WHERE id = NEW.assignment_id;
  PERFORM 1 FROM cycle_roleassignment
    WHERE (user_id, role, org_unit_id) = (post.user_id, post.role, post.org_unit_id)
    ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM cycle_substitution s JOIN cycle_roleassignment a ON a.id = s.assignment_id
             WHERE s.id <> NEW.id AND s.document = '' AND s.paper_due_on IS NOT NULL
               AND (a.user_id, a.role, a.org_unit_id)
                   = (post.user_id, post.role, post.org_unit_id)) THEN
    RAISE EXCEPTION 'substitution % comes while another of the post owes its paper', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'substitution_owes_one_paper';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER substitution_owes_one_paper
  AFTER INSERT OR UPDATE OF assignment_id, document, paper_due_on ON cycle_substitution
  FOR EACH ROW WHEN (NEW.document = '' AND NEW.paper_due_on IS NOT NULL)
  EXECUTE FUNCTION substitution_owes_one_paper();
"""
UNDO = """
DROP TRIGGER substitution_owes_one_paper ON cycle_substitution;
DROP FUNCTION substitution_owes_one_paper();
"""


class Migration(migrations.Migration):
    dependencies = [("cycle", "0016_two_sign_ins")]
    operations = [migrations.RunSQL(DO, UNDO)]
