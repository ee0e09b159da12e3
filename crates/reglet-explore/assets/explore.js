// The main view: the picture, the ruler on it, the classifiers' answers, and where they look.

import { $, Pump, ask, asked, bytes, choices, clamp, coloured, make, mapsOf, segments, tab, trouble } from '/core.js';
import { languageName, named, number, percent, setLanguage, t, translate } from '/words.js';
import { annotate } from '/annotate.js';
import { lesson } from '/lesson.js';

/// The server's description of itself.
let about;
/// The state of the view: everything that the address contains, and what there is to know of a dropped picture, which the server does
/// not describe again.
let state = {
  kind: 'benign', seed: 8, index: 0, upload: null, looks: {}, change: 'insert',
  ruler: { material: 'white', x: 0.5, y: 0.9, angle: 0, scale: 1 }, cut: null,
  target: null, method: 'grad_cam', steps: null, layer: null, baseline: null, opacity: 70, colormap: 'inferno',
};
/// The server's description of the picture: its rulers, its properties, its size.
let picture = { width: 1, height: 1, rulers: [], looks: {}, placements: [] };
const past = [];
const future = [];
const cards = [];

// The scene that is sent to the server.

function choice(of = state) {
  if (of.kind === 'sample') return { sample: of.index };
  if (of.kind === 'upload') return { upload: of.upload.id };
  return { phantom: { number: { seed: of.seed, melanoma: of.kind === 'melanoma' }, looks: of.looks } };
}

/// Which picture it is, whatever the sliders make of it.
const identity = ({ sample, upload, phantom }) => JSON.stringify([sample, upload, phantom?.number]);

function drawn() {
  const { material, x, y, angle, scale } = state.ruler;
  const base = picture.rulers.find((ruler) => ruler.material === material) ?? picture.rulers[0];
  if (!base) return null;
  const of = (length) => length * scale;
  return {
    ...base, centre: { x, y }, angle: (angle * Math.PI) / 180, length: of(base.length), width: of(base.width),
    millimetre: of(base.millimetre), margin: of(base.margin),
  };
}

function cutout() {
  return state.ruler.material.startsWith('cut') ? picture.placements[Number(state.ruler.material.slice(3))] ?? null : null;
}

/// A predicted class; of several independent classes there may be none.
const predicted = (decision) => (decision === null ? t('no_class') : named(decision));

const generated = () => ['benign', 'melanoma'].includes(state.kind);

function scene() {
  const picture = choice();
  if (state.change === 'none') return { picture };
  if (['remove', 'remove_lesion'].includes(state.change)) return { picture, change: state.change, placement: { kind: 'in_place' } };
  const cut = cutout();
  const placement = cut ? { ...cut, spot: state.cut ?? cut.spot } : { kind: 'drawn', ruler: drawn() };
  return { picture, change: state.change, placement };
}

const side = () => Math.min(picture.width, picture.height);
const frame = () => ({ width: picture.width / side(), height: picture.height / side() });

// Requests.

let moved = 0;
const timing = { answer: null, picture: null, map: null };

/// Records how long after a move a result was shown, and reports it for measurements.
function timed(what, began, more = {}) {
  timing[what] = performance.now() - began;
  document.dispatchEvent(new CustomEvent('timed', { detail: { what, milliseconds: timing[what], ...more } }));
}

const answers = new Pump(async (of) => {
  const began = moved;
  const said = await asked('answer', { tab, scene: of, target: state.target });
  timed('answer', began);
  show(said);
  // The answer comes first, because maps would compete with it for the processor.
  explain(of, !moving);
});
const pictures = new Pump(async ({ wanted, side }) => {
  const began = moved;
  const response = await ask('picture', { tab, scene: wanted, side });
  const region = JSON.parse(response.headers.get('x-reglet-region') ?? 'null');
  const bitmap = await createImageBitmap(await response.blob());
  timed('picture', began);
  shown = { bitmap, region };
  paintPicture();
});
const maps = new Pump(async ({ wanted, scene: of }, superseded) => {
  const [began, sent] = [moved, performance.now()];
  const abort = new AbortController();
  underWay = abort;
  // A map that has already been sketched is refined at once.
  const key = JSON.stringify([of, { ...wanted, refine: true }]);
  const sketch = sketchOf !== key;
  let sketched = !sketch;
  // A first sketch of every map is useful if it is quick; refining a map that is no longer wanted is not.
  maps.newer = () => setTimeout(() => { if (superseded()) abort.abort(); }, sketched ? 0 : Math.max(0, PATIENCE - (performance.now() - sent)));
  for await (const map of mapsOf({ tab, scene: of, wanted: { ...wanted, sketch } }, cards.length, abort.signal)) {
    // Another picture or method has been chosen meanwhile.
    if (identity(of.picture) !== identity(choice()) || wanted.method !== state.method) { abort.abort(); return; }
    const card = cards[map.model];
    if (card) { card.map = map; card.paint(); }
    timed('map', began, { refined: map.refined, model: map.model });
    if (map.model === cards.length - 1) { sketched = true; sketchOf = key; }
    if (sketched && superseded()) { abort.abort(); return; }
  }
  time();
});
/// The fault of the last request for a description of the picture, if it has failed.
const description = { fault: null };
const complain = () => trouble([description, answers, pictures, maps].map((one) => one.fault?.message).find(Boolean));
for (const pump of [answers, pictures, maps]) pump.failed = (error) => { pump.fault = error; if (error && pump === maps) clearMaps(); complain(); };

