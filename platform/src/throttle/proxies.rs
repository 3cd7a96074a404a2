//! From which address a request comes, and with what client.
//!
//! Whatever a caller writes into a header, it is believed only when a proxy brings it that the operator lists.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::header::FORWARDED;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::auth::Client;
use crate::server::Peer;

/// Bits of an IPv6 address that tell subscribers apart: each gets a whole /64 and changes within it at will (RFC 6177).
const NETWORK_BITS: u32 = 64;

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(super) struct Proxies {
    pub(super) trusted: Vec<IpNet>,
    /// The header in which they say what a guest asks with.
    pub(super) client_header: Option<HeaderName>,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    /// The caller's address, of IPv6 its network; `None` where no connection is known.
    pub(super) network: Option<IpAddr>,
    /// What a trusted proxy says that the caller asks with.
    pub(super) client: Client,
}

impl Proxies {
    /// Where this request comes from.
    pub(super) fn origin(&self, parts: &Parts) -> Origin {
        let Some(Peer(peer)) = parts.extensions.get::<Peer>().copied() else {
            return Origin { network: None, client: Client::Unknown };
        };
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return Origin { network: Some(network(peer)), client: Client::Unknown };
        }
        let said = self.client_header.as_ref().and_then(|name| parts.headers.get(name)?.to_str().ok());
        Origin {
            network: Some(network(self.beyond(peer, &parts.headers))),
            client: said.and_then(|said| said.trim().parse().ok()).unwrap_or(Client::Unknown),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|trusted| trusted.contains(&address))
    }

    /// The nearest address beyond the trusted proxies. What is behind it, anybody may have written; and who hides behind a
    /// name that is no address counts as the proxy that told it.
    fn beyond(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer;
        for hop in hops(headers).into_iter().rev() {
            let Some(next) = hop else { break };
            address = next;
            if !self.trusts(address) {
                break;
            }
        }
        address
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> NETWORK_BITS << NETWORK_BITS;
            IpAddr::V6(Ipv6Addr::from(bits))
        }
    }
}

/// The `for` of each element of `Forwarded` (RFC 7239), in their order; `None` for one that names no address. A line whose
/// quotes do not end is one that names none: a caller left them open, so that what a proxy added would be taken for theirs.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(FORWARDED).iter().map(|line| line.to_str().unwrap_or_default());
    lines
        .flat_map(|line| match apart(line, ',') {
            Some(elements) => elements.into_iter().map(hop).collect(),
            None => vec![None],
        })
        .collect()
}

/// None, too, where there are two: whose is the second?
fn hop(element: &str) -> Option<IpAddr> {
    let pairs = apart(element, ';')?.into_iter();
    let mut nodes = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
    });
    let node = nodes.next()?;
    if nodes.next().is_some() {
        return None;
    }
    let node = node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node);
    let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node);
    let address = bare.parse().or_else(|_| node.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// The parts of a text between separators that stand in no quotes; `None` where these do not end.
fn apart(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = |c| {
        let separates = c == separator && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && quoted && !escaped;
        separates
    };
    let parts = text.split(separates).collect();
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn proxies() -> Proxies {
        let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"].map(|range| range.parse().unwrap());
        Proxies { trusted: trusted.to_vec(), client_header: Some(HeaderName::from_static("torioki-client")) }
    }

    fn origin(peer: &str, headers: &[(&str, &str)]) -> (String, Client) {
        let mut request = Request::get("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        let Origin { network, client } = proxies().origin(&parts);
        (network.unwrap().to_string(), client)
    }

    #[test]
    fn forwarded_is_believed_from_trusted_proxies_only() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "for=198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "for=198.51.100.7", "198.51.100.7"),
            ("::ffff:10.0.0.1", "for=198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "For=\"198.51.100.7:4711\";proto=https;by=10.0.0.1", "198.51.100.7"),
            ("10.0.0.1", "for=198.51.100.7:4711", "198.51.100.7"),
            // What the caller wrote stands before what the proxies added.
            ("10.0.0.1", "for=203.0.113.9, for=198.51.100.7, for=10.2.0.1", "198.51.100.7"),
            ("10.0.0.1", "for=\"[2001:db8::17]:4711\"", "2001:db8::"),
            ("10.0.0.1", "for=\"[2001:db8:1:2:3:4:5:6]\"", "2001:db8:1:2::"),
            ("2001:db8:aaaa::1", "for=198.51.100.7", "198.51.100.7"),
            // Names and nonsense: whoever told them.
            ("10.0.0.1", "for=198.51.100.7, for=unknown", "10.0.0.1"),
            ("10.0.0.1", "for=203.0.113.9, for=_hidden, for=10.2.0.1", "10.2.0.1"),
            ("10.0.0.1", "proto=https", "10.0.0.1"),
            ("10.0.0.1", "for=\"a,for=203.0.113.9\"", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "for=\"\\\", for=198.51.100.7", "10.0.0.1"),
            // A caller who leaves quotes open for what a proxy adds to the same line.
            ("10.0.0.1", "for=203.0.113.9;x=\", for=198.51.100.7", "10.0.0.1"),
            ("10.0.0.1", "for=203.0.113.9;x=\", for=\"[2001:db8::1]\"", "10.0.0.1"),
            ("10.0.0.1", "for=203.0.113.9;for=198.51.100.7", "10.0.0.1"),
        ] {
            assert_eq!(origin(peer, &[("forwarded", forwarded)]).0, expected, "{peer} {forwarded}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("forwarded", "for=203.0.113.9"), ("forwarded", "for=198.51.100.7")];
        assert_eq!(origin("10.0.0.1", &lines).0, "198.51.100.7");
    }

    #[test]
    fn a_client_is_what_a_trusted_proxy_says() {
        let says = |peer, client| origin(peer, &[("torioki-client", client)]).1;
        assert_eq!(says("10.0.0.1", "app"), Client::App);
        assert_eq!(says("192.0.2.1", "pos"), Client::Unknown);
        assert_eq!(says("10.0.0.1", "till"), Client::Unknown);
    }
}
