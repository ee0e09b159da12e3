//! Conversion of rows to tables, and of tables to rows.
//!
//! | column of `observations` | contains |
//! |---|---|
//! | `picture`, `group`, `pair`, `label`, `sha256` | the picture's name, its patient or lesion, its pair, its class, the hash of the bytes that were decoded |
//! | `estimated` | the regions whose mask was estimated, as a JSON list |
//! | `column.NAME` | a further column of the data set |
//! | `property.NAME` | a simple property of the picture |
//! | `shows.ARTEFACT` | whether the picture shows the artefact; null if it is not annotated |
//! | `model` | the model |
//! | `artefact`, `change`, `place`, `donor` | the change; null for the unchanged picture |
//! | `visible`, `lesion`, `strength` | the share of the change that the model sees, the share of the lesion that it covers, its strength |
//! | `logit.TARGET`, `margin.TARGET`, `probability.TARGET`, `top.TARGET` | the model's scores for each target |
//! | `probe.ARTEFACT` | the probe's log odds of the artefact |
//!
//! | column of `maps` | contains |
//! |---|---|
//! | `picture`, `model`, `target`, `method`, `without` | the map; `without` names the artefact that had been removed |
//! | `region` | the region; null in the single row of a map without regions |
//! | `share`, `density`, `rank_accuracy`, `pointing`, `auc` | the localisation of the map on it |
//! | `sparsity`, `contours`, `regions`, `gap`, `remark` | properties of the whole map |

use std::collections::{BTreeMap, HashMap};

use reglet_data::edit::Change;

use crate::row::{Character, Edit, MapRow, Observation, Picture, Placement, Rows, Score, Subject};
use crate::table::{Column, Table, Writer, groups};

/// The errors of tables that should contain rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// A required column is missing.
    #[error(
        "the table of {table} has no column '{column}' of the expected type; was it written by another version of Reglet?"
    )]
    Column {
        /// Which table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// A value that is not valid in a row.
    #[error("row {row} of the table of {table}: '{value}' in column '{column}' is not {wanted}")]
    Value {
        /// Which table.
        table: &'static str,
        /// The row, from 1.
        row: usize,
        /// The column.
        column: &'static str,
        /// The value that was found there.
        value: String,
        /// The values that are allowed there.
        wanted: &'static str,
    },
    /// A file that is not such a table.
    #[error("the file of {table} cannot be read: {error}")]
    Parquet {
        /// Which table.
        table: &'static str,
        /// The reader's message.
        error: parquet::errors::ParquetError,
    },
}

impl Rows {
    /// The observations as a table.
    pub fn observations_table(&self) -> Table {
        self.table_of(&self.observations, &self.further())
    }

    /// The observations as Parquet: the same bytes as those of the [table](Rows::observations_table). The table takes many
    /// times the memory of the rows, and is never in memory as a whole here.
    ///
    /// # Errors
    /// The errors of the Parquet library.
    pub fn observations_parquet(&self) -> Result<Vec<u8>, parquet::errors::ParquetError> {
        let further = self.further();
        let mut writer = Writer::new("observations", &self.table_of(&[], &further))?;
        for rows in groups(self.observations.len()) {
            let table = self.table_of(&self.observations[rows], &further);
            writer.group(&table, 0..table.len())?;
        }
        writer.finish()
    }

    /// The names of the further columns, and of the properties.
    fn further(&self) -> [Vec<&String>; 2] {
        let columns = names(self.pictures.iter().flat_map(|picture| picture.columns.keys()));
        [columns, names(self.pictures.iter().flat_map(|picture| picture.properties.keys()))]
    }

