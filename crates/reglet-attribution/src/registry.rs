//! The methods by name. To add a method, add its file and one line here.

use std::time::{Duration, Instant};

use reglet_model::{Evaluation, Targets, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::{
    AblationCam, AttentionRelevancy, AttentionRollout, Attribution, AttributionError, AttributionMethod,
    BlurIntegratedGradients, Deconvolution, DeepLift, DeepLiftShap, EigenCam, FeatureAblation, FullGrad,
    GradCam, GradCamPlusPlus, GradientShap, GuidedBackprop, GuidedGradCam, GuidedIntegratedGradients,
    HiResCam, Idgi, InputXGradient, IntegratedGradients, InternalInfluence, KernelShap, LayerActivation,
    LayerCam, LayerConductance, LayerIntegratedGradients, Lime, Lrp, Needs, Occlusion, Operators,
    PartitionShap, Point, Rise, Saliency, ScoreCam, ShapleySampling, SmoothGrad, SmoothGradSquared, Sobol,
    VarGrad, XGradCam, Xrai,
};

/// Defines [`Method`] and [`Methods`] from one line for each method.
macro_rules! registry {
    ($($method:ident as $name:ident),+ $(,)?) => {
        /// A method with its parameters.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "name", rename_all = "snake_case")]
        pub enum Method {
            $(#[doc = concat!("See [`", stringify!($method), "`].")] $method($method),)+
        }

        impl Method {
            /// The names of all methods.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Every method with its default parameters, in the order of [`NAMES`](Method::NAMES).
            pub fn all() -> Vec<Method> {
                vec![$(Method::$method($method::default())),+]
            }

            /// The name in configs, results and file names.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Method::$method(_) => stringify!($name),)+
                }
            }

            /// The method itself.
            pub fn get(&self) -> &dyn AttributionMethod {
                match self {
                    $(Method::$method(method) => method,)+
                }
            }
        }

        /// A choice of methods, each with its parameters: the table `[methods]` of a config. Methods that are not listed are
        /// not used.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct Methods {
            $(
                #[doc = concat!("See [`", stringify!($method), "`].")]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$method>,
            )+
        }

        impl FromIterator<Method> for Methods {
            fn from_iter<T: IntoIterator<Item = Method>>(methods: T) -> Methods {
                let mut chosen = Methods::default();
                for method in methods {
                    match method {
                        $(Method::$method(method) => chosen.$name = Some(method),)+
                    }
                }
                chosen
            }
        }

        impl Methods {
            /// The methods that were chosen.
            pub fn chosen(self) -> Vec<Method> {
                let mut chosen = Vec::new();
                $(chosen.extend(self.$name.map(Method::$method));)+
                chosen
            }
        }
    };
}

registry! {
    Saliency as saliency,
    InputXGradient as input_x_gradient,
    IntegratedGradients as integrated_gradients,
    SmoothGrad as smooth_grad,
    SmoothGradSquared as smooth_grad_squared,
    VarGrad as var_grad,
    GradientShap as gradient_shap,
    Idgi as idgi,
    BlurIntegratedGradients as blur_integrated_gradients,
    GuidedIntegratedGradients as guided_integrated_gradients,
    Xrai as xrai,
    GradCam as grad_cam,
    GradCamPlusPlus as grad_cam_plus_plus,
    XGradCam as x_grad_cam,
    HiResCam as hi_res_cam,
    LayerCam as layer_cam,
    EigenCam as eigen_cam,
    ScoreCam as score_cam,
    AblationCam as ablation_cam,
    FullGrad as full_grad,
    GuidedGradCam as guided_grad_cam,
    AttentionRollout as attention_rollout,
    AttentionRelevancy as attention_relevancy,
    LayerActivation as layer_activation,
    LayerConductance as layer_conductance,
    InternalInfluence as internal_influence,
    LayerIntegratedGradients as layer_integrated_gradients,
    GuidedBackprop as guided_backprop,
    Deconvolution as deconvolution,
    DeepLift as deep_lift,
    DeepLiftShap as deep_lift_shap,
    Lrp as lrp,
    Occlusion as occlusion,
    FeatureAblation as feature_ablation,
    Rise as rise,
    Lime as lime,
    KernelShap as kernel_shap,
    ShapleySampling as shapley_sampling,
    PartitionShap as partition_shap,
    Sobol as sobol,
}

