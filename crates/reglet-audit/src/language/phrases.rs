//! Every sentence of a report, in each language. A term between ‹ and › is explained in the sentence.

use std::fmt::Display;

use reglet_attribution::Remark;
use reglet_data::edit::Insertion;
use reglet_evidence::VerdictKind;

use super::Language;
use crate::results::Expectation;

/// Speaks of one artefact and one target class, in one language.
#[derive(Debug, Clone)]
pub(crate) struct Phrases {
    pub(crate) language: Language,
    pub(super) forms: Forms,
}

/// The names' forms that phrases use.
#[derive(Debug, Clone)]
pub(super) struct Forms {
    pub(super) artefact: String,
    pub(super) an_artefact: String,
    pub(super) the_artefact: String,
    pub(super) of_the_artefact: String,
    pub(super) to_the_artefact: String,
    pub(super) target: String,
    pub(super) of_target: String,
}

impl Phrases {
    pub(crate) fn new(language: Language, artefact: &str, target: &str) -> Phrases {
        let (artefact, target) = (language.name(artefact), language.name(target));
        let forms = Forms {
            artefact: artefact.bare,
            an_artefact: artefact.a,
            the_artefact: artefact.the,
            of_the_artefact: artefact.of_the,
            to_the_artefact: artefact.to_the,
            target: target.bare,
            of_target: target.of,
        };
        Phrases { language, forms }
    }

    /// A verdict in a word or two.
    pub(crate) fn kind(&self, kind: VerdictKind) -> String {
        match kind {
            VerdictKind::Shortcut => self.kind_shortcut(),
            VerdictKind::Clear => self.kind_clear(),
            VerdictKind::Inconclusive => self.kind_inconclusive(),
        }
    }

    /// What a config expects, in a word or two.
    pub(crate) fn expectation(&self, expected: Expectation) -> String {
        match expected {
            Expectation::Shortcut => self.kind_shortcut(),
            Expectation::Clear => self.kind_clear(),
            Expectation::Inconclusive => self.kind_inconclusive(),
            Expectation::NoShortcut => self.kind_no_shortcut(),
        }
    }

    /// The name of a plain property of pictures.
    pub(crate) fn of_property(&self, name: &str) -> String {
        let known = PROPERTIES.iter().find(|(own, ..)| *own == name);
        let (_, english, french) = known.copied().unwrap_or(("", name, name));
        let said = match self.language {
            Language::En => english,
            Language::Fr => french,
        };
        said.to_owned()
    }

    /// The source of inserted artefacts.
    pub(crate) fn insertion(&self, insertion: Insertion) -> String {
        match insertion {
            Insertion::Redrawn => self.redrawn(),
            Insertion::Drawn => self.drawn(),
            Insertion::Cutouts(count) => self.cut_out(count),
            Insertion::None => self.not_put_in(),
        }
    }

    /// A remark on maps, as the results hold it. One that is not known is passed on.
    pub(crate) fn of_remark(&self, text: &str) -> String {
        let known = [
            (Remark::AllZero, self.all_zero()),
            (Remark::NonePositive, self.none_positive()),
            (Remark::NotFinite, self.not_finite()),
        ];
        let found = known.into_iter().find(|(remark, _)| remark.text() == text);
        found.map_or_else(|| text.to_owned(), |(_, said)| said)
    }
}

/// The plain properties of pictures in each language.
const PROPERTIES: [(&str, &str, &str); 10] = [
    ("brightness", "brightness", "luminosité"),
    ("contrast", "contrast", "contraste"),
    ("redness", "redness", "rougeur"),
    ("saturation", "saturation", "saturation"),
    ("sharpness", "sharpness", "netteté"),
    ("dark_border", "dark border", "bord sombre"),
    ("blockiness", "blocks of JPEG compression", "blocs de compression JPEG"),
    ("width", "width", "largeur"),
    ("height", "height", "hauteur"),
    ("aspect", "width over height", "largeur sur hauteur"),
];

/// A method for each phrase. The names' forms come first, because a phrase can only use identifiers that are written next to
/// it.
macro_rules! phrases {
    ($forms:tt $($name:ident $arguments:tt $english:literal $french:literal)*) => {
        impl Phrases {
            $(phrase! { $forms $name $arguments $english $french })*
        }
    };
}

macro_rules! phrase {
    ([$($form:ident),*] $name:ident($($argument:ident),*) $english:literal $french:literal) => {
        pub(crate) fn $name(&self $(, $argument: impl Display)*) -> String {
            let Forms { $($form),* } = &self.forms;
            // Not every phrase uses every form, and not every language every argument.
            let _: &[&dyn Display] = &[$($form,)* $(&$argument),*];
            self.language.typeset(match self.language {
                Language::En => format!($english),
                Language::Fr => format!($french),
            })
        }
    };
}

