// Draws rulers and lesions on the pictures of a folder, by keyboard or pointer. Each picture is saved when the user moves on.

import { ask, asked, clamp, make, tab, trouble } from '/core.js';
import { auditing } from '/audit.js';
import { flanks, paintRuns, peaks, pixels, runsOf } from '/suggest.js';
import { named, percent, t } from '/words.js';

/// The drawn regions; they are kept when the language changes.
const work = {
  index: 0, id: '', width: 1, height: 1, regions: [], region: 0, tool: 'strip', open: [], cross: null, count: 0, file: '', bitmap: null, image: null,
  loads: 0, seen: false, changed: false, suggestion: null, peaks: null, peak: 0, brush: 0.05, stroke: null, paint: [],
};
let loaded = false;
const mine = (tab ^ 0xa207) >>> 0;

const TOOLS = ['strip', 'polygon', 'brush', 'eraser'];

/// The colours of the regions, as in the style sheet.
const COLOURS = [[255, 176, 0], [53, 208, 255]];

export function annotate(root, about) {
  const library = about.library;
  if (!library?.annotate) return () => {};
  const names = library.regions;
  const canvas = make('canvas', {});
  const painted = make('canvas', { class: 'painted' });
  const svg = make('svg', {});
  const sheet = make('div', { class: 'sheet', tabindex: 0, role: 'application', 'aria-label': t('a_sheet'), 'aria-describedby': 'a-keys' }, canvas, painted, svg);
  const title = make('h2', {});
  const status = make('p', { class: 'note', 'aria-live': 'polite' });
  const bar = make('progress', { id: 'annotated', max: library.pictures, value: 0, 'aria-label': t('a_done', { count: '', all: '' }) });
  const done = make('p', { class: 'note' });
  const hint = make('p', { class: 'note' });
  const radios = (legend, options, chosen, choose) => {
    const inputs = options.map(([value, text, mark]) => {
      const input = make('input', { type: 'radio', name: legend, value, on: { change: () => { choose(value); sheet.focus({ preventScroll: true }); } } });
      input.checked = value === chosen();
      return [input, make('label', {}, input, mark ?? '', text)];
    });
    const set = make('fieldset', { class: 'segments small' }, make('legend', { class: 'unseen' }, t(legend)), ...inputs.map(([, label]) => label));
    set.refresh = () => inputs.forEach(([input]) => { input.checked = input.value === String(chosen()); });
    return set;
  };
  const region = radios('a_region', names.map((name, place) => [String(place), named(name), make('span', { class: `swatch region-${place}` })]), () => String(work.region), (value) => { work.region = Number(value); paint(); });
  const take = (name) => { work.tool = name; work.open = []; work.suggestion = null; lift(); paint(); };
  const tool = radios('a_tool', TOOLS.map((one) => [one, t(`a_${one}`)]), () => work.tool, take);
  const button = (key, act, kind = '', id = null) => make('button', { class: kind, id, on: { click: () => { act(); sheet.focus({ preventScroll: true }); } } }, t(key));
  const accept = button('a_take', takeSuggestion, '', 'a-take');
  const keys = [
    ['Space', 'a_k_point'], ['← ↑ → ↓', 'a_k_arrows'], ['M', 'a_k_map'], ['A', 'a_k_accept'], ['Esc', 'a_k_reject'], ['C', 'a_k_close'], ['⌫', 'a_k_back'],
    ['− +', 'a_k_width'], ['R', 'a_k_region'], ['T', 'a_k_tool'], ['N', 'a_k_next'], ['P', 'a_k_previous'],
  ];
  const audit = auditing(about, () => (pending() ? save() : true), async (index, method) => {
    if (pending() && !(await save())) return;
    if (!(await load(index))) return;
    sheet.scrollIntoView({ block: 'center' });
    sheet.focus({ preventScroll: true });
    await suggestPeak(method);
  });
  root.replaceChildren(
    make('div', { class: 'intro' }, make('h1', {}, t('a_title')), make('p', { class: 'lead' }, t('a_lead'))),
    make('div', { class: 'annotating' },
      sheet,
      make('div', { class: 'side' }, title, status, region, tool,
        make('div', { class: 'row' }, button('a_next', () => go(1), 'primary'), button('a_previous', () => go(-1))),
        make('div', { class: 'row' }, button('a_suggest', () => suggestPeak()), accept, button('a_close', close), button('a_clear', clear)),
        bar, done,
        make('details', {}, make('summary', {}, t('a_keyboard')), make('dl', { class: 'keys-table', id: 'a-keys' }, ...keys.flatMap(([key, text]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, t(text))]))),
        hint)),
    ...[audit.panel].filter(Boolean),
  );

  const pending = () => work.changed || work.suggestion !== null || work.open.length > 0;
  const drawn = (place = work.region) => {
    let found = work.regions.find((one) => one.name === names[place]);
    if (!found) { found = { name: names[place], polygons: [], runs: [] }; work.regions.push(found); }
    return found;
  };
  const polygons = (place = work.region) => drawn(place).polygons;

  /// Shows a picture; false if that fails, or if another one has been chosen before it came.
  async function load(index) {
    work.loads += 1;
    const own = work.loads;
    try {
      const found = await asked('sample', { index });
      const response = await ask('picture', { tab: mine, scene: { picture: { sample: index } }, side: 1024 });
      const bitmap = await createImageBitmap(await response.blob());
      if (own !== work.loads) return false;
      Object.assign(work, {
        bitmap, index, id: found.id, width: found.width, height: found.height, regions: found.drawn ?? [], seen: found.drawn !== null, open: [], changed: false,
        image: null, suggestion: null, peaks: null, peak: 0, stroke: null, paint: [],
      });
      for (const one of work.regions) one.runs ??= [];
      work.cross = [found.width / 2, found.height / 2];
      trouble(null);
    } catch (error) {
      if (own === work.loads) trouble(error.message);
      return false;
    }
    paint();
    return true;
  }

  /// Saves the drawn regions, including unfinished and suggested ones; nothing is lost if that fails.
  async function save() {
    try {
      takeSuggestion();
      if (work.tool === 'polygon') close();
      lift();
      const { index } = work;
      const saved = await asked('annotate', { index, regions: work.regions });
      Object.assign(work, { count: saved.annotated, file: saved.file });
      // Another picture may have come meanwhile.
      if (work.index === index) Object.assign(work, { seen: true, changed: false });
      trouble(null);
    } catch (error) {
      trouble(error.message);
      return false;
    }
    paint();
    return true;
  }

  async function go(by) {
    if (!(await save())) return;
    await load((work.index + by + library.pictures) % library.pictures);
    status.textContent = `${t('a_saved', { file: work.file })} ${status.textContent}`;
  }

  function point(at) {
    if (work.tool === 'brush' || work.tool === 'eraser') { if (work.stroke) lift(); else press(at); paint(); return; }
    const corner = [clamp(at[0], 0, work.width), clamp(at[1], 0, work.height)];
    work.open.push(corner);
    if (work.tool === 'strip' && work.open.length === 2) {
      const [from, to] = work.open;
      work.open = [];
      if (Math.hypot(to[0] - from[0], to[1] - from[1]) > 2) suggestStrip(from, to);
    }
    paint();
  }

  // Suggestions: dashed until they are accepted.

  /// The strip between the edges beside a line, or a strip with the usual width of rulers if there are no visible edges.
  function suggestStrip(from, to) {
    work.image ??= pixels(work.bitmap);
    const scale = work.bitmap.width / work.width;
    const found = flanks(work.image, from.map((one) => one * scale), to.map((one) => one * scale)).map((shift) => (shift === null ? null : shift / scale));
    const usual = 0.06 * Math.min(work.width, work.height);
    const [low, high] = [found[0] ?? found[1] ?? usual, found[1] ?? found[0] ?? usual];
    propose(strip(from, to, -low, high));
  }

  /// The parts around the peaks of the first classifier's map, one after the other.
  async function suggestPeak(method) {
    if (!work.bitmap) return;
    // They are requested once, however often the key is pressed before they arrive.
    work.peaks ??= peaks(mine, work.index, about.models.length, method);
    const requested = work.peaks;
    try {
      const found = await requested;
      if (work.peaks !== requested) return;
      trouble(null);
      if (!found.length) { status.textContent = t('a_no_peak'); return; }
      const part = found[work.peak % found.length];
      work.peak += 1;
      propose(part.map(([x, y]) => [clamp(x * work.width, 0, work.width), clamp(y * work.height, 0, work.height)]));
    } catch (error) {
      if (work.peaks !== requested) return;
      work.peaks = null;
      trouble(error.message);
    }
  }

  function propose(corners) {
    work.suggestion = corners;
    paint();
    status.textContent = t('a_suggested', { region: named(names[work.region]) });
  }

  function takeSuggestion() {
    if (!work.suggestion) return;
    polygons().push(work.suggestion);
    work.suggestion = null;
    work.changed = true;
    paint();
  }

  /// The rectangle around the line between two points, from one distance beside it to another.
  function strip([x0, y0], [x1, y1], low, high) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [nx, ny] = [-(y1 - y0) / length, (x1 - x0) / length];
    const corner = (x, y, by) => [clamp(x + nx * by, 0, work.width), clamp(y + ny * by, 0, work.height)];
    const corners = [corner(x0, y0, low), corner(x1, y1, low), corner(x1, y1, high), corner(x0, y0, high)];
    corners.line = [[x0, y0], [x1, y1], low, high];
    return corners;
  }

  function widen(by) {
    if (work.tool === 'brush' || work.tool === 'eraser') { work.brush = clamp(work.brush * by, 0.005, 0.3); paint(); return; }
    const all = polygons();
    const last = work.suggestion ?? all[all.length - 1];
    if (!last?.line) return;
    const [from, to, low, high] = last.line;
    const [middle, half] = [(low + high) / 2, clamp(((high - low) / 2) * by, 1.5, Math.max(work.width, work.height))];
    const wider = strip(from, to, middle - half, middle + half);
    if (work.suggestion) work.suggestion = wider;
    else { all[all.length - 1] = wider; work.changed = true; }
    paint();
  }

  function close() {
    if (work.open.length >= 3) { polygons().push(work.open); work.changed = true; }
    work.open = [];
    paint();
  }

  function back() {
    if (work.suggestion) work.suggestion = null;
    else if (work.open.length) work.open.pop();
    else if (layer(work.region, false)?.strokes.length) { layer(work.region).strokes.pop(); repaint(work.region); work.changed = true; }
    else if (polygons().pop()) work.changed = true;
    paint();
  }

  function reject() { work.suggestion = null; work.open = []; paint(); }

  function clear() {
    const one = drawn();
    work.changed ||= one.polygons.length > 0 || one.runs.length > 0;
    Object.assign(one, { polygons: [], runs: [] });
    work.paint[work.region] = undefined;
    work.open = [];
    work.suggestion = null;
    paint();
  }

  // Painting: a canvas of the picture's own size for each region, with the strokes of this visit so that they can be undone.

  function layer(place, begin = true) {
    if (!work.paint[place] && (begin || drawn(place).runs.length)) {
      const surface = new OffscreenCanvas(work.width, work.height);
      // It is read after every stroke, so it should not be stored on a graphics card.
      surface.getContext('2d', { willReadFrequently: true });
      work.paint[place] = { canvas: surface, base: drawn(place).runs, strokes: [], colour: COLOURS[place % 2] };
      repaint(place, false);
    }
    return work.paint[place];
  }

  function dab({ canvas: into, colour }, { points, width, erase }, from = 0) {
    const context = into.getContext('2d');
    context.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
    context.strokeStyle = context.fillStyle = `rgb(${colour.join(' ')})`;
    Object.assign(context, { lineWidth: width, lineCap: 'round', lineJoin: 'round' });
    context.beginPath();
    if (points.length === 1) { context.arc(...points[0], width / 2, 0, 7); context.fill(); return; }
    points.slice(Math.max(0, from - 1)).forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }

  /// Paints the original content and then every stroke again.
  function repaint(place, keep = true) {
    const own = work.paint[place];
    own.canvas.getContext('2d').clearRect(0, 0, work.width, work.height);
    if (own.base.length) paintRuns(own.canvas, own.base, own.colour);
    own.strokes.forEach((stroke) => dab(own, stroke));
    if (keep) drawn(place).runs = runsOf(own.canvas);
  }

  function press(at) {
    work.stroke = { points: [[...at]], width: work.brush * Math.min(work.width, work.height), erase: work.tool === 'eraser' };
    layer(work.region).strokes.push(work.stroke);
    dab(layer(work.region), work.stroke);
  }

  function drag(at) {
    if (!work.stroke) return;
    work.stroke.points.push([...at]);
    dab(layer(work.region), work.stroke, work.stroke.points.length - 1);
  }

  /// Ends a stroke.
  function lift() {
    if (!work.stroke) return;
    work.stroke = null;
    work.changed = true;
    drawn().runs = runsOf(layer(work.region).canvas);
  }

  function paint() {
    if (!work.bitmap) return;
    sheet.style.setProperty('--ratio', work.width / work.height);
    if (canvas.width !== work.bitmap.width || canvas.height !== work.bitmap.height || canvas.of !== work.bitmap) {
      canvas.width = painted.width = work.bitmap.width;
      canvas.height = painted.height = work.bitmap.height;
      canvas.of = work.bitmap;
      canvas.getContext('2d').drawImage(work.bitmap, 0, 0);
    }
    const over = painted.getContext('2d');
    over.clearRect(0, 0, painted.width, painted.height);
    names.forEach((_, place) => { const own = layer(place, false); if (own) over.drawImage(own.canvas, 0, 0, painted.width, painted.height); });
    svg.setAttribute('viewBox', `0 0 ${work.width} ${work.height}`);
    const unit = Math.max(work.width, work.height) / 130;
    const list = (corners) => corners.map((corner) => corner.join(',')).join(' ');
    const parts = [];
    names.forEach((name, place) => {
      for (const corners of polygons(place)) parts.push(make('polygon', { class: `poly region-${place}`, points: list(corners) }));
    });
    if (work.suggestion) parts.push(make('polygon', { class: `poly suggested region-${work.region}`, points: list(work.suggestion) }));
    if (work.open.length) {
      parts.push(make('polyline', { class: `poly open region-${work.region}`, points: list([...work.open, work.cross]) }));
      for (const [cx, cy] of work.open) parts.push(make('circle', { class: 'corner', cx, cy, r: unit * 0.55 }));
    }
    const [x, y] = work.cross;
    if (work.tool === 'brush' || work.tool === 'eraser') parts.push(make('circle', { class: `brush ${work.tool}`, cx: x, cy: y, r: (work.brush * Math.min(work.width, work.height)) / 2 }));
    else parts.push(make('line', { class: 'cross', x1: x - 2 * unit, x2: x + 2 * unit, y1: y, y2: y }), make('line', { class: 'cross', x1: x, x2: x, y1: y - 2 * unit, y2: y + 2 * unit }));
    svg.replaceChildren(...parts);
    title.textContent = t('a_of', { n: work.index + 1, all: library.pictures, id: work.id });
    status.textContent = t(work.seen ? 'a_seen' : 'a_new');
    accept.disabled = !work.suggestion;
    region.refresh();
    tool.refresh();
    bar.value = work.count;
    done.textContent = `${t('a_done', { count: work.count, all: library.pictures })} (${percent(work.count / library.pictures)})`;
    hint.textContent = work.file ? t('a_audit', { file: work.file }) : '';
  }

  const place = (event) => {
    const bounds = sheet.getBoundingClientRect();
    return [((event.clientX - bounds.left) / bounds.width) * work.width, ((event.clientY - bounds.top) / bounds.height) * work.height];
  };
  sheet.addEventListener('pointermove', (event) => {
    if (!work.bitmap) return;
    work.cross = place(event);
    if (event.buttons & 1) drag(work.cross);
    paint();
  });
  sheet.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !work.bitmap) return;
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    sheet.setPointerCapture(event.pointerId);
    work.cross = place(event);
    if (work.stroke) lift();
    point(work.cross);
  });
  for (const end of ['pointerup', 'pointercancel']) sheet.addEventListener(end, () => { if (work.stroke) { lift(); paint(); } });
  sheet.addEventListener('dblclick', () => { if (work.tool === 'polygon') { work.open.pop(); close(); } });
  sheet.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !work.bitmap) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    const acts = {
      ' ': () => point([...work.cross]), c: close, Backspace: back, Delete: back, '+': () => widen(1.15), '=': () => widen(1.15), '-': () => widen(1 / 1.15),
      r: () => { lift(); work.region = (work.region + 1) % names.length; paint(); },
      t: () => take(TOOLS[(TOOLS.indexOf(work.tool) + 1) % TOOLS.length]),
      m: () => suggestPeak(), a: takeSuggestion, Escape: reject, n: () => go(1), p: () => go(-1),
      Enter: () => (work.suggestion ? takeSuggestion() : go(1)),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (move) {
      const step = (event.shiftKey ? 0.06 : 0.008) * Math.min(work.width, work.height);
      work.cross = [clamp(work.cross[0] + step * move[0], 0, work.width), clamp(work.cross[1] + step * move[1], 0, work.height)];
      drag(work.cross);
      paint();
    } else if (act) act();
    else return;
    event.preventDefault();
  });

  paint();
  return () => {
    if (!loaded) { loaded = true; work.count = library.annotated ?? 0; load(0); }
    audit.refresh();
  };
}
