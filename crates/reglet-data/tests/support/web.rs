//! A small web server on this machine that answers as it is told to, well or badly.
#![allow(dead_code, reason = "each test uses only a part of it")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use std::{fs, thread};

/// What is answered to those who ask for a path.
#[derive(Clone)]
pub enum Answer {
    /// This content.
    Content(Vec<u8>),
    /// This content, once so many requests have been waiting at the same time, or after ten seconds.
    Together(usize, Vec<u8>),
    /// This content, so long after it was asked for.
    Late(Duration, Vec<u8>),
    /// A status, as `503 Service Unavailable`, so many times, and then this content.
    Fails(&'static str, usize, Vec<u8>),
    /// So many bytes are announced, and this comes.
    Lies(u64, Vec<u8>),
    /// The beginning of an answer, and then nothing for ten seconds.
    Stalls,
}

/// What has been asked.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// How often each path was asked for, whatever of it.
    pub paths: BTreeMap<String, usize>,
    /// How many requests are waiting for their answers.
    pub waiting: usize,
    /// How many were at most.
    pub most: usize,
}

/// A server that is there as long as the test.
pub struct Web {
    /// `http://127.0.0.1:` and a port.
    pub address: String,
    shared: Arc<(Mutex<Asked>, Condvar)>,
}

impl Web {
    /// Serves these answers by path, without the slash that it begins with; all else is not there.
    pub fn serve(answers: impl IntoIterator<Item = (String, Answer)>) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let shared = Arc::new((Mutex::new(Asked::default()), Condvar::new()));
        let answers: Arc<BTreeMap<String, Answer>> = Arc::new(answers.into_iter().collect());
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, shared) = (Arc::clone(&answers), Arc::clone(&own));
                // Whoever asked may have gone.
                thread::spawn(move || drop(answer(stream, &answers, &shared)));
            }
        });
        Web { address, shared }
    }

    /// Serves the files of a folder, with what `answer` makes of each.
    pub fn folder(folder: &Path, answer: impl Fn(&str, Vec<u8>) -> Answer) -> Web {
        let files = fs::read_dir(folder).expect("a folder").flatten().filter(|entry| entry.path().is_file());
        Web::serve(files.map(|entry| {
            let name = entry.file_name().into_string().expect("plain");
            let content = fs::read(entry.path()).expect("readable");
            let answer = answer(&name, content);
            (name, answer)
        }))
    }

    /// What has been asked so far.
    pub fn asked(&self) -> Asked {
        self.shared.0.lock().expect("whole").clone()
    }
}

fn answer(
    stream: TcpStream,
    answers: &BTreeMap<String, Answer>,
    (asked, changed): &(Mutex<Asked>, Condvar),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (method, rest) = first.split_once(' ').unwrap_or_default();
    let path = rest.split(' ').next().unwrap_or_default().trim_start_matches('/').to_owned();
    let times = {
        let mut asked = asked.lock().expect("whole");
        let times = asked.paths.entry(path.clone()).or_default();
        *times += 1;
        let times = *times;
        asked.waiting += 1;
        asked.most = asked.most.max(asked.waiting);
        changed.notify_all();
        times
    };
    let (mut status, mut content) = ("200 OK", Vec::new());
    let mut announced = None;
    match answers.get(&path).cloned() {
        None => status = "404 Not Found",
        Some(Answer::Content(given)) => content = given,
        Some(Answer::Late(time, given)) => {
            thread::sleep(time);
            content = given;
        }
        Some(Answer::Together(wanted, given)) => {
            let asked = asked.lock().expect("whole");
            let long = Duration::from_secs(10);
            drop(changed.wait_timeout_while(asked, long, |asked| asked.most < wanted).expect("whole"));
            content = given;
        }
        Some(Answer::Fails(failure, often, _)) if times <= often => status = failure,
        Some(Answer::Fails(_, _, given)) => content = given,
        Some(Answer::Lies(length, given)) => (announced, content) = (Some(length), given),
        Some(Answer::Stalls) => {
            write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc")?;
            thread::sleep(Duration::from_secs(10));
            return Ok(());
        }
    }
    asked.lock().expect("whole").waiting -= 1;
    let length = announced.unwrap_or(content.len() as u64);
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let body = if method == "HEAD" { &[][..] } else { &content };
    (&stream).write_all(&[head.as_bytes(), body].concat())
}
