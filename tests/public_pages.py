"""What anybody sees of a certificate."""

import re

from django.test import Client

from cycle import clock
from tests import records
from tests.decision_papers import decision_of
from tests.owning import insert_as_owner


def keep(dossier, *, decided_by=None, **fields):
    """A certificate that came by no door; one of before by the owner's hand."""
    kept = records.certificate(**fields)
    kept.dossier, kept.at = dossier, clock.now()
    kept.decision = decided_by or decision_of(dossier)
    kept.product_name = dossier.product.name
    kept.product_group = dossier.product.group
    kept.producer_name = dossier.product.producer.name
    if kept.before or kept.was_repeated:
        return insert_as_owner(kept)
    kept.save()
    return kept


def see(address, **query):
    return Client().get(address, query)


def main(response):
    """The words of the page itself, tags away, spaces told once."""
    text = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", ">" + text.partition(">")[2]).strip("> ").split())
