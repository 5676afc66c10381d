"""Sign-in through the directory, and the page that looks after it; part of `accounts:`."""

from __future__ import annotations

from django.urls import path

from accessportal.accounts.directory import views, views_sign_in

urlpatterns = [
    path("accounts/login/directory/", views_sign_in.sign_in, name="directory_sign_in"),
    path("accounts/login/directory/back/", views_sign_in.back, name="directory_back"),
    path("directory/", views.directory, name="directory"),
    path("directory/test/", views.test, name="directory_test"),
    path("directory/try/", views.try_at_provider, name="directory_try"),
    path("directory/groups/add/", views.add_group, name="directory_group_add"),
    path(
        "directory/groups/<int:pk>/remove/",
        views.remove_group,
        name="directory_group_remove",
    ),
    path("directory/people/<int:pk>/unlink/", views.unlink, name="directory_unlink"),
    path("directory/break-glass/", views.break_glass, name="break_glass"),
    path("directory/break-glass/add/", views.add_break_glass, name="break_glass_add"),
    path(
        "directory/break-glass/<int:pk>/remove/",
        views.remove_break_glass,
        name="break_glass_remove",
    ),
]