phrases! {
    [artefact, an_artefact, the_artefact, of_the_artefact, to_the_artefact, target, of_target]

    // The page.

    kicker()
        "Reglet audit"
        "Audit Reglet"
    lead()
        "Do these classifiers look at {the_artefact} when they assess {target}, and does it change their prediction?"
        "Quand ces classifieurs estiment la probabilité {of_target}, tiennent-ils compte {of_the_artefact}, et leur prédiction en dépend-elle ?"
    written_by(version)
        "Written by Reglet {version}."
        "Rédigé par Reglet {version}."

    // Verdicts.

    verdict()
        "Verdict"
        "Verdict"
    verdicts()
        "Verdicts"
        "Verdicts"
    every_verdict()
        "Every verdict"
        "Tous les verdicts"
    model()
        "Model"
        "Modèle"
    no_model()
        "No model was audited."
        "Aucun modèle n’a été examiné."
    kind_shortcut()
        "Shortcut"
        "Raccourci"
    kind_clear()
        "Clear"
        "Pas de raccourci"
    kind_inconclusive()
        "Inconclusive"
        "Non concluant"
    kind_no_shortcut()
        "No shortcut"
        "Aucun raccourci établi"
    means_shortcut()
        "This model uses {the_artefact} as a shortcut."
        "Ce modèle se sert {of_the_artefact} comme d’un raccourci."
    means_clear()
        "In this audit, neither adding nor removing {the_artefact} changes this model’s answers by as much as counts."
        "Dans cet audit, ni l’ajout ni le retrait {of_the_artefact} ne modifient les réponses de ce modèle d’une quantité qui compte."
    means_inconclusive()
        "The evidence does not settle the question."
        "Les observations ne permettent pas de trancher."
    evidence_on(model)
        "The evidence on {model}"
        "Les observations sur {model}"
    as_expected()
        "✓ As the config expects."
        "✓ Conforme à ce que prévoit la configuration."
    not_as_expected(kind)
        "✗ Not as expected: the config expects “{kind}”."
        "✗ Inattendu : la configuration prévoit « {kind} »."

    // The verdict's sentences.

    adding()
        "Adding {an_artefact}"
        "L’ajout d’{an_artefact}"
    removing()
        "Removing {the_artefact}"
        "Le retrait {of_the_artefact}"
    moving()
        "Moving {the_artefact}"
        "Le déplacement {of_the_artefact}"
    changing_elsewhere()
        "A change of the same shape and strength elsewhere"
        "Une modification de même forme et de même intensité, ailleurs,"
    plain_patch()
        "A plain patch of the same shape and strength in place of {an_artefact}"
        "Une tache unie de même forme et de même intensité, à la place d’{an_artefact},"
    shuffled_tiles()
        "Adding the shuffled tiles of {an_artefact}"
        "L’ajout des fragments mélangés d’{an_artefact}"
    removing_lesion()
        "Removing the lesion"
        "Le retrait de la lésion"
    raises(what, by)
        "{what} raises the probability {of_target} by {by}"
        "{what} augmente la probabilité {of_target} de {by}"
    lowers(what, by)
        "{what} lowers the probability {of_target} by {by}"
        "{what} abaisse la probabilité {of_target} de {by}"
    gains(what, share)
        "{what} changes the decision to {target} for {share} of the edited pictures"
        "{what} fait passer {share} des images modifiées dans la classe « {target} »"
    loses(what, share)
        "{what} changes the decision away from {target} for {share} of the edited pictures"
        "{what} fait sortir {share} des images modifiées de la classe « {target} »"
    of_class(said, class)
        "{said} (class {class})"
        "{said} (classe « {class} »)"
    effect(finding, pictures, chance, flipped)
        "{finding} on {pictures} pictures{chance}, and changes the decision for {flipped} of the edited pictures"
        "{finding} sur {pictures} images{chance} et change la décision pour {flipped} des images modifiées"
    control_scrambled(by)
        "adding the {artefact} with its tiles shuffled changes it by {by}"
        "l’ajout de ses fragments mélangés la fait varier de {by}"
    control_elsewhere(by)
        "a change of the same strength elsewhere changes it by {by}"
        "une modification de même intensité ailleurs la fait varier de {by}"
    control_patch(by)
        "a plain patch of the same shape and strength changes it by {by}"
        "une tache unie de même forme et de même intensité la fait varier de {by}"
    beyond_control(control, own, chance)
        "; {control}, so the effect of {the_artefact} itself is {own}{chance}"
        " ; {control}, d’où un effet propre {of_the_artefact} de {own}{chance}"
    chance(p)
        " (p\u{a0}{p})"
        " (p\u{a0}{p})"
    estimated(name)
        "{name} (estimated)"
        "{name} (estimation)"
    lesion_out(estimated, after, pictures, before, does)
        "With the lesion removed{estimated} and the {artefact} left in place, {after} of {pictures} pictures are classified as {target}, compared with {before} before (the probability {does})"
        "Sans leur lésion{estimated}, mais avec {the_artefact}, {after} images sur {pictures} sont classées « {target} », contre {before} avant (la probabilité {does})"
    rises(by)
        "rises by {by}"
        "augmente de {by}"
    falls(by)
        "falls by {by}"
        "diminue de {by}"
    density(method, times, ends, pictures)
        "With {method}, the share of the map on {the_artefact} is {times} times its share of the picture {ends}, on {pictures} pictures"
        "Avec {method}, la part de la carte qui revient {to_the_artefact} vaut {times} fois sa part de l’image {ends}, sur {pictures} images"
    doubted(method, why)
        "{method} is shown but does not count, because {why}"
        "{method} : méthode montrée, mais non prise en compte, car {why}"
    unstable(found, least)
        "its maps change under imperceptible noise (rank correlation {found}, required: at least {least})"
        "ses cartes changent sous l’effet d’un bruit imperceptible (corrélation des rangs : {found} ; minimum exigé : {least})"
    unmoved(found, most)
        "its maps hardly change when the model's weights are re-initialised (rank correlation {found}, allowed: at most {most})"
        "ses cartes ne changent guère quand les poids du modèle sont réinitialisés (corrélation des rangs : {found} ; maximum admis : {most})"
    shortcut(findings, reacts, maps)
        "{findings}, more than a neutral edit of the same strength does{reacts}{maps}"
        "{findings}, davantage qu’une modification neutre de même intensité{reacts}{maps}"
    reacts_to_form()
        "; the model reacts to the shape of the {artefact}: with its tiles shuffled, less than half of the effect remains"
        " ; le modèle réagit à la forme {of_the_artefact} : une fois ses fragments mélangés, il reste moins de la moitié de l’effet"
    reacts_to_anything_like_it()
        "; the model reacts to anything that resembles the {artefact}: with its tiles shuffled, more than half of the effect remains"
        " ; le modèle réagit à tout ce qui ressemble {to_the_artefact} : une fois ses fragments mélangés, il reste plus de la moitié de l’effet"
    maps_lie_on_it(methods)
        "; the maps of {methods} concentrate on it"
        " ; les cartes de {methods} s’y concentrent"
    no_map_lies_on_it()
        "; no trusted map is shown to concentrate on it as much as the config requires"
        " ; il n’est établi pour aucune carte fiable qu’elle s’y concentre autant que la configuration l’exige"
    clear(least, flips, effects)
        "Neither adding nor removing the {artefact} changes the probability {of_target} by {least} or more on average, or the decision on {flips} or more of the edited pictures, in any class: {effects}"
        "Ni l’ajout ni le retrait {of_the_artefact} ne modifient la probabilité {of_target} de {least} ou plus en moyenne, ni la décision pour {flips} ou plus des images modifiées, dans aucune classe : {effects}"
    natural_says(class, with, without, by)
        "Among unedited pictures of class {class}, the mean probability {of_target} of the {with} with {an_artefact} differs by {by} from that of the {without} without"
        "Parmi les images non modifiées de la classe « {class} », la probabilité {of_target} moyenne des {with} images avec {artefact} diffère de {by} de celle des {without} images sans"
    edits_leave(rest)
        "; {rest} of this difference is not explained by the edits"
        " ; {rest} de cet écart n’est pas expliqué par les modifications"
    pairs_say(pairs, by)
        "In {pairs} pairs of pictures of the same lesion, with and without {an_artefact}, the probability {of_target} differs by {by}"
        "Sur {pairs} paires d’images de la même lésion, avec et sans {artefact}, la probabilité {of_target} diffère de {by}"
    pairs_of_class_say(class, pairs, by)
        "In {pairs} pairs of pictures of the same lesion of class {class}, with and without {an_artefact}, the probability {of_target} differs by {by}"
        "Sur {pairs} paires d’images de la même lésion de la classe « {class} », avec et sans {artefact}, la probabilité {of_target} diffère de {by}"
    probe_tells(auroc)
        "The model’s last features distinguish pictures with {an_artefact} from those without: a linear probe reaches an AUROC of {auroc}"
        "Les dernières représentations du modèle distinguent les images avec et sans {artefact} : une sonde linéaire atteint une AUROC de {auroc}"
    probe_sees_nothing(auroc)
        "The model’s last features hardly distinguish pictures with {an_artefact} from those without: a linear probe reaches an AUROC of only {auroc}"
        "Les dernières représentations du modèle distinguent à peine les images avec et sans {artefact} : une sonde linéaire n’atteint qu’une AUROC de {auroc}"
    goes(edits, way)
        "{edits} cover {way} of the distance to real ones"
        "{edits} parcourent {way} de la distance qui les sépare de vraies images"
    to_it(ways)
        "; according to it, {ways}"
        " ; selon elle, {ways}"
    the_added()
        "pictures with an added {artefact}"
        "les images avec ajout d’{an_artefact}"
    the_removed()
        "pictures with the {artefact} removed"
        "les images après retrait {of_the_artefact}"
    no_control(findings, pictures, wanted)
        "{findings}, but a control of the same strength was possible on only {pictures} of these pictures, and {wanted} are required: more pictures would settle the question"
        "{findings}, mais un contrôle de même intensité n’a été possible que sur {pictures} de ces images, alors que {wanted} sont exigées : davantage d’images permettraient de trancher"
    control_not_asked(findings, control)
        "{findings}, but the config does not ask for the change “{control}”, with which it would have to be compared: add it"
        "{findings}, mais la configuration ne demande pas la modification « {control} », à laquelle il faudrait le comparer : ajoutez-la"
    does_so(what, share)
        "{what} does so for {share} of them"
        "{what} le fait pour {share} d’entre elles"
    no_more_than_control(findings, control)
        "{findings}, but {control}: the model may react to the presence of any object rather than to the {artefact}. Pictures of the same lesions with and without it would settle the question"
        "{findings}, mais {control} : le modèle réagit peut-être à la présence d’un objet quelconque plutôt qu’à celle {of_the_artefact}. Des images des mêmes lésions avec et sans permettraient de trancher"
    same_sign(insert, remove)
        "Adding {an_artefact} and removing it change the probability {of_target} in the same direction ({insert} and {remove}), so the model may react to the editing itself: pictures of the same lesions with and without the {artefact} would settle the question"
        "L’ajout et le retrait {of_the_artefact} modifient la probabilité {of_target} dans le même sens ({insert} et {remove}) : le modèle réagit peut-être à la retouche elle-même. Des images des mêmes lésions avec et sans permettraient de trancher"
    not_when_removed(findings)
        "{findings}, but removing it does not change the answer enough, and the config requires both"
        "{findings}, mais son retrait ne change pas assez la réponse, et la configuration exige les deux"
    not_removed(findings)
        "{findings}, but removing it was not tried on enough pictures, and the config requires both"
        "{findings}, mais son retrait n’a pas été essayé sur assez d’images, et la configuration exige les deux"
    not_added(findings)
        "{findings}, but adding it was not tried on enough pictures, and the config requires this"
        "{findings}, mais son ajout n’a pas été essayé sur assez d’images, et la configuration l’exige"
    not_when_added(findings)
        "{findings}, but adding it does not have enough effect beyond that of its controls, and the config requires this"
        "{findings}, mais son ajout n’a pas assez d’effet au-delà de celui de ses contrôles, et la configuration l’exige"
    not_looked_at(findings)
        "{findings}, but no trusted map is shown to concentrate on it, and the config requires this"
        "{findings}, mais il n’est établi pour aucune carte fiable qu’elle s’y concentre, et la configuration l’exige"
    not_mapped(findings)
        "{findings}, but no map was made that could concentrate on it, and the config requires one: ask for methods and maps"
        "{findings}, mais aucune carte n’a été calculée qui puisse s’y concentrer, et la configuration en exige une : demandez des méthodes et des cartes"
    may_be_chance(findings)
        "{findings}, which may be due to chance after correction for all comparisons: more pictures would settle the question"
        "{findings}, ce qui peut être dû au hasard, compte tenu du nombre de comparaisons : davantage d’images permettraient de trancher"
    excess_may_be_chance(findings, control, beyond)
        "{findings}, but the excess over the effect of a control ({beyond}; the control: {control}) may be due to chance after correction for all comparisons: more pictures would settle the question"
        "{findings}, mais l’excédent par rapport à l’effet d’un contrôle ({beyond} ; contrôle : {control}) peut être dû au hasard, compte tenu du nombre de comparaisons : davantage d’images permettraient de trancher"
    unexplained(class, difference, unexplained)
        "Among unedited pictures of class {class}, the probability {of_target} of those with {an_artefact} differs by {difference} from those without, and the edits do not explain {unexplained} of this difference: either the model uses something that accompanies the {artefact}, or the edits are unrealistic. Pictures of the same lesions with and without it would settle the question"
        "Parmi les images non modifiées de la classe « {class} », la probabilité {of_target} de celles avec {artefact} diffère de {difference} de celle des autres, et les modifications n’expliquent pas {unexplained} de cet écart : soit le modèle se sert d’un élément qui accompagne la présence {of_the_artefact}, soit les retouches ne sont pas réalistes. Des images des mêmes lésions avec et sans permettraient de trancher"
    pairs_differ(pairs, difference)
        "The same lesions are assessed differently with {an_artefact} than without (by {difference} over {pairs} pairs), which the edits do not show. More pairs would settle the question"
        "Les mêmes lésions sont évaluées différemment avec et sans {artefact} ({difference} sur {pairs} paires), ce que les modifications ne montrent pas. Davantage de paires permettraient de trancher"
    pairs_of_class_differ(class, pairs, difference)
        "The same lesions of class {class} are assessed differently with {an_artefact} than without (by {difference} over {pairs} pairs), which the edits do not show. More pairs would settle the question"
        "Les mêmes lésions de la classe « {class} » sont évaluées différemment avec et sans {artefact} ({difference} sur {pairs} paires), ce que les modifications ne montrent pas. Davantage de paires permettraient de trancher"
    unmarked()
        "The {artefact} could not be removed from any picture, because its position has not been annotated, so the model cannot be cleared: masks or polygons of it would settle the question"
        "Le retrait {of_the_artefact} n’a été possible sur aucune image, faute d’annotation de son emplacement : on ne peut donc pas conclure à l’absence de raccourci. Des masques ou des polygones permettraient de trancher"
    not_asked(change)
        "The config does not ask for the change “{change}”, and a model can be cleared only if both adding and removing the {artefact} were tried: add it"
        "La configuration ne demande pas la modification « {change} », et l’absence de raccourci ne peut être établie que si l’ajout et le retrait {of_the_artefact} ont tous deux été essayés : ajoutez-la"
    untried_removing(class, pictures, wanted)
        "Removing the {artefact} was possible on only {pictures} pictures of class {class}, and {wanted} are required: more annotated pictures of this class would settle the question"
        "Le retrait {of_the_artefact} n’a été possible que sur {pictures} images de la classe « {class} », alors que {wanted} sont exigées : davantage d’images annotées de cette classe permettraient de trancher"
    untried_adding(class, pictures, wanted)
        "Adding {an_artefact} was possible on only {pictures} pictures of class {class}, and {wanted} are required: more pictures of this class that are known not to show it would settle the question"
        "L’ajout d’{an_artefact} n’a été possible que sur {pictures} images de la classe « {class} », alors que {wanted} sont exigées : davantage d’images de cette classe annotées comme étant sans {artefact} permettraient de trancher"
    too_few_of_change(change, class, pictures, excluded, why, wanted)
        "{change} can serve as evidence on only {pictures} pictures of class {class}, and {wanted} are required; on {excluded} more it cannot, because {why}"
        "{change} ne peut servir de preuve que sur {pictures} images de la classe « {class} », alors que {wanted} sont exigées ; sur {excluded} autres, il est inutilisable, car {why}"
    because_unseen()
        "the model sees less than half of the change: pictures that show more of it would settle the question"
        "le modèle y voit moins de la moitié de la modification : des images qui en montrent davantage permettraient de trancher"
    because_on_lesion()
        "the change covers part of the region to be assessed, and its control does not: pictures in which it lies elsewhere would settle the question"
        "la modification y couvre une partie de la région à évaluer, à la différence du témoin : des images où elle se trouve ailleurs permettraient de trancher"
    because_no_mask()
        "they have no mask of the region to be assessed, so that it is unknown whether the change covers it: masks would settle the question, drawn or estimated (lesion_masks = \"estimated\")"
        "elles n’ont pas de masque de la région à évaluer, et l’on ignore si la modification la couvre : des masques tracés ou estimés (lesion_masks = \"estimated\") permettraient de trancher"
    answers_not_finite(answers)
        "The model gave some of these pictures, or their changed versions, a probability that is not a number ({answers} in all), so that nothing can be said of how its answers change: its weights or its preprocessing need to be mended"
        "Le modèle a donné à certaines de ces images, ou à leurs versions modifiées, une probabilité qui n’est pas un nombre ({answers} en tout), de sorte que l’on ne peut rien dire des variations de ses réponses : ses poids ou son prétraitement sont à corriger"
    not_taken(edits, way, wanted)
        "For the model, {edits} may cover less than {wanted} of the distance to real ones ({way}): such edits can show a shortcut, but cannot rule one out. Cut-outs from annotated pictures, or pairs of the same lesion, would settle the question"
        "Pour le modèle, {edits} parcourent peut-être moins de {wanted} de la distance qui les sépare de vraies images ({way}) : de telles retouches peuvent établir un raccourci, mais non l’exclure. Des découpes d’images annotées, ou des paires d’images de la même lésion, permettraient de trancher"
    taken_unknown()
        "It could not be determined whether the model responds to edited pictures as to real ones, because too few pictures of one class are known to be with and without the {artefact}, or because the model’s last layer is not linear: more such pictures would settle the question"
        "On n’a pas pu établir si le modèle réagit aux images modifiées comme à de vraies, car trop peu d’images d’une même classe sont annotées comme étant avec et sans {artefact}, ou parce que la dernière couche du modèle n’est pas linéaire : davantage d’images annotées permettraient de trancher"
    too_wide(findings, least, settle)
        "{findings}; these 90 % limits neither show nor rule out a change of {least}; {settle}"
        "{findings} ; ces limites à 90 % n’établissent ni n’excluent une variation de {least} ; {settle}"
    moved_apart(what, share, least, most)
        "{what} changes the decision, or the probability {of_target} by more than {least}, in {share} of the edited pictures; this 90 % limit does not rule out that it sways {most} of them, even if the changes cancel on average"
        "{what} modifie la décision, ou la probabilité {of_target} de plus de {least}, sur {share} des images modifiées ; cette limite à 90 % n’exclut pas que {most} d’entre elles soient influencées, même si les variations se compensent en moyenne"
    adding_it(by)
        "adding it {by}"
        "ajout {by}"
    removing_it(by)
        "removing it {by}"
        "retrait {by}"
    needed(needed, pictures)
        "about {needed} pictures of this kind, instead of {pictures}, would settle the question"
        "environ {needed} images de ce type, au lieu de {pictures}, permettraient de trancher"
    more_pictures()
        "more pictures would settle the question"
        "davantage d’images permettraient de trancher"

    // The data.

    the_data()
        "The data"
        "Les données"
    data_set(name, count)
        "The data set {name} contains {count}."
        "Le jeu de données {name} contient {count}."
    data_groups(groups)
        "They show {groups} patients or lesions, which the bootstrap resamples as whole groups for every interval."
        "Elles proviennent de {groups} patients ou lésions, que le bootstrap rééchantillonne en bloc pour chaque intervalle."
    not_read(pictures, names)
        "Skipped because they could not be read: {pictures} ({names})."
        "Ignorées, car illisibles : {pictures} ({names})."
    in_question()
        "The class of interest is ‹{target}›, and the suspected region is ‹{the_artefact}›."
        "La classe étudiée est ‹{target}›, et la région suspecte est ‹{the_artefact}›."
    should_look(lesion)
        "A classifier should look at {lesion}."
        "Un classifieur devrait se fonder sur {lesion}."
    should_look_by_estimate(lesion, pictures)
        "A classifier should look at {lesion}, whose outline is estimated in {pictures}."
        "Un classifieur devrait se fonder sur {lesion}, dont le contour est estimé sur {pictures}."
    no_lesion()
        "The config states that a picture without a mask of the region to be assessed does not show one: it is assumed that a change in it hides nothing of importance."
        "La configuration indique qu’une image sans masque de la région à évaluer n’en montre pas : on suppose qu’une modification n’y cache rien d’important."
    pictures_by_group()
        "Pictures by group"
        "Images par groupe"
    class()
        "Class"
        "Classe"
    with_artefact()
        "With {artefact}"
        "Avec {artefact}"
    without_artefact()
        "Without {artefact}"
        "Sans {artefact}"
    association(odds, phi)
        "In these data the odds of {an_artefact} are {odds} times as high in pictures {of_target} as in the others (‹odds ratio›; 1 means no association; phi {phi})."
        "Dans ces données, la cote de présence d’{an_artefact} est multipliée par {odds} dans les images {of_target} (‹rapport des cotes› ; 1 signifie : aucune association ; phi {phi})."
    for_changes(how)
        "For the changes below, {an_artefact} is {how}."
        "Pour les modifications ci-dessous, {the_artefact} : {how}."
    made_smaller(side)
        "Pictures whose shorter side is at least twice {side} pixels long are reduced by an integer factor, to no less than {side} pixels, before they are edited; unedited pictures are always taken at their full size."
        "Les images dont le petit côté compte au moins deux fois {side} pixels sont réduites d’un facteur entier, sans descendre sous {side}, avant d’être modifiées ; les images non modifiées sont toujours prises à leur taille d’origine."
    redrawn()
        "drawn again by the generator"
        "dessin refait par le générateur"
    drawn()
        "drawn over the picture"
        "dessin posé sur l’image"
    cut_out(count)
        "cut from {count} other pictures"
        "découpe prise dans {count} autres images"
    not_put_in()
        "not added"
        "aucun ajout"

    // Where it comes from.

    provenance()
        "Provenance"
        "Provenance"
    reproducible()
        "With the same versions, data, weights and config, the seed gives the same results."
        "Avec les mêmes versions, données, poids et configuration, la graine redonne les mêmes résultats."
    device()
        "Device"
        "Matériel"
    seed()
        "Seed"
        "Graine"
    time_taken()
        "Time taken"
        "Durée"
    data_hash()
        "Data, SHA-256"
        "Données, SHA-256"
    config_hash()
        "Config, SHA-256"
        "Configuration, SHA-256"
    weights_hash(model)
        "Weights of {model}, SHA-256"
        "Poids de {model}, SHA-256"
    config()
        "Config"
        "Configuration"

    // What it says.

    what_it_says()
        "What the model predicts"
        "Ce que répond le modèle"
    about_answers()
        "The probability {of_target} that the model gives to the pictures of each class, with and without the {artefact}. Square brackets, here and below, contain the 95 % interval of a mean: the range in which it would plausibly lie for other pictures of the same kind."
        "La probabilité {of_target} que le modèle donne aux images de chaque classe, avec et sans {artefact}. Entre crochets, ici et plus bas, figure l’intervalle à 95 % d’une moyenne : les valeurs plausibles si l’on avait tiré d’autres images du même type."
    answers_claim(class, with, called_with, without, called_without)
        "Classified as {target}, class {class}: {called_with} of {with} pictures with {an_artefact}, {called_without} of {without} without."
        "Classées « {target} », classe « {class} » : {called_with} images sur {with} avec {artefact}, {called_without} sur {without} sans."
    artefact_column()
        "{artefact}"
        "{artefact}"
    pictures()
        "Pictures"
        "Images"
    mean_probability()
        "Mean probability"
        "Probabilité moyenne"
    called()
        "Classified as {target}"
        "Classées « {target} »"
    with()
        "with"
        "avec"
    without()
        "without"
        "sans"
    probability_by_group()
        "Probability {of_target} by group"
        "Probabilité {of_target} par groupe"
    sensitivity()
        "Sensitivity"
        "Sensibilité"
    specificity()
        "Specificity"
        "Spécificité"
    auroc()
        "AUROC"
        "AUROC"
    brier()
        "Brier"
        "Brier"
    calibration_error()
        "Calibration error"
        "Erreur de calibration"
    all_pictures()
        "all pictures"
        "toutes les images"
    how_good()
        "How accurate the predictions are"
        "Qualité des prédictions"
    about_performance()
        "‹Sensitivity› is the share of the pictures {of_target} that are classified as such, ‹specificity› the share of the other pictures that are not. ‹AUROC› is the probability that a picture {of_target} gets a higher score than one of another class: 1 is perfect, 0.5 is chance. The ‹Brier› score and the ‹calibration error› measure how far the probabilities are from the true classes: 0 is perfect."
        "La ‹sensibilité› est la part des images {of_target} qui sont reconnues, la ‹spécificité› la part des autres qui ne sont pas prises pour telles. L’‹AUROC› est la probabilité qu’une image {of_target} reçoive une probabilité plus élevée qu’une image d’une autre classe : 1 est parfait, 0,5 relève du hasard. Le score de ‹Brier› et l’‹erreur de calibration› mesurent l’écart entre les probabilités et les vraies classes : 0 est parfait."

    // What each change does.

    what_changes_do()
        "The effect of each change"
        "Effet de chaque modification"
    about_changes()
        "Each picture is assessed twice: unchanged, and with one change. A ‹control› changes an equally large part of the picture in a way that should not matter; only the part of an effect that exceeds that of the control counts."
        "Chaque image est évaluée deux fois : telle quelle, puis avec une seule modification. Un ‹contrôle› modifie une part aussi grande de l’image d’une façon qui ne devrait pas compter ; seule compte la part d’un effet qui dépasse celui du contrôle."
    no_change()
        "No picture could be changed, so this question remains open."
        "Aucune image n’a pu être modifiée : la question reste ouverte."
    untouched()
        "What unedited pictures show"
        "Ce que montrent les images non modifiées"
    about_untouched()
        "This comparison uses no edits: it compares original pictures with and without {an_artefact} within each class. A difference that the edits above do not explain comes from something else that accompanies {the_artefact}, or from unrealistic edits."
        "Aucune retouche n’intervient ici : des images d’origine, avec et sans {artefact}, sont comparées au sein de chaque classe. Un écart que les modifications ci-dessus n’expliquent pas vient d’un autre élément, associé {to_the_artefact}, ou de retouches peu réalistes."
    no_untouched()
        "No class has pictures of both kinds."
        "Aucune classe n’a d’images des deux sortes."
    difference_by_class()
        "Mean probability {of_target}: pictures with {an_artefact} minus those without"
        "Probabilité moyenne {of_target} : images avec {artefact} moins images sans"
    unexplained_column()
        "Not explained by the edits"
        "Non expliqué par les modifications"
    way()
        "Distance covered to real pictures"
        "Distance parcourue vers de vraies images"
    edits_taken()
        "Does the model respond to edited pictures as to real ones?"
        "Le modèle réagit-il aux images modifiées comme à de vraies ?"
    about_taken()
        "A ‹linear probe› on the model’s last features learns to distinguish pictures with {an_artefact} from those without, and is applied only to pictures of groups that it was not fitted on. 0 % means that an edited picture looks unchanged to it, 100 % that it looks like real pictures of the other kind. A control should have a small value."
        "Une ‹sonde linéaire› apprend, sur les dernières représentations du modèle, à distinguer les images avec et sans {artefact}, et n’est appliquée qu’à des images de groupes sur lesquels elle n’a pas été ajustée. 0 % : une image modifiée lui paraît inchangée ; 100 % : elle lui paraît semblable aux vraies images de l’autre catégorie. Un contrôle devrait rester proche de 0 %."
    unnamed()
        "Other suspects"
        "Autres suspects"
    goes_with_label()
        "Associated with {target} in these data"
        "Associé à « {target} » dans ces données"
    goes_with_score()
        "Associated with the model’s score {of_target}, given the class"
        "Associé au score {of_target}, à classe égale"
    about_properties()
        "Simple properties of the pictures and columns of the data, the strongest association first. A model can learn a property that is associated with the class instead of what should count; a property that is associated with the score among pictures of the same class may have been learnt. p-values are corrected for all comparisons (Holm)."
        "Propriétés simples des images et colonnes des données, par force d’association décroissante. Un modèle peut apprendre une propriété associée à la classe à la place de ce qui devrait compter ; une propriété associée au score parmi les images d’une même classe a peut-être été apprise. Les valeurs p sont corrigées pour toutes les comparaisons (Holm)."
    property()
        "Property or column"
        "Propriété ou colonne"
    measure()
        "Measure"
        "Mesure"
    strength_of_association()
        "Strength"
        "Force"
    somers_d()
        "Somers’ D"
        "D de Somers"
    cramers_v()
        "Cramér’s V"
        "V de Cramér"
    rank_correlation()
        "rank correlation"
        "corrélation des rangs"
    worst_target(part, right)
        "Lowest accuracy among pictures {of_target}: {part}; {right} of them are classified correctly"
        "Exactitude la plus faible parmi les images {of_target} : {part} ; {right} d’entre elles sont reconnues"
    worst_other(part, right)
        "Lowest accuracy among pictures of the other classes: {part}; {right} of them are correctly not classified as {target}"
        "Exactitude la plus faible parmi les images des autres classes : {part} ; {right} d’entre elles ne sont, à juste titre, pas classées « {target} »"
    change()
        "Change"
        "Modification"
    mean_change()
        "Mean change in probability"
        "Variation moyenne de la probabilité"
    in_score()
        "In the score"
        "Du score"
    left_out()
        "Excluded"
        "Exclues"
    decision_gained()
        "Became {target}"
        "Deviennent « {target} »"
    decision_lost()
        "No longer {target}"
        "Ne sont plus « {target} »"
    moved_share()
        "Changed"
        "Modifiées"
    strength()
        "Strength"
        "Intensité"
    corrected_interval()
        "Corrected interval"
        "Intervalle corrigé"
    all_classes()
        "all"
        "toutes"
    of_so_many(pictures, groups)
        "{pictures} ({groups} patients or lesions)"
        "{pictures} ({groups} patients ou lésions)"
    p_decision()
        "p, decision"
        "p, décision"
    could_have_shown()
        "Detectable"
        "Détectable"
    change_in_probability()
        "Change in the probability {of_target}"
        "Variation de la probabilité {of_target}"
    about_effects()
        "“In the score” is the change of the log odds {of_target} against all other classes. “Excluded” counts the pictures in which the model sees less than half of the change, in which the change covers part of the region that should be assessed, or in which this is unknown because that region has no mask. “p, decision” is the probability of decision changes at least as unbalanced as these if both directions were equally likely (McNemar, exact). “Detectable” is the smallest mean change that this number of pictures, with this scatter, would have shown four times out of five."
        "« Du score » est la variation du logarithme de la cote {of_target} face à toutes les autres classes. « Exclues » compte les images dont le modèle voit moins de la moitié de la modification, dont la modification couvre une partie de la région à évaluer, ou pour lesquelles on l’ignore, faute de masque de cette région. « p, décision » est la probabilité de changements de décision au moins aussi déséquilibrés si les deux sens étaient également probables (McNemar, exact). « Détectable » est la plus petite variation moyenne que ce nombre d’images, avec cette dispersion, aurait révélée quatre fois sur cinq."
    less()
        "Minus"
        "Moins"
    difference()
        "Difference"
        "Différence"
    p_corrected()
        "p, corrected"
        "p corrigé"
    less_patch()
        "plain patch"
        "tache unie"
    less_elsewhere()
        "change elsewhere"
        "modification ailleurs"
    less_shuffled()
        "shuffled tiles"
        "fragments mélangés"
    against_controls()
        "Each change compared with its controls"
        "Chaque modification comparée à ses contrôles"
    about_contrasts()
        "The basis of the verdict, by class. Intervals come from a bootstrap that resamples groups of pictures (all pictures of a patient, if the data identify patients) and the pictures that cut-outs were taken from. The ‹corrected interval› is wide enough to hold for all comparisons of this audit together (Bonferroni); it must lie entirely beyond the smallest effect that counts. ‹Strength›: the mean change of the changed pixels, on a scale of 255; a control has the same strength as the change that it controls. ‹Minus›: the control whose effect on the same pictures is subtracted. ‹Became› and ‹no longer›: edited pictures whose decision changes to {target}, or away from it. ‹Changed›: edited pictures whose decision changes, or whose probability changes by more than the smallest effect that counts."
        "Fondement du verdict, par classe. Les intervalles viennent d’un bootstrap qui rééchantillonne les groupes d’images (toutes celles d’un même patient, si les données l’indiquent) et les images d’où proviennent les découpes. L’‹intervalle corrigé› est assez large pour valoir pour toutes les comparaisons de cet audit à la fois (Bonferroni) ; il doit se situer entièrement au-delà du plus petit effet qui compte. ‹Intensité› : variation moyenne des pixels modifiés, sur une échelle de 255 ; un contrôle a la même intensité que la modification qu’il contrôle. ‹Moins› : le contrôle dont l’effet sur les mêmes images est retranché. ‹Deviennent›, ‹ne sont plus› : images modifiées dont la décision devient « {target} » ou cesse de l’être ; ‹modifiées› : celles dont la décision change, ou dont la probabilité varie de plus que le plus petit effet qui compte."
    changed_insert()
        "{artefact} added"
        "ajout d’{an_artefact}"
    changed_remove()
        "{artefact} removed"
        "retrait {of_the_artefact}"
    changed_move()
        "{artefact} moved"
        "déplacement {of_the_artefact}"
    changed_elsewhere()
        "change of the same strength elsewhere (control)"
        "modification de même intensité ailleurs (contrôle)"
    changed_patch()
        "plain patch of the same shape and strength (control)"
        "tache unie de même forme et de même intensité (contrôle)"
    changed_scrambled()
        "{artefact} added with its tiles shuffled (control)"
        "ajout d’{an_artefact} aux fragments mélangés (contrôle)"
    changed_lesion_with()
        "lesion removed, {artefact} left in place"
        "retrait de la lésion seule"
    changed_lesion()
        "lesion removed"
        "retrait de la lésion"

    // Where it looks.

    where_it_looks()
        "Where the model looks"
        "Où le modèle porte son attention"
    about_attention()
        "A map shows how much each part of a picture contributes to the answer. A region’s ‹share› is the fraction of the map that lies in it. Its ‹density› is that share divided by the region’s fraction of the picture’s area. ‹Chance› is a density of 1, which a map spread evenly over the picture would have. “Against control” is the density of {the_artefact} minus that of the same place after the {artefact} has been removed."
        "Une carte de saillance montre combien chaque partie de l’image contribue à la réponse. La ‹part› d’une région est la fraction de la carte qui s’y trouve ; sa ‹densité› est cette part divisée par la fraction de l’image que la région occupe ; le ‹hasard› correspond à une densité de 1, celle d’une carte uniforme. « Par rapport au contrôle » est la densité {of_the_artefact} moins celle du même endroit après retrait."
    about_chance()
        "If an interval lies entirely to the right of chance, the method’s maps favour the region; if it contains chance, they may not favour it at all."
        "Un intervalle entièrement à droite du hasard signifie que les cartes de la méthode privilégient la région ; s’il contient le hasard, il se peut qu’elles ne la privilégient pas du tout."
    no_map()
        "No map could be measured: no method was selected, no picture shows a region, or every map is unusable."
        "Aucune carte n’a pu être mesurée : aucune méthode n’a été choisie, aucune image ne montre de région, ou toutes les cartes sont inutilisables."
    method()
        "Method"
        "Méthode"
    region()
        "Region"
        "Région"
    share()
        "Share"
        "Part"
    density_column()
        "Density"
        "Densité"
    against_control()
        "Against control"
        "Par rapport au contrôle"
    highest_values()
        "Highest values"
        "Valeurs hautes"
    pointing()
        "Pointing"
        "Pointage"
    auc()
        "AUC"
        "AUC"
    share_and_density()
        "Share and density of each region"
        "Part et densité de chaque région"
    about_regions()
        "‹Highest values›: take as many of the map’s highest values as the region has pixels; this is the fraction of them that lies in the region (relevance rank accuracy). ‹Pointing›: how often the highest value of all lies in the region. ‹AUC›: how well the map separates the region from the rest; 0.5 is chance."
        "‹Valeurs hautes› : on retient autant des plus hautes valeurs de la carte que la région compte de pixels ; c’est la fraction d’entre elles située dans la région (relevance rank accuracy). ‹Pointage› : la fréquence à laquelle la plus haute valeur se trouve dans la région. ‹AUC› : à quel point la carte distingue la région du reste ; 0,5 relève du hasard."
    under_noise()
        "Under faint noise"
        "Sous un bruit faible"
    drawn_anew(share)
        "{share} of the layers re-initialised"
        "{share} des couches réinitialisées"
    counts()
        "Counts"
        "Prise en compte"
    yes()
        "yes"
        "oui"
    no_because(why)
        "no: {why}"
        "non : {why}"
    believable()
        "Can the maps be trusted?"
        "Les cartes sont-elles fiables ?"
    about_trust()
        "The rank correlation between a map and another map of the same picture: one made after adding imperceptible noise, for which it should stay near 1, and those made after re-initialising the weights of the model’s last layers, or of all layers, for which it should fall. A method that fails is shown but does not influence the verdict."
        "La corrélation des rangs entre une carte et une autre carte de la même image : celle obtenue après ajout d’un bruit imperceptible, pour laquelle elle devrait rester proche de 1, et celles obtenues après réinitialisation des poids des dernières couches du modèle, puis de toutes, pour lesquelles elle devrait chuter. Une méthode qui échoue est montrée, mais n’influence pas le verdict."
    against_reference()
        "Against reference"
        "Par rapport à la référence"
    about_reference()
        "‹Against reference›: the density of {the_artefact} minus that in the reference model’s map of the same picture."
        "‹Par rapport à la référence› : la densité {of_the_artefact} moins celle de la carte du modèle de référence sur la même image."
    faithful()
        "Are the maps faithful to the model?"
        "Les cartes sont-elles fidèles au modèle ?"
    deletion()
        "Deletion"
        "Suppression"
    insertion_area()
        "Insertion"
        "Insertion"
    infidelity()
        "Infidelity"
        "Infidélité"
    about_faithfulness()
        "The value for a random map is given in brackets. ‹Deletion›: the mean probability {of_target} while the map’s highest pixels are replaced by a uniform colour; low is good. ‹Insertion›: the same while these pixels are added to a blurred picture; high is good. ‹ROAD›: the change of the probability when the highest fifth of the pixels is filled in from its surroundings; low is good. ‹Infidelity›: the error with which a map that is a gradient predicts the effect of small changes of the picture on the score; low is good. Other maps have none."
        "Entre parenthèses figure la valeur d’une carte aléatoire. ‹Suppression› : la probabilité {of_target} moyenne pendant que les pixels de plus forte valeur de la carte sont remplacés par une couleur unie ; plus elle est faible, mieux c’est. ‹Insertion› : la même pendant que ces pixels sont ajoutés à une image floue ; plus elle est élevée, mieux c’est. ‹ROAD› : la variation de la probabilité quand le cinquième des pixels de plus forte valeur est comblé à partir de son voisinage ; plus elle est faible, mieux c’est. ‹Infidélité› : l’erreur avec laquelle une carte qui est un gradient prédit l’effet de petites modifications de l’image sur le score ; plus elle est faible, mieux c’est. Les autres cartes n’en ont pas."
    kinds()
        "Kinds of maps"
        "Types de cartes"
    about_kinds()
        "The maps of the pictures {of_target}, grouped by similarity, without using any annotation (spectral relevance analysis). If the pictures of a group share something that should not count, the group reveals a shortcut, even one that nobody has named."
        "Les cartes des images {of_target}, groupées par ressemblance, sans utiliser les annotations (analyse spectrale de la pertinence). Un type dont les images partagent quelque chose qui ne devrait pas compter révèle un raccourci, même si personne ne l’a nommé."
    kinds_of(method)
        "Kinds of maps, {method}"
        "Types de cartes, {method}"
    kind_column()
        "Kind"
        "Type"
    densest()
        "Region with the highest density"
        "Région de plus forte densité"
    typical_of(number)
        "Typical of kind {number}"
        "Images typiques du type {number}"
    gap(method, gap)
        "{method}: in half of the maps, the sum of the attributions deviates from the change of the score by more than {gap} (median completeness gap)."
        "{method} : pour la moitié des cartes, la somme des attributions s’écarte de plus de {gap} de la variation du score (écart de complétude médian)."
    remark(method, count, remark)
        "{method}, {count}: {remark}."
        "{method}, {count} : {remark}."
    all_zero()
        "all zero: the method finds nothing that changes the score"
        "valeurs toutes nulles, la méthode ne trouve rien qui change le score"
    none_positive()
        "no positive values: all evidence here is against the class"
        "aucune valeur positive, tout parle ici contre la classe"
    not_finite()
        "not finite: the map cannot be used"
        "valeurs non finies, la carte est inutilisable"
    picture_count(count)
        "{count} pictures"
        "{count} images"
    one_picture()
        "1 picture"
        "1 image"

    // Charts.

    chart_answers()
        "Predictions by class and artefact"
        "Prédictions par classe et artefact"
    chart_answers_note()
        "Each dot is one picture; the box contains the middle half"
        "Chaque point est une image ; la boîte contient la moitié centrale"
    probability()
        "probability {of_target}"
        "probabilité {of_target}"
    decision()
        "decision"
        "décision"
    median()
        "median"
        "médiane"
    chart_changes_note()
        "Each thin line is one picture; the thick line joins the means"
        "Chaque trait fin est une image ; le trait épais joint les moyennes"
    chart_density()
        "Density of each region"
        "Densité de chaque région"
    chart_density_note()
        "Mean over the pictures that show the region, with 95 % intervals"
        "Moyenne sur les images qui montrent la région, avec intervalles à 95 %"
    chart_density_axis()
        "share of the map ÷ share of the picture"
        "part de la carte ÷ part de l’image"
    at_chance()
        "chance"
        "hasard"
    shows()
        "with {artefact}"
        "avec {artefact}"
    shows_not()
        "without {artefact}"
        "sans {artefact}"
    not_annotated()
        "{artefact} not annotated"
        "{artefact} : non annoté"

    // The gallery.

    gallery()
        "Pictures and their maps"
        "Les images et leurs cartes"
    gallery_count(count, all)
        "{count} of {all}"
        "{count} sur {all}"
    about_gallery()
        "Each picture as the model saw it, with its regions outlined, and with each method’s map laid over it: the brighter a place, the more it counts. Below, the unchanged picture and its changed versions are shown side by side."
        "Chaque image telle que le modèle la voit, avec le contour de ses régions, puis la carte de chaque méthode en superposition : plus un endroit est clair, plus il compte. En dessous, l’image telle quelle et ses versions modifiées, côte à côte."
    choose_pictures()
        "Choose pictures"
        "Choisir les images"
    choose_view()
        "How the maps are shown"
        "Affichage des cartes"
    any()
        "any"
        "toutes"
    sort_by()
        "Sort by"
        "Trier par"
    sort_data()
        "order in the data"
        "ordre des données"
    sort_probability()
        "probability {of_target}, highest first"
        "probabilité {of_target}, décroissante"
    sort_share()
        "share on the {artefact}, highest first"
        "part sur {the_artefact}, décroissante"
    sort_change()
        "change of the probability, largest first"
        "variation de la probabilité, décroissante"
    share_of()
        "Share measured by"
        "Part mesurée par"
    least_share()
        "Share on the {artefact}, at least (%)"
        "Part sur {the_artefact}, au moins (%)"
    flipped()
        "Decision changed by"
        "Décision changée par"
    all_the_same()
        "any or none"
        "indifférent"
    any_change()
        "any change"
        "toute modification"
    reset()
        "Show all"
        "Tout afficher"
    opacity()
        "Opacity of the maps"
        "Opacité des cartes"
    picture_beneath()
        "Picture underneath"
        "Image sous les cartes"
    outlines()
        "Outlines on every picture"
        "Contours sur chaque image"
    shown_count(shown, all)
        "{shown} of {all} pictures shown"
        "{shown} images affichées sur {all}"
    picture()
        "Picture"
        "Image"
    before()
        "Unchanged"
        "Telle quelle"
    picture_alternative(id, region)
        "{id} as the model saw it, regions outlined; {region}"
        "{id} telle que le modèle la voit, contours des régions ; {region}"
    map_alternative(method, id, share)
        "{method} map over {id}{share}"
        "Carte {method} sur {id}{share}"
    share_on_artefact(share)
        "; {share} of it on the {artefact}"
        " ; {share} sur {the_artefact}"
    changed_alternative(id, change, probability)
        "{id}, {change}, probability {of_target} {probability}"
        "{id}, {change}, probabilité {of_target} {probability}"
    artefact_density(density)
        "density on the {artefact} {density}"
        "densité sur {the_artefact} {density}"
    probability_is(probability)
        "probability {of_target} {probability}"
        "probabilité {of_target} {probability}"
    decision_flips()
        "the decision changes"
        "la décision change"

    // Twelve questions.

    questions()
        "Twelve questions, answered with measurements"
        "Douze questions, et leurs réponses mesurées"
    question_pictures()
        "What do the pictures show?"
        "Que montrent les images ?"
    answer_pictures(count, groups)
        "{count}: {groups}."
        "{count} : {groups}."
    group_pictures(class, count, with)
        "{count} of class {class}, {with} of them with {an_artefact}"
        "{count} de la classe « {class} », dont {with} avec {artefact}"
    group_unknown(count)
        "without an annotation of {the_artefact}: {count}"
        "sans annotation {of_the_artefact} : {count}"
    answer_area(region, area)
        "{region} covers {area} of a picture on average, if it is present."
        "{region} : {area} de l’image en moyenne, quand elle est présente."
    question_right()
        "Is the model right?"
        "Le modèle a-t-il raison ?"
    answer_right(sensitivity, specificity, auroc)
        "It correctly classifies {sensitivity} of the pictures {of_target} and {specificity} of the others; AUROC {auroc}."
        "Il classe correctement {sensitivity} des images {of_target} et {specificity} des autres ; AUROC {auroc}."
    answer_right_group(shown, sensitivity, specificity)
        "On pictures {shown}: {sensitivity} and {specificity}."
        "Sur les images {shown} : {sensitivity} et {specificity}."
    question_sure()
        "Are its probabilities reliable?"
        "Peut-on se fier à ses probabilités ?"
    answer_sure(error, brier)
        "They deviate from the observed frequencies by {error} on average (calibration error); the Brier score is {brier}."
        "Elles s’écartent des fréquences observées de {error} en moyenne (erreur de calibration) ; le score de Brier est de {brier}."
    answer_sure_class(class, probability)
        "For pictures of class {class}, the mean probability {of_target} is {probability}."
        "Pour les images de la classe « {class} », la probabilité {of_target} est de {probability} en moyenne."
    question_points()
        "Where does each method point?"
        "Où pointe chaque méthode ?"
    answer_points(method, places)
        "{method}: the highest value lies on {places} of the pictures that show the region."
        "{method} : la plus haute valeur se trouve sur {places} des images qui montrent la région."
    answer_place(region, share)
        "{region} in {share}"
        "{region} dans {share}"
    question_artefact()
        "Does the {artefact} get more than its share?"
        "La part {of_the_artefact} dépasse-t-elle ce qui lui revient ?"
    answer_artefact(method, density, control)
        "{method}: {density} times its share of the picture{control}."
        "{method} : {density} fois sa part de l’image{control}."
    answer_artefact_control(difference)
        ", {difference} compared with the same place without it"
        ", {difference} par rapport au même endroit après retrait"
    question_agree()
        "Do the methods agree?"
        "Les méthodes s’accordent-elles ?"
    answer_agree(groups)
        "The region with the highest density: {groups}."
        "Région de plus forte densité : {groups}."
    answer_agree_group(region, count, all, methods)
        "{region} for {count} of {all} ({methods})"
        "{region} pour {count} sur {all} ({methods})"
    question_clean()
        "Which maps are the most concentrated?"
        "Quelles cartes sont les plus concentrées ?"
    about_clean()
        "Gini index of the map. 0: spread evenly; near 1: concentrated in a few pixels."
        "Indice de Gini de la carte : 0, répartie uniformément ; près de 1, concentrée en quelques pixels."
    question_contours()
        "Which maps follow the picture’s contours?"
        "Quelles cartes suivent les contours de l’image ?"
    about_contours()
        "Rank correlation of the map with the strength of the picture’s edges (Sobel). 0: none; 1: the map reproduces the edges, which says little about the model."
        "Corrélation des rangs entre la carte et l’intensité des contours de l’image (Sobel) : 0, aucune ; 1, la carte reproduit les contours, ce qui renseigne peu sur le modèle."
    question_regions()
        "Which maps show regions rather than speckles?"
        "Quelles cartes montrent des régions plutôt que des points épars ?"
    about_moran()
        "Moran’s I, the similarity of neighbouring pixels. 1: uniform regions; 0: speckles."
        "I de Moran, ressemblance des pixels voisins : 1, régions homogènes ; 0, points épars."
    ranking(first, rest)
        "{first}; then {rest}."
        "{first} ; puis {rest}."
    only_one_ranked(only)
        "Only {only}."
        "Seulement {only}."
    ranked(method, value)
        "{method} {value}"
        "{method} {value}"
    question_believed()
        "Are the maps stable, and do they show what the model has learnt?"
        "Les cartes sont-elles stables, et montrent-elles ce que le modèle a appris ?"
    answer_believed(method, stability, randomised, counts)
        "{method}: {stability} under faint noise, {randomised} with all weights re-initialised; taken into account: {counts}."
        "{method} : {stability} sous un bruit faible, {randomised} avec tous les poids réinitialisés ; prise en compte : {counts}."
    about_believed()
        "Rank correlation with the map itself: the first should stay near 1, the second fall towards 0."
        "Corrélation des rangs avec la carte d’origine : la première devrait rester proche de 1, la seconde tendre vers 0."
    question_changes()
        "Does the {artefact} change the answer?"
        "La présence {of_the_artefact} change-t-elle la réponse ?"
    question_best()
        "Which method explains best here, and why?"
        "Quelle méthode explique le mieux ici, et pourquoi ?"
    best(method, auc, region)
        "{method}. Of the trusted methods whose deletion and insertion scores are no worse than those of random maps, it best separates {region} from the rest: AUC {auc}."
        "{method}. Parmi les méthodes fiables, et qui ne font pas moins bien que des cartes aléatoires à la suppression et à l’insertion, c’est celle qui distingue le mieux {region} du reste : AUC {auc}."
    best_untested(method, auc, region)
        "{method} best separates {region} from the rest: AUC {auc}. Whether its maps can be trusted was not tested."
        "{method} distingue le mieux {region} du reste : AUC {auc}. La fiabilité de ses cartes n’a pas été vérifiée."
    best_artefact()
        "Here, a good map must highlight the {artefact}, because the changes prove that it influences the answer."
        "Ici, une bonne carte doit mettre en évidence {the_artefact}, car les modifications prouvent son influence sur la réponse."
    best_lesion(lesion)
        "Here, a good map should highlight {lesion}, because the changes do not show that the {artefact} influences the answer."
        "Ici, une bonne carte devrait mettre en évidence {lesion}, car les modifications n’établissent pas d’influence {of_the_artefact} sur la réponse."
    others(ranked)
        "The others: {ranked}."
        "Les autres : {ranked}."
    none_best()
        "None can be named: no method has maps that can be trusted, are at least as faithful as random maps, and could be measured."
        "Aucune ne peut être désignée : aucune méthode n’a de cartes à la fois fiables, au moins aussi fidèles que des cartes aléatoires, et mesurables."
    unanswered()
        "That could not be measured."
        "Cela n’a pas pu être mesuré."

    // The section for a model card.

    card_heading(model)
        "Reliance on the {artefact}: {model}"
        "Dépendance à l’égard {of_the_artefact} : {model}"
    card_verdict(kind)
        "Verdict: {kind}."
        "Verdict : {kind}."
    card_data(class, data, pictures, fingerprint)
        "Positive class: {class}. Data: {data}, {pictures} (SHA-256 {fingerprint})."
        "Classe positive : {class}. Données : {data}, {pictures} (SHA-256 {fingerprint})."
    card_model(architecture, weights, version, seed)
        "Weights: {architecture}, SHA-256 {weights}. Reglet {version}, seed {seed}. In square brackets: 95 % intervals."
        "Poids : {architecture}, SHA-256 {weights}. Reglet {version}, graine {seed}. Entre crochets : intervalles à 95 %."
}
