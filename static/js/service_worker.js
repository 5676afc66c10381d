/* The portal's service worker. SHELL stands before this file: accessportal/installed_app.py.

   It keeps the files of SHELL and the offline page, put there when it is installed, and adds
   nothing to them later: no page with data, no API, no recording, nothing of evidence. It
   answers only where the network does not. A push shows words and opens an address; it
   carries no power. */

const KEPT = `shell-${SHELL.version}`;

async function install() {
  const cache = await caches.open(KEPT);
  // Without cookies: what is kept is the page as nobody gets it.
  const wanted = [SHELL.offline, ...SHELL.files].map(
    (path) => new Request(path, { credentials: "omit", cache: "reload" }),
  );
  await cache.addAll(wanted);
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function pageOrNotice(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const notice = await caches.match(SHELL.offline, { cacheName: KEPT });
    if (notice) return notice;
    throw error;
  }
}

async function fileOrKept(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { cacheName: KEPT, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

function onFetch(event) {
  const { request } = event;
  if (request.method !== "GET") return;
  const address = new URL(request.url);
  if (address.origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(pageOrNotice(request));
  else if (SHELL.files.includes(address.pathname)) event.respondWith(fileOrKept(request));
}

/** Words and an address of ours; anything else opens the start page. */
function toldBy(event) {
  try {
    const told = event.data.json();
    return { title: String(told.title), body: String(told.body || ""), path: inside(told.path), receipt: told.receipt, tag: told.tag };
  } catch {
    return { title: "Access Portal", body: "", path: "/" };
  }
}

function inside(path) {
  const address = new URL(String(path || "/"), self.location.origin);
  return address.origin === self.location.origin ? address.pathname + address.search : "/";
}

async function show(told) {
  await self.registration.showNotification(told.title, {
    body: told.body,
    icon: SHELL.icon,
    badge: SHELL.badge,
    tag: told.tag || undefined,
    renotify: Boolean(told.tag),
    data: { path: told.path },
  });
  if (!told.receipt) return;
  // "It rang", and no more than that: nobody has to be signed in for it.
  const said = { method: "POST", body: new URLSearchParams({ receipt: told.receipt }), credentials: "omit" };
  await fetch(SHELL.shown, said).catch(() => {});
}

async function open(path) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // A console stays as it is: work goes on in it.
  const free = windows.find((client) => !client.url.includes("/console/"));
  if (free) {
    await free.focus().catch(() => {});
    const moved = await free.navigate(path).catch(() => null);
    if (moved) return;
  }
  await self.clients.openWindow(path);
}

function onClick(event) {
  event.notification.close();
  event.waitUntil(open(inside(event.notification.data && event.notification.data.path)));
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", onFetch);
self.addEventListener("push", (event) => event.waitUntil(show(toldBy(event))));
self.addEventListener("notificationclick", onClick);
