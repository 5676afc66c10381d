/* What happened, in one list and in order; and the times in which nothing did. */

const AROUND_MS = 3000;
const SHORTEST_IDLE_MS = 5000;

/** Fill `{name}` of a text. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** 0:07, 12:34, 1:02:03 */
export function mediaTime(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${two(seconds % 60)}`;
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** Milliseconds of "12:34", "1:02:03", "95" or "95.5"; null for anything else. */
export function parseTime(words) {
  const match = words.trim().match(/^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,3})?)$/);
  if (!match) return null;
  const [, hours = 0, minutes = 0, seconds] = match;
  return Math.round((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000);
}

function markWords(kind, data, texts) {
  const name = data.name || texts.somebody;
  if (kind === "baton") return fill(data.role === "plant" ? texts.control : texts.baton, { name });
  if (kind === "joined" || kind === "left") return fill(texts[kind], { name });
  if (kind === "frozen") {
    const why = [texts[`frozen_${data.reason}`] ?? data.reason, data.note].filter(Boolean).join(": ");
    // A person's freeze says so by itself; any other cause says only what happened.
    if (data.reason === "person") return why;
    return why ? fill(texts.frozen, { reason: why }) : texts.frozen_plain;
  }
  // A phrase is kept by its key: it is read in the reader's own language.
  if (kind === "message" || kind === "acknowledged") {
    return fill(texts[kind], { name, text: texts[`phrase_${data.phrase}`] ?? data.text });
  }
  if (kind === "charge") return data.name ? fill(texts.charge, { name }) : texts.charge_nobody;
  if (kind === "recalled") {
    return fill(data.reason ? texts.recalled : texts.recalled_plain, { name, reason: data.reason });
  }
  if (kind === "gap") {
    const reason = texts[`gap_${data.reason}`] ?? data.reason ?? "";
    const form = data.track === "input" ? texts.journal_gap : texts.mark_gap;
    return fill(form, { time: mediaTime(data.ms ?? 0), reason });
  }
  if (kind === "clock") return fill(texts.clock, { seconds: Math.round((data.leapt_ms ?? 0) / 1000) });
  if (kind === "ended") return texts.ended_mark;
  return texts[kind] ? fill(texts[kind], data) : kind;
}

const ICONS = {
  typing: "keyboard",
  clicks: "mouse",
  clipboard: "clipboard",
  file: "file-text",
  blocked: "hand-stop",
  baton: "mouse",
  joined: "login",
  left: "logout",
  frozen: "snowflake",
  unfrozen: "player-play",
  warning: "bell",
  message: "message",
  acknowledged: "check",
  charge: "user-check",
  step: "shield-lock",
  step_ended: "shield-check",
  attended: "map-pin",
  attendance_due: "bell",
  extended: "clock-plus",
  recalled: "bell",
  recall_seen: "check",
  gap: "video-off",
  clock: "clock",
  unrecorded: "video-off",
  ended: "player-stop",
};

/** Whose hands worked at a moment: {name, role}; null where the recording does not say. */
export function handAt(timeline, at) {
  const hand = (timeline.hands ?? []).findLast(([from]) => from <= at);
  return hand ? { name: (timeline.people ?? {})[hand[2]] ?? "", role: hand[3] } : null;
}

/** All events as {at, end, kind, words, icon}, in order. */
export function eventsOf(map, texts) {
  const { typing = [], clicks = [], blocked = [], transfers = [], marks = [] } = map.timeline;
  const events = [];
  const add = (at, end, kind, words) =>
    events.push({ at, end, kind, words, icon: ICONS[kind] ?? "point" });
  // Where only one person worked, it goes without saying whose hands they were.
  const several = new Set((map.timeline.hands ?? []).map((hand) => hand[2])).size > 1;
  const by = (words, user) => {
    const name = several ? (map.timeline.people ?? {})[user] : "";
    return name ? fill(texts.by, { words, name }) : words;
  };
  for (const [from, to, count, user] of typing) add(from, to, "typing", by(fill(texts.typing, { count }), user));
  for (const [from, to, count, user] of clicks) {
    add(from, to, "clicks", by(count > 1 ? fill(texts.clicks, { count }) : texts.click, user));
  }
  for (const [from, to] of blocked) add(from, to, "blocked", texts.blocked);
  for (const [at, kind, bytes] of transfers) add(at, at, kind, fill(texts[kind], { bytes }));
  for (const [at, kind, , data] of marks) add(at, at, kind, markWords(kind, data, texts));
  const told = new Set(marks.filter((mark) => mark[1] === "gap").map((mark) => mark[0]));
  for (const [from, to] of map.gaps) {
    if (told.has(to)) continue;
    add(from, to, "gap", fill(texts.gap_plain, { time: mediaTime(to - from) }));
  }
  return events.sort((one, other) => one.at - other.at);
}

/** Buckets in which the screen changed far more than it usually does in this recording. */
function unusualChanges(activity, duration) {
  const sorted = [...activity].sort((one, other) => one - other);
  const usual = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const width = duration / Math.max(1, activity.length);
  return activity.flatMap((level, index) =>
    level > usual * 3 + 2000 ? [[index * width, (index + 1) * width]] : [],
  );
}

/** The times without input, marks or unusual changes, each at least some seconds long. */
export function idleTimes(map, events) {
  const active = [
    ...events.map(({ at, end }) => [at, end]),
    ...(map.timeline.pointer ?? []),
    ...unusualChanges(map.activity, map.duration),
  ]
    .map(([from, to]) => [from - AROUND_MS, to + AROUND_MS])
    .sort((one, other) => one[0] - other[0]);
  const idle = [];
  let reached = 0;
  for (const [from, to] of active) {
    if (from - reached >= SHORTEST_IDLE_MS) idle.push([reached, from]);
    reached = Math.max(reached, to);
  }
  if (map.duration - reached >= SHORTEST_IDLE_MS) idle.push([reached, map.duration]);
  return idle;
}
