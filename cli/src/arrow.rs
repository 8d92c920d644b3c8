//! The arrow between FROM and TARGET, and what a shell makes of it where nobody quoted it.
//!
//! ```text
//! dprobe check web mongodb         FROM, TARGET
//! dprobe check 'web -> mongodb'    the same; `web→mongodb` and 'web->mongodb' as well
//! dprobe check web -> mongodb      a shell runs `dprobe check web -` with stdout in a file `mongodb`
//! dprobe check web-> mongodb       a shell runs `dprobe check web-` with stdout in a file `mongodb`
//! ```
//!
//! The last two are noticed by what is left of the arrow, a `-` where no name is, together with a regular file as stdout.
//! The name of the file is the target.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use dprobe_probes::text::printable;

use crate::words;

/// A regular file that stdout was redirected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The file.
    pub path: PathBuf,
    /// The folder in which the command was typed.
    pub folder: PathBuf,
}

/// FROM and TARGETs as words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Who wants to connect.
    pub from: String,
    /// To what; nothing where only FROM was typed, which asks for everything that it depends on.
    pub targets: Vec<String>,
    /// Where the shell made a redirect of the arrow: that redirect. Its file's name is the first target.
    pub redirect: Option<Redirect>,
}

/// Why words are not FROM and TARGETs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArrowError {
    /// A byte sequence that is no text.
    #[error("`{0}` is not valid UTF-8, which names are")]
    NotText(String),
    /// Nothing before the arrow.
    #[error("FROM is missing before the arrow; for example: dprobe check 'web -> mongodb:27017'")]
    NoSource,
    /// Nothing after FROM.
    #[error("TARGET is missing: what should `{0}` reach? For example: dprobe check {0} mongodb:27017")]
    NoTarget(String),
    /// `a -> b -> c`.
    #[error(
        "there is more than one arrow; write one check as FROM -> TARGET…, for example: dprobe check 'web -> db cache'"
    )]
    TwoArrows,
    /// `web -`, and stdout is no file.
    #[error(
        "`-` is no target; if it is what a shell left of `->`, put the arrow in quotes: dprobe check '{0} -> mongodb'"
    )]
    Dash(String),
}

/// The arrow in ASCII.
const ASCII: &str = "->";

/// The arrow as a character.
const UNICODE: char = '→';

/// Takes an arrow that begins an argument for a word: otherwise clap would take it for a flag. Stops at `--`.
pub(crate) fn keep_from_flags(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut words_only = false;
    let mut kept = Vec::new();
    for argument in arguments {
        words_only |= argument == "--";
        match argument.to_str().and_then(|text| text.strip_prefix(ASCII)) {
            Some(rest) if !words_only => kept.push(format!("{UNICODE}{rest}").into()),
            _ => kept.push(argument),
        }
    }
    kept
}

/// Makes FROM and TARGETs of the words of `dprobe check`. `redirected` is asked only where an arrow may have been lost to
/// the shell.
///
/// # Errors
/// [`ArrowError`] when one of them is missing.
pub fn split(words: &[OsString], redirected: impl FnOnce() -> Option<Redirect>) -> Result<Words, ArrowError> {
    let words = words.iter().map(|word| text(word)).collect::<Result<Vec<_>, _>>()?;
    if let Some((from, rest)) = lost_arrow(&words) {
        return match redirected() {
            Some(redirect) => {
                let targets = [vec![target_of(&redirect)?], rest.to_vec()].concat();
                Ok(Words { from: from.to_owned(), targets, redirect: Some(redirect) })
            }
            // `web-` is a name that a container can have.
            None if !words.iter().any(|word| word == "-") => quoted(&words),
            None => Err(ArrowError::Dash(shown(from))),
        };
    }
    quoted(&words)
}

/// FROM and further targets where the words look like what a shell leaves of an unquoted arrow: `web -`, `web - cache`,
/// and `web-` where there is nothing else.
fn lost_arrow(words: &[String]) -> Option<(&str, &[String])> {
    match words {
        [from, dash, rest @ ..] if dash == "-" => Some((from, rest)),
        [from] => from.strip_suffix('-').filter(|from| !from.is_empty()).map(|from| (from, &[][..])),
        _ => None,
    }
}

/// The target that the redirect's file was meant to be: its name, or `project/service` where it is in a folder below.
fn target_of(redirect: &Redirect) -> Result<String, ArrowError> {
    let below = redirect.path.strip_prefix(&redirect.folder).ok().filter(|path| path.components().count() == 2);
    let name = below.map_or_else(|| redirect.path.file_name().unwrap_or_default(), Path::as_os_str);
    text(name)
}

