/* The live board: a small live picture in each card that is on the screen, at most six at once.

   A picture is somebody watching: it goes through the tunnel with a ticket like any other, and
   the contractor reads it ("Olga Olsen (live board)"). So it is closed when the card leaves the
   screen or the page is hidden, and on a phone it is only shown where somebody asks for it. */

const MOST = 6;
const LINGER_MS = 3000;
const RETRY_MS = 5000;
const LEAVE_MS = 1000;
const POLL_MS = 3000;
const KEPT = "board-pictures";

const texts = JSON.parse(document.getElementById("board-texts").textContent);
const pictures = new Map();
let showAll = false;

/** The client and the tunnel are fetched when the first picture is to be shown, not before. */
let parts = null;
function loadParts() {
  parts ??= Promise.all([import("../vendor/guacamole-common.min.js"), import("./console/tunnel.js")]);
  return parts;
}

async function askForTicket(path) {
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(path, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": token, "Portal-Automatic": "1" },
    body: new URLSearchParams({ for: "board" }),
    credentials: "same-origin",
    redirect: "manual",
    signal: AbortSignal.timeout(15000),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

class CardPicture {
  constructor(box) {
    this.box = box;
    this.onScreen = false;
    this.asked = null; // what the person said of this card, if anything
    this.tunnel = null;
    this.opening = false;
    this.lingers = null;
    this.notBefore = 0;
    box.querySelector("[data-picture-show]").addEventListener("click", () => {
      this.asked = !this.wanted;
      arrange();
    });
  }

  get wanted() {
    return this.asked ?? showAll;
  }

  get open() {
    return this.opening || this.tunnel !== null;
  }

  /** off, idle (wanted, but not on the screen), held-back, waiting, live or lost. */
  say(state) {
    this.box.dataset.state = state;
    const words = { waiting: texts.waiting, lost: texts.lost, "held-back": texts.held_back }[state] || "";
    this.box.querySelector("[data-words]").textContent = words;
    const button = this.box.querySelector("[data-picture-show]");
    button.hidden = showAll && this.asked === null;
    button.querySelector("[data-label]").textContent = this.wanted ? texts.hide : texts.show;
  }

  start() {
    clearTimeout(this.lingers);
    this.lingers = null;
    if (!this.open && Date.now() >= this.notBefore) this.connect();
  }

  async connect() {
    this.opening = true;
    this.say("waiting");
    try {
      const [[{ default: Guacamole }, { PortalTunnel }], ticket] = await Promise.all([
        loadParts(),
        askForTicket(this.box.dataset.ticket),
      ]);
      if (this.opening) this.watch(Guacamole, PortalTunnel, ticket);
    } catch {
      this.lose();
    }
  }

  watch(Guacamole, PortalTunnel, ticket) {
    const tunnel = new PortalTunnel({
      onPortal: () => {},
      onClosed: () => tunnel === this.tunnel && this.lose(),
      onQuiet: () => {},
      holding: () => false,
    });
    const client = new Guacamole.Client(tunnel);
    const display = client.getDisplay();
    display.showCursor(false);
    const fit = () => {
      const width = display.getWidth();
      if (width) display.scale(this.box.clientWidth / width);
    };
    display.onresize = fit;
    this.sizes = new ResizeObserver(fit);
    this.sizes.observe(this.box);
    client.onsync = () => {
      display.flush(() => {
        if (tunnel !== this.tunnel || !display.getWidth() || this.box.dataset.state === "live") return;
        this.box.querySelector(".live-picture-screen").replaceChildren(display.getElement());
        fit();
        this.say("live");
      });
    };
    this.opening = false;
    this.tunnel = tunnel;
    const address = new URL(ticket.path, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("ticket", ticket.token);
    client.connect(address.href);
  }

  /** The picture could not be had, or went: say so, and try again while it is wanted. */
  lose() {
    this.letGo();
    this.say("lost");
    this.notBefore = Date.now() + RETRY_MS;
    setTimeout(arrange, RETRY_MS + 100);
  }

  letGo() {
    this.opening = false;
    this.tunnel = null;
    if (this.sizes) this.sizes.disconnect();
    this.box.querySelector(".live-picture-screen").replaceChildren();
  }

  /** A card that scrolls away for a moment keeps its picture: each coming and going is on record. */
  stopSoon() {
    this.lingers ??= setTimeout(() => {
      this.stop();
      arrange();
    }, LINGER_MS);
  }

  stop() {
    clearTimeout(this.lingers);
    this.lingers = null;
    const { tunnel } = this;
    this.letGo();
    this.say(this.wanted && !document.hidden ? "idle" : "off");
    if (!tunnel) return;
    tunnel.tell("leave");
    setTimeout(() => tunnel.disconnect(), LEAVE_MS);
  }
}

const onScreen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      const picture = pictures.get(entry.target.id);
      if (picture && picture.box === entry.target) picture.onScreen = entry.isIntersecting;
    }
    arrange();
  },
  { threshold: 0.25 },
);

/** Cards come and go with the news; the box of a card that stays is the same element. */
function scan() {
  for (const [id, picture] of pictures) {
    if (picture.box.isConnected) continue;
    onScreen.unobserve(picture.box);
    picture.stop();
    pictures.delete(id);
  }
  for (const box of document.querySelectorAll("[data-picture]")) {
    if (pictures.has(box.id)) continue;
    const picture = new CardPicture(box);
    pictures.set(box.id, picture);
    picture.stop();
    onScreen.observe(box);
  }
  drawSwitch();
}

/** Who gets a picture: on the screen and wanted; those that have one before the others. */
function arrange() {
  const all = [...pictures.values()];
  let free = MOST - all.filter((one) => one.open).length;
  for (const one of all) {
    if (!one.wanted || document.hidden) {
      if (one.box.dataset.state !== "off") one.stop();
    } else if (!one.onScreen) {
      if (one.open) one.stopSoon();
      else if (one.box.dataset.state === "off") one.say("idle");
    } else if (one.open || free > 0) {
      if (!one.open) free -= 1;
      one.start();
    } else {
      one.say("held-back");
    }
  }
}

function drawSwitch() {
  const button = document.getElementById("board-pictures");
  if (!button) return;
  button.hidden = pictures.size === 0;
  button.setAttribute("aria-pressed", String(showAll));
}

function choose(on) {
  showAll = on;
  localStorage.setItem(KEPT, on ? "on" : "off");
  for (const one of pictures.values()) {
    one.asked = null;
    if (!one.open) one.stop();
  }
  drawSwitch();
  arrange();
}

/** A control room's screen shows them by itself; a phone pays for its data. */
function wantedFromTheStart() {
  const kept = localStorage.getItem(KEPT);
  if (kept) return kept === "on";
  const small = window.matchMedia("(max-width: 47.99rem), (pointer: coarse)").matches;
  return !small && !(navigator.connection && navigator.connection.saveData);
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#board-pictures")) choose(!showAll);
});
document.addEventListener("visibilitychange", arrange);
document.addEventListener("htmx:afterSettle", () => {
  scan();
  arrange();
});
window.addEventListener("pagehide", () => {
  for (const one of pictures.values()) one.stop();
});
// The page polls by itself when the live link is down; who watches machines looks more often.
setInterval(() => {
  const link = document.getElementById("live-link");
  const part = document.getElementById("live-sessions");
  if (link && part && link.dataset.state === "offline" && !document.hidden) window.htmx.trigger(part, "news");
}, POLL_MS);

showAll = wantedFromTheStart();
scan();
arrange();