    /// Some observations as a table.
    fn table_of(&self, rows: &[Observation], [columns, properties]: &[Vec<&String>; 2]) -> Table {
        let mut table = Table::default();
        let of_picture = |of: &dyn Fn(&Picture) -> Option<String>| -> Vec<Option<String>> {
            // The rows of one picture are consecutive.
            let together = rows.chunk_by(|one, next| one.picture == next.picture);
            together.flat_map(|rows| vec![of(&self.pictures[rows[0].picture]); rows.len()]).collect()
        };
        table.text("picture", of_picture(&|picture| Some(picture.id.clone())));
        table.text("group", of_picture(&|picture| picture.group.clone()));
        table.text("pair", of_picture(&|picture| picture.pair.clone()));
        table.text("label", of_picture(&|picture| self.subject.classes.get(picture.label).cloned()));
        table.text("sha256", of_picture(&|picture| Some(picture.sha256.clone())));
        table.text("estimated", of_picture(&|p| serde_json::to_string(&p.estimated).ok()));
        for name in columns {
            table.text(format!("column.{name}"), of_picture(&|picture| picture.columns.get(*name).cloned()));
        }
        for name in properties {
            let of = |row: &Observation| self.pictures[row.picture].properties.get(*name).copied();
            table.number(format!("property.{name}"), rows.iter().map(of).collect());
        }
        for (place, name) in self.subject.artefacts.iter().enumerate() {
            let of = |row: &Observation| self.pictures[row.picture].shows.get(place).copied().flatten();
            table.flag(format!("shows.{name}"), rows.iter().map(of).collect());
        }
        let edit = |of: &dyn Fn(&Edit) -> Option<String>| -> Vec<Option<String>> {
            rows.iter().map(|row| row.edit.as_ref().and_then(of)).collect()
        };
        let number = |of: &dyn Fn(&Edit) -> Option<f64>| -> Vec<Option<f64>> {
            rows.iter().map(|row| row.edit.as_ref().and_then(of)).collect()
        };
        table.text("model", rows.iter().map(|row| Some(self.subject.models[row.model].clone())).collect());
        table.text("artefact", edit(&|edit| Some(self.subject.artefacts[edit.artefact].clone())));
        table.text("change", edit(&|edit| Some(edit.change.to_string())));
        table.number("place", number(&|edit| Some(f64::from(edit.place))));
        table.text("donor", edit(&|edit| edit.donor.clone()));
        table.number("visible", number(&|edit| Some(edit.visible)));
        table.number("lesion", number(&|edit| edit.lesion));
        table.number("strength", number(&|edit| Some(edit.strength)));
        for (place, name) in self.subject.targets.iter().enumerate() {
            let score = |of: &dyn Fn(&Score) -> f64| -> Vec<Option<f64>> {
                rows.iter().map(|row| row.scores.get(place).map(of)).collect()
            };
            table.number(format!("logit.{name}"), score(&|score| score.logit));
            table.number(format!("margin.{name}"), score(&|score| score.margin));
            table.number(format!("probability.{name}"), score(&|score| score.probability));
            table.flag(format!("top.{name}"), rows.iter().map(|row| row.top.get(place).copied()).collect());
        }
        for (place, name) in self.subject.artefacts.iter().enumerate() {
            let of = |row: &Observation| row.probes.get(place).copied().flatten();
            table.number(format!("probe.{name}"), rows.iter().map(of).collect());
        }
        table
    }

    /// The maps as a table: a row for each map and region.
    pub fn maps_table(&self) -> Table {
        let rows: Vec<(&MapRow, Option<(&String, &Placement)>)> = self
            .maps
            .iter()
            .flat_map(|map| {
                let regions: Vec<_> = map.regions.iter().map(|region| (map, Some(region))).collect();
                if regions.is_empty() { vec![(map, None)] } else { regions }
            })
            .collect();
        let text = |of: &dyn Fn(&MapRow) -> Option<String>| rows.iter().map(|(map, _)| of(map)).collect();
        let number = |of: &dyn Fn(&MapRow) -> Option<f64>| rows.iter().map(|(map, _)| of(map)).collect();
        let placed = |of: &dyn Fn(&Placement) -> f64| {
            rows.iter().map(|(_, region)| region.map(|(_, placement)| of(placement))).collect()
        };
        let mut table = Table::default();
        table.text("picture", text(&|map| Some(self.pictures[map.picture].id.clone())));
        table.text("model", text(&|map| Some(self.subject.models[map.model].clone())));
        table.text("target", text(&|map| Some(self.subject.targets[map.target].clone())));
        table.text("method", text(&|map| Some(self.subject.methods[map.method].name.clone())));
        table.text("without", text(&|map| map.without.map(|place| self.subject.artefacts[place].clone())));
        table.text("region", rows.iter().map(|(_, region)| region.map(|(name, _)| name.clone())).collect());
        table.number("share", placed(&|placement| placement.share));
        table.number("density", placed(&|placement| placement.density));
        table.number("rank_accuracy", placed(&|placement| placement.rank_accuracy));
        table.number("pointing", placed(&|placement| placement.pointing));
        table.number("auc", placed(&|placement| placement.auc));
        table.number("sparsity", number(&|map| Some(map.character?.sparsity)));
        table.number("contours", number(&|map| Some(map.character?.contours)));
        table.number("regions", number(&|map| Some(map.character?.regions)));
        table.number("gap", number(&|map| map.gap));
        table.text("remark", text(&|map| map.remark.clone()));
        table
    }

    /// Rows from their two tables. `subject` lists the permitted names.
    ///
    /// # Errors
    /// A column is missing, or a value is not in `subject`.
    pub fn from_tables(subject: Subject, observations: &Table, maps: &Table) -> Result<Rows, RowsError> {
        let mut rows = Rows { subject, ..Rows::default() };
        let places = rows.read_observations(observations)?;
        rows.read_maps(maps, &places)?;
        Ok(rows)
    }

