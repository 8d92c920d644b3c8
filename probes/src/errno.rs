//! The error numbers of the kernel that tell one network fault from another.

use std::io;

use serde::{Deserialize, Serialize};

/// An error number by its name in errno(3). What is not named here is kept as its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub enum Errno {
    /// `ECONNREFUSED`: a RST, or an ICMP port unreachable, came back.
    ConnectionRefused,
    /// `ECONNRESET`: an established connection was reset.
    ConnectionReset,
    /// `ETIMEDOUT`: nothing came back in time.
    TimedOut,
    /// `EHOSTUNREACH`: ARP had no answer, or an ICMP host unreachable or prohibited came back.
    HostUnreachable,
    /// `ENETUNREACH`: there is no route.
    NetworkUnreachable,
    /// `EADDRNOTAVAIL`: no source address or source port for this target.
    AddressNotAvailable,
    /// `EACCES`: not permitted, for example a broadcast address.
    PermissionDenied,
    /// `EPERM`: not permitted, for example by a local firewall rule.
    NotPermitted,
    /// `EAFNOSUPPORT`: the namespace has no such address family.
    FamilyNotSupported,
    /// `EPIPE`: written to a connection that was closed.
    BrokenPipe,
    /// `EINVAL`: an argument the kernel refuses, for example IPv6 link-local without a scope.
    InvalidArgument,
    /// Any other number.
    Other(i32),
}

/// Numbers and names side by side; the numbers are those of Linux on every architecture that dprobe supports.
const NAMES: [(Errno, i32, &str); 11] = [
    (Errno::NotPermitted, 1, "EPERM"),
    (Errno::PermissionDenied, 13, "EACCES"),
    (Errno::InvalidArgument, 22, "EINVAL"),
    (Errno::BrokenPipe, 32, "EPIPE"),
    (Errno::FamilyNotSupported, 97, "EAFNOSUPPORT"),
    (Errno::AddressNotAvailable, 99, "EADDRNOTAVAIL"),
    (Errno::NetworkUnreachable, 101, "ENETUNREACH"),
    (Errno::ConnectionReset, 104, "ECONNRESET"),
    (Errno::TimedOut, 110, "ETIMEDOUT"),
    (Errno::ConnectionRefused, 111, "ECONNREFUSED"),
    (Errno::HostUnreachable, 113, "EHOSTUNREACH"),
];

impl Errno {
    /// The name for a raw error number.
    #[must_use]
    pub fn from_raw(number: i32) -> Self {
        NAMES.iter().find(|(_, n, _)| *n == number).map_or(Self::Other(number), |(errno, _, _)| *errno)
    }

    /// The raw error number.
    #[must_use]
    pub fn raw(self) -> i32 {
        match self {
            Self::Other(number) => number,
            named => NAMES.iter().find(|(errno, _, _)| *errno == named).map_or(0, |(_, number, _)| *number),
        }
    }

    /// The error number behind an I/O error; the standard library's own kinds are mapped where they carry none.
    #[must_use]
    pub fn from_io(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(number) => Self::from_raw(number),
            None => match error.kind() {
                io::ErrorKind::TimedOut => Self::TimedOut,
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => Self::ConnectionReset,
                io::ErrorKind::ConnectionRefused => Self::ConnectionRefused,
                io::ErrorKind::BrokenPipe => Self::BrokenPipe,
                _ => Self::Other(0),
            },
        }
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match NAMES.iter().find(|(errno, _, _)| errno == self) {
            Some((_, _, name)) => f.write_str(name),
            None => match self {
                Self::Other(number) => write!(f, "errno {number}"),
                _ => f.write_str("errno"),
            },
        }
    }
}

impl Serialize for Errno {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Errno {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some((errno, _, _)) = NAMES.iter().find(|(_, _, name)| *name == text) {
            return Ok(*errno);
        }
        text.strip_prefix("errno ")
            .and_then(|number| number.parse().ok())
            .map(Self::Other)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown error number {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for (errno, number, name) in NAMES {
            assert_eq!(Errno::from_raw(number), errno);
            assert_eq!(errno.raw(), number);
            assert_eq!(serde_json::to_value(errno).unwrap(), name);
            assert_eq!(serde_json::from_value::<Errno>(name.into()).unwrap(), errno);
        }
    }

    #[test]
    fn a_name_that_does_not_exist_is_refused() {
        for name in ["EWHATEVER", "errno", "errno x", ""] {
            assert!(serde_json::from_value::<Errno>(name.into()).is_err(), "{name}");
        }
    }

    #[test]
    fn an_error_without_a_number_is_known_by_its_kind() {
        assert_eq!(Errno::from_io(&io::ErrorKind::TimedOut.into()), Errno::TimedOut);
        assert_eq!(Errno::from_io(&io::Error::from_raw_os_error(113)), Errno::HostUnreachable);
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(number: i32) {
            let json = serde_json::to_string(&Errno::from_raw(number)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Errno>(&json).unwrap().raw(), number);
        }
    }
}
