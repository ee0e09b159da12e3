//! The explanation of one picture: what is computed, saved and printed.

use std::path::Path;
use std::time::Instant;

use reglet_attribution::{Explanation, Method};
use reglet_data::picture::{self, Limits, Orientation};
use reglet_model::{Targets, save};
use reglet_viz::Theme;
use serde_json::{Value, json};
use tch::{Device, Kind, Tensor};

use super::explainer::{Explainer, Ranked};
use super::figure::figure;
use crate::drawing::FIGURE_SCALE;
use crate::{Error, Output};

/// How many classes are named.
const TOP: usize = 5;

/// What came of it.
pub(super) struct Explained {
    /// For people.
    pub text: String,
    /// For machines.
    pub summary: Value,
    /// The figure could not be drawn; all the rest is there.
    pub undrawn: bool,
}

/// Said of a picture whose file tells viewers to turn it.
const STORED_TURNED: &str = "the picture is stored rotated or mirrored for viewers (EXIF), and is read as it is stored, as by torchvision's loaders; \
                    if the model is used on upright pictures, turn the file's pixels";

impl Explainer<'_> {
    /// Explains the picture and writes what is found to `folder`: first the numbers and the maps, which took the work, then
    /// the figure, without which they are as good.
    pub fn explain(&self, output: &mut Output, folder: &Path) -> Result<Explained, Error> {
        let model = self.model;
        let picture = picture::read(self.path, &Limits::default())?;
        let turned =
            (picture.orientation != Orientation::NoTransforms && !picture.upright).then_some(STORED_TURNED);
        let view = model.preprocessing().view(&picture.pixels)?;
        let input = model.preprocessing().tensor(std::slice::from_ref(&view), model.device())?;
        let classes: Vec<usize> = self.target.into_iter().collect();
        let targets = if classes.is_empty() { Targets::Top } else { Targets::Classes(&classes) };
        let start = Instant::now();
        let found = Method::attribute_all(self.methods, model, &input, targets)?;
        let seconds = start.elapsed().as_secs_f64();

        let logits = found.answer.logits.as_ref().expect("a model returns its logits");
        let probabilities = model.classes().probabilities(logits)?;
        let probabilities: Vec<f64> =
            Vec::try_from(probabilities.f_select(0, 0)?.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?;
        let target = found.answer.targets[0];
        let label = |index: usize| model.classes().labels()[index].clone();
        let ranked = |index: usize| Ranked { index, label: label(index), probability: probabilities[index] };
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let top: Vec<Ranked> = order.into_iter().take(TOP).map(ranked).collect();
        let target = ranked(target);

        let drawn = figure(self, &view, &found, &top, &target).and_then(|figure| {
            let drawing = figure.draw(&Theme::LIGHT)?;
            let png = drawing.to_png(drawing.scale_within(FIGURE_SCALE))?;
            Ok((drawing, png))
        });
        let undrawn = drawn.as_ref().err().map(|fault| format!("the figure could not be drawn: {fault}"));
        let mut summary = self.summary(&found, &top, &target, seconds)?;
        let mut text = self.text(&found, &top, &target)?;
        if let Some(note) = turned {
            text += &format!("\nnote: {note}");
        }
        summary["picture_notes"] = json!(turned.into_iter().collect::<Vec<_>>());
        if let Some(fault) = &undrawn {
            summary["figure_error"] = json!(fault);
            text += &format!("\n{fault}; the maps and the numbers were written");
        }
        let tensors = self.maps(&input, &found)?;

        output.write(folder.join("summary.json"), format!("{summary:#}\n").as_bytes())?;
        let name = folder.join("maps.safetensors");
        let path = output.staged(&name)?;
        let tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
        save(&path, &tensors).map_err(Error::output(&self.options.out.join(&name)))?;
        if let Ok((drawing, png)) = drawn {
            output.write(folder.join("figure.svg"), drawing.as_str().as_bytes())?;
            output.write(folder.join("figure.png"), &png)?;
        }
        Ok(Explained { text, summary, undrawn: undrawn.is_some() })
    }

    fn text(&self, found: &Explanation, top: &[Ranked], target: &Ranked) -> Result<String, Error> {
        let mut lines = vec![format!("{}", self.path.display())];
        for ranked in top {
            let mark = if ranked.index == target.index { "*" } else { " " };
            lines.push(format!(
                "{mark} {:6.2} %  {} ({})",
                100.0 * ranked.probability,
                ranked.label,
                ranked.index
            ));
        }
        if top.iter().all(|ranked| ranked.index != target.index) {
            let Ranked { index, label, probability } = target;
            lines.push(format!("* {:6.2} %  {label} ({index})", 100.0 * probability));
        }
        let titles = self.methods.iter().map(|method| method.title().chars().count());
        let wide = titles.max().unwrap_or(0).max(20) + 2;
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            let remark = computed.attribution.remark(0)?.map(|remark| format!(" · {}", remark.text()));
            let caption = self.caption(method, computed, found);
            let title = method.title();
            lines.push(format!("{title:<wide$}{caption}{}", remark.unwrap_or_default()));
        }
        Ok(lines.join("\n"))
    }

    fn summary(
        &self,
        found: &Explanation,
        top: &[Ranked],
        target: &Ranked,
        seconds: f64,
    ) -> Result<Value, Error> {
        let class = |ranked: &Ranked| json!({ "index": ranked.index, "label": ranked.label, "probability": ranked.probability });
        let mut methods = Vec::new();
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            let gap = computed.attribution.gaps.as_ref().map(|gaps| {
                // JSON has no infinity, so a gap relative to zero is null.
                json!({ "absolute": gaps[0].absolute, "relative": gaps[0].relative })
            });
            methods.push(json!({
                "name": method.name(),
                "parameters": method,
                "seconds": self.seconds(computed, found),
                "gap": gap,
                "remark": computed.attribution.remark(0)?.map(|remark| remark.text()),
            }));
        }
        let provenance = self.model.provenance();
        let score = found.answer.scores.f_double_value(&[0])?;
        Ok(json!({
            "schema_version": 1,
            "picture": self.path.display().to_string(),
            "model": {
                "architecture": provenance.architecture,
                "weights": provenance.weights.display().to_string(),
                "weights_sha256": provenance.sha256,
                "prefix_removed": provenance.prefix,
                "preprocessing": self.model.preprocessing(),
                "preprocessing_source": self.model.preprocessing_source().to_string(),
                "notes": self.model.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
                "device": format!("{:?}", self.model.device()),
            },
            "target": class(target),
            "explained": { "score": self.model.classes().score(), "value": score },
            "top": top.iter().map(class).collect::<Vec<_>>(),
            "methods": methods,
            "seconds": seconds,
            "reglet": env!("CARGO_PKG_VERSION"),
        }))
    }

    /// The raw tensors, without the batch dimension.
    fn maps(&self, input: &Tensor, found: &Explanation) -> Result<Vec<(&str, Tensor)>, Error> {
        let mut tensors = vec![("input", input.f_select(0, 0)?)];
        for (method, computed) in self.methods.iter().zip(&found.computed) {
            tensors.push((method.name(), computed.attribution.values.f_select(0, 0)?));
        }
        Ok(tensors)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use reglet_model::{Architecture, Parameters, Preprocessing};

    use reglet_model::Model;
    use reglet_viz::Colormap;

    use super::*;
    use crate::explain::methods::tests::options;

    /// Draws a small network's explanation of a gradient picture by this number of methods, after `change` was applied to
    /// it.
    fn drawn(count: usize, change: impl FnOnce(&mut Explanation)) -> (reglet_viz::Svg, Vec<u8>) {
        let architecture = Architecture::ResNet18;
        let graph = architecture.graph(2, 0.125).expect("a small one");
        let parameters = Parameters::initial(&graph, 1).expect("drawn");
        let preprocessing = Preprocessing::exact(32);
        let model = Model::new(graph, parameters, None, preprocessing, architecture.into());
        let model = model.expect("two classes");
        let view = RgbImage::from_fn(32, 32, |x, y| Rgb([(7 * x) as u8, (7 * y) as u8, 90]));
        let input =
            model.preprocessing().tensor(std::slice::from_ref(&view), Device::Cpu).expect("a picture");
        let names = ["saliency", "input_x_gradient", "grad_cam"].iter().cycle().take(count);
        let methods: Vec<Method> = names.map(|name| Method::named(name).expect("a method")).collect();
        let mut found = Method::attribute_all(&methods, &model, &input, Targets::Top).expect("they run");
        change(&mut found);
        let options = options(&[]);
        let one = Explainer {
            options: &options,
            model: &model,
            methods: &methods,
            colormap: Colormap::Inferno,
            target: None,
            path: Path::new("slope.png"),
        };
        let class = |probability| Ranked { index: 0, label: "0".to_owned(), probability };
        let figure = figure(&one, &view, &found, &[class(0.7)], &class(0.7)).expect("a figure");
        let drawing = figure.draw(&Theme::LIGHT).expect("it can be drawn");
        let png = drawing.to_png(drawing.scale_within(FIGURE_SCALE)).expect("it can be painted");
        (drawing, png)
    }

    #[test]
    fn many_methods_are_laid_out_in_rows() {
        let (few, _) = drawn(3, |_| ());
        let (many, png) = drawn(40, |_| ());
        assert_eq!(many.as_str().matches(", overlaid</title>").count(), 40);
        let (few, many) = (few.size(), many.size());
        assert!(many.0 < 1.6 * few.0 && many.1 > 6.0 * few.1, "{few:?} {many:?}");
        assert!(png.starts_with(b"\x89PNG"));
    }

    #[test]
    fn a_map_that_cannot_be_drawn_costs_the_others_nothing() {
        let (drawing, _) = drawn(3, |found| {
            let values = &mut found.computed[1].attribution.values;
            *values = values.full_like(f64::NAN);
        });
        assert_eq!(drawing.as_str().matches(", overlaid</title>").count(), 3);
        assert!(drawing.as_str().contains("not drawn: none of the"), "said under the map");
    }
}
