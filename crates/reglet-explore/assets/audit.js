// Starts, watches, stops and opens the real audit of the annotated pictures.

import { asked, choices, make, trouble } from '/core.js';
import { languageName, named, percent, t } from '/words.js';

/// The interval at which the server is asked for the progress, in milliseconds.
const PAUSE = 400;

/// The next request, and the number of requests so far; both outlast a panel, which is made anew when the language changes.
let timer;
let requests = 0;

/// The panel. `save` saves unsaved drawings, and `visit` shows a picture and suggests the region that a method's map highlights.
export function auditing(about, save, visit) {
  const offer = about.audit;
  const panel = make('section', { class: 'panel auditing', 'aria-labelledby': 'audit-title' });
  if (!offer) return { panel: null, refresh: () => {} };
  const target = make('select', { id: 'audit-target' });
  choices(target, offer.targets.map((one) => [one, named(one)]), offer.targets.at(-1));
  const all = make('input', { type: 'checkbox', id: 'audit-all' });
  const kinds = make('input', { type: 'checkbox', id: 'audit-kinds' });
  const begin = make('button', { class: 'primary', id: 'audit-begin', on: { click: start } }, t('u_begin'));
  const stop = make('button', { id: 'audit-stop', on: { click: () => act('audit/stop') } }, t('u_stop'));
  const bar = make('progress', { id: 'audit-bar', max: 1, 'aria-label': t('u_title') });
  const said = make('p', { class: 'note', id: 'audit-said', 'aria-live': 'polite' });
  const found = make('ul', { class: 'findings' });
  const alike = make('div', { class: 'kinds' });
  const open = make('a', { id: 'audit-report', class: 'button primary', target: '_blank', rel: 'noopener noreferrer' }, t('u_open'));
  const may = offer.targets.length > 0;
  panel.append(
    make('h2', { id: 'audit-title' }, t('u_title')),
    make('p', { class: 'note' }, t(may ? 'u_lead' : 'u_no_class', { classes: about.models[0]?.name ?? '' })),
    may ? make('div', { class: 'row' },
      offer.asks ? make('label', { class: 'field' }, make('span', {}, t('u_target')), target) : null,
      make('label', { class: 'check' }, all, t('u_all', { all: about.library.pictures })),
      make('label', { class: 'check' }, kinds, t('u_kinds')),
      begin, stop) : null,
    make('div', { class: 'under-way' }, bar, said), found, make('p', { class: 'row' }, open), alike,
  );

  /// Shows how the audit stands, unless a newer request has been made before the reply came. If the request fails, the server is asked again
  /// later.
  async function stand(path, body) {
    clearTimeout(timer);
    requests += 1;
    const own = requests;
    try {
      const found = await asked(path, body);
      if (own === requests) show(found);
    } catch (error) {
      if (own === requests) timer = setTimeout(look, 5 * PAUSE);
      throw error;
    }
  }

  async function act(path, body = {}) {
    try {
      await stand(path, body);
      trouble(null);
    } catch (error) {
      trouble(error.message);
    }
  }

  async function start() {
    begin.disabled = true;
    if (!(await save())) { begin.disabled = false; return; }
    begin.disabled = false;
    act('audit', { target: offer.asks ? target.value : null, language: languageName(), title: t('u_report', { region: named(about.library.regions[0]) }), all: all.checked, kinds: kinds.checked });
  }

  function show(stand) {
    const runs = stand.state === 'running';
    begin.hidden = runs;
    stop.hidden = !runs;
    stop.disabled = Boolean(stand.stopping);
    bar.hidden = !runs;
    open.hidden = stand.state !== 'done';
    if (stand.report) open.href = stand.report;
    found.replaceChildren(...(stand.verdicts ?? []).map((one) => make('li', { class: `finding ${one.kind}` }, make('b', {}, `${one.title} · ${t(`v_${one.kind}`)}`), make('span', {}, `${one.summary}.`))));
    tell(stand.kinds ?? []);
    if (runs) {
      const { step } = stand;
      if (step && step.total > 0) { bar.max = step.total; bar.value = step.done; } else bar.removeAttribute('value');
      said.textContent = stand.stopping ? t('u_stopping') : step ? t(`u_${step.stage}`, { done: step.done, total: step.total }) : t('u_starts');
      timer = setTimeout(look, PAUSE);
    } else {
      said.textContent = { none: '', stopped: t('u_stopped'), failed: stand.reason, done: t('u_done', { folder: stand.folder ?? '' }) }[stand.state];
    }
  }

  /// Groups of maps, each with pictures to go to, so that a thing that many maps highlight can be annotated from here.
  function tell(list) {
    const row = (kind) => make('tr', {},
      make('td', {}, kind.model), make('td', {}, kind.title), make('td', {}, String(kind.pictures)), make('td', {}, percent(kind.called ?? NaN)), make('td', {}, percent(kind.artefact ?? NaN)),
      make('td', { class: 'row' }, ...kind.typical.map((index) => make('button', { on: { click: () => visit(index, kind.method) } }, t('u_picture', { n: index + 1 })))));
    const heads = ['u_model', 'method', 'u_count', 'u_called', 'u_shown', 'u_typical'];
    alike.replaceChildren(...(list.length ? [
      make('h3', {}, t('u_alike')), make('p', { class: 'note' }, t('u_alike_note')),
      make('div', { class: 'scroll' }, make('table', {}, make('thead', {}, make('tr', {}, ...heads.map((one) => make('th', { scope: 'col' }, t(one))))), make('tbody', {}, ...list.map(row))))] : []));
  }

  async function look() {
    // Other requests tell the user that the server is gone.
    await stand('audit').catch(() => {});
  }

  if (may) show({ state: 'none' });
  else { bar.hidden = true; open.hidden = true; }
  return { panel, refresh: () => { if (may) look(); } };
}
