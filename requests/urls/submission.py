"""Submission: /requests/."""

from __future__ import annotations

from django.urls import path

from requests.views import asking, changing, submission, substitution

app_name = "requests"
urlpatterns = [
    path("", submission.request_list, name="list"),
    path("new/", submission.new_request, name="new"),
    path("new/check/", submission.check_wish, name="check"),
    path("new/draft/discard/", asking.discard_draft, name="discard_draft"),
    path("new/files/<uuid:file_id>/remove/", asking.remove_file, name="remove_file"),
    path("saved/<int:pk>/remove/", asking.remove_saved, name="remove_saved"),
    path("<str:number>/save/", asking.save, name="save"),
    path("<str:number>/files/<uuid:file_id>/", asking.attachment, name="attachment"),
    path("<str:number>/", submission.request_detail, name="detail"),
    path("<str:number>/change/", changing.change, name="change"),
    path("<str:number>/message/", changing.message, name="message"),
    path(
        "<str:number>/proposals/<int:pk>/accept/",
        changing.accept,
        name="accept_changes",
    ),
    path(
        "<str:number>/proposals/<int:pk>/decline/",
        changing.decline,
        name="decline_changes",
    ),
    path("<str:number>/substitute/", substitution.ask, name="substitute"),
    path(
        "<str:number>/substitutions/<int:pk>/accept/",
        substitution.accept,
        name="accept_substitution",
    ),
    path(
        "<str:number>/substitutions/<int:pk>/refuse/",
        substitution.refuse,
        name="refuse_substitution",
    ),
    path("<str:number>/withdraw/", submission.withdraw, name="withdraw"),
]
