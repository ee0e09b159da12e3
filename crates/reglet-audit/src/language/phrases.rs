//! Every sentence of a report, in each language. What stands between ‹ and › is a term that is explained there.

use std::fmt::Display;

use reglet_attribution::Remark;
use reglet_data::edit::Insertion;
use reglet_evidence::VerdictKind;

use super::Language;
use crate::results::Expectation;

/// Speaks of one artefact and one target class, in one language.
#[derive(Debug, Clone)]
pub(crate) struct Words {
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

impl Words {
    pub(crate) fn new(language: Language, artefact: &str, target: &str) -> Words {
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
        Words { language, forms }
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

    /// Where what is put into pictures comes from.
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

/// A method for each phrase. The names' forms come first, because a phrase can only capture identifiers that are written
/// beside it.
macro_rules! phrases {
    ($forms:tt $($name:ident $arguments:tt $english:literal $french:literal)*) => {
        impl Words {
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
        "Do these classifiers look at {the_artefact} when they judge {target}, and does it change what they say?"
        "Quand ces classifieurs estiment la probabilité {of_target}, tiennent-ils compte {of_the_artefact}, et cela change-t-il leur réponse ?"
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
        "Nothing here says that this model uses {the_artefact}."
        "Rien n’indique ici que ce modèle se serve {of_the_artefact}."
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
        "An equally strong change of the same shape elsewhere"
        "Une modification aussi forte et de même forme, ailleurs,"
    plain_patch()
        "A plain patch of the same shape and strength in place of {an_artefact}"
        "Une tache unie, de même forme et de même force, à la place d’{an_artefact}"
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
        "{what} makes {share} of the pictures come to be called {target}"
        "{what} fait classer « {target} » {share} des images qui ne l’étaient pas"
    loses(what, share)
        "{what} makes {share} of the pictures cease to be called {target}"
        "{what} fait perdre le classement « {target} » à {share} des images"
    of_class(said, class)
        "{said} (class {class})"
        "{said} (classe « {class} »)"
    effect(finding, pictures, chance, flipped)
        "{finding} on {pictures} pictures{chance}, and changes the decision on {flipped}"
        "{finding} sur {pictures} images{chance} et change la décision pour {flipped} d’entre elles"
    control_scrambled(by)
        "the same with its tiles shuffled changes it by {by}"
        "ses fragments mélangés la modifient de {by}"
    control_elsewhere(by)
        "an equally strong change elsewhere changes it by {by}"
        "une modification aussi forte ailleurs la modifie de {by}"
    control_patch(by)
        "a plain patch of the same shape and strength changes it by {by}"
        "une tache unie de même forme et de même force la modifie de {by}"
    beyond_control(control, own, chance)
        "; {control}, so {the_artefact} itself by {own}{chance}"
        " ; {control}, d’où un effet propre {of_the_artefact} de {own}{chance}"
    chance(p)
        " (p\u{a0}{p})"
        " (p\u{a0}{p})"
    estimated(name)
        "{name} (estimated)"
        "{name} (estimation)"
    lesion_out(estimated, after, pictures, before, does)
        "Without its lesion{estimated}, but with its {artefact}, a picture is called {target} on {after} of {pictures}, {before} before (the probability {does})"
        "Sans leur lésion{estimated}, mais avec {the_artefact}, {after} images sur {pictures} sont classées « {target} », contre {before} avant (la probabilité {does})"
    rises(by)
        "rises by {by}"
        "augmente de {by}"
    falls(by)
        "falls by {by}"
        "diminue de {by}"
    density(method, times, ends, pictures)
        "{method} gives {the_artefact} {times} times its share of the picture {ends} on {pictures} pictures"
        "La méthode {method} accorde {to_the_artefact} {times} fois sa part de l’image {ends} sur {pictures} images"
    doubted(method, why)
        "{method} is shown but does not count: {why}"
        "{method} : méthode montrée, mais non prise en compte, car {why}"
    unstable(found, least)
        "its maps change under noise that cannot be seen (rank correlation {found}, at least {least} is asked for)"
        "ses cartes changent sous un bruit imperceptible (corrélation des rangs {found}, au moins {least} exigé)"
    unmoved(found, most)
        "its maps hardly change when the model's weights are re-initialised (rank correlation {found}, at most {most} is allowed)"
        "ses cartes ne changent guère quand les poids du modèle sont réinitialisés (corrélation des rangs {found}, au plus {most} admis)"
    shortcut(findings, reacts, maps)
        "{findings}, more than an equally strong neutral edit does{reacts}{maps}"
        "{findings}, davantage qu’une modification neutre aussi forte{reacts}{maps}"
    reacts_to_form()
        "; what counts is the form of the {artefact}: with its tiles shuffled it does less than half as much"
        " ; c’est la forme {of_the_artefact} qui compte : une fois ses fragments mélangés, il reste moins de la moitié de l’effet"
    reacts_to_anything_like_it()
        "; anything that resembles the {artefact} counts: with its tiles shuffled it does more than half as much"
        " ; tout ce qui ressemble {to_the_artefact} compte : une fois ses fragments mélangés, il reste plus de la moitié de l’effet"
    maps_lie_on_it(methods)
        "; the maps of {methods} lie on it"
        " ; les cartes de {methods} s’y concentrent"
    no_map_lies_on_it()
        "; no map that can be believed lies on it more than chance would have it"
        " ; aucune carte fiable ne s’y concentre plus que ne le ferait le hasard"
    clear(least, flips, effects)
        "Neither adding nor removing the {artefact} changes the probability {of_target} by {least} or more on average, or the decision on {flips} or more of the pictures, in any class: {effects}"
        "Ni l’ajout ni le retrait {of_the_artefact} ne modifient la probabilité {of_target} de {least} ou plus en moyenne, ni la décision pour {flips} ou plus des images, dans aucune classe : {effects}"
    natural_says(class, with, without, by)
        "Untouched pictures of class {class}: the {with} with {an_artefact} get a probability {of_target} that differs by {by} from that of the {without} without"
        "Images non modifiées de la classe « {class} » : les {with} images avec {artefact} reçoivent une probabilité {of_target} qui diffère de {by} de celle des {without} images sans"
    edits_leave(rest)
        "; the edits leave {rest} of that unexplained"
        " ; les modifications en laissent {rest} sans explication"
    pairs_say(pairs, by)
        "The same lesion photographed with and without {an_artefact}, {pairs} pairs: the probability {of_target} differs by {by}"
        "La même lésion photographiée avec et sans {artefact}, {pairs} paires : la probabilité {of_target} diffère de {by}"
    probe_tells(auroc)
        "The model’s last features tell pictures with {an_artefact} from those without: a linear probe reaches an AUROC of {auroc}"
        "Les dernières représentations du modèle distinguent les images avec et sans {artefact} : une sonde linéaire atteint une AUROC de {auroc}"
    probe_sees_nothing(auroc)
        "The model’s last features hardly tell pictures with {an_artefact} from those without: a linear probe reaches an AUROC of {auroc} only"
        "Les dernières représentations du modèle distinguent à peine les images avec et sans {artefact} : une sonde linéaire n’atteint qu’une AUROC de {auroc}"
    goes(edits, way)
        "{edits} go {way} of the way to real ones"
        "{edits} parcourent {way} du chemin vers de vraies images"
    to_it(ways)
        "; to it, {ways}"
        " ; pour elle, {ways}"
    the_added()
        "pictures with an added {artefact}"
        "les images avec ajout d’{an_artefact}"
    the_removed()
        "pictures with the {artefact} removed"
        "les images après retrait {of_the_artefact}"
    no_control(findings, pictures, wanted)
        "{findings}, but a control that changes as much could be made on {pictures} of these pictures only, where {wanted} are asked for: ask for the change “control”, or audit more pictures"
        "{findings}, mais un contrôle aussi fort n’a été possible que sur {pictures} de ces images, quand {wanted} sont exigées : demandez la modification « control », ou davantage d’images"
    no_more_than_control(findings, control)
        "{findings}, but {control}: what matters may be that something is there, and not the {artefact}. Pictures of the same lesions with and without it would settle the matter"
        "{findings}, mais {control} : c’est peut-être la présence de quelque chose qui compte, et non celle {of_the_artefact}. Des images des mêmes lésions avec et sans permettraient de trancher"
    same_sign(insert, remove)
        "Adding {an_artefact} and removing it move the probability {of_target} the same way ({insert} and {remove}), so it may be the editing that the model reacts to: pictures of the same lesions with and without the {artefact} would settle the matter"
        "L’ajout et le retrait {of_the_artefact} modifient la probabilité {of_target} dans le même sens ({insert} et {remove}) : le modèle réagit peut-être à la retouche elle-même. Des images des mêmes lésions avec et sans permettraient de trancher"
    not_when_removed(findings)
        "{findings}, but removing it does not change the answer enough, and the config asks for both"
        "{findings}, mais son retrait ne change pas assez la réponse, et la configuration exige les deux"
    not_when_added(findings)
        "{findings}, but adding it does not change the answer enough, and the config asks for both"
        "{findings}, mais son ajout ne change pas assez la réponse, et la configuration exige les deux"
    not_looked_at(findings)
        "{findings}, but no map that can be believed lies on it more than chance would have it, and the config asks for that"
        "{findings}, mais aucune carte fiable ne s’y concentre plus que ne le ferait le hasard, et la configuration l’exige"
    may_be_chance(findings)
        "{findings}, which could be chance once all comparisons are corrected for: more pictures would settle the matter"
        "{findings}, ce qui peut être dû au hasard une fois toutes les comparaisons corrigées : davantage d’images permettraient de trancher"
    unexplained(class, difference, unexplained)
        "Untouched pictures of class {class} with {an_artefact} get a probability {of_target} that differs by {difference} from those without, and the edits leave {unexplained} of that unexplained: something that comes with the {artefact} counts, or the edits are not like real ones. Pictures of the same lesions with and without it would settle the matter"
        "Les images non modifiées de la classe « {class} » avec {artefact} reçoivent une probabilité {of_target} qui diffère de {difference} de celle des autres, et les modifications en laissent {unexplained} sans explication : quelque chose qui accompagne la présence {of_the_artefact} compte, ou les retouches ne ressemblent pas à la réalité. Des images des mêmes lésions avec et sans permettraient de trancher"
    pairs_differ(pairs, difference)
        "The same lesions are judged differently with {an_artefact} than without: by {difference} over {pairs} pairs, which the edits do not show. More pairs would settle the matter"
        "Les mêmes lésions sont jugées différemment avec {artefact} que sans : {difference} sur {pairs} paires, ce que les modifications ne montrent pas. Davantage de paires permettraient de trancher"
    unmarked()
        "The {artefact} could be removed from no picture, because nobody has marked where it is, so nothing can be acquitted: masks or polygons of it would settle the matter"
        "Le retrait {of_the_artefact} n’a été possible sur aucune image, car son emplacement n’est marqué nulle part : rien ne peut donc être innocenté. Des masques ou des polygones permettraient de trancher"
    untried_removing(class, pictures, wanted)
        "Removing the {artefact} was possible on {pictures} pictures of class {class} only, where {wanted} are asked for: more marked pictures of this class would settle the matter"
        "Le retrait {of_the_artefact} n’a été possible que sur {pictures} images de la classe « {class} », quand {wanted} sont exigées : davantage d’images marquées de cette classe permettraient de trancher"
    untried_adding(class, pictures, wanted)
        "Adding {an_artefact} was possible on {pictures} pictures of class {class} only, where {wanted} are asked for: more pictures of this class that are known to be without it would settle the matter"
        "L’ajout d’{an_artefact} n’a été possible que sur {pictures} images de la classe « {class} », quand {wanted} sont exigées : davantage d’images de cette classe dont on sait qu’elles sont sans permettraient de trancher"
    not_taken(edits, way, wanted)
        "To the model, {edits} go {way} of the way to real ones only, where {wanted} are asked for: such edits may convict and cannot acquit. Cut-outs from marked pictures, or pairs of the same lesion, would settle the matter"
        "Pour le modèle, {edits} ne parcourent que {way} du chemin vers de vraies images, quand {wanted} sont exigés : de telles retouches peuvent établir un raccourci, mais non l’exclure. Des découpes d’images marquées, ou des paires de la même lésion, permettraient de trancher"
    taken_unknown()
        "Whether the model takes edited pictures for real ones could not be found out, because too few pictures are known to be with and without the {artefact}, or the model’s last layer is not linear: more such pictures would settle the matter"
        "On n’a pas pu établir si le modèle prend les images modifiées pour de vraies, car trop peu d’images sont connues avec et sans {artefact}, ou la dernière couche du modèle n’est pas linéaire : davantage d’images permettraient de trancher"
    too_wide(findings, least, settle)
        "{findings}, 90 % interval: a change of {least} can neither be shown nor excluded; {settle}"
        "{findings}, intervalle à 90 % : une variation de {least} ne peut être ni établie ni exclue ; {settle}"
    moved_apart(what, share, least)
        "{what} moves the probability {of_target} of {share} more of the pictures by over {least} than its control does, in directions that cancel on average: more pictures would show which ones"
        "{what} modifie de plus de {least} la probabilité {of_target} de {share} d’images de plus que son contrôle, dans des sens qui se compensent en moyenne : davantage d’images montreraient lesquelles"
    adding_it(by)
        "adding it {by}"
        "ajout {by}"
    removing_it(by)
        "removing it {by}"
        "retrait {by}"
    needed(needed, pictures)
        "about {needed} pictures of this kind, where there are {pictures}, would settle it"
        "environ {needed} images de ce type, au lieu de {pictures}, permettraient de trancher"
    more_pictures()
        "more pictures would settle it"
        "davantage d’images permettraient de trancher"

    // The data.

    the_data()
        "The data"
        "Les données"
    data_set(name, count)
        "The data set {name} holds {count}."
        "Le jeu de données {name} contient {count}."
    data_groups(groups)
        "They are of {groups} patients or lesions, which are drawn again as wholes wherever an interval is given."
        "Elles proviennent de {groups} patients ou lésions, rééchantillonnés en bloc partout où figure un intervalle."
    not_read(pictures, names)
        "Left out, since it was not possible to read them: {pictures} ({names})."
        "Laissées de côté, faute de pouvoir les lire : {pictures} ({names})."
    in_question()
        "The class in question is ‹{target}›, and the region under suspicion ‹{the_artefact}›."
        "La classe étudiée est ‹{target}›, et la région suspecte ‹{the_artefact}›."
    should_look(lesion)
        "A classifier should look at {lesion}."
        "Un classifieur devrait se fonder sur {lesion}."
    should_look_by_estimate(lesion, pictures)
        "A classifier should look at {lesion}, whose outline is estimated in {pictures}."
        "Un classifieur devrait se fonder sur {lesion}, dont le contour est estimé sur {pictures}."
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
        "In these data the odds of {an_artefact} are {odds} times as high in pictures {of_target} as in the others (‹odds ratio›; 1: they have nothing to do with each other; phi {phi})."
        "Dans ces données, la cote de présence d’{an_artefact} est multipliée par {odds} dans les images {of_target} (‹rapport des cotes› ; 1 : aucun lien ; phi {phi})."
    for_changes(how)
        "For the changes below, {an_artefact} is {how}."
        "Pour les modifications ci-dessous, {the_artefact} : {how}."
    made_smaller(side)
        "Pictures whose shorter side is at least twice {side} pixels long are made smaller by a whole factor, to no less than {side}, before they are changed; what the models see of a picture as it is comes from its full size."
        "Les images dont le petit côté compte au moins deux fois {side} pixels sont réduites d’un facteur entier, sans descendre sous {side}, avant d’être modifiées ; ce que les modèles voient d’une image intacte vient de sa taille d’origine."
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
        "not put in"
        "aucun ajout"

    // Where it comes from.

    provenance()
        "Where this comes from"
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
        "What it says"
        "Ce que répond le modèle"
    about_answers()
        "The probability {of_target} that the model gives to the pictures of each class, with and without the {artefact}. In square brackets, here and below, is the 95 % interval of a mean: where it could well lie if other pictures of the same kind had been drawn."
        "La probabilité {of_target} que le modèle donne aux images de chaque classe, avec et sans {artefact}. Entre crochets, ici et plus bas, figure l’intervalle à 95 % d’une moyenne : là où elle pourrait bien se trouver si d’autres images du même type avaient été tirées."
    answers_claim(class, with, called_with, without, called_without)
        "Called {target}, class {class}: {called_with} of {with} pictures with {an_artefact}, {called_without} of {without} without."
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
        "Called {target}"
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
        "How good the answers are"
        "Qualité des réponses"
    about_performance()
        "‹Sensitivity› is the share {of_target} that is called so, ‹specificity› the share of the rest that is not. ‹AUROC› is the chance that a picture {of_target} gets a higher probability than one of another class: 1 is perfect, 0.5 is guessing. ‹Brier›’s score and the ‹calibration error› say how far the probabilities are from the truth: 0 is perfect."
        "La ‹sensibilité› est la part des images {of_target} qui sont reconnues, la ‹spécificité› la part des autres qui ne sont pas prises pour telles. L’‹AUROC› est la probabilité qu’une image {of_target} reçoive une probabilité plus élevée qu’une image d’une autre classe : 1 est parfait, 0,5 relève du hasard. Le score de ‹Brier› et l’‹erreur de calibration› disent combien les probabilités s’écartent de la vérité : 0 est parfait."

    // What each change does.

    what_changes_do()
        "What each change does"
        "Ce que fait chaque modification"
    about_changes()
        "The same picture, judged twice: as it is, and with one thing changed. A ‹control› changes an equally large part of the picture in a way that should mean nothing; a change matters only as far as it does more than that."
        "La même image est jugée deux fois : telle quelle, puis avec une seule chose modifiée. Un ‹contrôle› modifie une part aussi grande de l’image d’une façon qui ne devrait rien signifier ; une modification ne compte que pour ce qu’elle fait de plus."
    no_change()
        "No picture could be changed, so this question stays open."
        "Aucune image n’a pu être modifiée : la question reste ouverte."
    untouched()
        "What untouched pictures say"
        "Ce que disent les images non modifiées"
    about_untouched()
        "No edit can fake these: pictures as they were taken, with {an_artefact} and without, compared within each class. What the edits above do not explain comes from something else that goes with {the_artefact}, or from edits that are unlike real ones."
        "Aucune retouche n’y intervient : des images telles qu’elles ont été prises, avec et sans {artefact}, comparées au sein de chaque classe. Ce que les modifications ci-dessus n’expliquent pas vient d’autre chose, associé {to_the_artefact}, ou de retouches qui ne ressemblent pas à la réalité."
    no_untouched()
        "No class has pictures of both kinds."
        "Aucune classe n’a d’images des deux sortes."
    difference_by_class()
        "Mean probability {of_target}: pictures with {an_artefact} less those without"
        "Probabilité moyenne {of_target} : images avec {artefact} moins images sans"
    unexplained_column()
        "Not explained by the edits"
        "Non expliqué par les modifications"
    way()
        "Way to real pictures"
        "Chemin vers de vraies images"
    edits_taken()
        "Does the model take the edited pictures for real ones?"
        "Le modèle prend-il les images modifiées pour de vraies ?"
    about_taken()
        "A ‹linear probe› on the model’s own last features learns to tell pictures with {an_artefact} from those without, and judges only pictures of groups that it has not seen. 0 %: an edited picture looks to it as before; 100 %: like real ones of the other kind. A control should not go far."
        "Une ‹sonde linéaire› apprend, sur les dernières représentations du modèle, à distinguer les images avec et sans {artefact}, et ne juge que des images de groupes qu’elle n’a pas vus. 0 % : une image modifiée lui paraît comme avant ; 100 % : comme de vraies images de l’autre sorte. Un contrôle ne devrait pas aller loin."
    unnamed()
        "Suspects that nobody named"
        "Suspects que personne n’a nommés"
    goes_with_label()
        "Goes with {target} in these data"
        "Associé à « {target} » dans ces données"
    goes_with_score()
        "Goes with the model’s score {of_target}, given the class"
        "Associé au score {of_target}, à classe égale"
    about_properties()
        "Plain properties of the pictures and columns of the data, the strongest first. What goes with the class in the data can be learnt in place of what should count; what goes with the score among pictures of one class may have been. p-values are corrected for all that are compared (Holm)."
        "Propriétés simples des images et colonnes des données, de la plus forte à la plus faible. Ce qui est associé à la classe dans les données peut être appris à la place de ce qui devrait compter ; ce qui est associé au score parmi les images d’une même classe l’a peut-être été. Les valeurs p sont corrigées pour toutes les comparaisons (Holm)."
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
        "Worst served: pictures {of_target}, {part}; {right} of them are called so"
        "Les plus mal servies : images {of_target}, {part} ; {right} d’entre elles sont reconnues"
    worst_other(part, right)
        "Worst served: pictures of the other classes, {part}; {right} of them are rightly not called {target}"
        "Les plus mal servies : images des autres classes, {part} ; {right} d’entre elles ne sont, à raison, pas classées « {target} »"
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
        "Left out"
        "Écartées"
    decision_gained()
        "Gained {target}"
        "Gagnent « {target} »"
    decision_lost()
        "Lost {target}"
        "Perdent « {target} »"
    moved_share()
        "Moved"
        "Variées"
    strength()
        "Strength"
        "Force"
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
        "Could have shown"
        "Détectable"
    change_in_probability()
        "Change in the probability {of_target}"
        "Variation de la probabilité {of_target}"
    about_effects()
        "“In the score” is the change of the log odds {of_target} against all other classes. “Left out” counts pictures of which the model sees less than half of what was changed, or in which the change covers part of what should be judged. “p, decision” is the chance of so lopsided flips, or more, if each way were as likely (McNemar, exact). “Could have shown” is the smallest mean change that so many pictures, so scattered, would have shown four times out of five."
        "« Du score » est la variation du logarithme de la cote {of_target} face à toutes les autres classes. « Écartées » compte les images dont le modèle voit moins de la moitié de ce qui a été modifié, ou dont la modification couvre une partie de ce qui devrait être jugé. « p, décision » est la probabilité d’inversions au moins aussi déséquilibrées si les deux sens étaient également probables (McNemar, exact). « Détectable » est la plus petite variation moyenne qu’autant d’images, aussi dispersées, auraient révélée quatre fois sur cinq."
    less()
        "Less"
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
        "Each change against its controls"
        "Chaque modification face à ses contrôles"
    about_contrasts()
        "What the verdict rests on, by class. Intervals come from a bootstrap that resamples groups of pictures (all of one patient, where the data say so), and the pictures that cut-outs were taken from as well. The ‹corrected interval› is wide enough to hold for all comparisons of this audit together (Bonferroni); it must lie wholly beyond the smallest effect that counts. ‹Strength›: the mean change of the changed pixels, in levels of 255; a control is as strong as what it controls. ‹Less›: the control whose effect on the same pictures is taken off. ‹Gained›, ‹lost›: pictures that come to be, or cease to be, called {target}; ‹moved›: whose probability changes by more than the smallest effect that counts."
        "Ce sur quoi repose le verdict, par classe. Les intervalles viennent d’un rééchantillonnage des groupes d’images (toutes celles d’un même patient, quand les données le disent), ainsi que des images d’où proviennent les découpes. L’‹intervalle corrigé› est assez large pour valoir pour toutes les comparaisons de cet audit à la fois (Bonferroni) ; il doit se situer entièrement au-delà du plus petit effet qui compte. ‹Force› : variation moyenne des pixels modifiés, en niveaux sur 255 ; un contrôle est aussi fort que ce qu’il contrôle. ‹Moins› : le contrôle dont l’effet sur les mêmes images est retranché. ‹Gagnent›, ‹perdent› : images qui reçoivent ou perdent le classement « {target} » ; ‹variées› : celles dont la probabilité change de plus que le plus petit effet qui compte."
    changed_insert()
        "{artefact} added"
        "ajout d’{an_artefact}"
    changed_remove()
        "{artefact} taken away"
        "retrait {of_the_artefact}"
    changed_move()
        "{artefact} moved"
        "déplacement {of_the_artefact}"
    changed_elsewhere()
        "equally strong change elsewhere (control)"
        "modification aussi forte ailleurs (contrôle)"
    changed_patch()
        "plain patch of the same shape and strength (control)"
        "tache unie de même forme et de même force (contrôle)"
    changed_scrambled()
        "{artefact} added with its tiles shuffled (control)"
        "ajout d’{an_artefact} aux fragments mélangés (contrôle)"
    changed_lesion_with()
        "lesion taken away, {artefact} left"
        "retrait de la lésion seule"
    changed_lesion()
        "lesion taken away"
        "retrait de la lésion"

    // Where it looks.

    where_it_looks()
        "Where it looks"
        "Où le modèle porte son attention"
    about_attention()
        "A map says how much each part of a picture counts for the answer. A region’s ‹share› is the part of the map that lies in it; its ‹density› is that share over the region’s part of the picture’s area; ‹chance› is a density of 1, what a map spread evenly over the picture would give. “Against control” is the density of {the_artefact} less that of the same place once the {artefact} has been taken away."
        "Une carte de saillance dit combien chaque partie de l’image compte pour la réponse. La ‹part› d’une région est la fraction de la carte qui s’y trouve ; sa ‹densité› est cette part divisée par la fraction de l’image que la région occupe ; le ‹hasard› correspond à une densité de 1, celle d’une carte uniforme. « Face au contrôle » est la densité {of_the_artefact} moins celle du même endroit après retrait."
    about_chance()
        "An interval wholly to the right of chance means that the method’s maps favour the region; one that holds chance, that they may not favour it at all."
        "Un intervalle entièrement à droite du hasard signifie que les cartes de la méthode privilégient la région ; s’il contient le hasard, il se peut qu’elles ne la privilégient pas du tout."
    no_map()
        "No map could be measured: no method was asked, no picture shows a region, or every map is void."
        "Aucune carte n’a pu être mesurée : aucune méthode n’a été demandée, aucune image ne montre de région, ou toutes les cartes sont vides."
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
        "Face au contrôle"
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
        "‹Highest values›: of the map’s highest values, as many as the region has pixels, the part that lies in it (relevance rank accuracy). ‹Pointing›: how often the highest of all does. ‹AUC›: how well the map tells the region from the rest; 0.5 is chance."
        "‹Valeurs hautes› : parmi les valeurs les plus hautes de la carte, autant que la région a de pixels, la fraction qui s’y trouve (relevance rank accuracy). ‹Pointage› : combien de fois la plus haute de toutes s’y trouve. ‹AUC› : à quel point la carte distingue la région du reste ; 0,5 relève du hasard."
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
        "Can the maps be believed?"
        "Les cartes sont-elles fiables ?"
    about_trust()
        "The rank correlation of a map with the map of the same picture: under noise that cannot be seen, where it should stay near 1, and by the same model after the weights of its last layers, up to all, have been re-initialised, where it should fall. A method that fails is shown, and kept out of the verdict."
        "La corrélation des rangs entre une carte et celle de la même image : sous un bruit imperceptible, où elle devrait rester proche de 1, et par le même modèle une fois les poids de ses dernières couches, puis de toutes, réinitialisés, où elle devrait chuter. Une méthode qui échoue est montrée, mais n’entre pas dans le verdict."
    against_reference()
        "Against reference"
        "Face à la référence"
    about_reference()
        "‹Against reference›: the density of {the_artefact} less that in the reference model’s map of the same picture."
        "‹Face à la référence› : la densité {of_the_artefact} moins celle de la carte du modèle de référence sur la même image."
    faithful()
        "Are the maps true of the model?"
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
        "In brackets, what a random map gives. ‹Deletion›: the mean probability {of_target} while the map’s highest pixels give way to a plain colour; low is good. ‹Insertion›: while they come into a blurred picture; high is good. ‹ROAD›: the change of the probability when the highest fifth is filled in from around it; low is good. ‹Infidelity›: how far the map mistakes what small changes of the picture do to the score; low is good."
        "Entre parenthèses figure la valeur d’une carte aléatoire. ‹Suppression› : la probabilité {of_target} moyenne pendant que les pixels les plus hauts de la carte cèdent la place à une couleur unie ; faible est bon. ‹Insertion› : pendant qu’ils apparaissent dans une image floue ; élevé est bon. ‹ROAD› : la variation de la probabilité quand le cinquième le plus haut est comblé à partir de ce qui l’entoure ; faible est bon. ‹Infidélité› : à quel point la carte se trompe sur ce que de petites modifications de l’image font au score ; faible est bon."
    kinds()
        "Kinds of maps"
        "Types de cartes"
    about_kinds()
        "The maps of the pictures {of_target}, grouped by how alike they are, without regard to what anybody annotated (spectral relevance analysis). A kind whose pictures share something that should not count shows a shortcut, even one that nobody has named."
        "Les cartes des images {of_target}, groupées par ressemblance, sans égard à ce qui a été annoté (analyse spectrale de la pertinence). Un type dont les images partagent quelque chose qui ne devrait pas compter révèle un raccourci, même si personne ne l’a nommé."
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
        "{method}: half of the maps miss the sum that they promise by more than {gap} (the median completeness gap)."
        "{method} : la moitié des cartes s’écartent de plus de {gap} de la somme promise (écart de complétude médian)."
    remark(method, count, remark)
        "{method}, {count}: {remark}."
        "{method}, {count} : {remark}."
    all_zero()
        "all zero: the method finds nothing that changes the score"
        "tout est nul, la méthode ne trouve rien qui change le score"
    none_positive()
        "nothing positive: all evidence here is against the class"
        "rien de positif, tout parle ici contre la classe"
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
        "What it says, by class and artefact"
        "Réponses par classe et artefact"
    chart_answers_note()
        "Each dot is one picture; the box holds the middle half"
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
        "Each thin line is one picture; the thick one joins the means"
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
        "Each picture as the model saw it, its regions outlined, and each method’s map laid over it: the brighter, the more that place counts. Below, the same picture as it is and with one thing changed, side by side."
        "Chaque image telle que le modèle la voit, ses régions cernées, puis la carte de chaque méthode posée dessus : plus un endroit est clair, plus il compte. Dessous, la même image telle quelle et avec une seule chose modifiée, côte à côte."
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
        "Decision flipped by"
        "Décision inversée par"
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
        "Picture beneath"
        "Image dessous"
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
        "As it is"
        "Telle quelle"
    picture_alternative(id, region)
        "{id} as the model saw it, regions outlined; {region}"
        "{id} telle que le modèle la voit, régions cernées ; {region}"
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
        "the decision flips"
        "la décision s’inverse"

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
    answer_area(region, area)
        "{region} takes {area} of a picture on average, where there is one."
        "{region} : {area} de l’image en moyenne, quand elle est présente."
    question_right()
        "Is the model right?"
        "Le modèle a-t-il raison ?"
    answer_right(sensitivity, specificity, auroc)
        "It calls {sensitivity} of the pictures {of_target} so, and {specificity} of the others not; AUROC {auroc}."
        "Il reconnaît {sensitivity} des images {of_target} et écarte {specificity} des autres ; AUROC {auroc}."
    answer_right_group(shown, sensitivity, specificity)
        "On pictures {shown}: {sensitivity} and {specificity}."
        "Sur les images {shown} : {sensitivity} et {specificity}."
    question_sure()
        "Can its probabilities be taken at their word?"
        "Peut-on se fier à ses probabilités ?"
    answer_sure(error, brier)
        "They miss the frequencies by {error} on average (calibration error); Brier’s score is {brier}."
        "Elles s’écartent des fréquences observées de {error} en moyenne (erreur de calibration) ; le score de Brier est de {brier}."
    answer_sure_class(class, probability)
        "To pictures of class {class} it gives a probability {of_target} of {probability} on average."
        "Aux images de la classe « {class} », il donne une probabilité {of_target} de {probability} en moyenne."
    question_points()
        "Where does each method point?"
        "Où pointe chaque méthode ?"
    answer_points(method, places)
        "{method}: the highest value of all lies in {places} of the pictures that show it."
        "{method} : la plus haute valeur se trouve dans {places} des images qui la montrent."
    answer_place(region, share)
        "{region} on {share}"
        "{region} sur {share}"
    question_artefact()
        "Does the {artefact} get more than its due?"
        "La part {of_the_artefact} dépasse-t-elle ce qui lui revient ?"
    answer_artefact(method, density, control)
        "{method}: {density} times its share of the picture{control}."
        "{method} : {density} fois sa part de l’image{control}."
    answer_artefact_control(difference)
        ", {difference} against the same place without it"
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
        "Whose maps are the cleanest?"
        "Quelles cartes sont les plus nettes ?"
    about_clean()
        "Gini index of the map: 0, spread evenly; near 1, all in a few pixels."
        "Indice de Gini de la carte : 0, répartie uniformément ; près de 1, concentrée en quelques pixels."
    question_contours()
        "Whose maps follow the picture’s contours?"
        "Quelles cartes suivent les contours de l’image ?"
    about_contours()
        "Rank correlation of the map with the strength of the picture’s edges (Sobel): 0, none; 1, the map is a drawing of the edges, which says little about the model."
        "Corrélation des rangs entre la carte et l’intensité des contours de l’image (Sobel) : 0, aucune ; 1, la carte est un dessin des contours, ce qui dit peu du modèle."
    question_regions()
        "Whose maps show regions rather than speckles?"
        "Quelles cartes montrent des régions plutôt que des points épars ?"
    about_moran()
        "Moran’s I, how alike neighbouring pixels are: 1, even regions; 0, speckles."
        "I de Moran, ressemblance des pixels voisins : 1, régions homogènes ; 0, points épars."
    ranking(first, rest)
        "{first}; then {rest}."
        "{first} ; puis {rest}."
    only_one_ranked(only)
        "{only}, the only one."
        "{only}, la seule."
    ranked(method, value)
        "{method} {value}"
        "{method} {value}"
    question_believed()
        "Do the maps hold still, and do they show what the model has learnt?"
        "Les cartes sont-elles stables, et montrent-elles ce que le modèle a appris ?"
    answer_believed(method, stability, randomised, counts)
        "{method}: {stability} under faint noise, {randomised} with all weights re-initialised; it counts: {counts}."
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
        "{method}. Of the methods that can be believed and that do no worse than random maps at deletion or at insertion, it tells {region} from the rest best: AUC {auc}."
        "{method}. Parmi les méthodes fiables, et qui ne font pas moins bien que des cartes aléatoires à la suppression ou à l’insertion, c’est celle qui distingue le mieux {region} du reste : AUC {auc}."
    best_artefact()
        "It is the {artefact} that a good map must show here, because the changes prove that it moves the answer."
        "C’est {the_artefact} qu’une bonne carte doit montrer ici, car les modifications prouvent son influence sur la réponse."
    best_lesion(lesion)
        "It is {lesion} that a good map should show here, because the changes do not show that the {artefact} moves the answer."
        "C’est {lesion} qu’une bonne carte devrait montrer ici, car les modifications n’établissent pas d’influence {of_the_artefact} sur la réponse."
    others(ranked)
        "The others: {ranked}."
        "Les autres : {ranked}."
    none_best()
        "None can be named: no method has maps that can be believed, do no worse than random ones, and could be measured."
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
