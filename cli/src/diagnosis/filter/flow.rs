//! A connection held against the conditions of a rule.

use std::net::IpAddr;

use ipnet::IpNet;

/// The ports that a kernel lets clients come from where nobody has told it otherwise (`ip_local_port_range`, ip(7)).
const CLIENT_PORTS: (u16, u16) = (32768, 60999);

/// A connection as a packet filter sees it, in either direction.
pub(super) struct Flow {
    /// The addresses it may come from.
    pub(super) sources: Vec<IpAddr>,
    /// The addresses it may go to, before and after translation.
    pub(super) targets: Vec<IpAddr>,
    /// The ports of the server, before and after translation.
    pub(super) ports: Vec<u16>,
    /// `tcp` or `udp`.
    pub(super) protocol: String,
}

impl Flow {
    /// How closely a rule speaks of this connection: the number of its conditions that are known to fit. None where one does
    /// not. What is not understood is taken to fit, for the rule's counter has the last word.
    pub(super) fn fits(&self, text: &str) -> Option<u32> {
        self.fits_one_way(text, &self.sources, &self.targets, true).max(self.fits_one_way(
            text,
            &self.targets,
            &self.sources,
            false,
        ))
    }

    fn fits_one_way(&self, text: &str, sources: &[IpAddr], targets: &[IpAddr], forth: bool) -> Option<u32> {
        let mut closeness = 0;
        let words: Vec<&str> = text.split_whitespace().collect();
        for (at, pair) in words.windows(2).enumerate() {
            let (option, value) = (pair[0], pair[1]);
            let negated = at > 0 && words[at - 1] == "!";
            let holds = match option {
                "-s" | "saddr" => covers(value, sources),
                "-d" | "daddr" => covers(value, targets),
                "-p" => Some(value == self.protocol || value == "all"),
                "--dport" | "--dports" | "dport" => self.has_port(value, forth),
                "--sport" | "--sports" | "sport" => self.has_port(value, !forth),
                _ => None,
            };
            match holds {
                Some(holds) if holds == negated => return None,
                Some(_) => closeness += 1,
                None => {}
            }
        }
        Some(closeness)
    }

    /// Whether a list of ports and ranges has the port of the server, or one that the client may have come from.
    fn has_port(&self, value: &str, of_server: bool) -> Option<bool> {
        let ranges: Option<Vec<(u16, u16)>> = value
            .split(',')
            .map(|one| {
                let (from, to) = one.split_once([':', '-']).unwrap_or((one, one));
                Some((from.parse().ok()?, to.parse().ok()?))
            })
            .collect();
        let ranges = ranges?;
        if of_server {
            return Some(self.ports.iter().any(|port| ranges.iter().any(|(from, to)| (*from..=*to).contains(port))));
        }
        let (first, last) = CLIENT_PORTS;
        (!ranges.iter().any(|(from, to)| *from <= last && first <= *to)).then_some(false)
    }
}

/// Whether a range holds one of the addresses; none where it is none.
fn covers(range: &str, addresses: &[IpAddr]) -> Option<bool> {
    let range: IpNet = range.parse().ok().or_else(|| range.parse::<IpAddr>().ok().map(IpNet::from))?;
    (!addresses.is_empty()).then(|| addresses.iter().any(|address| range.contains(address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_held_against_a_connection() {
        let ip = |text: &str| text.parse().expect("an address");
        let flow = Flow {
            sources: vec![ip("172.18.0.3")],
            targets: vec![ip("172.18.0.2")],
            ports: vec![27017],
            protocol: "tcp".to_owned(),
        };
        let fits = |text: &str| flow.fits(text);
        assert_eq!(fits("-j DROP"), Some(0));
        assert_eq!(fits("-p tcp -m tcp --dport 27017 -j DROP"), Some(2));
        assert_eq!(fits("-p tcp -m tcp --dport 80 -j DROP"), None);
        assert_eq!(fits("-s 172.18.0.0/16 -d 172.18.0.2/32 -j DROP"), Some(2));
        assert_eq!(fits("-s 172.18.0.2/32 -p tcp -m tcp --sport 27017 -j DROP"), Some(3), "the way back");
        assert_eq!(fits("! -s 172.18.0.0/16 -j DROP"), None);
        assert_eq!(fits("-p udp -j DROP"), None);
        assert_eq!(fits("-p tcp -m multiport --dports 80,27000:27100 -j REJECT"), Some(2));
        assert_eq!(fits("ip saddr 172.18.0.0/16 tcp dport 27017 counter packets 1 bytes 2 drop"), Some(2));
        assert_eq!(fits("ip daddr 10.0.0.0/8 drop"), None);
    }
}
