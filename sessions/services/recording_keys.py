"""The recordings under a new key: each data key is wrapped anew, no recording is touched."""

from __future__ import annotations

from accessportal import keys
from sessions.models import Recording
from sessions.services.recording import bound_to, data_key_of
from sessions.services.recording_check import keep_manifest

KEY = "recordings"


def rewrap_recordings() -> int:
    """Wrap anew the data keys that an earlier key wraps; returns how many.

    What is stored stays as it is, byte for byte: only the small wrapped key changes, in the
    row and in the manifest beside the files. The file is written first, so that a crash
    between the two leaves a row that the next run finds. A recording that is being written
    goes on: its writer holds the data key itself. Raises `keys.WrongKey` or
    `keys.KeyMissing` for one that cannot be opened.
    """
    current = keys.symmetric_key(KEY)[0]
    rewrapped = 0
    recordings = Recording.objects.with_session().exclude(key_id=current)
    for recording in recordings.order_by("pk").iterator(chunk_size=100):
        before = recording.wrapped_key
        recording.wrapped_key = keys.seal(
            KEY,
            data_key_of(recording),
            bound_to=bound_to(recording.brokered_session),
        )
        if recording.state != Recording.State.WRITING:
            keep_manifest(recording)
        rewrapped += Recording.objects.filter(
            pk=recording.pk, wrapped_key=before
        ).update(wrapped_key=recording.wrapped_key, key_id=current)
    return rewrapped


def recording_key_ids() -> set[str]:
    """The ids of the keys that recordings need."""
    return set(Recording.objects.values_list("key_id", flat=True).distinct())


def any_being_written() -> bool:
    return Recording.objects.filter(state=Recording.State.WRITING).exists()
