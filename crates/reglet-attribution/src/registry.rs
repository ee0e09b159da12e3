//! The methods by name: those of this crate, and those that a program adds. To add a method to this crate, add its file and one
//! line here.

use std::sync::{PoisonError, RwLock};

use reglet_model::nearest;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    AblationCam, AttentionRelevancy, AttentionRollout, AttributionError, AttributionMethod,
    BlurIntegratedGradients, Deconvolution, DeepLift, DeepLiftShap, EigenCam, FeatureAblation, FullGrad,
    GradCam, GradCamPlusPlus, GradientShap, GuidedBackprop, GuidedGradCam, GuidedIntegratedGradients,
    HiResCam, Idgi, InputXGradient, IntegratedGradients, InternalInfluence, KernelShap, LayerActivation,
    LayerCam, LayerConductance, LayerIntegratedGradients, Lime, Lrp, Method, Occlusion, PartitionShap, Rise,
    Saliency, ScoreCam, ShapleySampling, SmoothGrad, SmoothGradSquared, Sobol, VarGrad, XGradCam, Xrai,
};

/// An attribution method with a name and parameters of its own type, which makes it usable wherever a method is selected by
/// name: in configs, on the command line, in galleries and audits.
///
/// ```
/// use reglet_attribution::{
///     About, Attribution, AttributionError, AttributionMethod, Classifier, Family, Method, NamedMethod, Needs, Point,
/// };
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// /// The gradient to a power, with its sign.
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
/// #[serde(default, deny_unknown_fields)]
/// struct PowerGradient {
///     /// More than 0.
///     exponent: f64,
/// }
///
/// impl Default for PowerGradient {
///     fn default() -> Self {
///         PowerGradient { exponent: 0.5 }
///     }
/// }
///
/// impl AttributionMethod for PowerGradient {
///     fn about(&self) -> &'static About {
///         &About { title: "Power gradient", family: Family::Gradients, cost: "1 forward, 1 backward, shared", paper: "" }
///     }
///
///     fn needs(&self, _: Classifier<'_>) -> Result<Needs, AttributionError> {
///         Ok(Needs::input_gradient())
///     }
///
///     fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
///         let gradient = point.input_gradient();
///         let values = gradient.f_abs()?.f_pow_tensor_scalar(self.exponent)?.f_mul(&gradient.f_sign()?)?;
///         Ok(Attribution { values, gaps: None })
///     }
/// }
///
/// impl NamedMethod for PowerGradient {
///     const NAME: &'static str = "power_gradient";
/// }
///
/// Method::register::<PowerGradient>()?;
/// let method = Method::named("power_gradient")?.with("exponent", 0.25.into())?;
/// assert_eq!(method, PowerGradient { exponent: 0.25 }.into());
/// assert!(Method::named("power_gradient")?.with("power", 2.into()).is_err());
/// # Ok::<(), AttributionError>(())
/// ```
pub trait NamedMethod:
    AttributionMethod + Clone + Default + PartialEq + Serialize + DeserializeOwned + JsonSchema + 'static
{
    /// The name: lower-case letters, digits and underscores. Parameters must not be called `name` or `label`, with which configs
    /// name the method itself.
    const NAME: &'static str;
}

/// What the registry knows of a type of method.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub name: &'static str,
    pub default: fn() -> Method,
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Entry {
    pub(crate) const fn of<M: NamedMethod>() -> Entry {
        Entry { name: M::NAME, default: || Method::new(M::default()), schema: M::json_schema }
    }
}

/// Names the methods of this crate.
macro_rules! built_in {
    ($($method:ident as $name:literal),+ $(,)?) => {
        $(impl NamedMethod for $method {
            const NAME: &'static str = $name;
        })+

        const BUILT_IN: &[Entry] = &[$(Entry::of::<$method>()),+];
    };
}

