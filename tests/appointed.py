"""What an administrator posts of people and their posts, and on what paper."""

from cycle import clock
from tests.absences import on_paper

PAPER = {"document": "15/QĐ-UBND, 02/11/2026", "document_signer": "Giàng A Ký"}


def named(document=PAPER["document"], document_signer=PAPER["document_signer"]):
    """The same as the doors take it."""
    return {"document": on_paper(document, document_signer)}


def typed(document=PAPER["document"], document_signer=PAPER["document_signer"], row="", **more):
    """The same as a form asks for it; ``row`` stands before each name."""
    paper = on_paper(document, document_signer)
    if paper is None:
        return {}
    fields = {
        "number": paper.number,
        "signed_on": f"{paper.signed_on:%d/%m/%Y}",
        "body": "UBND xã Nà Tấu",
        "signer": document_signer,
        "signer_capacity": paper.signer_capacity,
    }
    return {f"{row}{name}": value for name, value in (fields | more).items()}


def post_of(user, unit):
    return user.role_assignments.get(org_unit=unit)


def add_role(client, user, role, unit, **fields):
    return client.post(
        "/admin/cycle/roleassignment/add/",
        {
            "user": user.pk,
            "role": role,
            "org_unit": unit.pk,
            "valid_from": f"{clock.today():%d/%m/%Y}",
            "valid_to": "",
        }
        | fields,
    )


def change_role(client, post, **fields):
    return client.post(
        f"/admin/cycle/roleassignment/{post.pk}/change/",
        {
            "user": post.user_id,
            "role": post.role,
            "org_unit": post.org_unit_id,
            "valid_from": f"{post.valid_from:%Y-%m-%d}",
            "valid_to": f"{post.valid_to:%Y-%m-%d}" if post.valid_to else "",
        }
        | fields,
    )


def person_form(user, unit=None, **fields):
    """The page of a person, as the administration sends it; with one new role at ``unit``."""
    values = {
        "username": user.username,
        "full_name": user.full_name,
        "language": "vi",
        "is_active": "on",
        "role_assignments-TOTAL_FORMS": int(unit is not None),
        "role_assignments-INITIAL_FORMS": 0,
    }
    if unit is not None:
        values |= {
            "role_assignments-0-user": user.pk,
            "role_assignments-0-role": "officer",
            "role_assignments-0-org_unit": unit.pk,
            "role_assignments-0-valid_from": f"{clock.today():%Y-%m-%d}",
        }
    return {name: value for name, value in (values | fields).items() if value is not None}
