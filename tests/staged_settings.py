"""The settings of a portal that tests start in a process of its own: the product's, but one."""

from accessportal.settings import *  # noqa: F403

# Argon2 is slow on purpose, and costs more than all else of making a cast.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
