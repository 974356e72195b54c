"""Who may do what in a council of the province, as a table of names: the cast and every seat."""

from tests import judging

SEATS = {username for username, _name, _seat in judging.SEATS}
RUNS = {"thu", "thu_ky"}
#: Works for the province, or sits on its council.
SEES = {"minh", "thu", "son", "tam", "kiem", "y_te", "van_thu"} | SEATS

#: Permission -> who has it on the thing named.
ALLOWED = {
    "councils.view": ("council", SEES),
    "councils.set_up": ("unit", {"minh", "thu"}),
    "councils.seat": ("council", {"minh", "thu"}),
    "councils.regulate": ("unit", {"minh", "thu"}),
    "councils.run_round": ("round", RUNS),
    "councils.preside": ("round", RUNS | {"chu_tich"}),
    "councils.settle_spread": ("round", RUNS | {"chu_tich"}),
    "councils.undo": ("round", RUNS | {"chu_tich"}),
    "councils.count_sheets": ("round", {"thu_ky"}),
    "councils.declare": ("round", SEATS),
    "councils.open_evidence": ("entry", SEES | {"an", "chi"}),
    "councils.appraise": ("round", {"to_truong"}),
    "councils.report": ("entry", {"to_truong"}),
    "councils.score": ("sheet", {"uy_vien_1"}),
    "councils.type_sheet": ("round", RUNS),
    "councils.record_interest": ("round", RUNS),
    "councils.settle_scorers": ("round", RUNS),
    "councils.confirm_sheet": ("pen", {"thu_ky", "uy_vien_2"}),
    "councils.hand_back_sheet": ("pen", RUNS),
    "councils.answer_opinion": ("opinion", {"y_te"}),
    "councils.record_document": ("round", RUNS | {"minh", "van_thu"}),
}
