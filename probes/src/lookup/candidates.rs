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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(name: &str, search: &[&str], ndots: u32) -> Vec<String> {
        let search: Vec<String> = search.iter().map(|domain| (*domain).to_owned()).collect();
        candidates(name, &search, ndots).into_iter().map(|candidate| candidate.name).collect()
    }

    #[test]
    fn dots_decide_whether_the_name_comes_first() {
        assert_eq!(names("db", &["a.test", "b.test"], 1), ["db.a.test", "db.b.test", "db"]);
        assert_eq!(names("db.x", &["a.test"], 1), ["db.x", "db.x.a.test"]);
        assert_eq!(names("db.x", &["a.test"], 2), ["db.x.a.test", "db.x"]);
        assert_eq!(names("db", &["a.test"], 0), ["db", "db.a.test"]);
        assert_eq!(names("db.", &["a.test"], 1), ["db"]);
        assert_eq!(names("db", &[], 1), ["db"]);
    }

    #[test]
    fn the_root_in_the_search_list_is_the_name_itself() {
        assert_eq!(names("db", &["."], 1), ["db"]);
        assert_eq!(names("db", &[".", "a.test."], 1), ["db", "db.a.test"]);
    }

    #[test]
    fn a_candidate_that_gets_too_long_is_left_out() {
        let domain = format!("{}.test", "a".repeat(63));
        let name = ["b".repeat(63), "c".repeat(63), "d".repeat(60)].join(".");
        assert_eq!(names(&name, &[&domain], 5), [name.as_str()]);
    }

    proptest! {
        #[test]
        fn the_name_itself_is_always_among_them(name in "[a-z]{1,5}(\\.[a-z]{1,5}){0,3}", ndots in 0_u32..5) {
            let all = candidates(&name, &["a.test".to_owned(), "b.test".to_owned()], ndots);
            prop_assert_eq!(all.len(), 3);
            prop_assert_eq!(all.iter().filter(|candidate| candidate.as_is && candidate.name == name).count(), 1);
        }
    }
}
