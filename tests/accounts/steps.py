"""What a person does at the door, in the words of the stories."""

from __future__ import annotations

import time
from typing import Any

from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP

from accessportal.accounts.models import AuthenticatorApp, User
from tests.cast import PASSWORD

SIGN_IN = "/accounts/login/"
CODE = "/accounts/login/code/"


def code_of(user: User, *, confirmed: bool = True, steps_ahead: int = 0) -> str:
    """What the person's app shows now (or `steps_ahead` times 30 s later)."""
    return code_now(
        AuthenticatorApp.objects.get(user=user, confirmed=confirmed), steps_ahead
    )


def code_now(device: AuthenticatorApp, steps_ahead: int = 0) -> str:
    """The code of one authenticator."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + steps_ahead * device.step
    return f"{totp.token():06d}"


def wrong_code_of(user: User, *, confirmed: bool = True) -> str:
    """Six digits that the app shows neither now nor a step before or after."""
    right = {
        code_of(user, confirmed=confirmed, steps_ahead=step)
        for step in (-2, -1, 0, 1, 2)
    }
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555")
                if code not in right)  # fmt: skip


def type_password(
    client: Client, user: User | str, password: str = PASSWORD, **data: Any
) -> Any:
    email = user if isinstance(user, str) else user.email
    return client.post(SIGN_IN, {"email": email, "password": password, **data})


def type_code(client: Client, code: str, **extra: Any) -> Any:
    return client.post(CODE, {"code": code}, **extra)


def sign_in(client: Client, user: User, **data: Any) -> Any:
    """Password, then code; returns the answer to the code."""
    type_password(client, user, **data)
    return type_code(client, code_of(user))


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("accounts:profile")).status_code == 200


def refusal(response: Any) -> str:
    """The sentence of a refused form."""
    text = response.content.decode()
    start = text.index("data-refusal>") + len("data-refusal>")
    return text[start : text.index("</p>", start)]