/// The scene whose maps are shown, whether sketched or refined.
let sketchOf = null;

/// The last request for maps.
let mapped = null;

/// Ends the last request for maps that was sent.
let underWay = null;

/// Requests the maps of a scene, unless the last request was the same or another view is open.
function explain(of, refine) {
  if ($('explore').hidden) return;
  const next = { scene: of, wanted: wanted(refine) };
  const key = JSON.stringify(next);
  if (key === mapped) return;
  mapped = key;
  maps.push(next);
}

/// Gives up maps that are not complete, because those of another view would have to wait for them. They are requested again on return.
function pause() {
  if (!maps.busy) return;
  maps.next = null;
  mapped = null;
  underWay.abort();
}

/// Removes the maps that are shown, if they belong to another picture or method or could not be computed again.
function clearMaps() {
  sketchOf = null;
  mapped = null;
  for (const card of cards) { card.map = null; card.paint(); }
}

/// The time in milliseconds for which the page waits for a sketch although a newer one is already wanted.
const PATIENCE = 300;

let shown = null;
let settled;
let coarse = false;
let moving = false;

/// Requests everything that depends on the scene. While something is dragged, maps stay sketches.
function look(dragging = false) {
  coarse ||= dragging;
  moving = dragging;
  moved = performance.now();
  const of = scene();
  if (of.placement?.kind === 'drawn' && !of.placement.ruler) return;
  answers.push(of);
  // While something moves the picture is drawn smaller, which takes a quarter of the time.
  pictures.push({ wanted: of, side: dragging ? 224 : 512 });
  clearTimeout(settled);
  settled = setTimeout(settle, dragging ? 220 : 120);
}

function settle() {
  moving = false;
  if (coarse) pictures.push({ wanted: scene(), side: 512 });
  coarse = false;
  explain(scene(), true);
  say();
  write();
}

function wanted(refine) {
  const { method, steps, layer, baseline } = state;
  const has = about.methods.find((one) => one.name === method);
  return {
    method, refine, target: state.target, steps: has?.steps ? steps : null, layer: has?.layer ? layer : null, baseline: has?.baseline ? baseline : null,
  };
}

// State: undo, redo, and the address.

const copy = (value) => structuredClone(value);
let before = null;

/// Records the state before the user changes something.
function remember() {
  past.push(before ?? copy(state));
  if (past.length > 200) past.shift();
  future.length = 0;
  buttons();
}

function change(make, dragging = false) {
  if (!dragging) remember();
  make(state);
  // While something is dragged, only the moving parts are redrawn, because the whole page would take longer than an answer.
  if (dragging) follow();
  else render();
  look(dragging);
}

function buttons() { $('undo').disabled = past.length === 0; $('redo').disabled = future.length === 0; }

async function travel(from, to) {
  if (from.length === 0) return;
  to.push(copy(state));
  await restore(from.pop());
  buttons();
}

async function restore(next) {
  const other = identity(choice(next)) !== identity(choice());
  if (next.method !== state.method) clearMaps();
  state = next;
  if (other && !(await fetchPicture(false))) return;
  render();
  look();
}

const round = (value, digits = 3) => Number(value.toFixed(digits));

/// The state in the form in which the address contains it.
function written() {
  const parts = new URLSearchParams();
  parts.set('picture', state.kind === 'sample' ? `sample,${state.index + 1}` : `${state.kind === 'upload' ? 'benign' : state.kind},${state.seed}`);
  const looks = Object.entries(state.looks).map(([name, value]) => `${name}:${round(value)}`);
  if (looks.length) parts.set('looks', looks.join(','));
  const { material, x, y, angle, scale } = state.ruler;
  parts.set('change', state.change);
  parts.set('ruler', [material, round(x), round(y), round(angle, 1), round(scale)].join(','));
  if (state.target) parts.set('target', state.target);
  if (state.cut) parts.set('cut', [state.cut.left, state.cut.top, state.cut.turn].join(','));
  parts.set('method', [state.method, state.steps ?? '', state.layer ?? '', state.baseline ?? ''].join(','));
  parts.set('view', [state.opacity, state.colormap].join(','));
  return parts.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
}

function write() { history.replaceState(null, '', `#${written()}`); }

