use std::time::{Duration, Instant};

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::{ObjectStoreExt, RetryConfig};

use super::*;
use web::{Answer, Web};

#[path = "../../tests/support/web.rs"]
mod web;

/// Stores that are not waited for as long as is usual.
fn stores() -> Stores {
    let patience = Patience {
        retries: 2,
        pause: Duration::from_millis(1),
        silence: Duration::from_millis(300),
        whole: Duration::from_secs(5),
    };
    Stores::new(patience).expect("threads")
}

fn at(web: &Web, path: &str) -> Remote {
    let text = format!("{}/{path}", web.address);
    Remote::parse(std::path::Path::new(&text)).expect("of use").expect("an address")
}

fn fault(answer: Result<Fetched, Refusal>) -> StoreFault {
    match answer {
        Err(Refusal::Store(fault)) => fault,
        Err(other) => panic!("{:?}", other.of(std::path::Path::new("x"))),
        Ok(fetched) => panic!("{} bytes", fetched.bytes.len()),
    }
}

#[test]
fn what_fails_for_a_while_is_asked_for_again() {
    let fails = |times| Answer::Fails("503 Service Unavailable", times, b"content".to_vec());
    let web = Web::serve([("twice".to_owned(), fails(2)), ("always".to_owned(), fails(1000))]);
    let stores = stores();
    assert_eq!(stores.read(&at(&web, "twice"), 100).ok().expect("the third time").bytes, b"content");
    assert_eq!(web.asked().paths["twice"], 3);
    let said = fault(stores.read(&at(&web, "always"), 100));
    assert_eq!(said, StoreFault { reason: "it answered 503 Service Unavailable".to_owned(), lasting: false });
    assert_eq!(web.asked().paths["always"], 3);
}

#[test]
fn a_refusal_is_not_asked_for_again() {
    let never = |status| Answer::Fails(status, 1000, Vec::new());
    let web = Web::serve([
        ("forbidden".to_owned(), never("403 Forbidden")),
        ("gone".to_owned(), never("410 Gone")),
        ("often".to_owned(), never("429 Too Many Requests")),
    ]);
    let stores = stores();
    let missing = stores.read(&at(&web, "missing"), 100);
    assert!(matches!(missing, Err(Refusal::System(source)) if source.kind() == std::io::ErrorKind::NotFound));
    assert!(fault(stores.read(&at(&web, "forbidden"), 100)).lasting);
    assert!(fault(stores.read(&at(&web, "gone"), 100)).lasting);
    assert!(!fault(stores.read(&at(&web, "often"), 100)).lasting);
    let paths = web.asked().paths;
    assert_eq!([&paths["missing"], &paths["forbidden"], &paths["gone"], &paths["often"]], [&1, &1, &1, &3]);
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let web = Web::serve([("stalls".to_owned(), Answer::Stalls)]);
    let start = Instant::now();
    assert!(!fault(stores().read(&at(&web, "stalls"), 10_000)).lasting);
    // Three times 300 ms, where the server would have gone on after 10 s.
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert_eq!(web.asked().paths["stalls"], 3);
}

#[test]
fn nothing_is_trusted_for_the_size_that_is_announced() {
    let web = Web::serve([
        ("short".to_owned(), Answer::Lies(100, vec![7; 50])),
        ("long".to_owned(), Answer::Lies(50, vec![7; 100])),
        ("huge".to_owned(), Answer::Lies(1 << 40, vec![7; 50])),
    ]);
    let stores = stores();
    assert!(!fault(stores.read(&at(&web, "short"), 1000)).lasting);
    assert_eq!(web.asked().paths["short"], 3);
    assert_eq!(stores.read(&at(&web, "long"), 1000).ok().expect("what was announced").bytes, [7; 50]);
    assert!(matches!(stores.read(&at(&web, "huge"), 1000), Err(Refusal::TooLong(1000))));
    assert_eq!(web.asked().paths["huge"], 1);
    assert!(matches!(stores.read(&at(&web, "long"), 49), Err(Refusal::TooLong(49))));
}

#[test]
fn a_web_server_lists_nothing_and_vouches_for_no_tag() {
    let web = Web::serve([("a".to_owned(), Answer::Content(vec![1; 300]))]);
    assert!(matches!(list(&at(&web, "")), Err(Refusal::Address(AddressFault::NoListing { .. }))));
    assert_eq!(stores().read(&at(&web, "a"), 1000).ok().expect("there").known, None);
    let starts = starts(vec![at(&web, "a"), at(&web, "b"), at(&web, "a")], 100);
    let lengths: Vec<Option<usize>> = starts.into_iter().map(|start| Some(start.ok()?.len())).collect();
    assert_eq!(lengths, [Some(100), None, Some(100)]);
}

#[test]
fn what_a_store_says_is_told_without_its_signature() {
    let never = Answer::Fails("400 Bad Request", 1000, b"<Signature>hunter2</Signature>".to_vec());
    let web = Web::serve([("container/a.png?sv=2020&sig=hunter2".to_owned(), never)]);
    let stores = stores();
    for endpoint in [web.address.as_str(), "http://127.0.0.1:1"] {
        let builder = MicrosoftAzureBuilder::new()
            .with_account("account")
            .with_container_name("container")
            .with_config(AzureConfigKey::SasKey, "sv=2020&sig=hunter2")
            .with_endpoint(endpoint.to_owned())
            .with_allow_http(true)
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() });
        let store = builder.build().expect("of use");
        let asked = async move { store.get(&object_store::path::Path::from("a.png")).await.map(|_| ()) };
        let error = stores.wait(asked).ok().expect("it ends").expect_err("it gives nothing");
        let Refusal::Store(said) = fault::refusal(error) else { panic!("the store's fault") };
        assert!(!said.reason.contains("hunter2") && said.reason.len() > 5, "{}", said.reason);
    }
    assert!(web.asked().paths.keys().any(|path| path.contains("hunter2")), "it was sent");
    let source =
        std::io::Error::other("sent to https://me:hunter2@host/a?sig=hunter2 in vain\n<Key>hunter2</Key>");
    let error = object_store::Error::Generic { store: "S3", source: Box::new(source) };
    let Refusal::Store(said) = fault::refusal(error) else { panic!("the store's fault") };
    assert_eq!(said.reason, "sent to https://host/a in vain");
}
