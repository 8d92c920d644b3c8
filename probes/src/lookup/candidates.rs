//! The full names that a libc tries for the name that a program gave it (resolv.conf(5): `search`, `ndots`).

/// One full name to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The name, without a dot at its end.
    pub(super) name: String,
    /// Whether it is the name as the program gave it, no search domain added.
    pub(super) as_is: bool,
}

/// Whether a name can be put into a DNS question (RFC 1035, 3.1): labels of 1 to 63 bytes, 253 in all, printable ASCII.
pub(crate) fn is_valid(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| (1..=63).contains(&label.len()))
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The candidates in the order in which glibc tries them (`__res_context_search`).
pub(super) fn candidates(name: &str, search: &[String], ndots: u32) -> Vec<Candidate> {
    if let Some(absolute) = name.strip_suffix('.') {
        return vec![Candidate { name: absolute.to_owned(), as_is: true }];
    }
    let as_is = Candidate { name: name.to_owned(), as_is: true };
    let dots = name.bytes().filter(|byte| *byte == b'.').count();
    let first = u32::try_from(dots).is_ok_and(|dots| dots >= ndots);

    let mut list = Vec::new();
    if first {
        list.push(as_is.clone());
    }
    for domain in search {
        let domain = domain.trim_matches('.');
        // `search .` names the root, under which the name is what it is.
        let full = if domain.is_empty() { name.to_owned() } else { format!("{name}.{domain}") };
        let as_is = domain.is_empty();
        if is_valid(&full) && !list.iter().any(|earlier: &Candidate| earlier.name == full) {
            list.push(Candidate { name: full, as_is });
        }
    }
    if !list.iter().any(|candidate| candidate.as_is) {
        list.push(as_is);
    }
    list
}
