/* The time line: what happened where, drawn as SVG; colours come from the style sheet. */

const WIDTH = 1000;
const HEIGHT = 74;
const LANES = { typing: 34, clicks: 42, transfers: 50, marks: 58, hands: 67 };
const SVG = "http://www.w3.org/2000/svg";

export function drawLine(svg, map) {
  const scale = WIDTH / Math.max(1, map.duration);
  const add = (name, attributes, kind) => {
    const shape = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    shape.setAttribute("class", `line-${kind}`);
    svg.append(shape);
  };
  const span = (from, to, y, height, kind) => {
    const width = Math.max(2, (to - from) * scale);
    add("rect", { x: Math.min(from * scale, WIDTH - width), y, width, height }, kind);
  };
  const { timeline } = map;
  for (const [from, to] of map.gaps) span(from, to, 0, HEIGHT, "gap");
  for (const [from, to] of timeline.frozen ?? []) span(from, to, 0, HEIGHT, "frozen");
  for (const [from, to] of timeline.steps ?? []) span(from, to, 0, HEIGHT, "step");
  for (const [from, to] of timeline.watching ?? []) span(from, to, 1, 3, "watching");
  add("path", { d: activityPath(map.activity) }, "activity");
  for (const [from, to] of timeline.typing ?? []) span(from, to, LANES.typing, 6, "typing");
  for (const [from, to] of timeline.clicks ?? []) span(from, to, LANES.clicks, 6, "clicks");
  for (const [at] of timeline.transfers ?? []) span(at, at, LANES.transfers, 6, "transfers");
  for (const [at, kind] of timeline.marks ?? []) {
    if (kind !== "joined" && kind !== "left") span(at, at, LANES.marks, 6, "marks");
  }
  for (const [from, to, , role] of timeline.hands ?? []) span(from, to, LANES.hands, 5, `hand-${role}`);
  for (const [from, to] of timeline.blocked ?? []) span(from, to, LANES.marks, 6, "marks");
}

/** Mean heights on a logarithmic scale: a cursor that blinks is still to be seen. */
function activityPath(activity) {
  const height = (level) => (level ? Math.min(24, 2 + 4.4 * Math.log10(1 + level / 50)) : 0);
  const width = WIDTH / Math.max(1, activity.length);
  const points = activity.flatMap((level, index) => {
    const y = 30 - height(level);
    return [`${(index * width).toFixed(1)},${y.toFixed(1)}`, `${((index + 1) * width).toFixed(1)},${y.toFixed(1)}`];
  });
  return `M0,30 L${points.join(" L")} L${WIDTH},30 Z`;
}
