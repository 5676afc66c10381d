"""One protocol and address on an asset, with the facts that decide how it is reached."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Endpoint(models.Model):
    """Addresses are scoped to a site: every OEM ships 192.168.0.10."""

    class Protocol(models.TextChoices):
        VNC = "vnc", "VNC"
        RDP = "rdp", "RDP"
        SSH = "ssh", "SSH"
        TELNET = "telnet", "Telnet"

    class Probe(models.TextChoices):
        NEVER = "never", _("Never touch it")
        TCP = "tcp", _("Open a TCP connection")
        FULL = "full", _("Sign in and wait for the first picture")

    class EndAction(models.TextChoices):
        LEAVE = "leave", _("Leave the desktop as it is")
        LOCK = "lock", _("Lock the desktop")
        LOG_OFF = "log_off", _("Log off")

    class RdpSecurity(models.TextChoices):
        ANY = "any", _("Negotiate")
        NLA = "nla", "NLA"
        TLS = "tls", "TLS"
        RDP = "rdp", _("RDP encryption")

    class ReleaseStyle(models.TextChoices):
        """How a held mouse button is let go of when nobody is there to do it."""

        IN_PLACE = "in_place", _("Where the pointer is")
        DRAG_OFF = "drag_off", _("Outside of what it was pressed on")

    CLEAR_TEXT_PROTOCOLS = frozenset({Protocol.VNC, Protocol.TELNET})

    asset = models.ForeignKey(
        "plants.Asset", on_delete=models.CASCADE, related_name="endpoints"
    )
    name = models.CharField(_("name"), max_length=120)
    protocol = models.CharField(max_length=10, choices=Protocol.choices)
    host = models.CharField(_("host"), max_length=253)
    port = models.PositiveIntegerField(
        _("port"), validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    max_clients = models.PositiveSmallIntegerField(
        _("sessions at a time"), default=1, validators=[MinValueValidator(1)]
    )
    takes_local_screen = models.BooleanField(
        _("takes the local screen away"),
        default=False,
        help_text=_("Connecting locks out whoever stands at the machine."),
    )
    probe = models.CharField(max_length=10, choices=Probe.choices, default=Probe.TCP)
    end_action = models.CharField(
        max_length=10, choices=EndAction.choices, default=EndAction.LEAVE
    )
    keyboard_layout = models.CharField(max_length=30, default="en-us-qwerty")
    fixed_width = models.PositiveSmallIntegerField(null=True, blank=True)
    fixed_height = models.PositiveSmallIntegerField(null=True, blank=True)
    rdp_security = models.CharField(
        max_length=10, choices=RdpSecurity.choices, default=RdpSecurity.ANY
    )
    ignore_certificate = models.BooleanField(
        default=False,
        help_text=_("guacd 1.3 cannot pin an RDP certificate; accept any."),
    )
    host_key = models.TextField(
        blank=True,
        help_text=_("SSH: the pinned host key, as “[HOST]:PORT TYPE BASE64”."),
    )
    username_prompt = models.CharField(max_length=200, blank=True)
    password_prompt = models.CharField(max_length=200, blank=True)
    colour_scheme = models.CharField(max_length=40, blank=True)

    stale_after_ms = models.PositiveIntegerField(
        _("input is too old when its picture is older than, in ms"),
        default=1000,
        validators=[MinValueValidator(200), MaxValueValidator(10_000)],
    )
    release_style = models.CharField(
        max_length=10, choices=ReleaseStyle.choices, default=ReleaseStyle.IN_PLACE
    )
    hold_minutes = models.PositiveSmallIntegerField(
        _("minutes a session is held for an absent contractor"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1440)],
        help_text=_("Empty: until the window ends."),
    )
    # Somebody of the plant saw that no earlier session's desktop is left on the machine.
    desktop_cleared_at = models.DateTimeField(null=True, blank=True)
    desktop_cleared_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        ordering = ["asset", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "name"], name="endpoint_name_once_per_asset"
            ),
            models.CheckConstraint(
                condition=models.Q(max_clients__gte=1),
                name="endpoint_takes_at_least_one",
            ),
            models.CheckConstraint(
                condition=models.Q(port__gte=1, port__lte=65535),
                name="endpoint_port_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset} – {self.name}"

    @property
    def drags_off(self) -> bool:
        """A held button is let go of outside of what it was pressed on."""
        return self.release_style == self.ReleaseStyle.DRAG_OFF

    @property
    def clear_text(self) -> bool:
        """The last hop, from the portal to the asset, is not encrypted (SR 3.1)."""
        return self.protocol in self.CLEAR_TEXT_PROTOCOLS


class EndpointCheck(models.Model):
    """What an administrator's "test this connection" found."""

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="checks"
    )
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.RUNNING
    )
    kind = models.CharField(max_length=10, choices=Endpoint.Probe.choices)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(max_length=500, blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    learnt_host_key = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.get_state_display()}"