/// The state that an address contains; invalid parts are ignored.
function read(text) {
  const parts = new URLSearchParams(text);
  const next = copy(state);
  const list = (name) => (parts.get(name) ?? '').split(',');
  const within = (value, low, high, otherwise) => (value !== '' && Number.isFinite(Number(value)) ? clamp(Number(value), low, high) : otherwise);
  const [kind, which] = list('picture');
  if (['benign', 'melanoma'].includes(kind)) { next.kind = kind; next.seed = Math.round(within(which, 0, 4294967295, next.seed)); }
  if (kind === 'sample' && about.library) { next.kind = 'sample'; next.index = Math.round(within(which, 1, about.library.pictures, 1)) - 1; }
  if (parts.has('looks')) {
    next.looks = {};
    for (const pair of list('looks')) {
      const [name, value] = pair.split(':');
      const property = about.properties.find((one) => one.name === name);
      if (property && value !== undefined) next.looks[name] = within(value, property.low, property.high, property.low);
    }
  }
  if (CHANGES.includes(parts.get('change'))) next.change = parts.get('change');
  if (parts.has('ruler')) {
    const [material, x, y, angle, scale] = list('ruler');
    if (/^(white|clear|engraved|cut\d{1,2})$/.test(material)) next.ruler.material = material;
    next.ruler.x = within(x, -1, 3, 0.5);
    next.ruler.y = within(y, -1, 3, 0.9);
    next.ruler.angle = within(angle, -180, 180, 0);
    next.ruler.scale = within(scale, 0.5, 2, 1);
  }
  next.target = about.models[0].classes.includes(parts.get('target')) ? parts.get('target') : null;
  const [cutLeft, cutTop, cutTurn] = list('cut');
  next.cut = parts.has('cut') && /^cut/.test(next.ruler.material) ? { left: Math.round(within(cutLeft, -1e5, 1e5, 0)), top: Math.round(within(cutTop, -1e5, 1e5, 0)), turn: Math.round(within(cutTurn, 0, 7, 0)) } : null;
  const [method, steps, layer, baseline] = list('method');
  if (about.methods.some((one) => one.name === method)) {
    next.method = method;
    next.steps = steps ? Math.round(within(steps, 1, 2000, 50)) : null;
    next.layer = layer || null;
    next.baseline = BASELINES.includes(baseline) ? baseline : null;
  }
  const [opacity, colormap] = list('view');
  next.opacity = within(opacity, 0, 100, next.opacity);
  if (about.colormaps.some((one) => one.name === colormap)) next.colormap = colormap;
  return next;
}

const CHANGES = ['insert', 'none', 'control', 'scrambled', 'remove', 'remove_lesion'];
const BASELINES = ['zero', 'black', 'white', 'grey', 'blurred', 'noise'];

// The picture.

/// The number of requests for a picture, and the number of the one for the state's picture: replies to earlier ones come too late.
let requests = 0;
let newest = 0;
const numbered = () => { requests += 1; return requests; };

/// What there is to know of the state's picture.
async function described() {
  if (state.kind === 'sample') return asked('sample', { index: state.index });
  if (state.kind === 'upload') return state.upload;
  return asked('phantom', { seed: state.seed, melanoma: state.kind === 'melanoma' });
}

/// Describes the state's picture; false if another one has been chosen before the reply came.
async function fetchPicture(fresh = true, own = numbered()) {
  newest = own;
  clearMaps();
  let [found, fault] = [{}, null];
  try {
    found = await described();
  } catch (error) {
    fault = error;
  }
  if (own !== newest) return false;
  description.fault = fault;
  complain();
  picture = { width: 1, height: 1, rulers: picture.rulers, placements: [], looks: {}, ...found };
  if (fresh && state.kind === 'sample' && found.placements) {
    state.change = found.artefact ? 'none' : 'insert';
    state.cut = null;
    state.ruler.material = found.placements.some((one) => one.kind === 'cutout') ? 'cut0' : 'white';
  }
  return true;
}

async function another(make) {
  remember();
  make(state);
  if (!(await fetchPicture())) return;
  render();
  look();
}

async function dropped(file) {
  if (!file) return;
  const own = numbered();
  try {
    const found = await asked('upload', file);
    if (own < newest) return;
    remember();
    Object.assign(state, { kind: 'upload', upload: { ...found, rulers: picture.rulers }, looks: {}, change: 'insert' });
    if (state.ruler.material.startsWith('cut')) state.ruler.material = 'white';
    if (!(await fetchPicture(false, own))) return;
    render();
    look();
  } catch (error) {
    trouble(error.message);
  }
}

function paintPicture() {
  if (!shown) return;
  const canvas = $('picture');
  canvas.width = shown.bitmap.width;
  canvas.height = shown.bitmap.height;
  canvas.getContext('2d').drawImage(shown.bitmap, 0, 0);
  for (const card of cards) card.paint();
  if (cutout()) handles();
  time();
}

// The ruler's handles.

let drag = null;

