//! Access control: only pages that this server has delivered, opened by someone who knows the address printed in the
//! terminal, may send requests.

use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use rand::Rng;

/// The requirements for a request: an accepted host, no foreign origin and, for all data, the token.
///
/// A page of another site can send requests to this machine, but it can neither read the token nor forge its origin. A name
/// that another site has pointed to this machine (DNS rebinding) is not an accepted host.
#[derive(Debug, Clone)]
pub struct Guard {
    token: String,
    port: u16,
    names: Vec<String>,
    /// Listening beyond this machine, any address is a host, but no name.
    open: bool,
}

impl Guard {
    /// For a server at this address, with a token that cannot be guessed.
    pub fn new(address: IpAddr, port: u16) -> Guard {
        let token: u128 = rand::rng().random();
        Guard::with_token(address, port, format!("{token:032x}"))
    }

    /// The same with a token that is known.
    pub fn with_token(address: IpAddr, port: u16, token: String) -> Guard {
        let mut names = vec![bracketed(address)];
        if address.is_loopback() {
            names.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        Guard { token, port, names, open: !address.is_loopback() }
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Checks that the request has an accepted host and does not come from a page of another site.
    ///
    /// # Errors
    /// The status and a message for other requests.
    pub fn check_sender(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let forbidden = |text| Err((StatusCode::FORBIDDEN, text));
        let mut hosts = headers.get_all(HOST).iter();
        let host = match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
            (Some(host), None) if self.is_ours(host) => host,
            _ => {
                return forbidden("this page can be reached only at the address printed in the terminal");
            }
        };
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if origin.as_bytes() == format!("http://{host}").as_bytes() => Ok(()),
            _ => forbidden("requests from pages of other sites are refused"),
        }
    }

    /// Checks that the request has the token.
    ///
    /// # Errors
    /// The status and a message for requests without it.
    pub fn check_token(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let said = headers.get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        let said = said.strip_prefix(b"Bearer ").unwrap_or_default();
        let own = self.token.as_bytes();
        // Every byte is compared, so that the time taken reveals nothing about the token.
        let differ = said.iter().zip(own).fold(0, |differ, (one, other)| differ | (one ^ other));
        if said.len() == own.len() && differ == 0 {
            return Ok(());
        }
        Err((
            StatusCode::UNAUTHORIZED,
            "open the complete address printed in the terminal, including its token",
        ))
    }

    fn is_ours(&self, host: &str) -> bool {
        let Some((name, port)) = host.rsplit_once(':') else { return false };
        let literal = || name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
        port.parse() == Ok(self.port)
            && (self.names.iter().any(|own| own.eq_ignore_ascii_case(name)) || self.open && literal())
    }
}

/// An address in the form that it has in a URL.
pub fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn only_hosts_and_origins_of_ours_may_ask() {
        let guard = Guard::new(Ipv4Addr::LOCALHOST.into(), 4000);
        let may = |pairs: &[(&'static str, &str)]| guard.check_sender(&headers(pairs)).is_ok();
        assert!(may(&[("host", "127.0.0.1:4000")]) && may(&[("host", "localhost:4000")]));
        assert!(may(&[("host", "127.0.0.1:4000"), ("origin", "http://127.0.0.1:4000")]));
        for host in [
            "127.0.0.1",
            "127.0.0.1:4001",
            "evil.example:4000",
            "127.0.0.1.evil.example:4000",
            "10.0.0.1:4000",
            "",
        ] {
            assert!(!may(&[("host", host)]), "{host}");
        }
        assert!(!may(&[]) && !may(&[("host", "127.0.0.1:4000"), ("host", "evil.example")]));
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1:4000",
            "http://127.0.0.1:4001",
            "http://localhost:4000",
        ] {
            assert!(!may(&[("host", "127.0.0.1:4000"), ("origin", origin)]), "{origin}");
        }
        let open = Guard::new(Ipv6Addr::UNSPECIFIED.into(), 4000);
        let may = |host: &str| open.check_sender(&headers(&[("host", host)])).is_ok();
        assert!(may("192.168.0.7:4000") && may("[fe80::1]:4000") && !may("evil.example:4000"));
    }

    #[test]
    fn the_token_is_needed_whole() {
        let guard = Guard::new(Ipv4Addr::LOCALHOST.into(), 4000);
        let token = guard.token();
        assert_eq!(token.len(), 32);
        assert_ne!(token, Guard::new(Ipv4Addr::LOCALHOST.into(), 4000).token());
        let may = |value: &str| guard.check_token(&headers(&[("authorization", value)])).is_ok();
        assert!(may(&format!("Bearer {token}")));
        for wrong in
            [token, "Bearer ", "Bearer", &format!("Bearer {}", &token[1..]), &format!("Bearer {token}0")]
        {
            assert!(!may(wrong), "{wrong}");
        }
        assert!(guard.check_token(&HeaderMap::new()).is_err());
    }
}