/// FROM and TARGETs from words with or without an arrow in them.
fn quoted(words: &[String]) -> Result<Words, ArrowError> {
    let mut pieces = Vec::new();
    for word in words {
        take_apart(word, &mut pieces);
    }
    let arrows = pieces.iter().filter(|piece| **piece == Piece::Arrow).count();
    if arrows > 1 {
        return Err(ArrowError::TwoArrows);
    }
    let (from, targets): (String, Vec<String>) = match pieces.iter().position(|piece| *piece == Piece::Arrow) {
        Some(at) => {
            let before: Vec<&str> = pieces[..at].iter().map(Piece::text).filter(|text| !text.is_empty()).collect();
            (before.join(" "), pieces[at + 1..].iter().flat_map(Piece::words).collect())
        }
        // One word with a blank in it is FROM and TARGETs in one pair of quotes.
        None if words.len() == 1 => {
            let word = words[0].trim();
            let (from, rest) = word.split_once(char::is_whitespace).unwrap_or((word, ""));
            (from.to_owned(), Piece::Words(rest.to_owned()).words())
        }
        // Each word stands for itself: an empty one is an unset variable, and is told as such later.
        None => (words.first().cloned().unwrap_or_default(), words.get(1..).unwrap_or_default().to_vec()),
    };
    if from.is_empty() && arrows > 0 {
        return Err(ArrowError::NoSource);
    }
    if targets.is_empty() && arrows > 0 {
        return Err(ArrowError::NoTarget(shown(&from)));
    }
    Ok(Words { from, targets, redirect: None })
}

/// A piece of what was typed.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// The arrow.
    Arrow,
    /// Words between blanks.
    Words(String),
    /// One word, blanks and all: a connection string that was typed as a word of its own.
    Whole(String),
}

impl Piece {
    fn text(&self) -> &str {
        match self {
            Self::Arrow => "",
            Self::Words(text) | Self::Whole(text) => text.trim(),
        }
    }

    fn words(&self) -> Vec<String> {
        match self {
            Self::Arrow => Vec::new(),
            Self::Whole(text) => vec![text.clone()],
            Self::Words(text) if words::is_pairs(text) => vec![text.trim().to_owned()],
            Self::Words(text) => text.split_whitespace().map(str::to_owned).collect(),
        }
    }
}

/// Takes a typed word apart at its arrows. What looks like one within a connection string is a part of a password.
fn take_apart(word: &str, pieces: &mut Vec<Piece>) {
    if words::is_pairs(word) {
        return pieces.push(Piece::Whole(word.trim().to_owned()));
    }
    if let Some((from, pairs)) = word.trim().split_once(char::is_whitespace).filter(|(_, pairs)| words::is_pairs(pairs))
    {
        pieces.push(Piece::Words(from.to_owned()));
        return pieces.push(Piece::Whole(pairs.trim().to_owned()));
    }
    let arrow = [(word.find(ASCII), ASCII.len()), (word.find(UNICODE), UNICODE.len_utf8())];
    let first = arrow.into_iter().filter_map(|(at, length)| Some((at?, length))).min();
    match first.filter(|(at, _)| !word[..*at].contains("://")) {
        Some((at, length)) => {
            take_apart(&word[..at], pieces);
            pieces.push(Piece::Arrow);
            take_apart(&word[at + length..], pieces);
        }
        None if word
            .trim_start()
            .split_once("://")
            .is_some_and(|(scheme, _)| !scheme.contains(char::is_whitespace)) =>
        {
            pieces.push(Piece::Whole(word.to_owned()));
        }
        None => pieces.push(Piece::Words(word.to_owned())),
    }
}

fn text(word: &OsStr) -> Result<String, ArrowError> {
    word.to_str().map(str::to_owned).ok_or_else(|| ArrowError::NotText(printable(word.as_encoded_bytes(), 80)))
}

