/* Text to and from the machine's clipboard, where the request allows it. Nothing is taken from
   this computer's clipboard without a click, and only text goes over. */

import Guacamole from "../../vendor/guacamole-common.min.js";
import { byId, put, say, show } from "./page.js";

export class Clipboard {
  /** client(): the client of the present connection, or null. */
  constructor({ client, allowed, onRefused }) {
    this.client = client;
    const form = byId("clipboard-form");
    if (!form) return; // an observer has none
    const field = byId("clipboard-in");
    const note = byId("clipboard-note");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!allowed()) {
        onRefused();
        return;
      }
      this.send(field.value);
      put(note, say("clipboard_sent"));
    });
    byId("clipboard-read").addEventListener("click", async () => {
      try {
        field.value = await navigator.clipboard.readText();
        put(note, "");
      } catch {
        put(note, say("clipboard_denied"));
      }
      field.focus();
    });
    byId("clipboard-copy").addEventListener("click", async () => {
      const text = byId("clipboard-out").value;
      try {
        await navigator.clipboard.writeText(text);
        put(note, say("clipboard_copied"));
      } catch {
        byId("clipboard-out").select();
        put(note, say("clipboard_denied"));
      }
    });
  }

  /** Show what the request allows; the button goes where neither way is open. */
  update(state) {
    show(byId("clipboard-in-part"), state.clipboard_in);
    show(byId("clipboard-out-part"), state.clipboard_out);
    const any = state.clipboard_in || state.clipboard_out;
    for (const button of document.querySelectorAll('[data-panel="clipboard"]')) button.hidden = !any;
  }

  /** Take what the machine copied (guacd tells it as a stream). */
  listen(client) {
    client.onclipboard = (stream, mimetype) => {
      if (!mimetype.startsWith("text/")) {
        stream.sendAck("Only text", Guacamole.Status.Code.UNSUPPORTED);
        return;
      }
      let text = "";
      const reader = new Guacamole.StringReader(stream);
      reader.ontext = (part) => { text += part; };
      reader.onend = () => { byId("clipboard-out").value = text; };
    };
  }

  send(text) {
    const client = this.client();
    if (!client) return;
    const writer = new Guacamole.StringWriter(client.createClipboardStream("text/plain"));
    for (let at = 0; at < text.length; at += 4096) writer.sendText(text.slice(at, at + 4096));
    writer.sendEnd();
  }
}
