//! Which proxies are believed, and whose address they tell.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::map_request;
use ipnet::{IpNet, Ipv4Net};

use crate::client::ClientAddress;

/// The proxies whose `X-Forwarded-For` is believed.
///
/// A client's address is
/// 1. the peer's, unless the peer is one of these proxies;
/// 2. else that of the last hop of `X-Forwarded-For` that is none of them, read from the right; several lines of the
///    header count as one;
/// 3. and where a hop is no address, that of the hop to the right of it: what is left of it may be anybody's.
///
/// # Deployment
/// Each of these proxies must append the address of its own peer to the header or write the header anew. One that
/// passes the header on unchanged lets every client choose its address.
///
/// # What it is not
/// No other header is read: neither `Forwarded` nor `X-Real-IP`, nor one that a proxy invented.
///
/// ```
/// use countersign_axum::TrustedProxies;
///
/// let proxies = TrustedProxies::parse(["10.0.0.0/8", "2001:db8::1"])?;
/// let mut headers = axum::http::HeaderMap::new();
/// headers.insert("x-forwarded-for", "192.0.2.1, 203.0.113.7, 10.0.0.2".parse()?);
/// assert_eq!(proxies.client_of("10.0.0.1".parse()?, &headers).to_string(), "203.0.113.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
}

/// An entry that names no network of proxies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitProxy {
    /// It is neither an address nor a network.
    #[error("`{0}` is neither an address nor a network")]
    Unreadable(String),
    /// It names every address there is: then every client could choose its own.
    #[error("`{0}` is everybody")]
    Everybody(String),
}