built_in! {
    Saliency as "saliency",
    InputXGradient as "input_x_gradient",
    IntegratedGradients as "integrated_gradients",
    SmoothGrad as "smooth_grad",
    SmoothGradSquared as "smooth_grad_squared",
    VarGrad as "var_grad",
    GradientShap as "gradient_shap",
    Idgi as "idgi",
    BlurIntegratedGradients as "blur_integrated_gradients",
    GuidedIntegratedGradients as "guided_integrated_gradients",
    Xrai as "xrai",
    GradCam as "grad_cam",
    GradCamPlusPlus as "grad_cam_plus_plus",
    XGradCam as "x_grad_cam",
    HiResCam as "hi_res_cam",
    LayerCam as "layer_cam",
    EigenCam as "eigen_cam",
    ScoreCam as "score_cam",
    AblationCam as "ablation_cam",
    FullGrad as "full_grad",
    GuidedGradCam as "guided_grad_cam",
    AttentionRollout as "attention_rollout",
    AttentionRelevancy as "attention_relevancy",
    LayerActivation as "layer_activation",
    LayerConductance as "layer_conductance",
    InternalInfluence as "internal_influence",
    LayerIntegratedGradients as "layer_integrated_gradients",
    GuidedBackprop as "guided_backprop",
    Deconvolution as "deconvolution",
    DeepLift as "deep_lift",
    DeepLiftShap as "deep_lift_shap",
    Lrp as "lrp",
    Occlusion as "occlusion",
    FeatureAblation as "feature_ablation",
    Rise as "rise",
    Lime as "lime",
    KernelShap as "kernel_shap",
    ShapleySampling as "shapley_sampling",
    PartitionShap as "partition_shap",
    Sobol as "sobol",
}

/// The methods that this process has added. There is one registry for a process, because configs, and methods within methods,
/// are read by serde, which passes nothing else to what it reads.
static ADDED: RwLock<Vec<Entry>> = RwLock::new(Vec::new());

/// All methods, those of this crate first.
pub(crate) fn entries() -> Vec<Entry> {
    let added = ADDED.read().unwrap_or_else(PoisonError::into_inner);
    BUILT_IN.iter().chain(added.iter()).copied().collect()
}

/// The method with exactly this name.
pub(crate) fn entry(name: &str) -> Option<Entry> {
    entries().into_iter().find(|entry| entry.name == name)
}

impl Method {
    /// Adds a type of method, so that it can be selected by its name in this process. Adding it again changes nothing.
    ///
    /// # Errors
    /// [`AttributionError::Name`] if another method has this name, if it is not made of lower-case letters, digits and
    /// underscores, or if a parameter is called `name` or `label`.
    pub fn register<M: NamedMethod>() -> Result<(), AttributionError> {
        let refused = |reason: &str| {
            Err(AttributionError::Name { name: M::NAME.to_owned(), reason: reason.to_owned() })
        };
        let permitted =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if M::NAME.is_empty() || !M::NAME.chars().all(permitted) {
            return refused("a name consists of lower-case letters, digits and underscores");
        }
        let parameters = Method::new(M::default()).parameters();
        if ["name", "label"].iter().any(|key| parameters.contains_key(*key)) {
            return refused("its parameters must not be called `name` or `label`");
        }
        let mut added = ADDED.write().unwrap_or_else(PoisonError::into_inner);
        let known = BUILT_IN.iter().chain(added.iter()).find(|entry| entry.name == M::NAME);
        match known.map(|known| (known.default)().is::<M>()) {
            Some(true) => Ok(()),
            Some(false) => refused("another method has this name"),
            None => {
                added.push(Entry::of::<M>());
                Ok(())
            }
        }
    }

    /// The names of all methods.
    pub fn names() -> Vec<&'static str> {
        entries().into_iter().map(|entry| entry.name).collect()
    }

    /// Every method with its default parameters, in the order of [`names`](Method::names).
    pub fn all() -> Vec<Method> {
        entries().into_iter().map(|entry| (entry.default)()).collect()
    }

    /// The method called `name` (in any case, with `_` or `-`), with its default parameters. `ig` is Integrated Gradients.
    ///
    /// # Errors
    /// [`AttributionError::UnknownMethod`] with the nearest names.
    pub fn named(name: &str) -> Result<Method, AttributionError> {
        let plain = |name: &str| name.to_lowercase().replace(['_', '-', ' '], "");
        let wanted = if plain(name) == "ig" { IntegratedGradients::NAME } else { name };
        let found = entries().into_iter().find(|entry| plain(entry.name) == plain(wanted));
        found.map(|entry| (entry.default)()).ok_or_else(|| unknown(name))
    }

    /// The three default methods.
    pub fn usual() -> Vec<Method> {
        vec![Saliency::default().into(), IntegratedGradients::default().into(), GradCam::default().into()]
    }
}

/// The error for a method that does not exist.
pub(crate) fn unknown(name: &str) -> AttributionError {
    AttributionError::UnknownMethod { name: name.to_owned(), nearest: nearest(name, Method::names()) }
}

/// The error for the key of a table that names no method.
pub(crate) fn unnamed(label: &str) -> AttributionError {
    AttributionError::Unnamed { label: label.to_owned(), nearest: nearest(label, Method::names()) }
}