/// A method's result and its cost beyond the shared evaluation.
#[derive(Debug)]
pub struct Computed {
    /// The result.
    pub attribution: Attribution,
    /// The time it took.
    pub time: Duration,
    /// Whether it used derivatives of the shared evaluation.
    pub shared: bool,
}

/// What [`Method::attribute_all`] returns.
#[derive(Debug)]
pub struct Explanation {
    /// The model's answer at the inputs.
    pub evaluation: Evaluation,
    /// The time that the evaluation took, gradients included.
    pub time: Duration,
    /// The result of each method, in the requested order.
    pub computed: Vec<Computed>,
}

impl Method {
    /// The method called `name` (in any case, with `_` or `-`), with its default parameters. `ig` is
    /// Integrated Gradients.
    ///
    /// # Errors
    /// [`AttributionError::UnknownMethod`] with the nearest names.
    pub fn named(name: &str) -> Result<Method, AttributionError> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
        let wanted = if plain(name) == "ig" { "integrated_gradients" } else { name };
        let found = Method::all().into_iter().find(|method| plain(method.name()) == plain(wanted));
        found.ok_or_else(|| AttributionError::UnknownMethod {
            name: name.to_owned(),
            nearest: nearest(name, Method::NAMES.iter().copied()),
        })
    }

    /// The three default methods.
    pub fn usual() -> Vec<Method> {
        vec![
            Method::Saliency(Saliency::default()),
            Method::IntegratedGradients(IntegratedGradients::default()),
            Method::GradCam(GradCam::default()),
        ]
    }

    /// Computes several methods at `inputs` (`[N, C, H, W]`). The values that they need at the inputs themselves (the
    /// scores, the gradient, layers) are computed once, in one forward and one backward pass.
    ///
    /// # Errors
    /// The first [`AttributionError`] that occurs.
    pub fn attribute_all(
        methods: &[Method],
        model: &dyn Operators,
        inputs: &Tensor,
        targets: Targets,
    ) -> Result<Explanation, AttributionError> {
        let methods: Vec<&dyn AttributionMethod> = methods.iter().map(Method::get).collect();
        methods.iter().try_for_each(|method| method.check())?;
        let start = Instant::now();
        let needs: Vec<Needs> = methods.iter().map(|method| method.needs(model)).collect();
        let input_gradient = needs.iter().any(|needs| needs.input_gradient);
        let mut layers: Vec<String> = needs.iter().flat_map(|needs| needs.layers.clone()).collect();
        layers.sort_unstable();
        layers.dedup();
        let names: Vec<&str> = layers.iter().map(String::as_str).collect();
        let evaluation = model.evaluate(inputs, targets, input_gradient, &names)?;
        check_finite(&evaluation)?;
        let time = start.elapsed();

        let point = Point { model, inputs, evaluation: &evaluation, layers: &layers };
        let mut computed = Vec::with_capacity(methods.len());
        for (method, needs) in methods.iter().zip(&needs) {
            let start = Instant::now();
            let attribution = method.at(&point)?;
            computed.push(Computed { attribution, time: start.elapsed(), shared: !needs.is_empty() });
        }
        Ok(Explanation { evaluation, time, computed })
    }
}

fn check_finite(evaluation: &Evaluation) -> Result<(), AttributionError> {
    let scores: Vec<f64> = Vec::try_from(evaluation.scores.f_to_kind(Kind::Double)?)?;
    match scores.iter().position(|score| !score.is_finite()) {
        Some(row) => Err(AttributionError::NotFinite { score: scores[row], row }),
        None => Ok(()),
    }
}
