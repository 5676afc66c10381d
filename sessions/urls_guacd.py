"""The pool of guacd daemons, under /plants/ beside the plant's own pages."""

from __future__ import annotations

from django.urls import path

from sessions.views import guacd_pool

app_name = "guacd"
urlpatterns = [
    path("guacd/", guacd_pool.pool, name="pool"),
    path("guacd/new/", guacd_pool.add, name="add"),
    path("guacd/<int:pk>/retire/", guacd_pool.retire, name="retire"),
    path("guacd/<int:pk>/return/", guacd_pool.take_back, name="return"),
    path("guacd/<int:pk>/free-places/", guacd_pool.free_places, name="free_places"),
]
