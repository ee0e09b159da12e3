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
    'Déplacez la règle sur l’image, enlevez-la, ou remplacez-la par une modification neutre aussi forte : une réponse qui suit la règle ne repose pas sur la lésion.',
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
  note_scrambled: ['The ruler with its tiles shuffled: as strong, but no ruler.', 'La règle aux fragments mélangés : aussi fort, mais plus une règle.'],
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
  target: ['Class', 'Classe'],
  most_probable: ['most probable', 'la plus probable'],
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
  a_brush: ['Brush', 'Pinceau'],
  a_eraser: ['Eraser', 'Gomme'],
  a_next: ['Save and next', 'Enregistrer et suivante'],
  a_suggest: ['Suggest from map', 'Proposer d’après la carte'],
  a_take: ['Accept suggestion', 'Accepter la proposition'],
  a_suggested: ['A suggestion: A accepts it as {region}, Esc drops it, − and + change a strip’s width.', 'Une proposition : A l’accepte comme {region}, Échap l’écarte, − et + changent la largeur d’une bande.'],
  a_no_peak: ['The map has no peak here.', 'La carte n’a pas de sommet ici.'],
  a_keyboard: ['Keyboard', 'Clavier'],
  a_previous: ['Previous', 'Précédente'],
  a_clear: ['Clear region', 'Effacer la région'],
  a_close: ['Close polygon', 'Fermer le polygone'],
  a_of: ['Picture {n} of {all}: {id}', 'Image {n} sur {all} : {id}'],
  a_done: ['{count} of {all} saved', '{count} sur {all} enregistrées'],
  a_saved: ['Saved to {file}.', 'Enregistré dans {file}.'],
  a_seen: ['Already looked at.', 'Déjà examinée.'],
  a_new: ['Not looked at yet.', 'Pas encore examinée.'],
  a_k_point: ['a corner at the cross, or brush down and up', 'un coin sur la croix, ou pinceau posé et levé'],
  a_k_map: ['suggest from the map’s peak; again: the next one', 'proposer d’après le sommet de la carte ; encore : le suivant'],
  a_k_accept: ['accept the suggestion', 'accepter la proposition'],
  a_k_reject: ['drop it', 'l’écarter'],
  a_k_arrows: ['move the cross; Shift: further', 'déplacer la croix ; Maj : plus loin'],
  a_k_close: ['close the polygon', 'fermer le polygone'],
  a_k_back: ['take back the last corner, stroke or polygon', 'reprendre le dernier coin, trait ou polygone'],
  a_k_width: ['width of the last strip, or of the brush', 'largeur de la dernière bande, ou du pinceau'],
  a_k_region: ['next region', 'région suivante'],
  a_k_tool: ['next tool', 'outil suivant'],
  a_k_next: ['save and next picture', 'enregistrer et image suivante'],
  a_k_previous: ['save and previous picture', 'enregistrer et image précédente'],
  a_sheet: ['Picture to draw on', 'Image sur laquelle dessiner'],
  u_title: ['Audit now', 'Auditer maintenant'],
  u_lead: [
    'The real audit, of the pictures that you have looked at: it takes the rulers away, puts them into other pictures, and reports whether decisions follow.',
    'Le véritable audit, sur les images que vous avez examinées : il enlève les règles, les pose sur d’autres images, et dit si les décisions suivent.',
  ],
  u_no_class: [
    'An audit compares classes, and none of the folder’s is one of the classifier’s: put the pictures into a folder for each class, named as the classifier names it, or list them in a config.',
    'Un audit compare des classes, et aucune de celles du dossier n’est connue du classifieur : rangez les images dans un dossier par classe, nommé comme le classifieur la nomme, ou listez-les dans une configuration.',
  ],
  u_target: ['Class to explain', 'Classe à expliquer'],
  u_all: ['all {all} pictures', 'les {all} images'],
  u_kinds: ['kinds of maps, too', 'aussi les sortes de cartes'],
  u_alike: ['Kinds of maps', 'Sortes de cartes'],
  u_alike_note: [
    'Pictures whose maps are alike: where many are called the class and share something that nobody has annotated, go to one and annotate what the map points at.',
    'Images dont les cartes se ressemblent : si beaucoup sont attribuées à la classe et partagent quelque chose que personne n’a annoté, ouvrez-en une et annotez ce que la carte désigne.',
  ],
  u_model: ['Classifier', 'Classifieur'],
  u_count: ['Pictures', 'Images'],
  u_called: ['called the class', 'attribuées à la classe'],
  u_shown: ['show the artefact', 'montrent l’artefact'],
  u_typical: ['Typical', 'Typiques'],
  u_picture: ['no. {n}', 'nᵒ {n}'],
  u_begin: ['Audit now', 'Auditer maintenant'],
  u_stop: ['Stop', 'Arrêter'],
  u_open: ['Open the report', 'Ouvrir le rapport'],
  u_report: ['Does the classifier look at the {region}?', 'Le classifieur regarde-t-il la région « {region} » ?'],
  u_starts: ['It begins…', 'Il commence…'],
  u_stopping: ['It stops…', 'Il s’arrête…'],
  u_features: ['What the classifiers see: {done} of {total}', 'Ce que voient les classifieurs : {done} sur {total}'],
  u_pictures: ['{done} of {total} pictures', '{done} images sur {total}'],
  u_maps: ['Trying the maps: {done} of {total}', 'Mise à l’épreuve des cartes : {done} sur {total}'],
  u_stopped: ['Stopped. Started again, it goes on from there.', 'Arrêté. Relancé, il reprend où il en était.'],
  u_done: ['Done. Everything is in {folder}.', 'Terminé. Tout est dans {folder}.'],
  v_shortcut: ['shortcut', 'raccourci'],
  v_clear: ['clear', 'sans raccourci'],
  v_inconclusive: ['inconclusive', 'non concluant'],
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
