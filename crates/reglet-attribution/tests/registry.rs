//! Methods by name: what is selected runs on any classifier that offers what it needs, and methods of other crates are as good
//! as those of this one.

use std::error::Error;

use ndarray::{Array1, Array4, ArrayView4, Axis};
use reglet_attribution::{
    About, ArrayClassifier, Attribution, AttributionError, AttributionMethod, Capability, Classifier, Family,
    GradCam, IntegratedGradients, Method, Methods, NamedMethod, Needs, Point, Saliency, SmoothGrad,
};
use reglet_model::Targets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

type Failure = Box<dyn Error + Send + Sync>;

fn scores(inputs: ArrayView4<'_, f32>, _: &[usize]) -> Result<Array1<f32>, Failure> {
    Ok((&inputs * &inputs).sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(1)))
}

fn gradients(inputs: ArrayView4<'_, f32>, targets: &[usize]) -> Result<(Array1<f32>, Array4<f32>), Failure> {
    Ok((scores(inputs, targets)?, 2.0 * &inputs))
}

/// Few samples, because only whether it runs is asked.
fn small(method: Method) -> Method {
    let counts = ["samples", "steps", "masks", "orders", "evaluations"];
    counts.iter().fold(method, |method, count| match method.has(count) {
        true => method.with(count, json!(40)).expect("a number"),
        false => method,
    })
}

#[test]
fn every_method_runs_on_a_classifier_that_offers_what_it_needs_and_says_what_is_lacking() {
    let input = Tensor::arange(3 * 16 * 16, (Kind::Float, Device::Cpu)).view([1, 3, 16, 16]) / 768.0;
    let only_scores = ArrayClassifier::new(scores);
    let with_gradients = ArrayClassifier::new(scores).with_gradients(gradients);
    let (mut by_scores, mut by_gradients) = (0, 0);
    for method in Method::all().into_iter().map(small) {
        let family = method.get().about().family;
        for (model, offered) in [
            (Classifier::Scores(&only_scores), Capability::Scores),
            (Classifier::Gradients(&with_gradients), Capability::Gradients),
        ] {
            let enough = match family {
                Family::Scores => true,
                Family::Gradients => offered >= Capability::Gradients,
                Family::Layers | Family::Attention | Family::Rules => false,
            };
            let one = std::slice::from_ref(&method);
            match Method::attribute_all(one, model, &input, Targets::Classes(&[0])) {
                Ok(found) => {
                    assert!(enough, "{} by {offered}", method.name());
                    let values = &found.computed[0].attribution.values;
                    assert_eq!(values.size()[2..], [16, 16], "{}", method.name());
                    assert!(values.abs().sum(Kind::Double).double_value(&[]) > 0.0, "{}", method.name());
                    by_scores += usize::from(offered == Capability::Scores);
                    by_gradients += usize::from(offered == Capability::Gradients);
                }
                Err(AttributionError::Lacks { method: title, needed, offered: found }) => {
                    assert!(!enough, "{} by {offered}", method.name());
                    assert_eq!(title, method.get().about().title);
                    assert!(needed > offered && found == offered, "{title}: {needed} of {found}");
                }
                Err(other) => panic!("{}: {other}", method.name()),
            }
        }
    }
    assert!(by_scores >= 8 && by_gradients >= by_scores + 8, "{by_scores} and {by_gradients} methods ran");
}

#[test]
fn what_a_classifier_does_not_know_is_said() {
    let input = Tensor::ones([1, 3, 8, 8], (Kind::Float, Device::Cpu));
    let model = ArrayClassifier::new(scores);
    let model = Classifier::Scores(&model);
    let rise = [small(Method::named("rise").expect("a method"))];
    let message = Method::attribute_all(&rise, model, &input, Targets::Top).expect_err("no top").to_string();
    assert!(message.contains("give the classes to explain"), "{message}");

    // What is inside a method needs gradients too, and is named.
    let smooth = [small(SmoothGrad::default().into())];
    let message = Method::attribute_all(&smooth, model, &input, Targets::Classes(&[0])).expect_err("none");
    let message = message.to_string();
    assert_eq!(
        message,
        "SmoothGrad needs gradients, but the classifier only offers scores; choose a method that works with scores"
    );
    let cam = [GradCam::default().into()];
    let message = Method::attribute_all(&cam, model, &input, Targets::Classes(&[0])).expect_err("none");
    assert!(message.to_string().starts_with("Grad-CAM needs layers, but"), "{message}");
}

