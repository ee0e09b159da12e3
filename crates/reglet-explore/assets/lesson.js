// The lesson: twelve questions and a final one. Each answer is first predicted and then measured. All answers, predictions and
// measurements are saved in one file.

import { ask, asked, clamp, coloured, make, mapsOf, save, tab, trouble } from '/core.js';
import { languageName, named, number, percent, t, typeset } from '/words.js';

const both = (english, french) => typeset(languageName() === 'fr' ? french : english);

/// The student's predictions and the measurements; kept when the language changes.
const work = { name: '', seed: 1, at: -1, said: [], measured: [] };
const mine = (tab ^ 0x5eed) >>> 0;

const METHODS = ['saliency', 'grad_cam', 'integrated_gradients'];
const title = (about, name) => about.methods.find((one) => one.name === name)?.title ?? name;

// Measurements: the page's own requests, for this student's picture.

const scenes = (seed, melanoma, ruler, looks = {}, change = 'insert') => {
  const picture = { phantom: { number: { seed, melanoma }, looks } };
  return ruler ? { picture, change, placement: { kind: 'drawn', ruler } } : { picture };
};

async function answer(scene) {
  const said = await asked('answer', { tab: mine, scene });
  return said.models;
}

async function refined(scene, method, count) {
  const found = [];
  for await (const map of mapsOf({ tab: mine, scene, wanted: { method, refine: true } }, count)) {
    if (map.refined) found[map.model] = { ...map, data: map.data.map(Math.abs) };
  }
  return found;
}

async function bitmap(scene, side = 512) {
  const response = await ask('picture', { tab: mine, scene, side });
  return createImageBitmap(await response.blob());
}

function correlation(one, other) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [mean(one), mean(other)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < one.length; i += 1) { ab += (one[i] - a) * (other[i] - b); aa += (one[i] - a) ** 2; bb += (other[i] - b) ** 2; }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

/// Ranks from 0 to 1, so that Pearson's correlation of them is Spearman's.
function ranks(values) {
  const order = Array.from(values.keys()).sort((one, other) => values[one] - values[other]);
  const ranked = new Float32Array(values.length);
  order.forEach((place, rank) => { ranked[place] = rank; });
  return ranked;
}

/// The share of a map inside the ruler, and the share of the picture that the ruler covers.
function onRuler(map, ruler) {
  let [inside, all, area] = [0, 0, 0];
  const [cos, sin] = [Math.cos(ruler.angle), Math.sin(ruler.angle)];
  for (let row = 0; row < map.height; row += 1) {
    for (let column = 0; column < map.width; column += 1) {
      const [x, y] = [(column + 0.5) / map.width - ruler.centre.x, (row + 0.5) / map.height - ruler.centre.y];
      const [u, v] = [x * cos + y * sin, y * cos - x * sin];
      const value = map.data[row * map.width + column];
      all += value;
      if (Math.abs(u) <= ruler.length / 2 && Math.abs(v) <= ruler.width / 2) { inside += value; area += 1; }
    }
  }
  return { share: all > 0 ? inside / all : 0, area: area / (map.width * map.height) };
}

/// How unequal the values are: 0 if all are equal, 1 if one has everything (Gini).
function gini(values) {
  const sorted = Float32Array.from(values).sort();
  let [sum, weighted] = [0, 0];
  sorted.forEach((value, place) => { sum += value; weighted += (place + 1) * value; });
  const count = sorted.length;
  return sum > 0 ? (2 * weighted) / (count * sum) - (count + 1) / count : 0;
}

/// How similar neighbours are: near 1 for regions, near 0 for speckles.
function smoothness(map) {
  const [here, right] = [[], []];
  for (let row = 0; row < map.height; row += 1) for (let column = 0; column + 1 < map.width; column += 1) { here.push(map.data[row * map.width + column]); right.push(map.data[row * map.width + column + 1]); }
  return correlation(here, right);
}

