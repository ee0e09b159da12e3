//! The rules by which a layer distributes relevance among its inputs.

use reglet_model::{Call, Differentiable, ModelError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use crate::{AttributionError, Operators};

/// A rule for a layer z_j = Σ_i a_i w_ij + b_j. Superscripts ⁺ and ⁻ are positive and negative parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LrpRule {
    /// R_i = Σ_j a_i w_ij / (z_j + ε sign z_j) R_j, ε more than 0.
    Epsilon(f64),
    /// α-β with α = 1 and β = 0: positive contributions only.
    ZPlus,
    /// Positive contributions share α times the relevance, negative contributions −β times; α − β is 1.
    AlphaBeta {
        /// The share of positive contributions, 1 or more.
        alpha: f64,
        /// The share of negative ones, 0 or more.
        beta: f64,
    },
    /// Contributions of the output's sign count 1 + γ times, γ 0 or more; generalised to inputs of either sign
    /// (Andéol et al., 2021, <https://arxiv.org/abs/2112.06738>).
    Gamma(f64),
    /// Every input has the same share.
    Flat,
    /// Shares are the squared weights.
    WSquare,
    /// Contributions are taken from the nearest end of the range of possible inputs:
    /// a_i w_ij − l_i w_ij⁺ − h_i w_ij⁻.
    ZBox,
}

/// The range of possible inputs, `[1, C, 1, 1]` each.
pub(super) struct Bounds {
    low: Tensor,
    high: Tensor,
}

impl Bounds {
    /// A black and a white picture.
    pub(super) fn new(model: &dyn Operators, inputs: &Tensor) -> Result<Bounds, AttributionError> {
        let colour = |rgb| -> Result<Tensor, AttributionError> {
            let colour = Tensor::f_from_slice(&model.colour(rgb))?.f_view([1, -1, 1, 1])?;
            Ok(colour.f_to_device(inputs.device())?.f_to_kind(inputs.kind())?)
        };
        Ok(Bounds { low: colour([0; 3])?, high: colour([255; 3])? })
    }
}

impl LrpRule {
    pub(super) fn check(&self) -> Result<(), AttributionError> {
        let fault = |parameter, value: String, expected| {
            Err(AttributionError::Parameter { method: "LRP", parameter, value, expected })
        };
        match *self {
            LrpRule::Epsilon(epsilon) if !(epsilon > 0.0 && epsilon.is_finite()) => {
                fault("epsilon", epsilon.to_string(), "a number above 0")
            }
            LrpRule::Gamma(gamma) if !(gamma >= 0.0 && gamma.is_finite()) => {
                fault("gamma", gamma.to_string(), "0 or more")
            }
            LrpRule::AlphaBeta { alpha, beta } => {
                let sound = beta >= 0.0 && beta.is_finite() && (alpha - beta - 1.0).abs() < 1e-9;
                if sound {
                    return Ok(());
                }
                fault(
                    "alpha_beta",
                    format!("{alpha} and {beta}"),
                    "0 or more for beta, and alpha one more than it",
                )
            }
            _ => Ok(()),
        }
    }