/// A method of another crate: the gradient to a power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Power {
    exponent: f64,
}

impl Default for Power {
    fn default() -> Self {
        Power { exponent: 1.0 }
    }
}

impl AttributionMethod for Power {
    fn about(&self) -> &'static About {
        &About {
            title: "Power gradient",
            family: Family::Gradients,
            cost: "1 forward, 1 backward",
            paper: "",
        }
    }

    fn needs(&self, _: Classifier<'_>) -> Result<Needs, AttributionError> {
        Ok(Needs::input_gradient())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        let values = point.input_gradient().f_abs()?.f_pow_tensor_scalar(self.exponent)?;
        Ok(Attribution { values, gaps: None })
    }
}

impl NamedMethod for Power {
    const NAME: &'static str = "power_gradient";
}

/// Another that wants the same name, or one that is taken, and one that no config could name.
macro_rules! nameless {
    ($($method:ident, $name:literal, $parameter:ident);+) => {$(
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        struct $method {
            $parameter: f64,
        }

        impl AttributionMethod for $method {
            fn about(&self) -> &'static About {
                Power { exponent: self.$parameter }.about()
            }

            fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
                Power { exponent: self.$parameter }.at(point)
            }
        }

        impl NamedMethod for $method {
            const NAME: &'static str = $name;
        }
    )+};
}

nameless! {
    Same, "power_gradient", exponent;
    Taken, "saliency", exponent;
    Spaced, "power gradient", exponent;
    Reserved, "reserved", name
}

#[test]
fn what_has_neither_sign_nor_unit_of_a_gradient_is_none() {
    let all = Method::all();
    let found = all.iter().filter(|method| method.get().is_gradient());
    assert_eq!(
        found.map(|method| method.name()).collect::<Vec<_>>(),
        ["smooth_grad", "guided_backprop", "deconvolution"]
    );
    let signed = Method::named("saliency").expect("known").with("absolute", false.into()).expect("a boolean");
    assert!(signed.get().is_gradient());
    for mean in [Method::named("saliency"), Method::named("input_x_gradient")] {
        let smooth = SmoothGrad { method: mean.expect("known"), ..SmoothGrad::default() };
        assert!(!smooth.is_gradient(), "{smooth:?}");
    }
}