/// How strongly the picture changes at each place, at the map's size.
function edges(image, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = (x, y) => { const at = 4 * (clamp(y, 0, height - 1) * width + clamp(x, 0, width - 1)); return data[at] + data[at + 1] + data[at + 2]; };
  const found = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) found[y * width + x] = Math.hypot(grey(x + 1, y) - grey(x - 1, y), grey(x, y + 1) - grey(x, y - 1));
  return found;
}

const best = (scores) => METHODS.reduce((one, other) => (scores[other] > scores[one] ? other : one));

/// What the questions about `count` classifiers share: pictures, maps and answers that are computed once.
async function laboratory(seed, count) {
  const found = await asked('phantom', { seed, melanoma: seed % 2 === 0 });
  const base = found.rulers[seed % 2 === 0 ? 1 : 0] ?? found.rulers[0];
  const ruler = { ...base, centre: { x: 0.5, y: 0.88 }, angle: ((seed % 7) - 3) * 0.04 };
  const melanoma = seed % 2 === 0;
  const kept = new Map();
  // What could not be computed is not kept, so that it is requested again.
  const again = (key, error) => { kept.delete(key); throw error; };
  const once = (key, make) => { if (!kept.has(key)) kept.set(key, make().catch((error) => again(key, error))); return kept.get(key); };
  return {
    melanoma, ruler,
    with: scenes(seed, melanoma, ruler), without: scenes(seed, melanoma, null), control: scenes(seed, melanoma, ruler, {}, 'control'),
    dimmed: scenes(seed, melanoma, ruler, { brightness: clamp(found.looks.brightness * 0.98, 0.5, 1.15) }),
    picture: (scene) => once(JSON.stringify(['picture', scene]), () => bitmap(scene)),
    answer: (scene) => once(JSON.stringify(['answer', scene]), () => answer(scene)),
    maps: (scene, method) => once(JSON.stringify(['maps', method, scene]), () => refined(scene, method, count)),
  };
}

/// Every method's map of the first classifier. They are requested one after the other, because only a page's newest request counts.
async function each(lab, make) {
  const scores = {};
  for (const method of METHODS) scores[method] = await make((await lab.maps(lab.with, method))[0], method);
  return scores;
}

// The questions. Each defines how its answer is predicted and how it is measured.