impl TrustedProxies {
    /// Reads addresses and networks (CIDR). Bits of a network beyond its prefix do not count.
    ///
    /// # Errors
    /// [`UnfitProxy`] about the first entry that cannot be used.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, UnfitProxy> {
        let networks = entries.into_iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }

    /// Whose request it is that came from `peer` with these headers. Linear in their length.
    pub fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in hops(headers) {
            if !self.contain(client) {
                break;
            }
            match hop {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }

    /// Puts these proxies before a router: its [`ClientAddress`] becomes that of whoever is behind them. The server
    /// inserts the peer's, as it does without proxies.
    pub fn before(self, router: Router) -> Router {
        if self.networks.is_empty() {
            return router;
        }
        let proxies = Arc::new(self);
        router.layer(map_request(move |mut request: Request| {
            let proxies = Arc::clone(&proxies);
            async move {
                if let Some(&ClientAddress(peer)) = request.extensions().get() {
                    let client = proxies.client_of(peer, request.headers());
                    request.extensions_mut().insert(ClientAddress(client));
                }
                request
            }
        }))
    }

    fn contain(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// The hops of all lines, from right to left; `None` for one that is no address.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).into_iter().rev();
    lines
        .map(HeaderValue::as_bytes)
        .flat_map(|line| line.rsplit(|&byte| byte == b','))
        .map(|hop| str::from_utf8(hop).ok().and_then(address))
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim_matches([' ', '\t']);
    let alone = || hop.parse().ok();
    let bracketed = || {
        let inner = hop.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse().ok().filter(IpAddr::is_ipv6)
    };
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    let address: IpAddr = alone().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

fn network(entry: &str) -> Result<IpNet, UnfitProxy> {
    let network = entry
        .parse()
        .or_else(|_| entry.parse().map(|alone: IpAddr| IpNet::from(alone)))
        .map_err(|_| UnfitProxy::Unreadable(entry.to_owned()))?;
    let network = canonical(network.trunc());
    if network.prefix_len() == 0 {
        return Err(UnfitProxy::Everybody(entry.to_owned()));
    }
    Ok(network)
}

/// An IPv4 network in the clothes of IPv6 is one of IPv4: addresses are compared without them.
fn canonical(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.network().to_canonical() else {
        return network;
    };
    let prefix = match network {
        IpNet::V4(_) => return network,
        IpNet::V6(network) => network.prefix_len().checked_sub(MAPPED_PREFIX),
    };
    prefix
        .and_then(|prefix| Ipv4Net::new(address, prefix).ok())
        .map_or(network, IpNet::V4)
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// How many bits of `::ffff:0:0/96` come before an IPv4 address.
const MAPPED_PREFIX: u8 = 96;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROXIES: [&str; 4] = ["10.0.0.0/8", "198.51.100.9", "2001:db8:1::/48", "::1"];

    fn client(peer: &str, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        let proxies = TrustedProxies::parse(PROXIES).unwrap();
        proxies
            .client_of(peer.parse().unwrap(), &headers)
            .to_string()
    }

    #[test]
    fn x01_the_client_is_the_rightmost_hop_that_is_not_trusted() {
        let rows: &[(&str, &[&str], &str)] = &[
            // Whoever is no proxy is believed nothing.
            ("203.0.113.7", &[], "203.0.113.7"),
            ("203.0.113.7", &["192.0.2.1"], "203.0.113.7"),
            ("203.0.113.7", &["10.0.0.1"], "203.0.113.7"),
            // A proxy without the header is a client itself.
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            // What stands left of the first stranger is the stranger's word.
            ("10.0.0.1", &["192.0.2.1, 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["10.0.0.3, 203.0.113.7"], "203.0.113.7"),
            (
                "10.0.0.1",
                &["192.0.2.1, 203.0.113.7, 10.0.0.2, 198.51.100.9"],
                "203.0.113.7",
            ),
            // Nobody but proxies: the farthest of them asks.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // Several lines are one, in their order.
            (
                "10.0.0.1",
                &["192.0.2.1", "203.0.113.7,10.0.0.3", "10.0.0.2"],
                "203.0.113.7",
            ),
            // Spellings.
            ("10.0.0.1", &["203.0.113.7:4711"], "203.0.113.7"),
            ("10.0.0.1", &["\t 203.0.113.7 \t"], "203.0.113.7"),
            ("10.0.0.1", &["2001:DB8::7"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:203.0.113.7"], "203.0.113.7"),
            (
                "10.0.0.1",
                &["203.0.113.7, ::ffff:10.0.0.2, 2001:db8:1::5, [::1]:80"],
                "203.0.113.7",
            ),
            ("::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            ("::ffff:203.0.113.7", &["192.0.2.1"], "203.0.113.7"),
            ("::1", &["203.0.113.7"], "203.0.113.7"),
            // A neighbor of a proxy is none.
            ("198.51.100.8", &["192.0.2.1"], "198.51.100.8"),
            ("2001:db8:2::1", &["192.0.2.1"], "2001:db8:2::1"),
        ];
        let wrong: Vec<_> = rows
            .iter()
            .map(|(peer, lines, expected)| {
                let lines: Vec<_> = lines.iter().map(|line| line.as_bytes()).collect();
                (peer, client(peer, &lines), expected)
            })
            .filter(|(_, found, expected)| found != *expected)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn x02_a_hop_that_is_no_address_ends_the_walk() {
        let bad: &[&[u8]] = &[
            b"",
            b" ",
            b"unknown",
            b"_hidden",
            b"203.0.113",
            b"203.0.113.7.8",
            b"0203.0.113.7",
            b"203.0.113.256",
            b"203.0.113.7:",
            b"203.0.113.7:99999",
            b"203.0.113.7 192.0.2.1",
            b"\"203.0.113.7\"",
            b"for=203.0.113.7",
            b"[203.0.113.7]",
            b"[2001:db8::7",
            b"2001:db8::7]:1",
            b"fe80::1%eth0",
            b"203.0.113.7\xff",
            b"\xff\xfe",
            b"http://203.0.113.7",
        ];
        for bad in bad {
            let line = [b"192.0.2.1, ".as_slice(), bad, b", 10.0.0.2"].concat();
            assert_eq!(client("10.0.0.1", &[&line]), "10.0.0.2", "{bad:?}");
            assert_eq!(client("10.0.0.1", &[bad]), "10.0.0.1", "{bad:?}");
            assert_eq!(
                client("10.0.0.1", &[b"192.0.2.1", bad, b"10.0.0.2"]),
                "10.0.0.2",
                "{bad:?}"
            );
        }
    }

    #[test]
    fn x02_an_endless_header_is_walked_once() {
        let endless = b"10.0.0.2,".repeat(100_000);
        assert_eq!(client("10.0.0.1", &[&endless]), "10.0.0.1");
        let line = [b"203.0.113.7,".as_slice(), &endless, b"10.0.0.3"].concat();
        assert_eq!(client("10.0.0.1", &[&line]), "203.0.113.7");
    }

    #[test]
    fn entries_are_addresses_and_networks_but_never_everybody() {
        for (entry, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ] {
            let proxies = TrustedProxies::parse([entry]).unwrap();
            let shown_as: Vec<_> = proxies.networks.iter().map(ToString::to_string).collect();
            assert_eq!(shown_as, [shown], "{entry}");
        }
        for entry in [
            "",
            "proxy.example",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0",
            "10.0.0.1:80",
            " 10.0.0.1",
        ] {
            let refused = TrustedProxies::parse(["10.0.0.1", entry]);
            assert_eq!(
                refused,
                Err(UnfitProxy::Unreadable(entry.to_owned())),
                "{entry}"
            );
        }
        for entry in ["0.0.0.0/0", "::/0", "1.2.3.4/0", "::ffff:0:0/96"] {
            let refused = TrustedProxies::parse([entry]);
            assert_eq!(
                refused,
                Err(UnfitProxy::Everybody(entry.to_owned())),
                "{entry}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_the_walk_panic_or_a_stranger_believed(
            peer in any::<IpAddr>(),
            lines in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..80),
                    "((10\\.0\\.0\\.[0-9]|[0-9a-f:.\\[\\]]{0,12}),? ?){0,9}".prop_map(String::into_bytes),
                ],
                0..4,
            ),
        ) {
            let proxies = TrustedProxies::parse(PROXIES).unwrap();
            let mut headers = HeaderMap::new();
            for line in &lines {
                if let Ok(line) = HeaderValue::from_bytes(line) {
                    headers.append(X_FORWARDED_FOR, line);
                }
            }
            let proxy = "10.9.9.9".parse().unwrap();
            let told = proxies.client_of(proxy, &headers);
            prop_assert!(told == proxy || hops(&headers).any(|hop| hop == Some(told)));
            if !proxies.contain(peer.to_canonical()) {
                prop_assert_eq!(proxies.client_of(peer, &headers), peer.to_canonical());
            }
        }
    }
}