#[test]
fn a_method_of_another_crate_is_selected_like_any_other() {
    Method::register::<Power>().expect("a new name");
    Method::register::<Power>().expect("it is the same method");
    assert!(Method::names().contains(&"power_gradient"));
    let refused = |registered: Result<(), AttributionError>| registered.expect_err("refused").to_string();
    assert!(refused(Method::register::<Same>()).contains("another method has this name"));
    assert!(refused(Method::register::<Taken>()).contains("another method has this name"));
    assert!(refused(Method::register::<Spaced>()).contains("lower-case letters"));
    assert!(refused(Method::register::<Reserved>()).contains("`name` or `label`"));
    assert!(Method::named("reserved").is_err());

    // In a table, within another method, and beside itself with another label.
    let table = json!({
        "power_gradient": { "exponent": 2 },
        "root": { "name": "power_gradient", "exponent": 0.5 },
        "smooth_grad": { "samples": 4, "method": { "name": "power_gradient", "exponent": 3.0 } },
    });
    let methods: Methods = serde_json::from_value(table).expect("known methods");
    let again: Methods = serde_json::from_value(json!(methods)).expect("its own words");
    assert_eq!(again, methods);
    let methods = methods.chosen();
    let titles: Vec<String> = methods.iter().map(Method::title).collect();
    assert_eq!(titles, ["SmoothGrad", "Power gradient", "Power gradient (root)"]);

    let input = Tensor::from_slice(&[0.5_f32, 1.0, 2.0]).view([1, 1, 1, 3]);
    let model = ArrayClassifier::new(scores).with_gradients(gradients);
    let model = Classifier::Gradients(&model);
    let found = Method::attribute_all(&methods[1..], model, &input, Targets::Classes(&[0])).expect("it runs");
    let values: Vec<Vec<f32>> = found
        .computed
        .iter()
        .map(|computed| Vec::try_from(computed.attribution.values.view([-1])).expect("numbers"))
        .collect();
    // The gradient is 1, 2, 4.
    assert_eq!(values[0], [1.0, 4.0, 16.0]);
    assert!(values[1].iter().zip([1.0, 2_f32.sqrt(), 2.0]).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");

    // A misspelt parameter is found although this method's type would ignore it.
    let misspelt = serde_json::from_value::<Methods>(json!({ "power_gradient": { "exponents": 2 } }));
    let message = misspelt.expect_err("no such parameter").to_string();
    assert!(message.contains("no parameter 'exponents'; it has: exponent"), "{message}");

    let schema = serde_json::to_value(schemars::schema_for!(Methods)).expect("a schema is JSON");
    assert_eq!(schema.pointer("/properties/power_gradient/properties/exponent/type"), Some(&json!("number")));
}

#[test]
fn every_method_survives_being_written_and_read() {
    for method in Method::all() {
        let read: Method = serde_json::from_value(json!(method)).expect("its own words");
        assert_eq!(read, method);
        let labelled = method.clone().labelled("mine").expect("a free label");
        assert_ne!(labelled, method);
        let read: Method = serde_json::from_value(json!(labelled)).expect("its own words");
        assert_eq!((read.name(), &read), ("mine", &labelled));
    }
}

#[test]
fn parameters_are_changed_by_name() {
    let method = Method::new(IntegratedGradients::default());
    let more = method.with("steps", json!(7)).expect("it has steps");
    assert_eq!(more.downcast::<IntegratedGradients>().map(|ig| ig.steps), Some(7));
    assert!(more.downcast::<Saliency>().is_none());
    let noise = method.with("baseline", json!({ "noise": { "seed": 3 } })).expect("a baseline");
    let seeded = noise.with("baseline.noise.seed", json!(9)).expect("it has a seed");
    assert_eq!(seeded, method.with("baseline", json!({ "noise": { "seed": 9 } })).expect("a baseline"));
    assert!(noise.has("baseline.noise.seed") && !method.has("baseline.noise.seed") && !method.has("name"));
    for (parameter, value, part) in [
        ("layer", json!("conv1"), "it has: baseline, quadrature, steps, tolerance"),
        ("name", json!("saliency"), "no parameter 'name'"),
        ("steps", json!("many"), "integrated_gradients: steps: invalid type: string \"many\""),
        ("steps", json!(-1), "integrated_gradients: steps"),
    ] {
        let message = method.with(parameter, value).expect_err(part).to_string();
        assert!(message.contains(part), "{message}");
    }
    // The label goes with it.
    let labelled = method.labelled("fine").expect("a free label").with("steps", json!(9)).expect("steps");
    assert_eq!(labelled.name(), "fine");
    // A table whose key is the method's name may name it again, before or after the parameters.
    let table = json!({ "saliency": { "absolute": false, "name": "saliency" } });
    let methods: Methods = serde_json::from_value(table).expect("one method");
    assert_eq!(methods.chosen(), [Saliency { absolute: false }.into()]);
    let twice = r#"{ "name": "saliency", "absolute": false, "name": "saliency" }"#;
    let method: Method = serde_json::from_str(twice).expect("the same name");
    assert_eq!(method, Saliency { absolute: false }.into());
    let other = r#"{ "name": "saliency", "absolute": false, "name": "lime" }"#;
    assert!(serde_json::from_str::<Method>(other).expect_err("two names").to_string().contains("duplicate"));
}

#[test]
fn a_table_that_cannot_be_meant_is_refused() {
    let refused = |table: Value| serde_json::from_value::<Methods>(table).expect_err("refused").to_string();
    for (table, part) in [
        (json!({ "salience": {} }), "there is no method 'salience'"),
        (json!({ "salience": {} }), "did you mean 'saliency'"),
        (json!({ "fine": { "name": "integrated" } }), "there is no method 'integrated'"),
        (json!({ "saliency": { "name": "grad_cam" } }), "another method has this name"),
        (json!({ "a b": { "name": "grad_cam" } }), "letters, digits"),
        (json!({ "saliency": { "absolut": true } }), "it has: absolute"),
        (json!({ "saliency": { "label": "x" } }), "no parameter 'label'"),
        (json!({ "fine": { "absolute": 3, "name": "saliency" } }), "fine"),
        (json!({ "saliency": 3 }), "a table with a method's parameters"),
    ] {
        let message = refused(table);
        assert!(message.contains(part), "{part}: {message}");
    }
    let refused = |method: Value| serde_json::from_value::<Method>(method).expect_err("refused").to_string();
    assert!(refused(json!({ "steps": 3 })).contains("missing field `name`"));
    assert!(refused(json!({ "name": "lime", "label": "" })).contains("1 to 64"));
}