function questions(about) {
  const [first, second] = about.models.map((model) => model.name);
  const target = about.models[0].target ?? 'melanoma';
  const methods = METHODS.map((name) => [name, title(about, name)]);
  const table = (scores, digits = 2) => METHODS.map((name) => `${title(about, name)} ${number(scores[name], digits, digits)}`).join(' · ');
  const which = (scores) => ({ truth: best(scores), text: table(scores) });
  return [
    {
      ask: both('What does the picture show?', 'Que montre l’image ?'),
      help: both('Look at the asymmetry, border and colours of the lesion, not at what lies beside it.', 'Regardez l’asymétrie, le bord et les couleurs de la lésion, et non ce qui est posé à côté.'),
      options: [['benign', named('benign')], ['melanoma', named('melanoma')]],
      measure: async (lab) => ({ truth: lab.melanoma ? 'melanoma' : 'benign', text: both('It was drawn as: ', 'Elle a été dessinée comme : ') + named(lab.melanoma ? 'melanoma' : 'benign') + '.' }),
    },
    {
      ask: both(`Is the model “${first}” right?`, `Le modèle « ${first} » a-t-il raison ?`),
      help: both('A ruler lies on the picture. Will the most probable class be correct?', 'Une règle est posée sur l’image. La classe la plus probable sera-t-elle la bonne ?'),
      options: [['yes', both('Yes', 'Oui')], ['no', both('No', 'Non')]],
      measure: async (lab) => {
        const [said] = await lab.answer(lab.with);
        const right = said.decision === (lab.melanoma ? 'melanoma' : 'benign');
        return { truth: right ? 'yes' : 'no', text: both(`It predicts ${named(said.decision)}, with ${percent(said.probability)} for ${named(target)}.`, `Il prédit ${named(said.decision)}, avec ${percent(said.probability)} pour ${named(target)}.`) };
      },
    },
    {
      ask: both('Is its probability reliable?', 'Peut-on se fier à sa probabilité ?'),
      help: both(`Predict the probability of ${named(target)} that it gives with the ruler in the picture.`, `Prédisez la probabilité de ${named(target)} qu’il donne avec la règle dans l’image.`),
      scale: true,
      measure: async (lab) => {
        const [said] = await lab.answer(lab.with);
        return { truth: said.probability, text: both(`It gives ${percent(said.probability, 1)}. A single picture does not show whether this is calibrated; an audit uses many pictures.`, `Il donne ${percent(said.probability, 1)}. Une seule image ne montre pas si cette valeur est bien calibrée ; un audit en utilise beaucoup.`) };
      },
    },
    {
      ask: both(`Where does ${title(about, 'saliency')} point?`, `Où pointe ${title(about, 'saliency')} ?`),
      help: both('Mark the place in the picture where the map will be strongest.', 'Marquez l’endroit de l’image où la carte sera la plus forte.'),
      mark: 'saliency',
    },
    {
      ask: both('Does the ruler get more than its share?', 'La part de la règle dépasse-t-elle ce qui lui revient ?'),
      help: both(`Predict which share of ${title(about, 'grad_cam')}’s map lies on the ruler.`, `Prédisez quelle part de la carte de ${title(about, 'grad_cam')} se trouve sur la règle.`),
      scale: true,
      measure: async (lab) => {
        const [map] = await lab.maps(lab.with, 'grad_cam');
        const { share, area } = onRuler(map, lab.ruler);
        return { truth: share, map, text: both(`${percent(share)} of the map lies on the ruler, which covers ${percent(area)} of the picture: ${number(share / Math.max(area, 1e-6), 1)} times its share.`, `${percent(share)} de la carte se trouve sur la règle, qui couvre ${percent(area)} de l’image : ${number(share / Math.max(area, 1e-6), 1)} fois sa part.`) };
      },
    },
    {
      ask: both('Do the methods agree?', 'Les méthodes s’accordent-elles ?'),
      help: both(`Predict the rank correlation of ${title(about, 'saliency')} and ${title(about, 'grad_cam')}.`, `Prédisez la corrélation des rangs de ${title(about, 'saliency')} et ${title(about, 'grad_cam')}.`),
      options: [['low', both('below 0.3: hardly', 'moins de 0,3 : guère')], ['middle', both('0.3 to 0.6: partly', 'de 0,3 à 0,6 : en partie')], ['high', both('above 0.6: yes', 'plus de 0,6 : oui')]],
      measure: async (lab) => {
        const [one] = await lab.maps(lab.with, 'saliency');
        const [other] = await lab.maps(lab.with, 'grad_cam');
        const found = correlation(ranks(one.data), ranks(other.data));
        return { truth: found < 0.3 ? 'low' : found < 0.6 ? 'middle' : 'high', value: found, text: both(`The rank correlation is ${number(found)}.`, `La corrélation des rangs est de ${number(found)}.`) };
      },
    },
    {
      ask: both('Which map is the most concentrated?', 'Quelle carte est la plus concentrée ?'),
      help: both('A map is concentrated if a few places contain nearly all of it. This is measured by the Gini coefficient.', 'Une carte est concentrée si quelques endroits la contiennent presque entière. On le mesure par le coefficient de Gini.'),
      options: methods,
      measure: async (lab) => which(await each(lab, (map) => gini(map.data))),
    },
    {
      ask: both('Which map follows the picture’s contours?', 'Quelle carte suit les contours de l’image ?'),
      help: both('This is measured by the rank correlation with the strength of the edges at each place.', 'On le mesure par la corrélation des rangs avec l’intensité des contours en chaque point.'),
      options: methods,
      measure: async (lab) => {
        const image = await lab.picture(lab.with);
        return which(await each(lab, (map) => correlation(ranks(map.data), ranks(edges(image, map.width, map.height)))));
      },
    },
    {
      ask: both('Which map shows regions rather than speckles?', 'Quelle carte montre des régions plutôt que des points épars ?'),
      help: both('This is measured by the similarity of neighbouring values.', 'On le mesure par la ressemblance des valeurs voisines.'),
      options: methods,
      measure: async (lab) => which(await each(lab, smoothness)),
    },
    {
      ask: both('Are the maps stable?', 'Les cartes sont-elles stables ?'),
      help: both('The brightness is reduced by two per cent, which nobody would notice. Which map will change most?', 'La luminosité est réduite de deux pour cent, ce que personne ne remarquerait. Quelle carte changera le plus ?'),
      options: methods,
      measure: async (lab) => {
        const scores = {};
        for (const method of METHODS) {
          const [one] = await lab.maps(lab.with, method);
          const [other] = await lab.maps(lab.dimmed, method);
          scores[method] = 1 - correlation(ranks(one.data), ranks(other.data));
        }
        return { truth: best(scores), text: both('One minus the rank correlation: ', 'Un moins la corrélation des rangs : ') + table(scores, 3) };
      },
    },
    {
      ask: both('Does the ruler change the answer?', 'La présence de la règle change-t-elle la réponse ?'),
      help: both(`Predict the probability of ${named(target)} that “${first}” gives without the ruler.`, `Prédisez la probabilité de ${named(target)} que « ${first} » donne sans la règle.`),
      scale: true,
      measure: async (lab) => {
        const there = await lab.answer(lab.with);
        const gone = await lab.answer(lab.without);
        const control = await lab.answer(lab.control);
        const line = (place) => both(`${there[place].model}: ${percent(gone[place].probability)} without it, ${percent(control[place].probability)} with the control, ${percent(there[place].probability)} with the ruler.`, `${there[place].model} : ${percent(gone[place].probability)} sans elle, ${percent(control[place].probability)} avec le contrôle, ${percent(there[place].probability)} avec la règle.`);
        return { truth: gone[0].probability, text: there.map((_, place) => line(place)).join(' ') };
      },
    },
    {
      ask: both('Which method explains best here, and why?', 'Quelle méthode explique le mieux ici, et pourquoi ?'),
      help: both('Answer in one or two sentences. Then see which share of each map lies on the ruler.', 'Répondez en une ou deux phrases. Voyez ensuite quelle part de chaque carte se trouve sur la règle.'),
      options: methods, text: true,
      measure: async (lab) => {
        const scores = await each(lab, (map) => onRuler(map, lab.ruler).share);
        return { truth: null, text: both('Share of the map on the ruler: ', 'Part de la carte sur la règle : ') + METHODS.map((name) => `${title(about, name)} ${percent(scores[name])}`).join(' · ') };
      },
    },
    {
      last: true,
      ask: both('The last question: would you use this classifier for patients, and what would you do first?', 'La dernière question : utiliseriez-vous ce classifieur pour des patients, et que feriez-vous d’abord ?'),
      help: both('State the evidence for your answer, and what this evidence cannot show.', 'Indiquez les observations sur lesquelles repose votre réponse, et ce qu’elles ne peuvent pas montrer.'),
      text: true,
      measure: async (lab) => {
        const there = await lab.answer(lab.with);
        const control = await lab.answer(lab.control);
        const line = (place) => both(`${there[place].model}: the ruler changes the probability of ${named(target)} by ${number(100 * (there[place].probability - there[place].before), 0)} points, a neutral edit of the same strength by ${number(100 * (control[place].probability - control[place].before), 0)}.`, `${there[place].model} : la règle fait varier la probabilité de ${named(target)} de ${number(100 * (there[place].probability - there[place].before), 0)} points, une modification neutre de même intensité de ${number(100 * (control[place].probability - control[place].before), 0)}.`);
        return { truth: null, text: `${there.map((_, place) => line(place)).join(' ')} ${both('This is only one picture; an audit uses many, and gives intervals.', 'Ce n’est qu’une image ; un audit en utilise beaucoup et donne des intervalles.')}` };
      },
    },
  ].map((question) => ({ ...question, others: second }));
}

