// Suggests regions: between the edges beside a line that two clicks define, or around a map's peak.

import { mapsOf } from '/core.js';

/// The pixels of a picture, which are read only once.
export function pixels(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

/// How far to either side of the line from one pixel to another the nearest long edges run, in pixels: the colours along the
/// line, shifted by so much, differ most from those beside them. `null` to a side without any such edge.
export function flanks(image, [x0, y0], [x1, y1]) {
  const { width, height, data } = image;
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 4) return [null, null];
  const [nx, ny] = [-(y1 - y0) / length, (x1 - x0) / length];
  const reach = Math.round(0.3 * Math.min(width, height));
  const count = Math.min(256, Math.ceil(length));
  const profile = [];
  for (let shift = -reach; shift <= reach; shift += 1) {
    const sum = [0, 0, 0];
    let inside = 0;
    for (let i = 0; i <= count; i += 1) {
      const x = Math.round(x0 + ((x1 - x0) * i) / count + nx * shift);
      const y = Math.round(y0 + ((y1 - y0) * i) / count + ny * shift);
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c += 1) sum[c] += data[at + c];
      inside += 1;
    }
    profile.push(inside > count / 2 ? sum.map((one) => one / inside) : null);
  }
  // Each side's mean over three shifts, so that no single scratch counts as an edge.
  const mean = (from, to) => {
    const part = profile.slice(from, to);
    if (part.length === 0 || part.includes(null)) return null;
    return [0, 1, 2].map((c) => part.reduce((all, one) => all + one[c], 0) / part.length);
  };
  const rise = profile.map((_, at) => {
    const [before, after] = [mean(Math.max(0, at - 3), at), mean(at, at + 3)];
    return before && after ? Math.hypot(...before.map((one, c) => after[c] - one)) : 0;
  });
  const usual = [...rise].sort((a, b) => a - b)[Math.floor(rise.length / 2)];
  const clear = Math.max(12, 3 * usual);
  const side = (sign) => {
    let best = null;
    let border = null;
    for (let shift = 1; shift <= reach; shift += 1) {
      const at = reach + sign * shift;
      // The picture's border also counts as an edge.
      if (profile[at] === null) { border = shift < reach / 2 ? shift : null; break; }
      // Nearer edges count more, because a ruler's edge comes before the lesion's.
      const value = rise[at] * (1 - (0.5 * shift) / reach);
      if (rise[at] >= clear && (!best || value > best.value)) best = { shift, value };
    }
    return best?.shift ?? border;
  };
  return [side(-1), side(1)];
}

/// The parts of the map of the first classifier that has one, of a picture without changes, that lie above half of its highest value, as polygons in
/// shares of the picture's sides; the one with the most in it first. `tab` is the number of those who ask, and `count` is the number of classifiers.
export async function peaks(tab, index, count, method = 'grad_cam') {
  const wanted = { method, refine: false, steps: null, layer: null, baseline: null };
  for await (const map of mapsOf({ tab, scene: { picture: { sample: index } }, wanted }, count)) {
    const found = parts(map);
    if (found.length) return found;
  }
  return [];
}

function parts(map) {
  const { width, height, data } = map;
  const level = 0.5 * data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!(level > 0)) return [];
  const of = new Int32Array(width * height);
  const found = [];
  for (let first = 0; first < data.length; first += 1) {
    if (of[first] || Math.abs(data[first]) < level) continue;
    const name = found.length + 1;
    const open = [first];
    let mass = 0;
    of[first] = name;
    while (open.length) {
      const at = open.pop();
      mass += Math.abs(data[at]);
      const x = at % width;
      for (const next of [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width]) {
        if (next >= 0 && next < data.length && !of[next] && Math.abs(data[next]) >= level) { of[next] = name; open.push(next); }
      }
    }
    found.push({ mass, name, first });
  }
  found.sort((a, b) => b.mass - a.mass);
  const [left, top, wide, high] = map.frame;
  const place = ([x, y]) => [left + (wide * x) / width, top + (high * y) / height];
  return found.slice(0, 5).map(({ name, first }) => {
    const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && of[y * width + x] === name;
    return simpler(outline(inside, [first % width, Math.floor(first / width)]), Math.max(width, height) / 120).map(place);
  });
}

/// The outline of a part along the sides of its pixels, from the top left corner of the first pixel.
function outline(inside, [x0, y0]) {
  const steps = [[1, 0], [0, 1], [-1, 0], [0, -1]];
  // The pixels to the left and to the right of a step that begins at a corner.
  const beside = (x, y, way) => [[[x, y - 1], [x, y]], [[x, y], [x - 1, y]], [[x - 1, y], [x - 1, y - 1]], [[x - 1, y - 1], [x, y - 1]]][way];
  const corners = [];
  let [x, y, way] = [x0, y0, 0];
  do {
    const [ahead, right] = [beside(x, y, way)[0], beside(x, y, way)[1]];
    if (inside(...ahead)) way = (way + 3) % 4;
    else if (!inside(...right)) way = (way + 1) % 4;
    else {
      if (corners.length === 0 || corners.at(-1).way !== way) corners.push({ at: [x, y], way });
      x += steps[way][0];
      y += steps[way][1];
    }
  } while (corners.length < 20000 && !(x === x0 && y === y0 && corners.length > 1));
  return corners.map(({ at }) => at);
}

/// The polygon with fewer corners, which stays within a given distance of the original (Douglas and Peucker).
function simpler(corners, most) {
  const reduce = (part) => {
    if (part.length < 3) return part;
    const [[ax, ay], [bx, by]] = [part[0], part.at(-1)];
    const length = Math.hypot(bx - ax, by - ay);
    const distance = ([x, y]) => (length === 0 ? Math.hypot(x - ax, y - ay) : Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length);
    let far = 0;
    part.forEach((corner, at) => { if (distance(corner) > distance(part[far])) far = at; });
    if (distance(part[far]) <= most) return [part[0], part.at(-1)];
    return [...reduce(part.slice(0, far + 1)).slice(0, -1), ...reduce(part.slice(far))];
  };
  if (corners.length < 8) return corners;
  const half = Math.floor(corners.length / 2);
  return [...reduce(corners.slice(0, half + 1)).slice(0, -1), ...reduce([...corners.slice(half), corners[0]]).slice(0, -1)];
}

// Painted regions: run lengths of pixels, column by column, alternately outside and inside the region.

/// The run lengths of a canvas, whose painted pixels are the visible ones; empty if there are none.
export function runsOf(canvas) {
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const runs = [];
  let [length, inside] = [0, false];
  for (let x = 0; x < width; x += 1) {
    for (let y = 0; y < height; y += 1) {
      if (data[4 * (y * width + x) + 3] > 127 !== inside) { runs.push(length); length = 0; inside = !inside; }
      length += 1;
    }
  }
  if (runs.length === 0 && !inside) return [];
  runs.push(length);
  return runs;
}

/// Paints run lengths on a canvas in a colour of three numbers.
export function paintRuns(canvas, runs, colour) {
  const { width, height } = canvas;
  const image = new ImageData(width, height);
  let at = 0;
  runs.forEach((run, place) => {
    if (place % 2) for (let i = at; i < at + run; i += 1) image.data.set([...colour, 255], 4 * ((i % height) * width + Math.floor(i / height)));
    at += run;
  });
  canvas.getContext('2d').putImageData(image, 0, 0);
}
