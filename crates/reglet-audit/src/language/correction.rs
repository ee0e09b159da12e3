//! Every sentence of a correction's report, in each language.

use std::fmt::Display;

use super::Language;
use super::phrases::{Forms, Words};

phrases! {
    [artefact, an_artefact, the_artefact, of_the_artefact, to_the_artefact, target, of_target]

    correction_kicker()
        "Reglet correction"
        "Correction Reglet"
    correction_lead(model)
        "Can {model} unlearn {the_artefact}? Each way to correct it was tried on the same pictures, and audited on others that it never saw."
        "Le modèle {model} peut-il désapprendre {the_artefact} ? Chaque façon de le corriger a été essayée sur les mêmes images, puis examinée sur d’autres, qu’elle n’a jamais vues."
    the_answer()
        "The answer"
        "La réponse"
    none_passes(count)
        "None of the {count} methods passes."
        "Aucune des {count} méthodes n’est retenue."
    some_pass(passed, count, names)
        "{passed} of the {count} methods pass: {names}."
        "{passed} des {count} méthodes sont retenues : {names}."
    what_passing_is(margin)
        "A method passes where the audit calls the corrected model clear; where AUROC, sensitivity and specificity are not worse by more than {margin}; where a larger share of the worst group is judged correctly (all by one-sided 95 % intervals); and where no other artefact has come to matter more. Heat maps have no say: a method may be made to please them."
        "Une méthode est retenue si l’examen du modèle corrigé conclut à l’absence de raccourci ; si l’AUROC, la sensibilité et la spécificité ne baissent pas de plus de {margin} ; si une plus grande part du groupe le moins bien servi est jugée correctement (le tout par des intervalles unilatéraux à 95 %) ; et si aucun autre artefact n’a gagné en importance. Les cartes n’ont pas voix au chapitre : une méthode peut être faite pour leur plaire."
    best_of_all(method, before, after, group)
        "The most is done by {method}: of the worst group it judges {after} rightly, {before} before ({group})."
        "La plus efficace est {method} : elle fait juger correctement {after} du groupe le moins bien servi, contre {before} avant ({group})."
    every_method()
        "Every method, on the audit’s pictures"
        "Toutes les méthodes, sur les images de l’examen"
    before_correction()
        "Before"
        "Avant"
    what_remains()
        "What {the_artefact} still does"
        "Ce que change encore {the_artefact}"
    nothing_remains()
        "nothing"
        "rien"
    what_remains_note()
        "By picture, the change of the probability {of_target} when {the_artefact} is put in or taken away, beyond that of an equally strong neutral edit, in absolute value: mean and 95 % interval."
        "Par image, variation de la probabilité {of_target} quand on ajoute ou retire {the_artefact}, au-delà d’une modification neutre aussi forte, en valeur absolue : moyenne et intervalle à 95 %."
    effect_of_it()
        "Effect {of_the_artefact}"
        "Effet {of_the_artefact}"
    lessened_by()
        "Less by"
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
        "Groupe le moins bien servi"
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
        "What each needs, and what it cost"
        "Ce que chacune demande, et ce qu’elle a coûté"
    needs_beside()
        "Needs, beside pictures and labels"
        "Demande, outre des images et leurs classes"
    needs_nothing()
        "nothing"
        "rien"
    needs_flags()
        "which pictures show {the_artefact}"
        "de savoir quelles images montrent {the_artefact}"
    needs_masks()
        "outlines {of_the_artefact}"
        "des contours {of_the_artefact}"
    needs_edits()
        "a way to put {the_artefact} in or take it out"
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
        "The methods learnt from {learnt} pictures; by {held} more the best epoch of a training was chosen. None of them, and no other of the same patient or lesion, is among the audit’s."
        "Les méthodes ont appris sur {learnt} images ; {held} autres ont servi à choisir la meilleure époque d’un entraînement. Aucune d’elles, ni aucune autre du même patient ou de la même lésion, ne figure parmi celles de l’examen."
    audited_on(count)
        "Every model was audited on the same {count} pictures, with the same changes at the same places."
        "Chaque modèle a été examiné sur les mêmes {count} images, avec les mêmes modifications aux mêmes endroits."
    learnt_from()
        "Pictures that the methods learnt from"
        "Images sur lesquelles les méthodes ont appris"
    asked_for()
        "What is asked of a correction"
        "Ce qui est demandé d’une correction"
    met(what)
        "✓ {what}"
        "✓ {what}"
    not_met(what)
        "✗ {what}"
        "✗ {what}"
    is_clear(verdict)
        "The audit calls the corrected model clear: {verdict}"
        "L’examen conclut à l’absence de raccourci : {verdict}"
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
        "A larger share of the worst group is judged correctly: {after}, {before} before ({by})"
        "Le groupe le moins bien servi est mieux jugé : {after}, contre {before} avant ({by})"
    no_other_is_worse()
        "No other artefact has come to matter more"
        "Aucun autre artefact n’a gagné en importance"
    other_effect(name, by)
        "The effect of “{name}” rises by {by}"
        "L’effet de « {name} » augmente de {by}"
    held_out_says(before, after)
        "On the pictures held out of the correction, {after} of the worst group are judged correctly, {before} before."
        "Sur les images réservées, {after} du groupe le moins bien servi sont jugés correctement, contre {before} avant."
    ended_early(epoch)
        "The training ended after epoch {epoch}, as the worst group had not become better for long."
        "L’entraînement s’est arrêté après l’époque {epoch}, le groupe le moins bien servi ne progressant plus."
    ended_diverged(step)
        "The training diverged at step {step}; the last good weights were kept. A lower learning rate would help."
        "L’entraînement a divergé au pas {step} ; les derniers bons poids ont été conservés. Un taux d’apprentissage plus bas aiderait."
    fact_c(value)
        "Of the strengths of the penalty tried, C = {value} served the worst group best."
        "Parmi les forces de pénalité essayées, C = {value} sert le mieux le groupe le moins bien servi."
    fact_class_auroc(value)
        "A linear probe of the features tells the classes apart with an AUROC of {value}, on pictures that it was not fitted on."
        "Une sonde linéaire des représentations distingue les classes avec une AUROC de {value}, sur des images où elle n’a pas été ajustée."
    fact_pictures_a_fit(value)
        "Each fit had {value} pictures, as many of each group."
        "Chaque ajustement a disposé de {value} images, autant de chaque groupe."
    fact_lambda(value)
        "Of the strengths of the penalty tried, λ = {value} served the worst group best."
        "Parmi les forces de pénalité essayées, λ = {value} sert le mieux le groupe le moins bien servi."
    fact_wrong(value)
        "The model as it was got {value} of the pictures wrong; they were seen more often."
        "Le modèle initial se trompait sur {value} images ; elles ont été vues plus souvent."
    fact_masks(value)
        "{value} of the pictures have an outline {of_the_artefact}."
        "{value} des images ont un contour {of_the_artefact}."
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

impl Words {
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