function handles() {
  const svg = $('handles');
  const { width, height } = frame();
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const laid = ['insert', 'control', 'scrambled'].includes(state.change);
  const focused = svg.contains(document.activeElement);
  if (!laid) { svg.replaceChildren(); return; }
  const cut = cutout();
  const { x, y, angle } = state.ruler;
  const ruler = cut ? null : drawn();
  let box;
  let group = svg.querySelector('.ruler');
  if (!group) {
    group = make('g', { class: 'ruler', tabindex: 0, role: 'application' });
    group.addEventListener('pointerdown', press);
    // A finger on the ruler drags it instead of scrolling the page.
    group.addEventListener('touchstart', (event) => event.preventDefault(), { passive: false });
    group.addEventListener('keydown', key);
    svg.replaceChildren(group);
  }
  if (cut) {
    const region = shown?.region;
    if (!region) return;
    box = { x: region[0] * width, y: region[1] * height, width: region[2] * width, height: region[3] * height };
    group.setAttribute('transform', '');
  } else {
    if (!ruler) return;
    box = { x: -ruler.length / 2, y: -ruler.width / 2, width: ruler.length, height: ruler.width };
    group.setAttribute('transform', `translate(${x} ${y}) rotate(${angle})`);
  }
  const place = { rx: 0.008, ...box };
  const parts = [make('rect', { class: 'shade', ...place }), make('rect', { class: 'body', ...place })];
  if (ruler) {
    // The handles are on the ruler's axis, as far out as they are still inside the picture.
    const radians = (angle * Math.PI) / 180;
    const inside = (along) => {
      const at = [x + along * Math.cos(radians), y + along * Math.sin(radians)];
      return at[0] > 0.035 && at[0] < width - 0.035 && at[1] > 0.035 && at[1] < height - 0.035;
    };
    const reach = (sign) => {
      for (let along = ruler.length / 2 - 0.02; along > 0.06; along -= 0.01) if (inside(sign * along)) return sign * along;
      return null;
    };
    const grip = (along, kind, mark) => {
      if (along === null) return [];
      const attributes = { cx: along, cy: 0, 'data-grip': kind };
      return [
        make('circle', { class: `hit ${kind}`, r: 0.055, ...attributes }),
        make('circle', { class: `grip ${kind}`, r: 0.024, ...attributes }),
        make('path', { class: 'grip-mark', d: mark, transform: `translate(${along} 0)` }),
      ];
    };
    parts.push(...grip(reach(1), 'turn', 'M-.011 .003 A .011 .011 0 1 1 .004 .0105 M.001 .004 L.004 .0105 L-.003 .0125'));
    parts.push(...grip(reach(-1), 'stretch', 'M-.012 0 H.012 M-.007 -.005 L-.012 0 L-.007 .005 M.007 -.005 L.012 0 L.007 .005'));
  }
  // An element that a finger has touched has to stay in the document; otherwise browsers report no further movements.
  while (group.children.length > parts.length) group.lastChild.remove();
  parts.forEach((part, at) => {
    const old = group.children[at];
    if (old?.tagName !== part.tagName) { if (old) old.replaceWith(part); else group.append(part); return; }
    for (const { name, value } of part.attributes) old.setAttribute(name, value);
  });
  group.setAttribute('aria-label', t('ruler_label', { x: Math.round((100 * x) / width), y: Math.round((100 * y) / height), angle: Math.round(angle) }));
  group.setAttribute('aria-describedby', 'keys-ruler');
  if (focused && document.activeElement !== group) group.focus();
}

function pointer(event) {
  const bounds = $('stage').getBoundingClientRect();
  const { width, height } = frame();
  return { x: ((event.clientX - bounds.left) / bounds.width) * width, y: ((event.clientY - bounds.top) / bounds.height) * height };
}

function press(event) {
  if (event.button !== 0) return;
  event.preventDefault();
  const group = $('handles').querySelector('.ruler');
  group.focus({ preventScroll: true });
  before = copy(state);
  drag = {
    id: event.pointerId, grip: event.target.dataset.grip ?? 'move', from: pointer(event), ruler: copy(state.ruler),
    spot: cutout() ? state.cut ?? cutout().spot : null, moved: false,
  };
  group.setPointerCapture(event.pointerId);
  group.classList.add('dragged');
  group.onpointermove = pull;
  group.onpointerup = release;
  group.onpointercancel = release;
}

function pull(event) {
  if (!drag || event.pointerId !== drag.id) return;
  const at = pointer(event);
  const { ruler, from, grip, spot } = drag;
  const { width, height } = frame();
  if (!drag.moved && Math.hypot(at.x - from.x, at.y - from.y) < 0.004) return;
  drag.moved = true;
  change((next) => {
    if (spot) {
      next.cut = {
        left: Math.round(spot.left + (at.x - from.x) * side()), top: Math.round(spot.top + (at.y - from.y) * side()), turn: spot.turn,
      };
      return;
    }
    const direction = (place) => Math.atan2(place.y - ruler.y, place.x - ruler.x);
    if (grip === 'move') {
      next.ruler.x = clamp(ruler.x + at.x - from.x, 0, width);
      next.ruler.y = clamp(ruler.y + at.y - from.y, 0, height);
    } else if (grip === 'turn') {
      next.ruler.angle = turned(ruler.angle + ((direction(at) - direction(from)) * 180) / Math.PI);
    } else {
      const reach = (place) => Math.max(0.02, Math.hypot(place.x - ruler.x, place.y - ruler.y));
      next.ruler.scale = clamp((ruler.scale * reach(at)) / reach(from), 0.5, 2);
    }
  }, true);
}

function release(event) {
  const group = event.currentTarget;
  group.onpointermove = null;
  group.onpointerup = null;
  group.onpointercancel = null;
  group.classList.remove('dragged');
  if (drag?.moved) remember();
  drag = null;
  before = null;
}

const turned = (angle) => ((((angle + 180) % 360) + 360) % 360) - 180;

