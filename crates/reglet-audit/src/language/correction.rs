//! Every sentence of a correction's report, in each language.

use std::fmt::Display;

use super::Language;
use super::phrases::{Forms, Phrases};

phrases! {
    [artefact, an_artefact, the_artefact, of_the_artefact, to_the_artefact, target, of_target]

    correction_kicker()
        "Reglet correction"
        "Correction Reglet"
    correction_lead(model)
        "Can {model} unlearn {the_artefact}? Each correction method was trained on the same pictures and audited on others that it had not seen."
        "Le modèle {model} peut-il désapprendre {the_artefact} ? Chaque méthode de correction a été appliquée aux mêmes images, puis examinée sur d’autres, qu’elle n’avait jamais vues."
    the_answer()
        "Result"
        "Résultat"
    none_passes(count)
        "None of the {count} methods passes."
        "Aucune des {count} méthodes n’est retenue."
    some_pass(passed, count, names)
        "{passed} of the {count} methods pass: {names}."
        "{passed} des {count} méthodes sont retenues : {names}."
    what_passing_is(margin, least)
        "A method passes if the audit’s verdict on the corrected model is clear and the effect {of_the_artefact} has become smaller; if AUROC, sensitivity and specificity are not worse by more than {margin}; if a larger share of the worst group is classified correctly; and if no other artefact has gained influence of {least} or more. The limits of these differences are one-sided: their error probability of 5 % is divided by the number of methods. The verdict is the audit’s, and is not corrected for this number. Heat maps do not count, because a method may be designed to change them."
        "Une méthode est retenue si l’examen du modèle corrigé conclut à l’absence de raccourci et si l’effet {of_the_artefact} a diminué ; si l’AUROC, la sensibilité et la spécificité ne baissent pas de plus de {margin} ; si une plus grande part du groupe le moins bien classé est classée correctement ; et si aucun autre artefact n’a gagné une influence de {least} ou plus. Les limites de ces différences sont unilatérales : leur probabilité d’erreur de 5 % est divisée par le nombre de méthodes. La conclusion est celle de l’examen, sans correction pour ce nombre. Les cartes n’entrent pas en compte, car une méthode peut être conçue pour les modifier."
    best_of_all(method, before, after, group)
        "The most effective method is {method}: it classifies {after} of the worst group correctly, compared with {before} before ({group})."
        "La plus efficace est {method} : {after} du groupe le moins bien classé le sont correctement, contre {before} avant ({group})."
    every_method()
        "Every method, on the audit’s pictures"
        "Toutes les méthodes, sur les images de l’examen"
    before_correction()
        "Before"
        "Avant"
    what_remains()
        "Remaining effect {of_the_artefact}"
        "Effet restant {of_the_artefact}"
    nothing_remains()
        "nothing"
        "rien"
    what_remains_note()
        "The absolute change of the probability {of_target} per picture when {the_artefact} is added or removed, beyond that of a neutral edit of the same strength: mean and 95 % interval."
        "Variation absolue, par image, de la probabilité {of_target} quand on ajoute ou retire {the_artefact}, au-delà de celle d’une modification neutre de même intensité : moyenne et intervalle à 95 %."
    effect_of_it()
        "Effect {of_the_artefact}"
        "Effet {of_the_artefact}"
    lessened_by()
        "Reduced by"
        "Réduit de"
    auroc_after()
        "AUROC"
        "AUROC"
    sensitivity_after()
        "Sensitivity"
        "Sensibilité"
    specificity_after()
        "Specificity"
        "Spécificité"
    worst_group()
        "Worst group"
        "Groupe le moins bien classé"
    passes()
        "Passes"
        "Retenue"
    does_not_pass()
        "Does not pass"
        "Non retenue"
    no()
        "no"
        "non"
    cost()
        "Requirements and cost of each method"
        "Besoins et coût de chaque méthode"
    needs_beside()
        "Needs, in addition to pictures and labels"
        "Besoins, outre des images et leurs classes"
    needs_nothing()
        "nothing"
        "rien"
    needs_flags()
        "which pictures show {the_artefact}"
        "savoir quelles images montrent {the_artefact}"
    needs_masks()
        "masks {of_the_artefact}"
        "des masques {of_the_artefact}"
    needs_edits()
        "a way to add or remove {the_artefact}"
        "un moyen d’ajouter ou de retirer {the_artefact}"
    needs_head()
        "a linear last layer"
        "une dernière couche linéaire"
    time()
        "Time"
        "Durée"
    steps_taken()
        "Steps"
        "Pas"
    weights_changed()
        "Weights changed"
        "Poids modifiés"
    of_tensors(changed, all)
        "{changed} of {all} tensors"
        "{changed} tenseurs sur {all}"
    by_group()
        "Mean probability {of_target} by group"
        "Probabilité moyenne {of_target} par groupe"
    group_with(class)
        "{class}, with {artefact}"
        "{class}, avec {artefact}"
    group_without(class)
        "{class}, without"
        "{class}, sans"
    corrected_with(learnt, held)
        "The methods were trained on {learnt} pictures; {held} further pictures were used to choose the best epoch. The audit contains none of these pictures, nor copies of them at another size."
        "Les méthodes ont été entraînées sur {learnt} images ; {held} autres ont servi à choisir la meilleure époque. L’examen ne comporte aucune de ces images, ni de copie d’une autre taille."
    no_shared_patients()
        "It contains no other pictures of the same patients or lesions either."
        "Il ne comporte pas non plus d’autre image des mêmes patients ou des mêmes lésions."
    perhaps_shared_patients()
        "Whether it contains other pictures of the same patients or lesions is unknown, because the data do not name these for every picture."
        "On ignore s’il comporte d’autres images des mêmes patients ou des mêmes lésions, car les données ne les désignent pas pour chaque image."
    audited_on(count)
        "Every model was audited on the same {count} pictures, with the same changes at the same places."
        "Chaque modèle a été examiné sur les mêmes {count} images, avec les mêmes modifications aux mêmes endroits."
    learnt_from()
        "Training pictures of the methods"
        "Images d’entraînement des méthodes"
    asked_for()
        "Requirements for a correction"
        "Critères d’une correction"
    met(what)
        "✓ {what}"
        "✓ {what}"
    not_met(what)
        "✗ {what}"
        "✗ {what}"
    is_clear(verdict)
        "The audit’s verdict on the corrected model is clear: {verdict}"
        "L’examen conclut à l’absence de raccourci : {verdict}"
    is_smaller(by)
        "The effect {of_the_artefact} has become smaller (before minus after: {by})"
        "L’effet {of_the_artefact} a diminué (avant moins après : {by})"
    auroc_not_worse(by)
        "AUROC is not worse by more than the margin: {by}"
        "L’AUROC ne baisse pas de plus que la marge : {by}"
    sensitivity_not_worse(by)
        "Sensitivity is not worse by more than the margin: {by}"
        "La sensibilité ne baisse pas de plus que la marge : {by}"
    specificity_not_worse(by)
        "Specificity is not worse by more than the margin: {by}"
        "La spécificité ne baisse pas de plus que la marge : {by}"
    worst_is_better(before, after, by)
        "A larger share of the worst group is classified correctly: {after}, compared with {before} before ({by})"
        "Le groupe le moins bien classé l’est mieux : {after}, contre {before} avant ({by})"
    no_other_is_worse()
        "No other artefact has gained as much influence as matters, and none has become a shortcut"
        "Aucun autre artefact n’a gagné une influence notable, et aucun n’est devenu un raccourci"
    other_effect(name, by, before, after)
        "The effect of “{name}” rises by {by} (verdict before: {before}; after: {after})"
        "L’effet de « {name} » augmente de {by} (verdict avant : {before} ; après : {after})"
    other_unknown(name)
        "The effect of “{name}” could not be measured"
        "L’effet de « {name} » n’a pas pu être mesuré"
    decides_from(decision)
        "A picture is classified as {target} if its probability is above {decision}, before and after."
        "Une image est classée « {target} » si sa probabilité dépasse {decision}, avant comme après."
    held_out_says(before, after)
        "On the pictures held out of the training, {after} of the worst group are classified correctly, compared with {before} before."
        "Sur les images mises de côté, {after} du groupe le moins bien classé le sont correctement, contre {before} avant."
    ended_early(epoch)
        "Training stopped after epoch {epoch}, because the worst group had not improved for several epochs."
        "L’entraînement s’est arrêté après l’époque {epoch}, le groupe le moins bien classé ne progressant plus."
    ended_diverged(step)
        "The training diverged at step {step}; the last good weights were kept. A lower learning rate would help."
        "L’entraînement a divergé au pas {step} ; les derniers bons poids ont été conservés. Un taux d’apprentissage plus bas aiderait."
    fact_c(value)
        "Of the penalty strengths that were tried, C = {value} gave the best result for the worst group."
        "Parmi les pénalités essayées, C = {value} donne le meilleur résultat pour le groupe le moins bien classé."
    fact_class_auroc(value)
        "A linear probe on the features separates the classes with an AUROC of {value}, on pictures that it was not fitted on."
        "Une sonde linéaire sur les représentations distingue les classes avec une AUROC de {value}, sur des images qui n’ont pas servi à l’ajuster."
    fact_pictures_a_fit(value)
        "Each fit used {value} pictures, with the same number from each group."
        "Chaque ajustement a utilisé {value} images, en nombre égal dans chaque groupe."
    fact_lambda(value)
        "Of the penalty strengths that were tried, λ = {value} gave the best result for the worst group."
        "Parmi les pénalités essayées, λ = {value} donne le meilleur résultat pour le groupe le moins bien classé."
    fact_wrong(value)
        "The original model misclassified {value} of the pictures; these were sampled more often."
        "Le modèle initial classait mal {value} images ; celles-ci ont été tirées plus souvent."
    fact_masks(value)
        "{value} of the pictures have a mask {of_the_artefact}."
        "{value} des images ont un masque {of_the_artefact}."
    parameters_used()
        "Parameters"
        "Paramètres"
    paper()
        "Paper"
        "Article"
    own_config()
        "The correction’s config"
        "Configuration de la correction"
    audits_config()
        "The audit’s config"
        "Configuration de l’examen"
    weights_file()
        "Corrected weights"
        "Poids corrigés"
}

impl Phrases {
    /// A correction method's name for people.
    pub(crate) fn of_correction(&self, name: &str, title: &str) -> String {
        let french = match name {
            "vanilla" => "Entraînement prolongé",
            "balanced" => "Tirage équilibré par groupe",
            "jtt" => "Entraînement double (JTT)",
            "augmentation" => "Augmentation contrefactuelle",
            "dfr" => "Dernière couche réentraînée (DFR)",
            "rrr" => "Raisons justes (RRR)",
            _ => title,
        };
        match self.language {
            Language::En => title.to_owned(),
            Language::Fr => french.to_owned(),
        }
    }
}
