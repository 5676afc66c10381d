"""What the Guacamole protocol is told about an endpoint and a request, from our models."""

from __future__ import annotations

from accessportal.plants.models import Endpoint
from accessportal.plants.vault import Secrets
from requests.models import AccessRequest
from sessions.guacamole.arguments import EndpointFacts, SignIn, Size
from sessions.guacamole.opcodes import Permissions


def endpoint_facts(endpoint: Endpoint) -> EndpointFacts:
    """What the protocol's argument maps need to know of an endpoint."""
    fixed = None
    if endpoint.fixed_width and endpoint.fixed_height:
        fixed = Size(endpoint.fixed_width, endpoint.fixed_height)
    return EndpointFacts(
        protocol=endpoint.protocol,
        host=endpoint.host,
        port=endpoint.port,
        keyboard_layout=endpoint.keyboard_layout,
        fixed_size=fixed,
        rdp_security=endpoint.rdp_security,
        ignore_certificate=endpoint.ignore_certificate,
        host_key=endpoint.host_key,
        username_prompt=endpoint.username_prompt,
        password_prompt=endpoint.password_prompt,
        colour_scheme=endpoint.colour_scheme,
    )


def sign_in(secrets: Secrets) -> SignIn:
    return SignIn(
        username=secrets.username,
        password=secrets.password,
        private_key=secrets.private_key,
        passphrase=secrets.passphrase,
    )


def permissions_of(access_request: AccessRequest) -> Permissions:
    """What the contractor may do in a session of this request; files come with a later issue."""
    control = access_request.permission == AccessRequest.Permission.CONTROL
    return Permissions(
        control=control,
        clipboard_in=control and access_request.clipboard_in,
        clipboard_out=access_request.clipboard_out,
    )
