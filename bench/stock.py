"""The same flow as a newcomer to viewflow would write it: stock tables, stock pages."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import include, path
from viewflow import this
from viewflow.contrib.auth import AuthViewset
from viewflow.urls import Site
from viewflow.workflow import flow
from viewflow.workflow.flow import FlowAppViewset
from viewflow.workflow.flow.views import UpdateProcessView

WHOSE = (
    "{{ process.seed.product }}, {{ process.seed.product.producer }}, {{ process.seed.commune }}"
)


def officer():
    """A task of a person with viewflow's own form page; the list says which file it is."""
    return flow.View(UpdateProcessView.as_view(fields=[])).Annotation(summary_template=WHOSE)


class StockFlow(flow.Flow):
    """Hồ sơ OCOP, hai cấp."""

    start = flow.StartHandle().Next(this.register_idea)
    register_idea = officer().Next(this.screen_idea)
    screen_idea = officer().Next(this.select_idea)
    select_idea = officer().Next(this.submit_plan)
    submit_plan = officer().Next(this.check_plan)
    check_plan = officer().Next(this.appraise_plan)
    appraise_plan = officer().Next(this.implement)
    implement = officer().Next(this.assemble_dossier)
    assemble_dossier = officer().Next(this.check_dossier)
    check_dossier = officer().Next(this.sign_report)
    sign_report = officer().Next(this.end)
    end = flow.End()


@login_required
def bare(request):
    """What a page costs before it does anything: middleware, session, person."""
    return HttpResponse(f"<!doctype html><title>{request.user}</title>")


site = Site(viewsets=[FlowAppViewset(StockFlow)])
urlpatterns = [
    path("bare/", bare),
    path("accounts/", AuthViewset().urls),
    path("", include("cycle.urls")),
    path("", site.urls),
]
