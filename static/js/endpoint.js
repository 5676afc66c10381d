/* A connection's form: only the fields of the chosen protocol, and its usual port. */

const USUAL_PORTS = { vnc: "5900", rdp: "3389", ssh: "22", telnet: "23" };

const form = document.querySelector("[data-endpoint-form]");

function show(protocol) {
  for (const part of form.querySelectorAll("[data-protocols]")) {
    part.hidden = !part.dataset.protocols.split(" ").includes(protocol.value);
  }
}

if (form) {
  const protocol = form.querySelector("[name=protocol]");
  const port = form.querySelector("[name=port]");
  protocol.addEventListener("change", () => {
    show(protocol);
    if (!port.value || Object.values(USUAL_PORTS).includes(port.value)) {
      port.value = USUAL_PORTS[protocol.value] || "";
    }
  });
  show(protocol);
}