// The page.

export function lesson(root, about) {
  const asking = questions(about);
  let lab = null;

  function intro() {
    const name = make('input', { type: 'text', id: 'lesson-name', autocomplete: 'name', value: work.name, maxlength: 80 });
    const seed = make('input', { type: 'number', id: 'lesson-seed', min: 0, max: 4294967295, value: work.seed });
    const start = make('button', { class: 'primary' }, both('Begin', 'Commencer'));
    start.addEventListener('click', () => {
      work.name = name.value.trim();
      work.seed = clamp(Math.round(Number(seed.value)) || 0, 0, 4294967295);
      Object.assign(work, { at: 0, said: [], measured: [] });
      lab = null;
      show();
    });
    root.replaceChildren(make('div', { class: 'lesson' },
      make('div', { class: 'intro' }, make('h1', {}, both('Does it look at the lesion?', 'Regarde-t-il la lésion ?')),
        make('p', { class: 'lead' }, both('Twelve questions about one picture, and a final one. Predict each answer first, then measure it. At the end, hand in one file.', 'Douze questions sur une image, et une dernière. Prédisez d’abord chaque réponse, puis mesurez-la. À la fin, rendez un fichier.'))),
      make('div', { class: 'row' }, make('label', { class: 'field' }, both('Name', 'Nom'), name), make('label', { class: 'field' }, both('Variant (any number)', 'Variante (un numéro de votre choix)'), seed), start)));
  }

  async function show() {
    if (work.at < 0) { intro(); return; }
    if (work.at >= asking.length) { finish(); return; }
    const place = work.at;
    const question = asking[place];
    const canvas = make('canvas', { role: 'img', 'aria-label': t('picture') });
    const stage = make('div', { class: `stage${question.mark ? ' markable' : ''}` }, canvas);
    const outcome = make('div', { 'aria-live': 'polite' });
    const commit = make('button', { class: 'primary' }, both('Commit, then measure', 'Valider, puis mesurer'));
    const next = make('button', { class: 'primary', hidden: true }, place + 1 < asking.length ? both('Next question', 'Question suivante') : both('Finish', 'Terminer'));
    const said = { option: null, value: 50, text: '', mark: null };
    const inputs = [];
    if (question.options) {
      const radio = ([value, text]) => {
        const input = make('input', { type: 'radio', name: `question-${place}`, value, on: { change: () => { said.option = value; ready(); } } });
        return make('label', {}, input, text);
      };
      inputs.push(make('fieldset', { class: 'options' }, make('legend', { class: 'unseen' }, question.ask), ...question.options.map(radio)));
    }
    if (question.scale) {
      const output = make('output', {}, percent(0.5));
      const input = make('input', { type: 'range', min: 0, max: 100, value: 50, 'aria-label': question.help, on: { input: () => { said.value = Number(input.value); output.textContent = percent(said.value / 100); } } });
      inputs.push(make('div', { class: 'slider' }, make('span', {}, both('Prediction', 'Prédiction')), input, output));
    }
    if (question.text) {
      const area = make('textarea', { 'aria-label': question.ask, maxlength: 4000, on: { input: () => { said.text = area.value; ready(); } } });
      inputs.push(area);
    }
    function ready() {
      commit.disabled = Boolean((question.options && !said.option) || (question.text && !said.text.trim()) || (question.mark && !said.mark));
    }
    ready();
    root.replaceChildren(make('div', { class: 'lesson' },
      make('ol', { class: 'dots', 'aria-label': `${place + 1} / ${asking.length}` }, ...asking.map((_, index) => make('li', { class: index < place ? 'done' : index === place ? 'now' : '' }))),
      make('div', { class: 'question' }, stage,
        make('div', { class: 'body-text' }, make('p', { class: 'step' }, question.last ? both('Last question', 'Dernière question') : both(`Question ${place + 1} of 12`, `Question ${place + 1} sur 12`)),
          make('h1', { tabindex: -1 }, question.ask), make('p', { class: 'note' }, question.help), ...inputs, make('div', { class: 'row' }, commit, next), outcome))));
    root.querySelector('h1').focus({ preventScroll: true });
    try {
      lab ??= await laboratory(work.seed, about.models.length);
      const image = await lab.picture(lab.with);
      const paint = (map) => {
        canvas.width = image.width;
        canvas.height = image.height;
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        if (map) {
          const layer = new OffscreenCanvas(map.width, map.height);
          const palette = about.colormaps[0];
          layer.getContext('2d').putImageData(coloured(map, palette.bytes, 0.75, false), 0, 0);
          context.drawImage(layer, 0, 0, image.width, image.height);
        }
        if (said.mark) {
          const [x, y] = said.mark;
          context.lineWidth = 3;
          context.strokeStyle = '#fff';
          context.beginPath();
          context.arc(x * image.width, y * image.height, 12, 0, 7);
          context.stroke();
          context.strokeStyle = '#005a9c';
          context.lineWidth = 1.5;
          context.stroke();
        }
      };
      paint();
      if (question.mark) {
        stage.tabIndex = 0;
        stage.setAttribute('role', 'application');
        stage.setAttribute('aria-label', question.help);
        const set = (x, y) => { if (!commit.hidden) { said.mark = [clamp(x, 0, 0.999), clamp(y, 0, 0.999)]; paint(); ready(); } };
        stage.addEventListener('click', (event) => { const bounds = stage.getBoundingClientRect(); set((event.clientX - bounds.left) / bounds.width, (event.clientY - bounds.top) / bounds.height); });
        stage.addEventListener('keydown', (event) => {
          const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
          if (!by) return;
          event.preventDefault();
          const [x, y] = said.mark ?? [0.5, 0.5];
          set(x + 0.03 * by[0], y + 0.03 * by[1]);
        });
      }
      commit.addEventListener('click', async () => {
        commit.disabled = true;
        root.querySelectorAll('input, textarea').forEach((input) => { input.disabled = true; });
        try {
          const measured = question.mark ? await marked(question.mark, said.mark) : await question.measure(lab);
          commit.hidden = true;
          next.hidden = false;
          const right = measured.truth === null ? null : question.scale ? Math.abs(measured.truth - said.value / 100) <= 0.15 : question.mark ? measured.right : measured.truth === said.option;
          work.said[place] = { question: question.ask, option: said.option, label: question.options?.find(([value]) => value === said.option)?.[1] ?? null, value: question.scale ? said.value / 100 : null, text: said.text || null, mark: said.mark };
          work.measured[place] = { truth: measured.truth ?? null, value: measured.value ?? null, text: measured.text, right };
          if (measured.map) paint(measured.map);
          const verdict = right === null ? '' : right ? both('As you predicted. ', 'Comme prévu. ') : both('Not as you predicted. ', 'Contrairement à votre prédiction. ');
          outcome.replaceChildren(make('div', { class: `outcome ${right === null ? '' : right ? 'right' : 'wrong'}` }, make('p', {}, make('b', {}, verdict), measured.text)));
          trouble(null);
          next.focus();
        } catch (error) {
          trouble(error.message);
          commit.disabled = false;
        }
      });
      next.addEventListener('click', () => { work.at += 1; show(); });
      trouble(null);
    } catch (error) {
      trouble(error.message);
      // Without its picture nothing can be measured, so the question can only be asked again.
      commit.hidden = true;
      next.hidden = false;
      next.textContent = both('Try again', 'Réessayer');
      next.addEventListener('click', () => show());
    }
  }

  /// How strong the map is in the area that the student has marked.
  async function marked(method, [x, y]) {
    const [map] = await lab.maps(lab.with, method);
    const strongest = map.data.reduce((top, value, place) => (value > map.data[top] ? place : top), 0);
    const there = [(strongest % map.width) / map.width, Math.floor(strongest / map.width) / map.height];
    const value = map.data[Math.floor(y * map.height) * map.width + Math.floor(x * map.width)];
    const below = map.data.filter((other) => other < value).length / map.data.length;
    const far = Math.hypot(there[0] - x, there[1] - y);
    return {
      truth: there, value: below, right: far <= 0.15, map,
      text: both(`Your mark is ${percent(far)} of the picture’s side from the strongest place; the map is stronger there than at ${percent(below)} of all places.`, `Votre marque est à ${percent(far)} du côté de l’image du point le plus fort ; la carte y est plus forte qu’en ${percent(below)} des points.`),
    };
  }

  function record() {
    return {
      lesson: 'reglet', version: about.version, language: languageName(), name: work.name, variant: work.seed, models: about.models.map((model) => model.name),
      answers: asking.map((question, place) => ({ number: question.last ? 'last' : place + 1, question: question.ask, predicted: work.said[place] ?? null, measured: work.measured[place] ?? null })),
    };
  }

  const predicted = (said) => (said ? [said.label, said.value === null ? null : percent(said.value), said.mark ? said.mark.map((at) => percent(at)).join(', ') : null, said.text].filter(Boolean).join(' · ') : '–');

  function table() {
    const row = (one) => make('tr', {}, make('th', { scope: 'row' }, `${one.number === 'last' ? '13' : one.number}. ${one.question}`), make('td', {}, predicted(one.predicted)), make('td', {}, one.measured?.text ?? '–'));
    const head = make('tr', {}, ...[both('Question', 'Question'), both('Predicted', 'Prédit'), both('Measured', 'Mesuré')].map((text) => make('th', { scope: 'col' }, text)));
    return make('table', {}, make('thead', {}, head), make('tbody', {}, ...record().answers.map(row)));
  }

  function finish() {
    const name = (work.name || 'lesson').normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'lesson';
    const right = work.measured.filter((one) => one?.right).length;
    const whole = work.measured.filter((one) => one && one.right !== null).length;
    const json = () => save(`reglet-${name}-${work.seed}.json`, 'application/json', `${JSON.stringify(record(), null, 2)}\n`);
    const html = () => {
      const style = 'body{font:16px/1.5 Arial,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #ccc;font-weight:400;overflow-wrap:anywhere}';
      // The student's text is inserted as text of elements, so that it is never read as markup.
      const heading = both('Does it look at the lesion?', 'Regarde-t-il la lésion ?');
      const body = make('body', {}, make('h1', {}, heading), make('p', {}, `${work.name} · ${both('variant', 'variante')} ${work.seed} · Reglet ${about.version}`), table());
      const data = JSON.stringify(record()).replaceAll('<', '\\u003c');
      const head = `<meta charset="utf-8"><title>${heading}</title><style>${style}</style><script type="application/json">${data}</script>`;
      save(`reglet-${name}-${work.seed}.html`, 'text/html', `<!doctype html>\n<html lang="${languageName()}"><head>${head}</head>${body.outerHTML}</html>\n`);
    };
    root.replaceChildren(make('div', { class: 'lesson' },
      make('h1', { tabindex: -1 }, both('Done', 'Terminé')),
      make('p', { class: 'lead' }, both(`${right} of ${whole} predictions were correct. Save the file and hand it in.`, `${right} prédictions sur ${whole} étaient justes. Enregistrez le fichier et rendez-le.`)),
      make('div', { class: 'row' }, make('button', { class: 'primary', id: 'save-html', on: { click: html } }, both('Save as HTML', 'Enregistrer en HTML')), make('button', { id: 'save-json', on: { click: json } }, both('Save as JSON', 'Enregistrer en JSON')),
        make('button', { on: { click: () => { work.at = -1; show(); } } }, both('Begin again', 'Recommencer'))), table()));
    root.querySelector('h1').focus({ preventScroll: true });
  }

  return () => { if (!root.children.length || root.dataset.language !== languageName()) { root.dataset.language = languageName(); show(); } };
}
