//! Attribution methods: which parts of a picture an image classifier's answer is based on.
//!
//! Each method requires only the capability that it needs of a model ([`Scores`], [`Gradients`], [`Layers`] or
//! [`Operators`]), so it also works with a classifier of your own:
//!
//! ```
//! use reglet_attribution::{AttributionError, Gradients, IntegratedGradients, Scores};
//! use tch::{Device, Kind, Tensor};
//!
//! /// A classifier whose score is the sum of squares.
//! struct Squares;
//!
//! impl Scores for Squares {
//!     fn scores(&self, inputs: &Tensor, _: &[usize]) -> Result<Tensor, AttributionError> {
//!         Ok(inputs.square().sum_dim_intlist([1_i64, 2, 3].as_slice(), false, Kind::Float))
//!     }
//! }
//!
//! impl Gradients for Squares {
//!     fn gradients(&self, inputs: &Tensor, targets: &[usize]) -> Result<(Tensor, Tensor), AttributionError> {
//!         Ok((self.scores(inputs, targets)?, inputs * 2.0))
//!     }
//! }
//!
//! let input = Tensor::from_slice(&[1_f32, 2.0, 3.0]).view([1, 3, 1, 1]);
//! let scores = Squares.scores(&input, &[0])?;
//! let found = IntegratedGradients::default().attribute(&Squares, &input, &[0], &scores)?;
//!
//! // From zero, the integral of 2αx·x is x²; and the attributions sum to the score.
//! let values: Vec<f32> = Vec::try_from(found.values.view([-1]))?;
//! assert!(values.iter().zip([1.0, 4.0, 9.0]).all(|(value, square)| (value - square).abs() < 1e-5));
//! assert!(found.gaps.is_some_and(|gaps| gaps[0].relative < 1e-6));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To use a classifier of another library, wrap it as an [`ArrayClassifier`], a function of `ndarray` arrays.
//!
//! The trait [`AttributionMethod`] is the common interface of all methods, for code that selects methods or draws their
//! maps. A [`Method`] is one of them, selected by name, and [`Method::attribute_all`] computes several together and shares their
//! common computations. A method of your own becomes selectable, in configs and on the command line too, by a name
//! ([`NamedMethod`]) and [`Method::register`].
//!
//! | crate | contains |
//! |---|---|
//! | `reglet-model` | the classifiers; this crate depends on it |
//! | `reglet-audit` | audits of data sets, with evidence and a verdict; it depends on this crate |

mod ablation_cam;
mod array_classifier;
mod attention;
mod attention_relevancy;
mod attention_rollout;
mod attribution;
mod baseline;
mod blur_integrated_gradients;
mod cam;
mod capability;
mod classifier;
mod coalitions;
mod deconvolution;
mod deep_lift;
mod deep_lift_shap;
mod downstream;
mod eigen_cam;
mod error;
mod explanation;
mod feature_ablation;
mod full_grad;
mod grad_cam;
mod grad_cam_plus_plus;
mod gradient_shap;
mod guided_backprop;
mod guided_grad_cam;
mod guided_integrated_gradients;
mod hi_res_cam;
mod idgi;
mod input_x_gradient;
mod integrated_gradients;
mod internal_influence;
mod kernel_shap;
mod lasso;
mod layer;
mod layer_activation;
mod layer_cam;
mod layer_conductance;
mod layer_integrated_gradients;
mod layer_path;
mod lime;
mod line;
mod lrp;
mod method;
mod model;
mod noisy;
mod occlusion;
mod partition_shap;
mod passes;
mod quadrature;
mod registry;
mod rise;
mod saliency;
mod score_cam;
mod segmentation;
mod selection;
mod shapley_sampling;
mod slic;
mod smooth_grad;
mod smooth_grad_squared;
mod sobol;
mod traits;
mod var_grad;
mod walk;
mod x_grad_cam;
mod xrai;

pub use ablation_cam::AblationCam;
pub use array_classifier::ArrayClassifier;
pub use attention_relevancy::AttentionRelevancy;
pub use attention_rollout::AttentionRollout;
pub use attribution::{Attribution, Gap, Reduction, Remark};
pub use baseline::{Baseline, Noise};
pub use blur_integrated_gradients::BlurIntegratedGradients;
pub use capability::Capability;
pub use classifier::{Answer, Classifier};
pub use deconvolution::Deconvolution;
pub use deep_lift::{DeepLift, DeepLiftRule};
pub use deep_lift_shap::DeepLiftShap;
pub use eigen_cam::EigenCam;
pub use error::AttributionError;
pub use explanation::{Computed, Explanation};
pub use feature_ablation::FeatureAblation;
pub use full_grad::FullGrad;
pub use grad_cam::{GradCam, Upsampling};
pub use grad_cam_plus_plus::GradCamPlusPlus;
pub use gradient_shap::{GradientShap, PathSample};
pub use guided_backprop::GuidedBackprop;
pub use guided_grad_cam::GuidedGradCam;
pub use guided_integrated_gradients::GuidedIntegratedGradients;
pub use hi_res_cam::HiResCam;
pub use idgi::Idgi;
pub use input_x_gradient::InputXGradient;
pub use integrated_gradients::IntegratedGradients;
pub use internal_influence::InternalInfluence;
pub use kernel_shap::KernelShap;
pub use layer::Layer;
pub use layer_activation::LayerActivation;
pub use layer_cam::LayerCam;
pub use layer_conductance::LayerConductance;
pub use layer_integrated_gradients::LayerIntegratedGradients;
pub use lime::Lime;
pub use lrp::{Lrp, LrpComposite, LrpRule, LrpRules};
pub use method::{About, AttributionMethod, Family, Needs, Point};
pub use noisy::Deviation;
pub use occlusion::Occlusion;
pub use partition_shap::PartitionShap;
pub use quadrature::Quadrature;
pub use registry::NamedMethod;
pub use rise::Rise;
pub use saliency::Saliency;
pub use score_cam::ScoreCam;
pub use segmentation::{Segmentation, Segments};
pub use selection::{Method, Methods};
pub use shapley_sampling::ShapleySampling;
pub use slic::Slic;
pub use smooth_grad::SmoothGrad;
pub use smooth_grad_squared::SmoothGradSquared;
pub use sobol::Sobol;
pub use traits::{Gradients, Layers, Line, Operators, Scores};
pub use var_grad::VarGrad;
pub use x_grad_cam::XGradCam;
pub use xrai::Xrai;