    /// The relevance that each input of a weighted layer with these `parameters` (weight, and a bias if there are two)
    /// receives from the relevance at its output.
    pub(super) fn share(
        &self,
        call: &Call,
        parameters: &[&Tensor],
        bounds: &Bounds,
        stabiliser: f64,
    ) -> Result<Vec<Option<Tensor>>, ModelError> {
        let relevance = call.upstream;
        let input = call.inputs()[0].f_detach()?;
        let (weight, bias) = (parameters[0], parameters.get(1).copied());
        let part = |sign: Sign, tensor: &Tensor| sign.part(tensor);
        let term = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| -> Result<Term, ModelError> {
            let mut inputs = vec![input, weight];
            inputs.extend(bias);
            Ok(Term { input: input.shallow_clone(), factor: 1.0, call: call.at(&inputs)? })
        };
        // Inputs of one sign with the weights that make them contributions of `sign`, here scaled by `scale`.
        let contributions = |sign: Sign, scale: &dyn Fn(Sign, &Tensor) -> Result<Tensor, ModelError>| {
            let of_bias = bias.map(|bias| scale(sign, bias)).transpose()?;
            let mut terms = vec![term(&part(Sign::Plus, &input)?, &scale(sign, weight)?, of_bias.as_ref())?];
            // After a rectifier no input is negative, so half of the work is unnecessary.
            if input.f_min()?.f_double_value(&[])? < 0.0 {
                terms.push(term(&part(Sign::Minus, &input)?, &scale(sign.other(), weight)?, None)?);
            }
            Ok::<_, ModelError>(terms)
        };
        let shared = match *self {
            LrpRule::Epsilon(epsilon) => shared(&[term(&input, weight, bias)?], relevance, epsilon)?,
            LrpRule::ZPlus => shared(&contributions(Sign::Plus, &part)?, relevance, stabiliser)?,
            LrpRule::AlphaBeta { alpha, beta } => {
                let positive = shared(&contributions(Sign::Plus, &part)?, relevance, stabiliser)?;
                let negative = shared(&contributions(Sign::Minus, &part)?, relevance, stabiliser)?;
                positive.f_mul_scalar(alpha)?.f_sub(&negative.f_mul_scalar(beta)?)?
            }
            LrpRule::Gamma(gamma) => {
                let stressed = |sign: Sign, tensor: &Tensor| -> Result<Tensor, ModelError> {
                    Ok(tensor.f_add(&sign.part(tensor)?.f_mul_scalar(gamma)?)?)
                };
                let output = term(&input, weight, bias)?.call.output()?;
                let of = |sign: Sign, outputs: Tensor| {
                    let relevance = relevance.f_mul(&outputs.f_to_kind(relevance.kind())?)?;
                    shared(&contributions(sign, &stressed)?, &relevance, stabiliser)
                };
                of(Sign::Plus, output.f_gt(0.0)?)?.f_add(&of(Sign::Minus, output.f_lt(0.0)?)?)?
            }
            LrpRule::Flat => {
                let ones = term(&input.f_ones_like()?, &weight.f_ones_like()?, None)?;
                shared(&[ones], relevance, stabiliser)?
            }
            LrpRule::WSquare => {
                let squares = term(&input.f_ones_like()?, &weight.f_square()?, None)?;
                shared(&[squares], relevance, stabiliser)?
            }
            LrpRule::ZBox => {
                let low = bounds.low.f_expand_as(&input)?.f_contiguous()?;
                let high = bounds.high.f_expand_as(&input)?.f_contiguous()?;
                let mut terms = [
                    term(&input, weight, None)?,
                    term(&low, &part(Sign::Plus, weight)?, None)?,
                    term(&high, &part(Sign::Minus, weight)?, None)?,
                ];
                terms[1].factor = -1.0;
                terms[2].factor = -1.0;
                shared(&terms, relevance, stabiliser)?
            }
        };
        let mut sent: Vec<Option<Tensor>> = call.inputs().iter().map(|_| None).collect();
        sent[0] = Some(shared);
        Ok(sent)
    }
}

/// The ε rule for a call of any operator: each input according to its first-order contribution to the output.
pub(super) fn by_contribution(call: &Call, stabiliser: f64) -> Result<Vec<Option<Tensor>>, ModelError> {
    let quotient = call.upstream.f_div(&stabilised(&call.output()?, stabiliser)?)?;
    let sent = call.own(&quotient)?.into_iter().zip(call.inputs());
    let times = |(sent, input): (Option<Tensor>, &Tensor)| {
        sent.map(|sent| Ok(sent.f_mul(&input.f_detach()?)?)).transpose()
    };
    sent.map(times).collect()
}

#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
}

impl Sign {
    fn part(self, tensor: &Tensor) -> Result<Tensor, ModelError> {
        Ok(match self {
            Sign::Plus => tensor.f_clamp_min(0.0)?,
            Sign::Minus => tensor.f_clamp_max(0.0)?,
        })
    }

    fn other(self) -> Sign {
        match self {
            Sign::Plus => Sign::Minus,
            Sign::Minus => Sign::Plus,
        }
    }
}

/// A part of a layer's output: the layer with inputs and weights of its own, times a factor.
struct Term {
    input: Tensor,
    factor: f64,
    call: Differentiable,
}

/// Relevance distributed among the inputs according to their contributions to the sum of the terms.
fn shared(terms: &[Term], relevance: &Tensor, epsilon: f64) -> Result<Tensor, ModelError> {
    let mut total = relevance.f_zeros_like()?;
    for term in terms {
        total = total.f_add(&term.call.output()?.f_mul_scalar(term.factor)?)?;
    }
    let quotient = relevance.f_div(&stabilised(&total, epsilon)?)?;
    let mut shared = terms[0].input.f_zeros_like()?;
    for term in terms {
        if let Some(sent) = term.call.pull_back(&quotient)?.swap_remove(0) {
            shared = shared.f_add(&sent.f_mul(&term.input)?.f_mul_scalar(term.factor)?)?;
        }
    }
    Ok(shared)
}

/// `total`, stabilised: ε is added with the sign of `total`, which is + for zero.
fn stabilised(total: &Tensor, epsilon: f64) -> Result<Tensor, ModelError> {
    let sign = total.f_ge(0.0)?.f_to_kind(total.kind())?.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?;
    Ok(total.f_add(&sign.f_mul_scalar(epsilon)?)?)
}
