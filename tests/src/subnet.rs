//! Small subnets for the networks of tests. The engine's own pool has room for some thirty networks only, which parallel
//! tests would use up.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the subnets are taken from: 10.213.0.0/16, in pieces of 16 addresses.
const BASE: u32 = u32::from_be_bytes([10, 213, 0, 0]);
const PIECES: u32 = 1 << 12;
const PIECE: u32 = 16;

/// A piece of the range that no route of this machine leads into, and not the one of the last call. Whether another
/// process takes it at the same moment is for the engine to say.
#[must_use]
pub fn candidate() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
    let mut piece = std::process::id().wrapping_mul(0x9e37_79b9).wrapping_add(clock);
    let routes = routes(&std::fs::read_to_string("/proc/net/route").unwrap_or_default());
    for _ in 0..PIECES {
        piece = piece.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(2) | 1);
        let address = BASE + (piece % PIECES) * PIECE;
        if !routes.iter().any(|&(net, mask)| overlaps(address, net, mask)) {
            return address.into();
        }
    }
    panic!("every piece of 10.213.0.0/16 is routed somewhere already");
}

fn overlaps(address: u32, net: u32, mask: u32) -> bool {
    let both = mask & !(PIECE - 1);
    mask != 0 && address & both == net & both
}

/// Destination and mask of each route (proc(5), /proc/net/route: hexadecimal, in the byte order of the machine).
fn routes(table: &str) -> Vec<(u32, u32)> {
    let number = |digits: &str| u32::from_str_radix(digits, 16).map(|number| u32::from_be_bytes(number.to_ne_bytes()));
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            Some((number(fields.get(1)?).ok()?, number(fields.get(7)?).ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_into_the_range_is_avoided_and_the_default_route_is_not() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
                     eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n\
                     br-1\t2000D50A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\n";
        let routes = routes(table);
        let at = |text: &str| u32::from(text.parse::<Ipv4Addr>().expect("address"));
        assert_eq!(routes, [(0, 0), (at("10.213.0.32"), at("255.255.255.240"))]);
        let taken = |text: &str| routes.iter().any(|&(net, mask)| overlaps(at(text), net, mask));
        assert!(taken("10.213.0.32"));
        assert!(!taken("10.213.0.48"));
    }
}
