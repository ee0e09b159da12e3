//! The assignment of rules to layers.

use reglet_model::Call;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LrpRule;
use crate::AttributionError;

/// An assignment of rules to layers: one of the common composites, or rules of your own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LrpComposite {
    /// The ε rule (10⁻⁶) everywhere.
    Epsilon,
    /// z⁺ for convolutions, ε (10⁻⁶) for linear layers.
    EpsilonPlus,
    /// The same with the flat rule for the first layer.
    #[default]
    EpsilonPlusFlat,
    /// γ (0.25) for convolutions, ε (10⁻⁶) for linear layers, z-box for the first layer.
    EpsilonGammaBox,
    /// α = 2, β = 1 for convolutions, ε (10⁻⁶) for linear layers.
    #[serde(rename = "epsilon_alpha2_beta1")]
    EpsilonAlpha2Beta1,
    /// Rules of your own.
    Rules(LrpRules),
}

/// A rule for each kind of layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LrpRules {
    /// The rule for the layers that receive the input itself; by default, that of their kind.
    pub first: Option<LrpRule>,
    /// For convolutions.
    pub convolution: LrpRule,
    /// For linear layers.
    pub linear: LrpRule,
}

impl LrpComposite {
    /// The rules of this composite.
    pub fn rules(&self) -> LrpRules {
        let epsilon = LrpRule::Epsilon(1e-6);
        let (first, convolution) = match self {
            LrpComposite::Epsilon => (None, epsilon),
            LrpComposite::EpsilonPlus => (None, LrpRule::ZPlus),
            LrpComposite::EpsilonPlusFlat => (Some(LrpRule::Flat), LrpRule::ZPlus),
            LrpComposite::EpsilonGammaBox => (Some(LrpRule::ZBox), LrpRule::Gamma(0.25)),
            LrpComposite::EpsilonAlpha2Beta1 => (None, LrpRule::AlphaBeta { alpha: 2.0, beta: 1.0 }),
            LrpComposite::Rules(rules) => return rules.clone(),
        };
        LrpRules { first, convolution, linear: epsilon }
    }
}

impl LrpRules {
    /// The rule for a weighted layer.
    pub(super) fn of(&self, call: &Call, first: bool) -> LrpRule {
        // Only a convolution's weight has spatial dimensions.
        let kind = if call.inputs()[1].dim() > 2 { self.convolution } else { self.linear };
        self.first.filter(|_| first).unwrap_or(kind)
    }

    pub(super) fn check(&self) -> Result<(), AttributionError> {
        let rules = [self.first.as_ref(), Some(&self.convolution), Some(&self.linear)];
        rules.into_iter().flatten().try_for_each(LrpRule::check)
    }
}
