//! Which weights a training changes.

use reglet_model::{Graph, is_within, nearest};

use crate::TrainError;

/// The indices, among the graph's parameters, of the weights that are trained: all except buffers and those within the
/// `frozen` modules.
///
/// # Errors
/// [`TrainError::NothingToFreeze`] for a name that is not the beginning of any parameter or layer,
/// [`TrainError::NothingToTrain`].
pub fn trainable(graph: &Graph, frozen: &[String]) -> Result<Vec<usize>, TrainError> {
    for name in frozen {
        let own = std::slice::from_ref(name);
        let parameters = graph.parameters().iter().any(|parameter| is_within(&parameter.name, own));
        let modules = graph.nodes().iter().any(|node| is_within(&node.module, own));
        if name.is_empty() || !(parameters || modules) {
            let modules =
                graph.nodes().iter().map(|node| node.module.as_str()).filter(|module| !module.is_empty());
            return Err(TrainError::NothingToFreeze { name: name.clone(), nearest: nearest(name, modules) });
        }
    }
    let free = |&index: &usize| {
        let parameter = &graph.parameters()[index];
        parameter.trainable && !is_within(&parameter.name, frozen)
    };
    let trained: Vec<usize> = (0..graph.parameters().len()).filter(free).collect();
    if trained.is_empty() { Err(TrainError::NothingToTrain) } else { Ok(trained) }
}