    /// Returns the index of each picture, by name.
    fn read_observations(&mut self, table: &Table) -> Result<HashMap<String, usize>, RowsError> {
        let reader = Reader { name: "observations", table };
        let (ids, models) = (reader.text("picture")?, reader.text("model")?);
        let (groups, pairs, labels) = (reader.text("group")?, reader.text("pair")?, reader.text("label")?);
        let (hashes, estimated) = (reader.text("sha256")?, reader.text("estimated")?);
        let shows = self.subject.artefacts.iter().map(|name| reader.flag(&format!("shows.{name}")));
        let shows = shows.collect::<Result<Vec<_>, _>>()?;
        let probes = self.subject.artefacts.iter().map(|name| reader.number(&format!("probe.{name}")));
        let probes = probes.collect::<Result<Vec<_>, _>>()?;
        let (artefacts, changes, donors) =
            (reader.text("artefact")?, reader.text("change")?, reader.text("donor")?);
        let numbers = ["place", "visible", "lesion", "strength"].map(|name| reader.number(name));
        let [place, visible, lesion, strength] = numbers;
        let (place, visible, lesion, strength) = (place?, visible?, lesion?, strength?);
        let mut scores = Vec::new();
        for name in &self.subject.targets {
            let number = |kind: &str| reader.number(&format!("{kind}.{name}"));
            let top = reader.flag(&format!("top.{name}"))?;
            scores.push((number("logit")?, number("margin")?, number("probability")?, top));
        }
        let (mut columns, mut properties) = (Vec::new(), Vec::new());
        for (name, column) in table.columns() {
            match column {
                Column::Text(values) => {
                    columns.extend(name.strip_prefix("column.").map(|name| (name.to_owned(), values)));
                }
                Column::Number(values) => {
                    properties.extend(name.strip_prefix("property.").map(|name| (name.to_owned(), values)));
                }
                Column::Flag(_) => {}
            }
        }
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in 0..table.len() {
            let id = reader.there(&ids[row], row, "picture")?;
            let picture = match places.get(id) {
                Some(picture) => *picture,
                None => {
                    let label =
                        reader.one_of(&labels[row], &self.subject.classes, row, "label", "a class")?;
                    let estimated_here = reader.there(&estimated[row], row, "estimated")?;
                    let estimated = serde_json::from_str(estimated_here);
                    let estimated = estimated
                        .map_err(|_| reader.fault(row, "estimated", estimated_here, "a JSON list"))?;
                    let cells = columns.iter();
                    let cells = cells.filter_map(|(name, values)| Some((name.clone(), values[row].clone()?)));
                    let own = properties.iter();
                    let own = own.filter_map(|(name, values)| Some((name.clone(), values[row]?)));
                    self.pictures.push(Picture {
                        id: id.to_owned(),
                        group: groups[row].clone(),
                        pair: pairs[row].clone(),
                        label,
                        shows: shows.iter().map(|values| values[row]).collect(),
                        estimated,
                        columns: cells.collect(),
                        properties: own.collect(),
                        sha256: hashes[row].clone().unwrap_or_default(),
                    });
                    places.insert(id.to_owned(), self.pictures.len() - 1);
                    self.pictures.len() - 1
                }
            };
            let number = |values: &[Option<f64>], column| {
                values[row].ok_or_else(|| reader.fault(row, column, "nothing", "a number"))
            };
            let edit = match &artefacts[row] {
                None => None,
                Some(_) => {
                    let artefact = reader.one_of(
                        &artefacts[row],
                        &self.subject.artefacts,
                        row,
                        "artefact",
                        "an artefact",
                    )?;
                    let named = reader.there(&changes[row], row, "change")?;
                    let change = Change::ALL.into_iter().find(|change| change.to_string() == named);
                    let change = change.ok_or_else(|| reader.fault(row, "change", named, "a change"))?;
                    let place = number(place, "place")?;
                    if !(0.0..1e6).contains(&place) {
                        return Err(reader.fault(row, "place", &place.to_string(), "a place's number"));
                    }
                    Some(Edit {
                        artefact,
                        change,
                        place: place as u32,
                        donor: donors[row].clone(),
                        visible: number(visible, "visible")?,
                        lesion: lesion[row],
                        strength: number(strength, "strength")?,
                    })
                }
            };
            let mut said = Vec::with_capacity(scores.len());
            let mut top = Vec::with_capacity(scores.len());
            for (logit, margin, probability, highest) in &scores {
                said.push(Score {
                    logit: number(logit, "logit")?,
                    margin: number(margin, "margin")?,
                    probability: number(probability, "probability")?,
                });
                top.push(highest[row].ok_or_else(|| reader.fault(row, "top", "nothing", "true or false"))?);
            }
            self.observations.push(Observation {
                picture,
                model: reader.one_of(&models[row], &self.subject.models, row, "model", "a model")?,
                edit,
                scores: said,
                top,
                probes: probes.iter().map(|values| values[row]).collect(),
            });
        }
        Ok(places)
    }