function key(event) {
  const step = event.shiftKey ? 0.08 : 0.015;
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const { width, height } = frame();
  let done = true;
  const move = moves[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (move) {
    change((next) => {
      const cut = cutout();
      if (cut) {
        const spot = next.cut ?? cut.spot;
        next.cut = { ...spot, left: Math.round(spot.left + move[0] * step * side()), top: Math.round(spot.top + move[1] * step * side()) };
      } else {
        next.ruler.x = clamp(next.ruler.x + move[0] * step, 0, width);
        next.ruler.y = clamp(next.ruler.y + move[1] * step, 0, height);
      }
    });
  } else if (event.key === ',' || event.key === '.') {
    const by = (event.key === '.' ? 1 : -1) * 3;
    change((next) => {
      if (cutout()) next.cut = { ...(next.cut ?? cutout().spot), turn: ((next.cut ?? cutout().spot).turn + 1) % 8 };
      else next.ruler.angle = turned(next.ruler.angle + by);
    });
  } else if (['+', '=', '-'].includes(event.key)) {
    change((next) => { next.ruler.scale = clamp(next.ruler.scale * (event.key === '-' ? 1 / 1.05 : 1.05), 0.5, 2); });
  } else if (event.key === 'Delete' || event.key === 'Backspace') {
    change((next) => { next.change = 'none'; });
    $('changes').querySelector('input:checked')?.focus();
  } else done = false;
  if (done) { event.preventDefault(); event.stopPropagation(); }
}

// The classifiers' answers.

let last = null;

function show(said) {
  last = said;
  said.models.forEach((one, place) => cards[place]?.say(one));
  note();
  time();
}

/// Announces the probabilities to screen readers.
function say() {
  if (!last) return;
  const changed = state.change !== 'none';
  $('live').textContent = last.models
    .map((one) => t(changed ? 'live' : 'live_plain', { model: one.model, percent: percent(one.probability), target: named(one.target), before: percent(one.before) }))
    .join(' ');
}

function time() {
  const of = (value) => (value === null ? '–' : Math.round(value));
  $('timing').textContent = t('timing', { answer: of(timing.answer), picture: of(timing.picture), map: of(timing.map) });
}

function note() {
  const covers = last?.lesion > 0.005 && state.change !== 'remove_lesion' ? ` ${t('covers', { share: percent(last.lesion) })}` : '';
  // Of a picture that was not generated nobody knows whether it shows a ruler.
  const said = state.change === 'none' && !generated() ? 'note_as_is' : `note_${state.change}`;
  $('change-note').textContent = t(said) + (state.change === 'none' ? '' : covers);
}

function card(model, place) {
  const known = about.shipped ? { shortcut: 'm_shortcut', clean: 'm_clean' }[model.name] : null;
  const parts = {
    percent: make('span', { class: 'percent' }, '–'), what: make('span', { class: 'what' }), decision: make('span', { class: 'note' }),
    gauge: make('div', { class: 'gauge', 'aria-hidden': 'true' }, make('div', { class: 'fill' }), make('div', { class: 'half' }), make('div', { class: 'was' })),
    effect: make('p', { class: 'effect' }), top: make('ul', { class: 'top5' }),
    canvas: make('canvas', { role: 'img' }), caption: make('p', { class: 'caption' }), bar: make('canvas', { width: 256, height: 1, 'aria-hidden': 'true' }),
    low: make('span'), high: make('span'), about: make('p', { class: 'note about' }, known ? t(known) : model.architecture === model.name ? '' : model.architecture),
  };
  const box = make('div', { class: 'mapbox' }, parts.canvas, make('span', { class: 'busy' }));
  const element = make(
    'article', { class: 'card', 'aria-label': model.name },
    make('header', {}, make('h2', {}, model.name), parts.about),
    make('p', { class: 'said' }, parts.percent, parts.what, parts.decision), parts.gauge, parts.effect,
    model.classes.length > 2 ? parts.top : null, box, make('div', { class: 'scalebar' }, parts.low, parts.bar, parts.high), parts.caption,
  );
  const own = { element, map: null, parts, said: null, chip: make('span', { class: 'chip' }) };
  own.say = (said) => {
    own.said = said;
    const change = said.probability - said.before;
    parts.percent.textContent = percent(said.probability);
    parts.what.textContent = named(said.target);
    parts.decision.textContent = said.decision === said.target ? '' : t('says', { decision: predicted(said.decision) });
    parts.gauge.style.setProperty('--p', `${100 * said.probability}%`);
    parts.gauge.style.setProperty('--was', `${100 * said.before}%`);
    const plain = state.change === 'none';
    const points = Math.abs(change) < 0.005 ? '±0' : `${change < 0 ? '−' : '+'}${number(Math.abs(100 * change), 0)}`;
    parts.effect.replaceChildren(
      ...(plain
        ? [t('effect_none')]
        : [t('effect', { before: percent(said.before) }), make('b', {}, t('points', { points })), said.decision !== said.decision_before ? ` · ${t('effect_flip', { decision: predicted(said.decision_before) })}` : '']),
    );
    own.chip.replaceChildren(`${model.name} `, make('b', {}, percent(said.probability)));
    for (const one of [element, own.chip]) {
      one.classList.toggle('moved', !plain && Math.abs(change) >= 0.1);
      one.classList.toggle('still', !plain && Math.abs(change) < 0.1);
    }
    parts.top.replaceChildren(...said.top.map(([label, share]) => make('li', {}, make('span', {}, named(label)), make('span', {}, percent(share, 1)))));
  };
  own.paint = () => {
    if (!shown) return;
    const { bitmap } = shown;
    box.style.aspectRatio = `${bitmap.width} / ${bitmap.height}`;
    parts.canvas.width = bitmap.width;
    parts.canvas.height = bitmap.height;
    const context = parts.canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { map } = own;
    box.classList.toggle('coarse', map?.refined === false);
    own.tell();
    if (!map) {
      parts.bar.getContext('2d').clearRect(0, 0, 256, 1);
      parts.low.textContent = '–';
      parts.high.textContent = '–';
      parts.canvas.setAttribute('aria-label', t('picture'));
      return;
    }
    const palette = colours(map);
    const layer = new OffscreenCanvas(map.width, map.height);
    layer.getContext('2d').putImageData(coloured(map, palette.bytes, state.opacity / 100, palette.diverging), 0, 0);
    const [x, y, w, h] = map.frame;
    context.imageSmoothingQuality = 'high';
    context.drawImage(layer, x * bitmap.width, y * bitmap.height, w * bitmap.width, h * bitmap.height);
    const bar = new ImageData(256, 1);
    for (let i = 0; i < 256; i += 1) bar.data.set([...palette.bytes.subarray(3 * i, 3 * i + 3), 255], 4 * i);
    parts.bar.getContext('2d').putImageData(bar, 0, 0);
    parts.low.textContent = number(Math.abs(map.low) < 0.001 * Math.abs(map.high) ? 0 : map.low);
    parts.high.textContent = number(map.high);
    const method = about.methods.find((one) => one.name === map.method);
    parts.canvas.setAttribute('aria-label', t('map_of', { model: model.name, method: method?.title ?? map.method }));
  };
  own.tell = (value) => {
    const { map } = own;
    if (!map) { parts.caption.textContent = ''; return; }
    const said = [map.refined ? map.note : t('coarse'), map.gap === null ? null : t('gap', { gap: percent(map.gap, 1) }), t('ms', { ms: Math.round(map.milliseconds) }), map.remark];
    parts.caption.textContent = (value === undefined ? said.filter(Boolean).join(' · ') : t('here', { value: number(value, 4) }));
  };
  // The same position is read in every map.
  const over = (event) => {
    const bounds = box.getBoundingClientRect();
    const at = [(event.clientX - bounds.left) / bounds.width, (event.clientY - bounds.top) / bounds.height];
    for (const other of cards) other.tell(valueAt(other.map, at));
  };
  box.addEventListener('pointermove', over);
  box.addEventListener('pointerleave', () => cards.forEach((other) => other.tell()));
  return own;
}

function valueAt(map, [x, y]) {
  if (!map) return undefined;
  const [left, top, width, height] = map.frame;
  const [column, row] = [Math.floor(((x - left) / width) * map.width), Math.floor(((y - top) / height) * map.height)];
  return column >= 0 && row >= 0 && column < map.width && row < map.height ? map.data[row * map.width + column] : undefined;
}

/// A map with both signs uses a diverging colour scale.
function colours(map) {
  const name = map.signed ? 'rdbu' : state.colormap;
  return about.colormaps.find((one) => one.name === name) ?? about.colormaps[0];
}

// Everything that depends on the state.

function render() {
  const { width, height } = frame();
  $('stage').style.aspectRatio = `${width} / ${height}`;
  handles();
  const phantom = generated();
  const offered = ['insert', 'none', 'control', 'scrambled'];
  if (state.kind === 'sample' && picture.artefact) offered.splice(2, 0, 'remove');
  if (state.kind === 'sample' && picture.lesion) offered.push('remove_lesion');
  if (!offered.includes(state.change)) state.change = 'none';
  const names = offered.map((one) => [one, t(one === 'none' && !phantom ? 'change_as_is' : `change_${one}`)]);
  segments($('changes'), 'change', names, state.change, (value) => change((next) => { next.change = value; }));
  note();
  const laid = ['insert', 'control', 'scrambled'].includes(state.change);
  $('ruler-row').hidden = !laid;
  const materials = ['white', 'clear', 'engraved'].map((one) => [one, t(one)]);
  picture.placements?.forEach((one, place) => { if (one.kind === 'cutout') materials.push([`cut${place}`, t('cutout', { donor: one.donor.split('/').pop().replace(/\.\w+$/, '') })]); });
  choices($('material'), materials, state.ruler.material);
  $('angle').value = state.ruler.angle;
  $('scale').value = state.ruler.scale;
  $('angle').disabled = Boolean(cutout());
  $('scale').disabled = Boolean(cutout());

  // Every classifier has to know the class.
  const shared = about.models[0].classes.filter((one) => about.models.every((model) => model.classes.includes(one)));
  $('target-field').hidden = shared.length < 2;
  const first = about.models[0].target;
  choices($('target'), [['', first ? named(first) : t('most_probable')], ...shared.filter((one) => one !== first).map((one) => [one, named(one)])], state.target ?? '');

  const usual = about.usual.map((name) => [name, about.methods.find((one) => one.name === name)?.title ?? name]);
  segments($('methods'), 'usual', usual, state.method, (value) => setMethod(value));
  const families = new Map();
  for (const one of about.methods) families.set(one.family, [...(families.get(one.family) ?? []), one]);
  $('method').replaceChildren(...[...families].map(([family, members]) => make('optgroup', { label: family }, ...members.map((one) => make('option', { value: one.name }, one.title)))));
  $('method').value = state.method;
  const method = about.methods.find((one) => one.name === state.method);
  $('steps-field').hidden = !method.steps;
  $('steps').value = state.steps ?? method.steps ?? '';
  $('layer-field').hidden = !method.layer;
  const layers = about.models[0]?.layers ?? [];
  const usualLayer = method.usual_layer ?? layers[0] ?? '–';
  $('layers').replaceChildren(...layers.map((one) => make('option', { value: one })));
  $('layer').placeholder = usualLayer;
  $('layer').value = state.layer ?? '';
  $('baseline-field').hidden = !method.baseline;
  choices($('baseline'), [['', t('usual')], ...BASELINES.map((one) => [one, t(one === 'white' ? 'white_b' : one)])], state.baseline ?? '');
  $('opacity').value = state.opacity;
  choices($('colormap'), about.colormaps.map((one) => [one.name, one.name]), state.colormap);
  $('method-note').replaceChildren(`${method.title}. ${t('cost', { cost: method.cost })} `, make('a', { href: method.paper, rel: 'noreferrer', target: '_blank' }, t('paper')));

  const kinds = [['benign', t('kind_benign')], ['melanoma', t('kind_melanoma')]];
  if (about.library) kinds.unshift(['sample', t('kind_sample', { name: about.library.name })]);
  if (state.kind === 'upload') kinds.push(['upload', t('kind_upload')]);
  segments($('kinds'), 'kind', kinds, state.kind, (value) => another((next) => { next.kind = value; next.looks = {}; if (next.ruler.material.startsWith('cut')) next.ruler.material = 'white'; }));
  $('seed-field').hidden = !phantom;
  $('seed').value = state.seed;
  $('index-field').hidden = state.kind !== 'sample';
  $('index').max = about.library?.pictures ?? 1;
  $('index').value = state.index + 1;
  $('another').hidden = state.kind === 'upload';
  const label = picture.label ? ` · ${named(picture.label)}` : '';
  $('picture-note').textContent = phantom ? t('phantom_note') : state.kind === 'upload' ? t('upload_note') : t('sample_note', { id: picture.id ?? '', label });
  $('sliders-panel').hidden = !phantom;
  sliders();
  $('sentence').textContent = t(about.shipped ? 'sentence_shipped' : 'sentence_own');
}

/// The parts that move during a drag: the ruler and the sliders.
function follow() {
  handles();
  note();
  $('angle').value = state.ruler.angle;
  $('scale').value = state.ruler.scale;
  sliders();
}

function setMethod(name) {
  remember();
  Object.assign(state, { method: name, steps: null, layer: null, baseline: null });
  clearMaps();
  render();
  remap();
}

/// Only the maps change.
function remap() {
  explain(scene(), true);
  write();
}

function sliders() {
  const list = $('sliders');
  if (!list.children.length) {
    const groups = new Map();
    for (const property of about.properties) groups.set(property.group, [...(groups.get(property.group) ?? []), property]);
    for (const [group, members] of groups) {
      const slider = (property) => {
        const input = make('input', { type: 'range', min: property.low, max: property.high, step: property.step, 'data-property': property.name });
        input.addEventListener('input', () => {
          before ??= copy(state);
          change((next) => { next.looks[property.name] = Number(input.value); }, true);
        });
        input.addEventListener('change', () => { if (before) { remember(); before = null; } });
        return make('label', { class: 'slider' }, make('span', { 'data-t': `p_${property.name}` }), input, make('output'));
      };
      list.append(make('div', { class: 'group' }, make('h3', { 'data-t': `g_${group}` }), ...members.map(slider)));
    }
    translate(list);
  }
  for (const input of list.querySelectorAll('input')) {
    const { property } = input.dataset;
    const value = state.looks[property] ?? picture.looks?.[property];
    if (value === undefined) continue;
    input.value = value;
    input.nextElementSibling.textContent = number(value);
    input.parentElement.classList.toggle('changed', property in state.looks);
  }
}

// The page.

const views = ['explore', 'annotate', 'lesson'];
let opened = {};

function view(name) {
  for (const one of views) {
    $(one).hidden = one !== name;
    $(`tab-${one}`).setAttribute('aria-selected', String(one === name));
    $(`tab-${one}`).tabIndex = one === name ? 0 : -1;
  }
  for (const one of ['undo', 'redo', 'link']) $(one).hidden = name !== 'explore';
  if (name !== 'explore') pause();
  opened[name]?.();
}

function wire() {
  for (const one of views) $(`tab-${one}`).addEventListener('click', () => view(one));
  document.querySelector('.tabs').addEventListener('keydown', (event) => {
    const there = views.filter((one) => !$(`tab-${one}`).hidden);
    const at = there.findIndex((one) => $(`tab-${one}`) === document.activeElement);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by || at < 0) return;
    const next = there[(at + by + there.length) % there.length];
    view(next);
    $(`tab-${next}`).focus();
  });
  $('undo').addEventListener('click', () => travel(past, future));
  $('redo').addEventListener('click', () => travel(future, past));
  addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || $('explore').hidden || /^(textarea|number|text)$/.test(event.target.type ?? '')) return;
    const letter = event.key.toLowerCase();
    if (letter === 'z' && !event.shiftKey) travel(past, future);
    else if (letter === 'y' || letter === 'z') travel(future, past);
    else return;
    event.preventDefault();
  });
  $('link').addEventListener('click', async () => {
    write();
    try { await navigator.clipboard.writeText(location.href); } catch { /* the address bar has it */ }
    $('link').textContent = t('copied');
    setTimeout(() => { $('link').textContent = t('copy_link'); }, 1500);
  });
  $('language').addEventListener('click', () => tongue(languageName() === 'en' ? 'fr' : 'en'));
  $('material').addEventListener('change', (event) => change((next) => { next.ruler.material = event.target.value; next.cut = null; }));
  for (const [id, key] of [['angle', 'angle'], ['scale', 'scale']]) {
    $(id).addEventListener('input', (event) => { before ??= copy(state); change((next) => { next.ruler[key] = Number(event.target.value); }, true); });
    $(id).addEventListener('change', () => { if (before) { remember(); before = null; } });
  }
  $('method').addEventListener('change', (event) => setMethod(event.target.value));
  $('target').addEventListener('change', (event) => change((next) => { next.target = event.target.value || null; }));
  $('opacity').addEventListener('input', (event) => { state.opacity = Number(event.target.value); cards.forEach((one) => one.paint()); });
  $('opacity').addEventListener('change', write);
  $('colormap').addEventListener('change', (event) => { state.colormap = event.target.value; cards.forEach((one) => one.paint()); write(); });
  $('steps').addEventListener('change', (event) => { remember(); state.steps = event.target.value ? clamp(Math.round(Number(event.target.value)), 1, 2000) : null; render(); remap(); });
  $('layer').addEventListener('change', (event) => { remember(); state.layer = event.target.value.trim() || null; render(); remap(); });
  $('baseline').addEventListener('change', (event) => { remember(); state.baseline = event.target.value || null; remap(); });
  $('seed').addEventListener('change', (event) => another((next) => { next.seed = clamp(Math.round(Number(event.target.value)) || 0, 0, 4294967295); next.looks = {}; }));
  $('index').addEventListener('change', (event) => another((next) => { next.index = clamp(Math.round(Number(event.target.value)) || 1, 1, about.library.pictures) - 1; }));
  $('another').addEventListener('click', () => another((next) => {
    if (next.kind === 'sample') next.index = (next.index + 1) % about.library.pictures;
    else { next.seed = (next.seed + 1) % 4294967296; next.looks = {}; }
  }));
  $('reset').addEventListener('click', () => change((next) => { next.looks = {}; }));
  $('upload').addEventListener('click', () => $('file').click());
  $('file').addEventListener('change', (event) => { dropped(event.target.files[0]); event.target.value = ''; });
  const stage = $('stage');
  stage.addEventListener('dragover', (event) => { event.preventDefault(); $('drop').hidden = false; });
  stage.addEventListener('dragleave', () => { $('drop').hidden = true; });
  stage.addEventListener('drop', (event) => { event.preventDefault(); $('drop').hidden = true; dropped(event.dataTransfer.files[0]); });
  addEventListener('hashchange', () => restore(read(location.hash.slice(1))));
}

