/* The way to the broker: one WebSocket, opened with a one-use ticket. The portal's own
   instructions are taken out of the stream before the display sees it. */

import Guacamole from "../../vendor/guacamole-common.min.js";

// While something is held down the broker wants to hear from us more often (input.py).
const HOLDING_PING_MS = 250;
const PING_MS = 500;
const QUIET_MS = 1500;
const SILENT_MS = 6000;
const { State } = Guacamole.Tunnel;

export class PortalTunnel extends Guacamole.Tunnel {
  /** onPortal(kind, data), onClosed(code), onQuiet(isQuiet); holding(): whether anything is
      held down now. */
  constructor({ onPortal, onClosed, onQuiet, holding }) {
    super();
    let socket = null;
    let timer = null;
    let heardAt = 0;
    let pingedAt = 0;
    const unanswered = [];
    const parser = new Guacamole.Parser();

    const ping = () => {
      pingedAt = Date.now();
      unanswered.push(pingedAt);
      this.sendMessage("", "ping", pingedAt);
    };

    const heard = () => {
      heardAt = Date.now();
      if (this.state === State.UNSTABLE) {
        this.setState(State.OPEN);
        onQuiet(false);
      }
      // A hidden page's timers may sleep for a minute; what arrives wakes it.
      if (heardAt - pingedAt > 2 * PING_MS) ping();
    };

    const look = () => {
      const now = Date.now();
      const silence = now - heardAt;
      // When this timer itself is late, the page slept: what waits in the socket comes first.
      if (now - looked < 4 * HOLDING_PING_MS) {
        if (silence > SILENT_MS) return close(1006);
        if (silence > QUIET_MS && this.state === State.OPEN) {
          this.setState(State.UNSTABLE);
          onQuiet(true);
        }
      }
      looked = now;
      if (socket.readyState === WebSocket.OPEN && now - pingedAt >= (holding() ? HOLDING_PING_MS : PING_MS) - 20) ping();
    };
    let looked = 0;

    const close = (code) => {
      if (this.state === State.CLOSED) return;
      clearInterval(timer);
      this.setState(State.CLOSED);
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
      onClosed(code);
    };

    /** Milliseconds for which the oldest ping has waited: what is on the screen is as old. */
    this.waiting = () => (unanswered.length ? Date.now() - unanswered[0] : 0);

    /** Whether nothing was heard for a while: after a sleep, the link is likely dead. */
    this.quiet = () => Date.now() - heardAt > QUIET_MS;

    parser.oninstruction = (opcode, args) => {
      if (opcode === Guacamole.Tunnel.INTERNAL_DATA_OPCODE) {
        if (this.uuid === null && args.length === 1) {
          this.setUUID(args[0]);
          this.setState(State.OPEN);
        } else if (args[0] === "ping") {
          while (unanswered.length && unanswered[0] <= Number(args[1])) unanswered.shift();
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
      heardAt = looked = Date.now();
      timer = setInterval(look, HOLDING_PING_MS);
      socket.onopen = heard;
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

    /** Take the link for lost now, without waiting for it to say so. */
    this.giveUp = () => close(1006);
  }
}
