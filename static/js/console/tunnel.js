/* The way to the broker: one WebSocket, opened with a one-use ticket. The portal's own
   instructions are taken out of the stream before the display sees it. */

import Guacamole from "../../vendor/guacamole-common.min.js";

const PING_MS = 500;
const UNSTABLE_MS = 1500;
const SILENT_MS = 15000;
const { State } = Guacamole.Tunnel;

export class PortalTunnel extends Guacamole.Tunnel {
  /** onPortal(kind, data), onClosed(code), onQuiet(isQuiet), onPing(milliseconds) */
  constructor({ onPortal, onClosed, onQuiet, onPing }) {
    super();
    let socket = null;
    let pingTimer = null;
    let silentTimer = null;
    let quietTimer = null;
    let quiet = false;
    const parser = new Guacamole.Parser();

    const setQuiet = (now) => {
      if (quiet === now) return;
      quiet = now;
      this.setState(now ? State.UNSTABLE : State.OPEN);
      onQuiet(now);
    };

    const heard = () => {
      clearTimeout(silentTimer);
      clearTimeout(quietTimer);
      setQuiet(false);
      quietTimer = setTimeout(() => setQuiet(true), UNSTABLE_MS);
      silentTimer = setTimeout(() => close(1006), SILENT_MS);
    };

    const close = (code) => {
      if (this.state === State.CLOSED) return;
      clearInterval(pingTimer);
      clearTimeout(silentTimer);
      clearTimeout(quietTimer);
      this.setState(State.CLOSED);
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
      onClosed(code);
    };

    parser.oninstruction = (opcode, args) => {
      if (opcode === Guacamole.Tunnel.INTERNAL_DATA_OPCODE) {
        if (this.uuid === null && args.length === 1) {
          this.setUUID(args[0]);
          this.setState(State.OPEN);
        } else if (args[0] === "ping") {
          onPing(Date.now() - Number(args[1]));
        }
      } else if (opcode === "portal") {
        onPortal(args[0], JSON.parse(args[1] || "{}"));
      } else if (this.oninstruction) {
        this.oninstruction(opcode, args);
      }
    };

    // The base class sets its methods on each instance, so these must stand here.
    this.connect = (address) => {
      this.setState(State.CONNECTING);
      socket = new WebSocket(address, "guacamole");
      silentTimer = setTimeout(() => close(1006), SILENT_MS);
      socket.onopen = () => {
        heard();
        pingTimer = setInterval(() => this.sendMessage("", "ping", Date.now()), PING_MS);
      };
      socket.onmessage = (event) => {
        heard();
        try {
          parser.receive(event.data);
        } catch (error) {
          console.error("The stream could not be read", error);
          close(1007);
        }
      };
      socket.onclose = (event) => close(event.code || 1006);
    };

    this.sendMessage = (...elements) => {
      // The client acknowledges every piece of every image; the broker has done that already.
      if (elements[0] === "ack") return;
      if (socket && socket.readyState === WebSocket.OPEN && elements.length) {
        socket.send(Guacamole.Parser.toInstruction(elements));
      }
    };

    /** Say something to the portal itself: heartbeat, leave, release. */
    this.tell = (kind, data = {}) => this.sendMessage("portal", kind, JSON.stringify(data));

    this.disconnect = () => {
      if (socket) close(1000);
    };
  }
}
