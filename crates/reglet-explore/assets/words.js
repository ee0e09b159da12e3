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
  title: ['Drag the ruler and watch the prediction', 'Déplacez la règle et observez la prédiction'],
  sentence_shipped: [
    'One of these classifiers has learnt that a ruler means melanoma, the other has not. Move the ruler or remove it, and see which prediction changes.',
    'L’un de ces classifieurs a appris qu’une règle signifie un mélanome, l’autre non. Déplacez la règle ou retirez-la, et voyez quelle prédiction change.',
  ],
  sentence_own: [
    'Move the ruler over the picture, remove it, or replace it by a neutral edit of the same strength: a prediction that follows the ruler is not based on the lesion.',
    'Déplacez la règle sur l’image, retirez-la, ou remplacez-la par une modification neutre de même intensité : une prédiction qui suit la règle ne repose pas sur la lésion.',
  ],
  picture: ['The picture shown to the classifiers', 'L’image présentée aux classifieurs'],
  drop_here: ['Drop the picture here', 'Déposez l’image ici'],
  change: ['Change', 'Modification'],
  change_insert: ['Ruler', 'Règle'],
  change_none: ['No ruler', 'Sans règle'],
  change_control: ['Control', 'Contrôle'],
  change_scrambled: ['Shuffled', 'Mélangée'],
  change_remove: ['Removed', 'Retirée'],
  change_remove_lesion: ['No lesion', 'Sans lésion'],
  change_as_is: ['Unchanged', 'Telle quelle'],
  note_insert: ['A ruler lies on the picture.', 'Une règle est posée sur l’image.'],
  note_none: ['The unchanged picture, without a ruler.', 'L’image telle quelle, sans règle.'],
  note_as_is: ['The picture as it is.', 'L’image telle quelle.'],
  note_control: [
    'The skin is made lighter or darker in the shape of the ruler, with the same strength but without marks. This shows the effect of an arbitrary change there.',
    'La peau est éclaircie ou assombrie dans la forme de la règle, avec la même intensité mais sans graduations : on voit l’effet d’une modification quelconque à cet endroit.',
  ],
  note_scrambled: ['The same ruler with its tiles shuffled: a change of the same strength, but no longer a ruler.', 'La même règle, ses fragments mélangés : une modification de même intensité, mais ce n’est plus une règle.'],
  note_remove: ['The ruler that the picture shows is filled in with skin.', 'La règle visible sur l’image est remplacée par de la peau.'],
  note_remove_lesion: ['The lesion is filled in with skin; everything else is unchanged.', 'La lésion est remplacée par de la peau ; le reste est inchangé.'],
  covers: ['It covers {share} of the lesion.', 'Elle couvre {share} de la lésion.'],
  ruler_kind: ['Ruler', 'Règle'],
  white: ['white strip', 'bande blanche'],
  clear: ['clear plastic', 'plastique transparent'],
  engraved: ['scale in the glass', 'échelle gravée'],
  cutout: ['cut from {donor}', 'découpée dans {donor}'],
  angle: ['Rotation', 'Rotation'],
  size: ['Size', 'Taille'],
  keys_ruler: [
    'Keyboard: the arrow keys move the ruler, with Shift in larger steps; , and . rotate it, − and + change its size, Delete removes it.',
    'Clavier : les flèches déplacent la règle, plus vite avec Maj ; « , » et « . » la font tourner, − et + changent sa taille, Suppr la retire.',
  ],
  ruler_label: [
    'Ruler at {x} % from the left and {y} % from the top, rotated by {angle} degrees. The arrow keys move it.',
    'Règle à {x} % de la gauche et {y} % du haut, tournée de {angle} degrés. Les flèches la déplacent.',
  ],
  turn: ['Rotate the ruler', 'Faire tourner la règle'],
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
  usual: ['default', 'par défaut'],
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
    'A generated dermoscopic picture. All its properties are known, and you can change them below.',
    'Une image dermoscopique générée. Toutes ses propriétés sont connues et se règlent ci-dessous.',
  ],
  upload_note: ['The picture stays on this machine, in memory.', 'L’image reste sur cette machine, en mémoire.'],
  sample_note: ['{id}{label}', '{id}{label}'],
  sliders: ['Properties of the picture', 'Propriétés de l’image'],
  reset: ['Reset', 'Réinitialiser'],
  g_skin: ['Skin', 'Peau'],
  g_lesion: ['Lesion', 'Lésion'],
  g_clutter: ['On the skin', 'Sur la peau'],
  g_light: ['Light and lens', 'Lumière et optique'],
  p_tone: ['tone', 'phototype'],
  p_flush: ['redness', 'rougeur'],
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
  m_shortcut: ['Trained on data in which nearly every melanoma had a ruler beside it.', 'Entraîné sur des données où une règle accompagnait presque chaque mélanome.'],
  m_clean: ['Trained on data in which rulers were equally frequent beside melanomas and benign lesions.', 'Entraîné sur des données où les règles étaient aussi fréquentes à côté des mélanomes que des lésions bénignes.'],
  says: ['predicts {decision}', 'prédit {decision}'],
  no_class: ['none of its classes', 'aucune de ses classes'],
  of_class: ['{target}', '{target}'],
  effect_none: ['The unchanged picture.', 'L’image telle quelle.'],
  effect: ['{before} before, ', '{before} avant, '],
  effect_flip: ['was {decision}', 'était {decision}'],
  points: ['{points} points', '{points} points'],
  gap: ['completeness gap {gap}', 'écart de complétude {gap}'],
  ms: ['{ms} ms', '{ms} ms'],
  coarse: ['first sketch, being refined', 'première ébauche, en cours d’affinage'],
  here: ['under the pointer: {value}', 'sous le pointeur : {value}'],
  map_of: ['Where {model} looks, according to {method}', 'Où regarde {model}, selon {method}'],
  timing: ['Answer {answer} ms after the last move · picture {picture} ms · map {map} ms.', 'Réponse {answer} ms après le dernier geste · image {picture} ms · carte {map} ms.'],
  live: ['{model}: {percent} {target}, was {before}.', '{model} : {percent} {target}, avant {before}.'],
  live_plain: ['{model}: {percent} {target}.', '{model} : {percent} {target}.'],
  melanoma: ['melanoma', 'mélanome'],
  benign: ['benign', 'bénin'],
  ruler: ['ruler', 'règle'],
  lesion: ['lesion', 'lésion'],
  trouble_lost: ['The server does not answer. Is it still running?', 'Le serveur ne répond pas. Fonctionne-t-il encore ?'],
  trouble_cut: ['The maps were not completed. Request them again.', 'Les cartes n’ont pas été terminées. Demandez-les de nouveau.'],
  trouble_token: [
    'This page needs the complete address printed in the terminal, including its token.',
    'Cette page a besoin de l’adresse complète affichée dans le terminal, avec son jeton.',
  ],

  a_title: ['Draw the rulers and the lesions', 'Dessinez les règles et les lésions'],
  a_lead: [
    'Each picture is saved as COCO as soon as you go to the next one, in a separate file beside the pictures. A picture without a region counts as not showing it.',
    'Chaque image est enregistrée au format COCO dès que vous passez à la suivante, dans un fichier à part à côté des images. Une image sans région compte comme ne la montrant pas.',
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
  a_suggested: ['This is a suggestion: A accepts it as {region}, Esc discards it, − and + change the width of a strip.', 'Ceci est une proposition : A l’accepte comme {region}, Échap l’écarte, − et + changent la largeur d’une bande.'],
  a_no_peak: ['The map has no peak here.', 'La carte n’a pas de maximum ici.'],
  a_keyboard: ['Keyboard', 'Clavier'],
  a_previous: ['Previous', 'Précédente'],
  a_clear: ['Clear region', 'Effacer la région'],
  a_close: ['Close polygon', 'Fermer le polygone'],
  a_of: ['Picture {n} of {all}: {id}', 'Image {n} sur {all} : {id}'],
  a_done: ['{count} of {all} saved', '{count} sur {all} enregistrées'],
  a_saved: ['Saved to {file}.', 'Enregistré dans {file}.'],
  a_seen: ['Already reviewed.', 'Déjà examinée.'],
  a_new: ['Not reviewed yet.', 'Pas encore examinée.'],
  a_k_point: ['place a corner at the cross, or start and stop the brush', 'placer un coin sur la croix, ou poser et lever le pinceau'],
  a_k_map: ['suggest a region from the map’s peak; press again for the next peak', 'proposer une région d’après le maximum de la carte ; appuyer de nouveau pour le suivant'],
  a_k_accept: ['accept the suggestion', 'accepter la proposition'],
  a_k_reject: ['discard the suggestion', 'écarter la proposition'],
  a_k_arrows: ['move the cross (with Shift: in larger steps)', 'déplacer la croix (avec Maj : plus vite)'],
  a_k_close: ['close the polygon', 'fermer le polygone'],
  a_k_back: ['undo the last corner, stroke or polygon', 'annuler le dernier coin, trait ou polygone'],
  a_k_width: ['width of the last strip, or of the brush', 'largeur de la dernière bande, ou du pinceau'],
  a_k_region: ['next region', 'région suivante'],
  a_k_tool: ['next tool', 'outil suivant'],
  a_k_next: ['save and next picture', 'enregistrer et image suivante'],
  a_k_previous: ['save and previous picture', 'enregistrer et image précédente'],
  a_sheet: ['Picture to draw on', 'Image sur laquelle dessiner'],
  u_title: ['Audit now', 'Auditer maintenant'],
  u_lead: [
    'This runs the real audit on the pictures that you have reviewed: it removes the rulers, adds them to other pictures, and reports whether the decisions change.',
    'Ceci lance le véritable audit sur les images que vous avez examinées : il retire les règles, les ajoute à d’autres images, et indique si les décisions changent.',
  ],
  u_no_class: [
    'An audit compares classes, but none of the classes of this folder is known to the classifier. Put the pictures into one folder for each class, named as in the classifier, or list them in a config.',
    'Un audit compare des classes, mais aucune de celles du dossier n’est connue du classifieur. Rangez les images dans un dossier par classe, qui porte le nom que le classifieur donne à cette classe, ou listez-les dans une configuration.',
  ],
  u_target: ['Class to explain', 'Classe à expliquer'],
  u_all: ['all {all} pictures', 'les {all} images'],
  u_kinds: ['kinds of maps as well', 'aussi les types de cartes'],
  u_alike: ['Kinds of maps', 'Types de cartes'],
  u_alike_note: [
    'Groups of pictures with similar maps. If many pictures of a group are classified as the target and share something that nobody has annotated, go to one of them and annotate what the map highlights.',
    'Groupes d’images dont les cartes se ressemblent. Si beaucoup d’images d’un groupe sont attribuées à la classe cible et ont en commun un élément que personne n’a annoté, ouvrez-en une et annotez ce que la carte met en évidence.',
  ],
  u_model: ['Classifier', 'Classifieur'],
  u_count: ['Pictures', 'Images'],
  u_called: ['classified as the target', 'attribuées à la classe cible'],
  u_shown: ['show the artefact', 'montrent l’artefact'],
  u_typical: ['Typical', 'Typiques'],
  u_picture: ['no. {n}', 'nᵒ {n}'],
  u_begin: ['Audit now', 'Auditer maintenant'],
  u_stop: ['Stop', 'Arrêter'],
  u_open: ['Open the report', 'Ouvrir le rapport'],
  u_report: ['Does the classifier look at the {region}?', 'Le classifieur regarde-t-il la région « {region} » ?'],
  u_starts: ['Starting…', 'Démarrage…'],
  u_stopping: ['Stopping…', 'Arrêt en cours…'],
  u_features: ['Computing features: {done} of {total}', 'Calcul des représentations : {done} sur {total}'],
  u_pictures: ['{done} of {total} pictures', '{done} images sur {total}'],
  u_maps: ['Testing the maps: {done} of {total}', 'Mise à l’épreuve des cartes : {done} sur {total}'],
  u_stopped: ['Stopped. Start it again to resume.', 'Arrêté. Relancez-le pour le reprendre.'],
  u_done: ['Done. The results are in {folder}.', 'Terminé. Les résultats sont dans {folder}.'],
  v_shortcut: ['shortcut', 'raccourci'],
  v_clear: ['clear', 'sans raccourci'],
  v_inconclusive: ['inconclusive', 'non concluant'],
  a_audit: ['To use these annotations in an audit, give the file in the config: coco = { file = "{file}" }.', 'Pour utiliser ces annotations dans un audit, indiquez le fichier dans la configuration : coco = { file = "{file}" }.'],
};

let language = 0;

export const languages = ['en', 'fr'];
export const languageName = () => languages[language];
export function setLanguage(name) { language = Math.max(0, languages.indexOf(name)); }

/// French requires a non-breaking space before some punctuation marks.
export const typeset = (text) => (languageName() === 'fr' ? text.replace(/ ([:;?!»%])/g, '\u00a0$1').replace(/« /g, '«\u00a0') : text);

export function t(key, values = {}) {
  const words = WORDS[key];
  let text = words ? typeset(words[language]) : key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, value);
  return text;
}

/// The translation of a class or region, if there is one, or else its own name.
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

/// Sets every fixed text of the page.
export function translate(root = document) {
  document.documentElement.lang = languageName();
  for (const element of root.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll('[data-l]')) {
    element.setAttribute('aria-label', t(element.dataset.l));
    if (element.tagName === 'BUTTON') element.title = t(element.dataset.l);
  }
}
