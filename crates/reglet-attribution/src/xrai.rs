//! XRAI.

use reglet_model::Targets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::{
    About, Attribution, AttributionError, AttributionMethod, Baseline, Classifier, Family,
    IntegratedGradients, Method, Point, Reduction, Segmentation, Slic,
};

/// Regions in the order of their mean attribution. Overlapping segments of several sizes compete: the segment whose
/// unassigned pixels have the largest mean attribution is assigned these pixels, and gives each of them that mean. This is
/// repeated until no segment adds enough pixels. The remaining pixels have their own mean. The underlying map is the mean of
/// the maps of `methods`, with channels summed.
///
/// * **Needs** what its methods need. **Cost**: theirs, and the segmentations.
/// * **Axioms**: the sum of the underlying map is preserved, and with it completeness, up to the gaps of the methods' maps.
///   Means over regions preserve neither dummy nor sensitivity (b).
/// * **Defaults**: Integrated Gradients from black and from white, segments dilated by 5 pixels, and regions of 50 pixels or
///   more, as in the authors' library (PAIR). Segments are SLIC's at six scales, instead of Felzenszwalb's as in the paper.
///   Channels are summed; that library takes the largest channel, which would break completeness.
/// * **Paper**: Kapishnikov et al., 2019, <https://arxiv.org/abs/1906.02825>.
///
/// ```
/// # use reglet_attribution::{AttributionError, Xrai};
/// # use reglet_model::{Architecture, Model, Parameters, Preprocessing};
/// # use tch::{Device, Kind, Tensor};
/// # let architecture = Architecture::ResNet18;
/// # let graph = architecture.graph(5, 0.125)?;
/// # let parameters = Parameters::initial(&graph, 1)?;
/// # let model = Model::new(graph, parameters, None, Preprocessing::default(), architecture.into())?;
/// let input = Tensor::ones([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let found = Xrai::default().attribute(&model, &input, &[3])?;
/// assert_eq!(found.values.size(), [1, 1, 32, 32]);
/// # Ok::<(), AttributionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Xrai {
    /// The methods whose mean map determines the order of the regions: 1 to 16.
    pub methods: Vec<Method>,
    /// The competing segmentations of the picture: 1 to 16.
    pub segmentations: Vec<Segmentation>,
    /// The dilation of segments beyond their edges: 0 to 64 pixels.
    pub dilation: usize,
    /// The minimum number of pixels that a region adds: 1 to 100000.
    pub smallest: usize,
}

/// The approximate number of segments at each scale.
const SCALES: [usize; 6] = [12, 25, 50, 100, 200, 400];

impl Default for Xrai {
    fn default() -> Self {
        let integrated =
            |baseline| Method::new(IntegratedGradients { baseline, ..IntegratedGradients::default() });
        Xrai {
            methods: [Baseline::Black, Baseline::White].map(integrated).into(),
            segmentations: SCALES
                .map(|segments| Segmentation::Slic(Slic { segments, ..Slic::default() }))
                .into(),
            dilation: 5,
            smallest: 50,
        }
    }
}

impl Xrai {
    /// The attribution of each row of `inputs` (`[N, C, H, W]`) for its target: `[N, 1, H, W]`.
    ///
    /// # Errors
    /// The errors of the methods, and [`AttributionError::Parameter`].
    pub fn attribute<'a>(
        &self,
        model: impl Into<Classifier<'a>>,
        inputs: &Tensor,
        targets: &[usize],
    ) -> Result<Attribution, AttributionError> {
        AttributionMethod::check(self)?;
        let found = Method::attribute_all(&self.methods, model, inputs, Targets::Classes(targets))?;
        let (_, _, height, width) = inputs.size4()?;
        let mut maps =
            Tensor::f_zeros([targets.len() as i64, 1, height, width], (Kind::Double, inputs.device()))?;
        for computed in &found.computed {
            maps = maps.f_add(&computed.attribution.values.f_sum_dim_intlist(1, true, Kind::Double)?)?;
        }
        let maps = maps.f_div_scalar(self.methods.len() as f64)?;

        let mut rows = Vec::with_capacity(targets.len());
        for row in 0..targets.len() as i64 {
            let flat = maps.f_get(row)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_view([-1])?;
            let map: Vec<f64> = Vec::try_from(flat)?;
            let segments = self.segments(&inputs.f_narrow(0, row, 1)?)?;
            rows.push(Tensor::f_from_slice(&regions(&map, &segments, self.smallest))?);
        }
        let values = Tensor::f_stack(&rows, 0)?.f_view_as(&maps)?;
        Ok(Attribution { values: values.f_to_kind(inputs.kind())?.f_to_device(inputs.device())?, gaps: None })
    }

    /// The pixels of every segment of one input `[1, C, H, W]`, at all scales.
    fn segments(&self, input: &Tensor) -> Result<Vec<Vec<usize>>, AttributionError> {
        let (_, _, height, width) = input.size4()?;
        let mut all = Vec::new();
        for segmentation in &self.segmentations {
            let found = segmentation.segments("XRAI", input)?;
            let labels: Vec<i64> = Vec::try_from(found.labels.f_to_device(Device::Cpu)?.f_view([-1])?)?;
            let mut segments = vec![Vec::new(); found.count];
            labels.iter().enumerate().for_each(|(pixel, &label)| segments[label as usize].push(pixel));
            all.extend(segments);
        }
        if self.dilation > 0 {
            grow(&mut all, [height, width], self.dilation as i64);
        }
        Ok(all)
    }
}