    fn read_maps(&mut self, table: &Table, places: &HashMap<String, usize>) -> Result<(), RowsError> {
        let reader = Reader { name: "maps", table };
        let texts = ["picture", "model", "target", "method", "without", "region", "remark"];
        let texts = texts.into_iter().map(|name| reader.text(name)).collect::<Result<Vec<_>, _>>()?;
        let numbers = [
            "share",
            "density",
            "rank_accuracy",
            "pointing",
            "auc",
            "sparsity",
            "contours",
            "regions",
            "gap",
        ];
        let numbers = numbers.into_iter().map(|name| reader.number(name)).collect::<Result<Vec<_>, _>>()?;
        let methods: Vec<String> = self.subject.methods.iter().map(|method| method.name.clone()).collect();
        for row in 0..table.len() {
            let id = reader.there(&texts[0][row], row, "picture")?;
            let picture = *places.get(id).ok_or_else(|| reader.fault(row, "picture", id, "a picture"))?;
            let model = reader.one_of(&texts[1][row], &self.subject.models, row, "model", "a model")?;
            let target = reader.one_of(&texts[2][row], &self.subject.targets, row, "target", "a target")?;
            let method = reader.one_of(&texts[3][row], &methods, row, "method", "a method")?;
            let without = match &texts[4][row] {
                None => None,
                named => {
                    Some(reader.one_of(named, &self.subject.artefacts, row, "without", "an artefact")?)
                }
            };
            let key = (picture, model, target, method, without);
            let same = |map: &MapRow| (map.picture, map.model, map.target, map.method, map.without) == key;
            if self.maps.last().is_none_or(|map| !same(map)) {
                let character = [5, 6, 7].map(|column: usize| numbers[column][row]);
                let character = match character {
                    [Some(sparsity), Some(contours), Some(regions)] => {
                        Some(Character { sparsity, contours, regions })
                    }
                    _ => None,
                };
                self.maps.push(MapRow {
                    picture,
                    model,
                    target,
                    method,
                    without,
                    regions: BTreeMap::new(),
                    character,
                    gap: numbers[8][row],
                    remark: texts[6][row].clone(),
                });
            }
            if let (Some(region), Some(map)) = (&texts[5][row], self.maps.last_mut()) {
                let number = |column: usize| {
                    numbers[column][row].ok_or_else(|| reader.fault(row, "share", "nothing", "a number"))
                };
                let placement = Placement {
                    share: number(0)?,
                    density: number(1)?,
                    rank_accuracy: number(2)?,
                    pointing: number(3)?,
                    auc: number(4)?,
                };
                map.regions.insert(region.clone(), placement);
            }
        }
        Ok(())
    }
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// A table with its name for error messages.
struct Reader<'a> {
    name: &'static str,
    table: &'a Table,
}

impl<'a> Reader<'a> {
    fn missing(&self, column: &str) -> RowsError {
        RowsError::Column { table: self.name, column: column.to_owned() }
    }

    fn text(&self, name: &str) -> Result<&'a [Option<String>], RowsError> {
        match self.table.column(name) {
            Some(Column::Text(values)) => Ok(values),
            _ => Err(self.missing(name)),
        }
    }

    fn flag(&self, name: &str) -> Result<&'a [Option<bool>], RowsError> {
        match self.table.column(name) {
            Some(Column::Flag(values)) => Ok(values),
            _ => Err(self.missing(name)),
        }
    }

    fn number(&self, name: &str) -> Result<&'a [Option<f64>], RowsError> {
        match self.table.column(name) {
            Some(Column::Number(values)) => Ok(values),
            _ => Err(self.missing(name)),
        }
    }

    fn fault(&self, row: usize, column: &'static str, value: &str, wanted: &'static str) -> RowsError {
        RowsError::Value { table: self.name, row: row + 1, column, value: value.to_owned(), wanted }
    }

    fn there<'t>(
        &self,
        value: &'t Option<String>,
        row: usize,
        column: &'static str,
    ) -> Result<&'t str, RowsError> {
        value.as_deref().ok_or_else(|| self.fault(row, column, "nothing", "a text"))
    }

    /// The index of a text among the permitted ones.
    fn one_of(
        &self,
        value: &Option<String>,
        known: &[String],
        row: usize,
        column: &'static str,
        wanted: &'static str,
    ) -> Result<usize, RowsError> {
        let value = self.there(value, row, column)?;
        known.iter().position(|other| other == value).ok_or_else(|| self.fault(row, column, value, wanted))
    }
}
