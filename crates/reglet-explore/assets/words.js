// Every sentence of the page, in English and in French.

const WORDS = {
  skip: ['Skip to the page', 'Aller au contenu'],
  tab_explore: ['Explore', 'Explorer'],
  tab_annotate: ['Annotate', 'Annoter'],
  tab_lesson: ['Lesson', 'Leçon'],
  undo: ['Undo', 'Annuler'],
  redo: ['Redo', 'Rétablir'],
  copy_link: ['Copy link', 'Copier le lien'],
  copied: ['Copied', 'Copié'],
  title: ['Drag the ruler, watch the answer', 'Déplacez la règle, observez la réponse'],
  sentence_shipped: [
    'One of these classifiers has learnt that a ruler means melanoma, the other has not: move the ruler, or take it away, and see whose answer follows.',
    'L’un de ces classifieurs a appris qu’une règle signifie un mélanome, l’autre non : déplacez la règle ou enlevez-la, et voyez lequel change d’avis.',
  ],
  sentence_own: [
    'Move the ruler over the picture, take it away, or put a change there that is as strong and means nothing: an answer that follows the ruler does not rest on the lesion.',
    'Déplacez la règle sur l’image, enlevez-la, ou remplacez-la par une modification aussi forte mais sans signification : une réponse qui suit la règle ne repose pas sur la lésion.',
  ],
  picture: ['The picture that the classifiers are asked about', 'L’image sur laquelle les classifieurs sont interrogés'],
  drop_here: ['Drop the picture here', 'Déposez l’image ici'],
  change: ['What is changed', 'Ce qui est modifié'],
  change_insert: ['Ruler', 'Règle'],
  change_none: ['No ruler', 'Sans règle'],
  change_control: ['Control', 'Contrôle'],
  change_scrambled: ['In pieces', 'En morceaux'],
  change_remove: ['Taken away', 'Enlevée'],
  change_remove_lesion: ['No lesion', 'Sans lésion'],
  change_as_is: ['As it is', 'Telle quelle'],
  note_insert: ['A ruler lies on the picture.', 'Une règle est posée sur l’image.'],
  note_none: ['The picture as it is, without a ruler.', 'L’image telle quelle, sans règle.'],
  note_control: [
    'The skin made lighter or darker in the ruler’s shape, as strongly and without marks: what any change there does.',
    'La peau éclaircie ou assombrie dans la forme de la règle, aussi fortement mais sans graduations : l’effet d’une modification quelconque.',
  ],
  note_scrambled: ['The ruler’s parts in disorder: as strong, but no ruler.', 'Les morceaux de la règle en désordre : aussi fort, mais plus une règle.'],
  note_remove: ['The ruler that the picture shows is filled in with skin.', 'La règle visible sur l’image est remplacée par de la peau.'],
  note_remove_lesion: ['The lesion is filled in with skin; the rest stays.', 'La lésion est remplacée par de la peau ; le reste demeure.'],
  covers: ['It covers {share} of the lesion.', 'Elle couvre {share} de la lésion.'],
  ruler_kind: ['Ruler', 'Règle'],
  white: ['white strip', 'bande blanche'],
  clear: ['clear plastic', 'plastique transparent'],
  engraved: ['scale in the glass', 'échelle gravée'],
  cutout: ['cut from {donor}', 'découpée dans {donor}'],
  angle: ['Turn', 'Rotation'],
  size: ['Size', 'Taille'],
  keys_ruler: [
    'Keyboard: arrows move the ruler, with Shift by larger steps; , and . turn it, − and + change its size, Delete takes it away.',
    'Clavier : les flèches déplacent la règle, plus vite avec Maj ; « , » et « . » la tournent, − et + changent sa taille, Suppr l’enlève.',
  ],
  ruler_label: [
    'Ruler at {x} % from the left and {y} % from the top, turned by {angle} degrees. Arrow keys move it.',
    'Règle à {x} % de la gauche et {y} % du haut, tournée de {angle} degrés. Les flèches la déplacent.',
  ],
  turn: ['Turn the ruler', 'Tourner la règle'],
  stretch: ['Change the ruler’s size', 'Changer la taille de la règle'],
  method: ['Method', 'Méthode'],
  other_method: ['Method', 'Méthode'],
  opacity: ['Map opacity', 'Opacité de la carte'],
  colours: ['Colours', 'Couleurs'],
  steps: ['Steps', 'Pas'],
  layer: ['Layer', 'Couche'],
  baseline: ['Baseline', 'Référence'],
  usual: ['as usual', 'habituelle'],
  zero: ['mean colour', 'couleur moyenne'],
  black: ['black', 'noir'],
  white_b: ['white', 'blanc'],
  grey: ['grey', 'gris'],
  blurred: ['blurred picture', 'image floue'],
  noise: ['noise', 'bruit'],
  cost: ['Cost in passes through the network: {cost}.', 'Coût en passages dans le réseau : {cost}.'],
  paper: ['Paper', 'Article'],
  which_picture: ['Picture', 'Image'],
  kind_benign: ['Generated, benign', 'Générée, bénigne'],
  kind_melanoma: ['Generated, melanoma', 'Générée, mélanome'],
  kind_sample: ['From {name}', 'De {name}'],
  kind_upload: ['Dropped', 'Déposée'],
  seed: ['Seed', 'Graine'],
  number: ['Number', 'Numéro'],
  another: ['Another picture', 'Une autre image'],
  own_picture: ['Picture of your own…', 'Votre image…'],
  phantom_note: [
    'A generated dermoscopic picture: everything about it is known, and can be changed below.',
    'Une image dermoscopique générée : tout en est connu, et se règle ci-dessous.',
  ],
  upload_note: ['The picture stays on this machine, in memory.', 'L’image reste sur cette machine, en mémoire.'],
  sample_note: ['{id}{label}', '{id}{label}'],
  sliders: ['How the picture is drawn', 'Comment l’image est dessinée'],
  reset: ['Reset', 'Réinitialiser'],
  g_skin: ['Skin', 'Peau'],
  g_lesion: ['Lesion', 'Lésion'],
  g_clutter: ['On the skin', 'Sur la peau'],
  g_light: ['Light and lens', 'Lumière et optique'],
  p_tone: ['tone', 'phototype'],
  p_flush: ['flush', 'rougeur'],
  p_mottling: ['mottling', 'marbrures'],
  p_furrows: ['skin lines', 'sillons'],
  p_pores: ['pores', 'pores'],
  p_presence: ['presence', 'présence'],
  p_asymmetry: ['asymmetry', 'asymétrie'],
  p_border: ['border', 'bord'],
  p_colour: ['colours', 'couleurs'],
  p_size: ['size', 'taille'],
  p_x: ['left to right', 'horizontal'],
  p_y: ['top to bottom', 'vertical'],
  p_network: ['network', 'réseau'],
  p_globules: ['globules', 'globules'],
  p_hairs: ['hairs', 'poils'],
  p_bubbles: ['bubbles', 'bulles'],
  p_ink: ['ink', 'encre'],
  p_vignette: ['vignette', 'vignettage'],
  p_brightness: ['brightness', 'luminosité'],
  p_lens: ['lens edge', 'bord optique'],
  m_shortcut: ['Trained where a ruler lay beside nearly every melanoma.', 'Entraîné là où une règle accompagnait presque chaque mélanome.'],
  m_clean: ['Trained where rulers lay beside melanomas and moles alike.', 'Entraîné là où les règles accompagnaient autant mélanomes que grains de beauté.'],
  says: ['says {decision}', 'dit {decision}'],
  of_class: ['{target}', '{target}'],
  effect_none: ['The picture as it is.', 'L’image telle quelle.'],
  effect: ['{before} before, ', '{before} avant, '],
  effect_flip: ['was {decision}', 'était {decision}'],
  points: ['{points} points', '{points} points'],
  gap: ['completeness gap {gap}', 'écart de complétude {gap}'],
  ms: ['{ms} ms', '{ms} ms'],
  coarse: ['first sketch, being refined', 'première ébauche, en cours d’affinage'],
  here: ['under the pointer: {value}', 'sous le pointeur : {value}'],
  map_of: ['Where {model} looks, by {method}', 'Où regarde {model}, selon {method}'],
  timing: ['Answer {answer} ms after the last move · picture {picture} ms · map {map} ms.', 'Réponse {answer} ms après le dernier geste · image {picture} ms · carte {map} ms.'],
  live: ['{model}: {percent} {target}, was {before}.', '{model} : {percent} {target}, avant {before}.'],
  live_plain: ['{model}: {percent} {target}.', '{model} : {percent} {target}.'],
  melanoma: ['melanoma', 'mélanome'],
  benign: ['benign', 'bénin'],
  ruler: ['ruler', 'règle'],
  lesion: ['lesion', 'lésion'],
  trouble_lost: ['The server does not answer. Is it still running?', 'Le serveur ne répond pas. Fonctionne-t-il encore ?'],
  trouble_token: [
    'This page needs the whole address that was printed at the terminal, with its token.',
    'Cette page a besoin de l’adresse complète affichée dans le terminal, avec son jeton.',
  ],

  a_title: ['Draw the rulers and the lesions', 'Dessinez les règles et les lésions'],
  a_lead: [
    'Each picture is saved as soon as you go on: as COCO, beside the pictures, in a file of its own. A picture without a region is one that does not show it.',
    'Chaque image est enregistrée dès que vous passez à la suivante : en COCO, à côté des images, dans un fichier à part. Une image sans région est une image qui ne la montre pas.',
  ],
  a_region: ['Region', 'Région'],
  a_tool: ['Tool', 'Outil'],
  a_polygon: ['Polygon', 'Polygone'],
  a_strip: ['Strip', 'Bande'],
  a_accept: ['Save and next', 'Enregistrer et suivante'],
  a_previous: ['Previous', 'Précédente'],
  a_clear: ['Clear region', 'Effacer la région'],
  a_close: ['Close polygon', 'Fermer le polygone'],
  a_of: ['Picture {n} of {all}: {id}', 'Image {n} sur {all} : {id}'],
  a_done: ['{count} of {all} saved', '{count} sur {all} enregistrées'],
  a_saved: ['Saved to {file}.', 'Enregistré dans {file}.'],
  a_seen: ['Already looked at.', 'Déjà examinée.'],
  a_new: ['Not looked at yet.', 'Pas encore examinée.'],
  a_k_point: ['a corner (click, or Space at the cross)', 'un coin (clic, ou Espace sur la croix)'],
  a_k_arrows: ['move the cross; Shift: further', 'déplacer la croix ; Maj : plus loin'],
  a_k_close: ['close the polygon', 'fermer le polygone'],
  a_k_back: ['take back the last corner or polygon', 'reprendre le dernier coin ou polygone'],
  a_k_width: ['width of the last strip', 'largeur de la dernière bande'],
  a_k_region: ['next region', 'région suivante'],
  a_k_tool: ['polygon or strip', 'polygone ou bande'],
  a_k_next: ['save and next picture', 'enregistrer et image suivante'],
  a_k_previous: ['save and previous picture', 'enregistrer et image précédente'],
  a_sheet: ['Picture to draw on', 'Image sur laquelle dessiner'],
  a_audit: ['To audit with these, name the file in the config: coco = { file = "{file}" }.', 'Pour un audit, nommez le fichier dans la configuration : coco = { file = "{file}" }.'],
};

