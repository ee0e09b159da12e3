//! Rows as files: written piece by piece they are the same bytes as at once.

use reglet_data::edit::Change;
use reglet_evidence::{Edit, Observation, Picture, Rows, Score, Subject, Table};

#[test]
fn rows_that_are_written_piece_by_piece_are_those_of_the_whole_table() {
    let picture = |number: usize| Picture {
        id: format!("picture {number}"),
        group: (!number.is_multiple_of(3)).then(|| format!("patient {}", number / 2)),
        label: number % 2,
        shows: vec![[None, Some(true), Some(false)][number % 3]],
        // Some say what others do not, and the last ones what no other does.
        columns: [("sex".to_owned(), "f".to_owned()), (format!("of {}", number / 4000), "yes".to_owned())]
            .into(),
        properties: [("brightness".to_owned(), number as f64)].into(),
        sha256: format!("{number:064x}"),
        ..Picture::default()
    };
    let row = |number: usize| Observation {
        picture: number / 16,
        model: 0,
        edit: (!number.is_multiple_of(16)).then(|| Edit {
            artefact: 0,
            change: Change::ALL[number % Change::ALL.len()],
            place: number as u32 % 3,
            donor: number.is_multiple_of(5).then(|| "a donor".to_owned()),
            visible: 1.0,
            lesion: number.is_multiple_of(3).then_some(0.25),
            strength: number as f64,
        }),
        scores: vec![Score { logit: number as f64, margin: 0.1, probability: 0.5 }],
        top: vec![number.is_multiple_of(2)],
        probes: vec![number.is_multiple_of(7).then_some(0.25)],
    };
    let subject = Subject {
        classes: vec!["benign".into(), "melanoma".into()],
        models: vec!["one".into()],
        artefacts: vec!["ruler".into()],
        targets: vec!["melanoma".into()],
        methods: Vec::new(),
    };
    // Two groups of Parquet and a part of a third.
    let pictures = (0..9000).map(picture).collect();
    let rows = Rows { subject, pictures, observations: (0..144_000).map(row).collect(), maps: Vec::new() };
    let whole = rows.observations_table().to_parquet("observations").expect("it can be written");
    let pieces = rows.observations_parquet().expect("it can be written");
    assert!(whole == pieces);
    let read = Table::from_parquet(pieces).expect("whole");
    let again = Rows::from_tables(rows.subject.clone(), &read, &rows.maps_table()).expect("rows");
    assert!(again == rows);
    let none = Rows { subject: rows.subject.clone(), ..Rows::default() };
    let empty = none.observations_table().to_parquet("observations").expect("it can be written");
    assert!(none.observations_parquet().expect("it can be written") == empty);
}