fn shown(word: &str) -> String {
    printable(crate::redact::line(word).as_bytes(), 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn at_terminal() -> Option<Redirect> {
        None
    }

    fn into(path: &str) -> impl FnOnce() -> Option<Redirect> {
        let redirect = Redirect { path: path.into(), folder: "/home/me".into() };
        move || Some(redirect)
    }

    #[test]
    fn with_and_without_an_arrow_is_the_same() {
        for typed in [
            &["web", "mongodb"][..],
            &["web", "->", "mongodb"],
            &["web", "→", "mongodb"],
            &["web -> mongodb"],
            &["web->mongodb"],
            &["web→mongodb"],
            &["web → mongodb"],
            &["web mongodb"],
            &["web", "->mongodb"],
            &["web->", "mongodb"],
            &["web ->", " mongodb"],
        ] {
            let expected = Words { from: "web".into(), targets: vec!["mongodb".into()], redirect: None };
            assert_eq!(split(&words(typed), at_terminal), Ok(expected.clone()), "{typed:?}");
            // A file as stdout means nothing where the arrow is whole.
            assert_eq!(split(&words(typed), into("/home/me/out.txt")), Ok(expected), "{typed:?}");
        }
    }

    #[test]
    fn from_alone_has_no_targets() {
        for (typed, from) in [(&["web"][..], "web"), (&["web-"], "web-"), (&[" web "], "web")] {
            let expected = Words { from: from.into(), targets: Vec::new(), redirect: None };
            assert_eq!(split(&words(typed), at_terminal), Ok(expected), "{typed:?}");
        }
    }

    #[test]
    fn a_connection_string_stays_in_one_piece() {
        let dsn = "host=db port=5432 user=app password='a -> b'";
        let arrow = format!("web -> {dsn}");
        let apart = format!("web {dsn}");
        for typed in [&["web", dsn][..], &["web", "->", dsn], &[&arrow], &[&apart]] {
            let expected = Words { from: "web".into(), targets: vec![dsn.into()], redirect: None };
            assert_eq!(split(&words(typed), at_terminal), Ok(expected), "{typed:?}");
        }
        for url in ["postgres://u:a->b@db/x", "postgres://u:a b@db/x", "postgres://u:a→b@db/x"] {
            for typed in [&["web", url][..], &["web", "->", url]] {
                let found = split(&words(typed), at_terminal).map(|words| words.targets);
                assert_eq!(found, Ok(vec![url.to_owned()]), "{typed:?}");
            }
        }
        let both = split(&words(&["web->postgres://u:a->b@db/x", "cache"]), at_terminal).map(|words| words.targets);
        assert_eq!(both, Ok(vec!["postgres://u:a->b@db/x".to_owned(), "cache".to_owned()]));
    }

    #[test]
    fn there_may_be_several_targets() {
        for typed in [&["web", "a", "b"][..], &["web", "->", "a", "b"], &["web -> a b"], &["web", "-> a", "b"]] {
            assert_eq!(split(&words(typed), at_terminal).map(|words| words.targets), Ok(vec!["a".into(), "b".into()]));
        }
    }

    #[test]
    fn an_arrow_that_a_shell_took_is_found_again() {
        for (typed, path, targets) in [
            (&["web", "-"][..], "/home/me/mongodb", &["mongodb"][..]),
            (&["web", "-"], "/home/me/mongodb:27017", &["mongodb:27017"]),
            (&["web", "-"], "/home/me/shop/db", &["shop/db"]),
            (&["web", "-"], "/home/me/a/b/db", &["db"]),
            (&["web", "-"], "/tmp/db", &["db"]),
            (&["web", "-", "cache", "host:80"], "/home/me/mongodb", &["mongodb", "cache", "host:80"]),
            (&["web-"], "/home/me/mongodb", &["mongodb"]),
        ] {
            let found = split(&words(typed), into(path)).expect("an arrow");
            assert_eq!((found.from.as_str(), &found.targets[..]), ("web", &words_of(targets)[..]), "{typed:?} {path}");
            assert_eq!(found.redirect.map(|redirect| redirect.path), Some(path.into()));
        }
    }

    fn words_of(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_is_missing_is_said() {
        for (typed, error) in [
            (&["web", "->"][..], ArrowError::NoTarget("web".into())),
            (&["web ->"], ArrowError::NoTarget("web".into())),
            (&["->", "db"], ArrowError::NoSource),
            (&["→db"], ArrowError::NoSource),
            (&["a", "->", "b", "->", "c"], ArrowError::TwoArrows),
            (&["a→b→c"], ArrowError::TwoArrows),
            (&["web", "-"], ArrowError::Dash("web".into())),
        ] {
            assert_eq!(split(&words(typed), at_terminal), Err(error), "{typed:?}");
        }
    }

    #[test]
    fn an_empty_word_stays_for_the_parser_to_refuse() {
        let empty_target = split(&words(&["web", ""]), at_terminal).expect("words");
        assert_eq!(empty_target.targets, [""]);
        let empty_source = split(&words(&["", "db"]), at_terminal).expect("words");
        assert_eq!(empty_source.from, "");
    }

    #[test]
    fn clap_does_not_see_an_arrow_as_a_flag() {
        let kept = keep_from_flags(words(&["dprobe", "check", "web", "->", "->db", "-v", "--", "->x"]));
        assert_eq!(kept, words(&["dprobe", "check", "web", "→", "→db", "-v", "--", "->x"]));
    }
}
