//! Audits of the pictures that were annotated in the page, which can be started, watched and stopped from there.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::Rng;
use reglet_audit::config::Config;
use reglet_audit::results::Results;
use reglet_audit::{Language, Plan, Step, run};
use reglet_data::coco::CocoOptions;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::answers::Classifier;
use crate::lane::{Lane, Turn};
use crate::scene::Pictures;

/// The settings of an audit of the page's pictures.
pub struct Recipe {
    /// The config; if it names no class, the page asks for one.
    pub config: Config,
    /// The folder for the results of all audits, each in a folder of its own there.
    pub out: PathBuf,
}

/// An audit request of the page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRequest {
    /// The class whose score is explained, if the config does not name one.
    #[serde(default)]
    pub target: Option<String>,
    /// The language of the report.
    pub language: Language,
    /// The report's title, if the config does not have one.
    #[serde(default)]
    pub title: Option<String>,
    /// All pictures, and not only those that have been reviewed.
    #[serde(default)]
    pub all: bool,
    /// Whether maps are grouped, too, to reveal shortcuts that the config does not name.
    #[serde(default)]
    pub kinds: bool,
}

/// The state of the latest audit.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Stand {
    /// There has been none.
    None,
    /// It runs.
    Running {
        /// How far it has come, once that is known.
        step: Option<Step>,
        /// Whether it is being stopped.
        stopping: bool,
    },
    /// It was stopped.
    Stopped,
    /// It failed.
    Failed {
        /// Why.
        reason: String,
    },
    /// It is done.
    Done {
        /// The address of its report, which cannot be guessed.
        report: String,
        /// The folder of its results.
        folder: String,
        /// What it found.
        verdicts: Vec<Finding>,
        /// The groups of maps, if they were requested.
        kinds: Vec<Kind>,
    },
}

/// Pictures with similar maps.
#[derive(Debug, Clone, Serialize)]
pub struct Kind {
    /// The model, with artefact and class if there are several.
    pub model: String,
    /// The method's name.
    pub method: String,
    /// Its display name.
    pub title: String,
    /// How many pictures.
    pub pictures: usize,
    /// The share of them that is classified as the target.
    pub called: Option<f64>,
    /// The share that shows the artefact, of those that are annotated.
    pub artefact: Option<f64>,
    /// The places of typical ones among the page's pictures.
    pub typical: Vec<usize>,
}

/// The result of an audit for one model.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The model, with artefact and class if there are several.
    pub title: String,
    /// `shortcut`, `clear` or `inconclusive`.
    pub kind: &'static str,
    /// A sentence without its full stop.
    pub summary: String,
}

/// The largest number of characters of a report's title.
const TITLE: usize = 200;

/// Audits, one at a time, in a thread of their own.
pub struct Audits {
    recipe: Recipe,
    targets: Vec<String>,
    pictures: Arc<Pictures>,
    lane: Lane<Vec<Classifier>>,
    shared: Arc<Shared>,
}

struct Shared {
    stand: Mutex<Stand>,
    stop: AtomicBool,
    /// The reports by the addresses that were given out.
    reports: Mutex<BTreeMap<String, PathBuf>>,
}