let language = 0;

export const languages = ['en', 'fr'];
export const languageName = () => languages[language];
export function setLanguage(name) { language = Math.max(0, languages.indexOf(name)); }

/// French puts a space that does not break before some signs.
export const typeset = (text) => (languageName() === 'fr' ? text.replace(/ ([:;?!»%])/g, '\u00a0$1').replace(/« /g, '«\u00a0') : text);

export function t(key, values = {}) {
  const words = WORDS[key];
  let text = words ? typeset(words[language]) : key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

/// A word for a class or region where there is one; else its own name.
export const named = (name) => (WORDS[name] ? t(name) : String(name));

export function percent(share, digits = 0) {
  if (!Number.isFinite(share)) return '–';
  const options = { style: 'percent', maximumFractionDigits: digits, minimumFractionDigits: digits };
  return new Intl.NumberFormat(languageName(), options).format(share);
}

export function number(value, digits = 2, least = 0) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e5)) return value.toExponential(1).replace('-', '−');
  const options = size < 0.01 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: digits, minimumFractionDigits: least };
  return new Intl.NumberFormat(languageName(), options).format(value).replace('-', '−');
}

/// Puts every fixed text of the page in its place.
export function translate(root = document) {
  document.documentElement.lang = languageName();
  for (const element of root.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll('[data-l]')) {
    element.setAttribute('aria-label', t(element.dataset.l));
    if (element.tagName === 'BUTTON') element.title = t(element.dataset.l);
  }
}
