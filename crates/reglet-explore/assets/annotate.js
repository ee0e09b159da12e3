// Draw rulers and lesions on the pictures of a folder, by keyboard or pointer; each picture is saved when one goes on.

import { ask, asked, clamp, make, tab, trouble } from '/core.js';
import { named, percent, t } from '/words.js';

/// What is drawn, kept when the language changes.
const work = {
  index: 0, id: '', width: 1, height: 1, regions: [], region: 0, tool: 'strip', open: [], cross: null, count: 0, file: '', bitmap: null, seen: false, changed: false,
};
let loaded = false;

export function annotate(root, about) {
  const library = about.library;
  if (!library?.annotate) return () => {};
  const names = library.regions;
  const canvas = make('canvas', {});
  const svg = make('svg', {});
  const sheet = make('div', { class: 'sheet', tabindex: 0, role: 'application', 'aria-label': t('a_sheet'), 'aria-describedby': 'a-keys' }, canvas, svg);
  const title = make('h2', {});
  const status = make('p', { class: 'note', 'aria-live': 'polite' });
  const bar = make('progress', { max: library.pictures, value: 0, 'aria-label': t('a_done', { count: '', all: '' }) });
  const done = make('p', { class: 'note' });
  const hint = make('p', { class: 'note' });
  const radios = (legend, options, chosen, choose) => {
    const inputs = options.map(([value, text, mark]) => {
      const input = make('input', { type: 'radio', name: legend, value, on: { change: () => { choose(value); sheet.focus(); } } });
      input.checked = value === chosen();
      return [input, make('label', {}, input, mark ?? '', text)];
    });
    const set = make('fieldset', { class: 'segments small' }, make('legend', { class: 'unseen' }, t(legend)), ...inputs.map(([, label]) => label));
    set.refresh = () => inputs.forEach(([input]) => { input.checked = input.value === String(chosen()); });
    return set;
  };
  const region = radios('a_region', names.map((name, place) => [String(place), named(name), make('span', { class: `swatch region-${place}` })]), () => String(work.region), (value) => { work.region = Number(value); paint(); });
  const tool = radios('a_tool', [['strip', t('a_strip')], ['polygon', t('a_polygon')]], () => work.tool, (value) => { work.tool = value; work.open = []; paint(); });
  const button = (key, act, kind = '') => make('button', { class: kind, on: { click: () => { act(); sheet.focus(); } } }, t(key));
  const keys = [
    ['Space', 'a_k_point'], ['← ↑ → ↓', 'a_k_arrows'], ['C', 'a_k_close'], ['⌫', 'a_k_back'], ['− +', 'a_k_width'], ['R', 'a_k_region'], ['T', 'a_k_tool'], ['N', 'a_k_next'], ['P', 'a_k_previous'],
  ];
  root.replaceChildren(
    make('div', { class: 'intro' }, make('h1', {}, t('a_title')), make('p', { class: 'lead' }, t('a_lead'))),
    make('div', { class: 'annotating' },
      sheet,
      make('div', { class: 'side' }, title, status, region, tool,
        make('div', { class: 'row' }, button('a_accept', () => go(1), 'primary'), button('a_previous', () => go(-1)), button('a_close', close), button('a_clear', clear)),
        bar, done,
        make('dl', { class: 'keys-table', id: 'a-keys' }, ...keys.flatMap(([key, text]) => [make('dt', {}, make('kbd', {}, key)), make('dd', {}, t(text))])),
        hint)),
  );

  const polygons = (place = work.region) => {
    let found = work.regions.find((one) => one.name === names[place]);
    if (!found) { found = { name: names[place], polygons: [] }; work.regions.push(found); }
    return found.polygons;
  };

  async function load(index) {
    try {
      const found = await asked('sample', { index });
      const response = await ask('picture', { tab, scene: { picture: { sample: index } }, side: 1024 });
      work.bitmap = await createImageBitmap(await response.blob());
      Object.assign(work, {
        index, id: found.id, width: found.width, height: found.height, regions: found.drawn ?? [], seen: found.drawn !== null, open: [], changed: false,
      });
      work.cross = [found.width / 2, found.height / 2];
      trouble(null);
    } catch (error) {
      trouble(error.message);
    }
    paint();
  }

  /// Saves what is drawn; nothing is lost where that fails.
  async function go(by) {
    try {
      if (work.tool === 'polygon') close();
      const saved = await asked('annotate', { index: work.index, regions: work.regions });
      work.count = saved.annotated;
      work.file = saved.file;
      trouble(null);
    } catch (error) {
      trouble(error.message);
      return;
    }
    await load((work.index + by + library.pictures) % library.pictures);
    status.textContent = `${t('a_saved', { file: work.file })} ${status.textContent}`;
  }

  function point(at) {
    const corner = [clamp(at[0], 0, work.width), clamp(at[1], 0, work.height)];
    work.open.push(corner);
    if (work.tool === 'strip' && work.open.length === 2) {
      const [from, to] = work.open;
      work.open = [];
      if (Math.hypot(to[0] - from[0], to[1] - from[1]) > 2) {
        polygons().push(strip(from, to, 0.12 * Math.min(work.width, work.height)));
        work.changed = true;
      }
    }
    paint();
  }

  /// The rectangle about the line between two places.
  function strip([x0, y0], [x1, y1], width) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [nx, ny] = [(-(y1 - y0) / length) * (width / 2), ((x1 - x0) / length) * (width / 2)];
    const corner = (x, y) => [clamp(x, 0, work.width), clamp(y, 0, work.height)];
    const corners = [corner(x0 + nx, y0 + ny), corner(x1 + nx, y1 + ny), corner(x1 - nx, y1 - ny), corner(x0 - nx, y0 - ny)];
    corners.line = [[x0, y0], [x1, y1], width];
    return corners;
  }

  function widen(by) {
    const all = polygons();
    const last = all[all.length - 1];
    if (!last?.line) return;
    const [from, to, width] = last.line;
    all[all.length - 1] = strip(from, to, clamp(width * by, 3, Math.max(work.width, work.height)));
    paint();
  }

  function close() {
    if (work.open.length >= 3) { polygons().push(work.open); work.changed = true; }
    work.open = [];
    paint();
  }

  function back() {
    if (work.open.length) work.open.pop();
    else polygons().pop();
    paint();
  }

  function clear() { polygons().length = 0; work.open = []; paint(); }

  function paint() {
    if (!work.bitmap) return;
    sheet.style.setProperty('--ratio', work.width / work.height);
    canvas.width = work.bitmap.width;
    canvas.height = work.bitmap.height;
    canvas.getContext('2d').drawImage(work.bitmap, 0, 0);
    svg.setAttribute('viewBox', `0 0 ${work.width} ${work.height}`);
    const unit = Math.max(work.width, work.height) / 130;
    const list = (corners) => corners.map((corner) => corner.join(',')).join(' ');
    const parts = [];
    names.forEach((name, place) => {
      for (const corners of polygons(place)) parts.push(make('polygon', { class: `poly region-${place}`, points: list(corners) }));
    });
    if (work.open.length) {
      parts.push(make('polyline', { class: `poly open region-${work.region}`, points: list([...work.open, work.cross]) }));
      for (const [cx, cy] of work.open) parts.push(make('circle', { class: 'corner', cx, cy, r: unit * 0.55 }));
    }
    const [x, y] = work.cross;
    parts.push(make('line', { class: 'cross', x1: x - 2 * unit, x2: x + 2 * unit, y1: y, y2: y }), make('line', { class: 'cross', x1: x, x2: x, y1: y - 2 * unit, y2: y + 2 * unit }));
    svg.replaceChildren(...parts);
    title.textContent = t('a_of', { n: work.index + 1, all: library.pictures, id: work.id });
    status.textContent = t(work.seen ? 'a_seen' : 'a_new');
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
  sheet.addEventListener('pointermove', (event) => { work.cross = place(event); paint(); });
  sheet.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !work.bitmap) return;
    event.preventDefault();
    sheet.focus({ preventScroll: true });
    work.cross = place(event);
    point(work.cross);
  });
  sheet.addEventListener('dblclick', () => { work.open.pop(); close(); });
  sheet.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !work.bitmap) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = moves[event.key];
    const acts = {
      ' ': () => point([...work.cross]), c: close, Backspace: back, Delete: back, '+': () => widen(1.15), '=': () => widen(1.15), '-': () => widen(1 / 1.15),
      r: () => { work.region = (work.region + 1) % names.length; paint(); },
      t: () => { work.tool = work.tool === 'strip' ? 'polygon' : 'strip'; work.open = []; paint(); },
      n: () => go(1), Enter: () => go(1), p: () => go(-1),
    };
    const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (move) {
      const step = (event.shiftKey ? 0.06 : 0.008) * Math.min(work.width, work.height);
      work.cross = [clamp(work.cross[0] + step * move[0], 0, work.width), clamp(work.cross[1] + step * move[1], 0, work.height)];
      paint();
    } else if (act) act();
    else return;
    event.preventDefault();
  });

  paint();
  return () => {
    if (!loaded) { loaded = true; work.count = library.annotated ?? 0; load(0); }
  };
}