impl Shared {
    fn stand(&self) -> MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Audits {
    /// Audits of these classifiers on the pictures of a library.
    ///
    /// # Errors
    /// Where there is no library, or no thread to be had.
    pub fn new(
        recipe: Recipe,
        pictures: Arc<Pictures>,
        classifiers: Vec<Classifier>,
    ) -> Result<Audits, Error> {
        let targets = match recipe.config.targets() {
            named if !named.is_empty() => named,
            _ => {
                let knows = |class: &&String| {
                    classifiers.iter().all(|classifier| classifier.model.classes().find(class).is_ok())
                };
                pictures.library()?.data().classes().iter().filter(knows).cloned().collect()
            }
        };
        let shared = Shared {
            stand: Mutex::new(Stand::None),
            stop: AtomicBool::new(false),
            reports: Mutex::default(),
        };
        let lane = Lane::start("audits", Turn::Last, classifiers)
            .map_err(|error| Error::Usage(format!("no thread could be started: {error}")))?;
        Ok(Audits { recipe, targets, pictures, lane, shared: Arc::new(shared) })
    }

    /// The classes that an audit can explain.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Whether the page has to say which.
    pub fn asks(&self) -> bool {
        self.recipe.config.targets().is_empty()
    }

    /// The state of the latest audit.
    pub fn stand(&self) -> Stand {
        self.shared.stand().clone()
    }

    /// Begins an audit of what has been annotated until now.
    ///
    /// # Errors
    /// Another audit is running, nothing has been annotated, or a class does not exist.
    pub fn begin(&self, wanted: AuditRequest) -> Result<(), Error> {
        let mut config = self.recipe.config.clone();
        if self.asks() {
            let target = wanted.target.filter(|target| self.targets.contains(target));
            config.target = Some(target.ok_or_else(|| {
                Error::request(match self.targets.is_empty() {
                    true => "no class of these pictures is a class of the classifier".to_owned(),
                    false => format!("give the class to be explained: {}", self.targets.join(", ")),
                })
            })?);
        }
        config.language = wanted.language;
        if config.title == Config::default().title
            && let Some(title) = wanted.title
        {
            config.title = title.chars().take(TITLE).collect();
        }
        if wanted.kinds {
            config.clusters.get_or_insert_default();
        }
        let (data, drawn) = self.pictures.library()?.annotated(wanted.all)?;
        // This allows the audit to be run again at the command line; a file that is already named keeps its name.
        let named = config.data.as_mut().and_then(|data| data.coco());
        if let Some((named, drawn)) = named.zip(drawn) {
            named.get_or_insert_with(|| CocoOptions::new(drawn));
        }
        let mut stand = self.shared.stand();
        if matches!(*stand, Stand::Running { .. }) {
            return Err(Error::request("an audit is running; wait for it, or stop it"));
        }
        *stand = Stand::Running { step: None, stopping: false };
        self.shared.stop.store(false, Ordering::Relaxed);
        drop(stand);
        let (shared, out) = (Arc::clone(&self.shared), self.recipe.out.clone());
        let pictures = Arc::clone(&self.pictures);
        self.lane.submit(0, move |classifiers, _| {
            let made = catch_unwind(AssertUnwindSafe(|| -> Result<(Results, PathBuf), Error> {
                let models = classifiers.iter().map(|one| Ok((one.name.clone(), one.shared()?.model)));
                let models = models.collect::<Result<_, Error>>()?;
                let plan = Plan::new(config, Box::new(data), models)?;
                let told = Arc::clone(&shared);
                let plan = plan.watched(move |step| told.goes_on(step));
                let folder = next(&out);
                Ok((run(&plan, &folder)?, folder))
            }));
            let stand = match made {
                Ok(Ok((results, folder))) => shared.done(&results, &folder, &pictures),
                Ok(Err(Error::Audit(reglet_audit::Error::Stopped))) => Stand::Stopped,
                Ok(Err(error)) => Stand::Failed { reason: error.to_string() },
                Err(_) => {
                    let reason = "the audit ended unexpectedly; see the terminal for details".to_owned();
                    Stand::Failed { reason }
                }
            };
            *shared.stand() = stand;
        });
        Ok(())
    }

    /// Has the running audit stopped, which takes a moment.
    pub fn stop(&self) {
        if let Stand::Running { stopping, .. } = &mut *self.shared.stand() {
            *stopping = true;
            self.shared.stop.store(true, Ordering::Relaxed);
        }
    }

    /// The report at an address that was given out.
    pub fn report(&self, ticket: &str) -> Option<PathBuf> {
        self.shared.reports.lock().unwrap_or_else(PoisonError::into_inner).get(ticket).cloned()
    }
}

impl Drop for Audits {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// Notes how far the audit has come; whether it is wanted still.
    fn goes_on(&self, now: Step) -> bool {
        if let Stand::Running { step, .. } = &mut *self.stand() {
            *step = Some(now);
        }
        !self.stop.load(Ordering::Relaxed)
    }

    fn done(&self, results: &Results, folder: &Path, pictures: &Pictures) -> Stand {
        let ticket = format!("{:032x}", rand::rng().random::<u128>());
        let finding = |case: &reglet_audit::results::CaseResults| Finding {
            title: results.title_of(case),
            kind: case.verdict.kind.name(),
            summary: case.verdict.summary.clone(),
        };
        let report = format!("/report/{ticket}");
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.insert(ticket, folder.join(REPORT));
        Stand::Done {
            report,
            folder: folder.display().to_string(),
            verdicts: results.cases.iter().map(finding).collect(),
            kinds: kinds(results, pictures),
        }
    }
}

fn kinds(results: &Results, pictures: &Pictures) -> Vec<Kind> {
    let Ok(library) = pictures.library() else { return Vec::new() };
    let data = library.data();
    let places: BTreeMap<&str, usize> = (0..data.len()).map(|index| (data.id(index), index)).collect();
    let mut kinds = Vec::new();
    for case in &results.cases {
        for clustering in &case.clusterings {
            kinds.extend(clustering.clusters.iter().map(|cluster| Kind {
                model: results.title_of(case),
                method: clustering.method.clone(),
                title: clustering.title.clone(),
                pictures: cluster.pictures,
                called: cluster.called,
                artefact: cluster.artefact,
                typical:
                    cluster.typical.iter().filter_map(|one| places.get(one.id.as_str()).copied()).collect(),
            }));
        }
    }
    kinds
}

/// The report's name among the results.
const REPORT: &str = "report.html";

/// The folder of the first audit that is not done.
fn next(out: &Path) -> PathBuf {
    let folder = |number: u32| out.join(format!("audit-{number}"));
    (1..=u32::MAX).map(folder).find(|folder| !folder.join(REPORT).exists()).unwrap_or_else(|| folder(0))
}