/// Adds to each segment the pixels of a picture of this height and width that are no farther than `reach` from one of its own.
fn grow(segments: &mut [Vec<usize>], [height, width]: [i64; 2], reach: i64) {
    let offsets: Vec<(i64, i64)> = (-reach..=reach)
        .flat_map(|down| (-reach..=reach).map(move |right| (down, right)))
        .filter(|(down, right)| down * down + right * right <= reach * reach)
        .collect();
    let mut holder = vec![usize::MAX; (height * width) as usize];
    for (index, segment) in segments.iter_mut().enumerate() {
        for pixel in std::mem::take(segment) {
            let (row, column) = (pixel as i64 / width, pixel as i64 % width);
            for (down, right) in &offsets {
                let (row, column) = (row + down, column + right);
                if (0..height).contains(&row) && (0..width).contains(&column) {
                    let beside = (row * width + column) as usize;
                    if holder[beside] != index {
                        holder[beside] = index;
                        segment.push(beside);
                    }
                }
            }
        }
    }
}

/// The value of each pixel: the mean of `map` over the region that takes it.
fn regions(map: &[f64], segments: &[Vec<usize>], smallest: usize) -> Vec<f64> {
    let mut holders = vec![Vec::new(); map.len()];
    for (index, segment) in segments.iter().enumerate() {
        segment.iter().for_each(|&pixel| holders[pixel].push(index));
    }
    // The sum over a segment's pixels that are still free, and their number.
    let mut free: Vec<(f64, usize)> = segments
        .iter()
        .map(|segment| (segment.iter().map(|&pixel| map[pixel]).sum(), segment.len()))
        .collect();
    let mean = |(sum, count): (f64, usize)| sum / count as f64;
    let mut values: Vec<Option<f64>> = vec![None; map.len()];
    loop {
        // The first of those that are equal.
        let large = (0..free.len()).rev().filter(|&index| free[index].1 >= smallest);
        let Some(best) = large.max_by(|&a, &b| mean(free[a]).total_cmp(&mean(free[b]))) else { break };
        let value = mean(free[best]);
        for &pixel in &segments[best] {
            if values[pixel].is_none() {
                values[pixel] = Some(value);
                for &holder in &holders[pixel] {
                    free[holder].0 -= map[pixel];
                    free[holder].1 -= 1;
                }
            }
        }
    }
    let left = map.iter().zip(&values).filter(|(_, value)| value.is_none());
    let left = mean(left.fold((0.0, 0), |(sum, count), (value, _)| (sum + value, count + 1)));
    values.into_iter().map(|value| value.unwrap_or(left)).collect()
}

impl AttributionMethod for Xrai {
    fn about(&self) -> &'static About {
        &About {
            title: "XRAI",
            family: Family::Gradients,
            cost: "the methods'",
            paper: "https://arxiv.org/abs/1906.02825",
        }
    }

    fn check(&self) -> Result<(), AttributionError> {
        let counts = [
            ("methods", self.methods.len(), 1..=16, "from 1 to 16 methods"),
            ("segmentations", self.segmentations.len(), 1..=16, "from 1 to 16 of them"),
            ("dilation", self.dilation, 0..=64, "from 0 to 64 pixels"),
            ("smallest", self.smallest, 1..=100_000, "from 1 to 100000 pixels"),
        ];
        for (parameter, count, range, expected) in counts {
            if !range.contains(&count) {
                let value = count.to_string();
                return Err(AttributionError::Parameter { method: "XRAI", parameter, value, expected });
            }
        }
        self.segmentations.iter().try_for_each(|segmentation| segmentation.check("XRAI"))?;
        self.methods.iter().try_for_each(|method| method.get().check())
    }

    fn at(&self, point: &Point) -> Result<Attribution, AttributionError> {
        self.attribute(point.model, point.inputs, point.targets())
    }

    fn reduction(&self) -> Reduction {
        Reduction::Sum
    }

    fn note(&self, _model: Classifier<'_>) -> Option<String> {
        Some(format!("{} maps of {}", self.methods.len(), self.methods.first()?.title()))
    }
}
