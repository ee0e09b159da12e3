// Functions that all parts of the page share: requests to the server, elements, and the colouring of maps.

import { t } from '/words.js';

export const $ = (id) => document.getElementById(id);

/// An element with attributes and children; text is never read as markup.
export function make(tag, attributes = {}, ...children) {
  const svg = ['svg', 'g', 'rect', 'circle', 'path', 'polygon', 'polyline', 'line', 'title'].includes(tag);
  const element = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The token arrives in the address and is removed from it at once, so that a copied link does not contain it.
const address = new URL(location.href);
let kept = null;
try { kept = sessionStorage.getItem('token'); } catch { /* a browser without storage asks for the address again */ }
const token = address.searchParams.get('token') ?? kept ?? '';
if (address.searchParams.has('token')) {
  try { sessionStorage.setItem('token', token); } catch { /* as above */ }
  address.searchParams.delete('token');
  history.replaceState(null, '', address);
}

/// This page's number, by which the server knows that only the page's newest request counts. Annotations and the lesson have numbers of
/// their own, so that their requests do not replace those of the main view.
export const tab = crypto.getRandomValues(new Uint32Array(1))[0];

class Refused extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

export function trouble(text) {
  $('trouble').textContent = text ?? '';
  $('trouble').hidden = !text;
}

/// Sends a request to the server. A value is sent as JSON, bytes are sent unchanged.
export async function ask(path, body, signal) {
  const headers = { Authorization: `Bearer ${token}` };
  const plain = body instanceof Blob || body === undefined;
  const options = { method: body === undefined ? 'GET' : 'POST', headers, signal, body: plain ? body : JSON.stringify(body) };
  let response;
  try {
    response = await fetch(`/api/${path}`, options);
  } catch (error) {
    if (error.name !== 'AbortError') trouble(t('trouble_lost'));
    throw error;
  }
  if (!response.ok) {
    const said = await response.json().catch(() => ({}));
    if (response.status === 401) trouble(t('trouble_token'));
    throw new Refused(response.status, said.error ?? `${response.status}`);
  }
  return response;
}

export const asked = async (path, body, signal) => (await ask(path, body, signal)).json();

/// Sends only the newest value and skips those in between, so at most one request is pending.
export class Pump {
  constructor(send) { this.send = send; this.busy = false; this.next = null; }

  push(value) {
    this.next = { value };
    if (this.busy) this.newer?.();
    else this.run();
  }

  /// Whether a request is pending, for callers that wait until the page is idle.
  static waiting(by) {
    Pump.count = (Pump.count ?? 0) + by;
    document.documentElement.toggleAttribute('data-busy', Pump.count > 0);
  }

  async run() {
    this.busy = true;
    Pump.waiting(1);
    while (this.next) {
      const { value } = this.next;
      this.next = null;
      try {
        await this.send(value, () => this.next !== null);
        this.failed?.(null);
      } catch (error) {
        // A request that was replaced by a newer one is not an error.
        const replaced = error.name === 'AbortError' || (error.status === 409 && this.next);
        if (!replaced) this.failed?.(error);
      }
    }
    this.busy = false;
    Pump.waiting(-1);
  }
}

/// The lines of a response, each as soon as it arrives.
async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      rest += value;
      const parts = rest.split('\n');
      rest = parts.pop();
      for (const part of parts) if (part) yield JSON.parse(part);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/// The maps of a scene by all `count` classifiers, each as soon as it arrives. If a newer request of the same page replaces this one, or if
/// the server cannot go on, the response ends before the last map.
export async function* mapsOf(request, count, signal) {
  const response = await ask('maps', request, signal);
  let whole = false;
  for await (const { values, ...map } of lines(response)) {
    if (map.error) throw new Refused(400, map.error);
    whole = map.model === count - 1 && (map.refined || !request.wanted.refine);
    yield { ...map, method: request.wanted.method, data: floats(values) };
  }
  if (!whole) throw new Refused(409, t('trouble_cut'));
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

function floats(base64) {
  const { buffer } = bytes(base64);
  return new Float32Array(buffer);
}

/// A map as a picture: its values are coloured by a table, and values near zero are more transparent.
export function coloured(map, table, opacity, diverging) {
  const image = new ImageData(map.width, map.height);
  const span = map.high - map.low;
  for (let i = 0; i < map.data.length; i += 1) {
    const value = map.data[i];
    const place = span > 0 ? Math.min(1, Math.max(0, (value - map.low) / span)) : diverging ? 0.5 : 0;
    const entry = 3 * Math.min(255, Math.floor(place * 256));
    const weight = diverging ? Math.abs(2 * place - 1) : place;
    image.data[4 * i] = table[entry];
    image.data[4 * i + 1] = table[entry + 1];
    image.data[4 * i + 2] = table[entry + 2];
    image.data[4 * i + 3] = 255 * opacity * (weight + (1 - weight) * opacity * opacity);
  }
  return image;
}

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/// A group of buttons, one of which is selected.
export function segments(fieldset, name, options, chosen, choose) {
  const legend = fieldset.querySelector('legend');
  fieldset.replaceChildren(...(legend ? [legend] : []));
  for (const [value, text] of options) {
    const input = make('input', { type: 'radio', name, value, on: { change: () => choose(value) } });
    input.checked = value === chosen;
    fieldset.append(make('label', {}, input, text));
  }
}

export function choices(select, options, chosen) {
  select.replaceChildren(...options.map(([value, text]) => make('option', { value }, text)));
  select.value = chosen;
}

/// Gives the browser a file to save.
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
