/* "Am I ready?": tries this browser, its link to the portal and its clock, the way a console
   would use them. Nothing is kept: the portal learns no more than that somebody asked. */

const place = document.getElementById("link-test");
const BYTES = 262144;
const ROUNDS = 5;
const LIMITS = { trip: [150, 400], rate: [1.5, 0.4], clock: [5, 60], socket: [2000, 5000] };

async function ask(bytes) {
  const begun = performance.now();
  const answer = await fetch(`${place.dataset.path}?bytes=${bytes}`, {
    credentials: "same-origin",
    headers: { "Portal-Automatic": "1" },
    cache: "no-store",
    redirect: "manual",
    signal: AbortSignal.timeout(20000),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  await answer.arrayBuffer();
  return { took: performance.now() - begun, at: Number(answer.headers.get("Portal-Time")) };
}

function say(name, state, words) {
  const row = place.querySelector(`[data-test="${name}"]`);
  row.dataset.state = state;
  row.querySelector("[data-words]").textContent = words;
  for (const badge of row.querySelectorAll("[data-when]")) badge.hidden = badge.dataset.when !== state;
}

/** ready up to the first limit, poor up to the second; for a rate, the other way round. */
function judge(name, value) {
  const [good, fair] = LIMITS[name];
  if (name === "rate") return value >= good ? "ready" : value >= fair ? "poor" : "bad";
  return value <= good ? "ready" : value <= fair ? "poor" : "bad";
}

function tryBrowser() {
  const needed = {
    WebSocket: "WebSocket" in window,
    Canvas: Boolean(document.createElement("canvas").getContext),
    ImageBitmap: "createImageBitmap" in window,
    Pointer: "PointerEvent" in window,
    Passkey: "PublicKeyCredential" in window,
  };
  const missing = Object.keys(needed).filter((name) => !needed[name]);
  say("browser", missing.length ? "bad" : "ready", missing.length ? missing.join(", ") : place.dataset.all);
}

/** With one decimal, as the reader's language writes it. */
function inWords(number) {
  const one = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return number.toLocaleString(document.documentElement.lang, one);
}

async function tryTrip() {
  const trips = [];
  let clock = null;
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const { took, at } = await ask(0);
    // The quickest answer tells most about the clock: half of the way is there, half back.
    if (!trips.length || took < Math.min(...trips)) clock = Math.abs(Date.now() - took / 2 - at) / 1000;
    trips.push(took);
  }
  const middle = trips.sort((one, other) => one - other)[Math.floor(ROUNDS / 2)];
  say("trip", judge("trip", middle), `${Math.round(middle)} ms`);
  say("clock", judge("clock", clock), `${inWords(clock)} s`);
}

async function tryRate() {
  const { took } = await ask(BYTES);
  const rate = (BYTES * 8) / took / 1000;
  say("rate", judge("rate", rate), `${inWords(rate)} Mbit/s`);
}

function trySocket() {
  return new Promise((done, fail) => {
    const begun = performance.now();
    const address = new URL(document.body.dataset.news, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    const late = setTimeout(() => fail(new Error("late")), 10000);
    socket.onopen = () => {
      clearTimeout(late);
      const took = performance.now() - begun;
      socket.close();
      say("socket", judge("socket", took), `${Math.round(took)} ms`);
      done();
    };
    socket.onerror = () => {
      clearTimeout(late);
      fail(new Error("refused"));
    };
  });
}

async function tryAll() {
  place.setAttribute("aria-busy", "true");
  for (const name of ["browser", "socket", "trip", "rate", "clock"]) say(name, "waiting", place.dataset.waiting);
  tryBrowser();
  for (const [names, attempt] of [[["socket"], trySocket], [["trip", "clock"], tryTrip], [["rate"], tryRate]]) {
    try {
      await attempt();
    } catch {
      for (const name of names) say(name, "bad", place.dataset.failed);
    }
  }
  place.setAttribute("aria-busy", "false");
}

if (place) {
  document.getElementById("test-again").addEventListener("click", tryAll);
  tryAll();
}