function tongue(name) {
  setLanguage(name);
  translate();
  const other = name === 'en' ? ['Français', 'fr'] : ['English', 'en'];
  $('language').textContent = other[0];
  $('language').lang = other[1];
  about.models.forEach((model, place) => {
    const known = about.shipped ? { shortcut: 'm_shortcut', clean: 'm_clean' }[model.name] : null;
    if (known) cards[place].parts.about.textContent = t(known);
  });
  render();
  if (last) show(last);
  cards.forEach((one) => { one.tell(); one.paint(); });
  opened = { explore: look, annotate: annotate($('annotate'), about), lesson: lesson($('lesson'), about) };
  const current = views.find((one) => !$(one).hidden);
  if (current !== 'explore') opened[current]?.();
}

async function begin() {
  translate();
  try {
    about = await asked('start');
  } catch {
    $('main').hidden = true;
    return;
  }
  for (const map of about.colormaps) map.bytes = bytes(map.table);
  cards.push(...about.models.map(card));
  $('answers').replaceChildren(...cards.map((one) => one.element));
  $('chips').replaceChildren(...cards.map((one) => one.chip));
  $('answers').classList.toggle('one', cards.length === 1);
  $('tab-annotate').hidden = !about.library?.annotate;
  // The lesson's questions are about the classifiers that come with the program.
  $('tab-lesson').hidden = !about.shipped;
  if (about.library) state.kind = 'sample';
  const given = location.hash.length > 1;
  if (given) state = read(location.hash.slice(1));
  wire();
  await fetchPicture(!given);
  tongue((navigator.language ?? 'en').startsWith('fr') ? 'fr' : 'en');
  look();
}

begin();
