//! The files that a configuration of nginx includes, put in the place of their `include`.

use super::nginx_config::{Directive, parse};
use super::nginx_servers::{Files, LONGEST};

/// How deep files include each other, how many includes are followed, and how many directives are read in all.
const DEEPEST: usize = 8;
const MOST_INCLUDES: usize = 200;
const MOST_DIRECTIVES: usize = 50_000;

/// Files that say nothing about upstreams in any installation.
const PLAIN: [&str; 6] = ["mime.types", "fastcgi_params", "fastcgi.conf", "uwsgi_params", "scgi_params", "koi-utf"];

/// Puts what is included in the place of `include`.
pub(super) struct Expansion<'a> {
    files: &'a Files,
    /// The files that are being read, the outermost first.
    open: Vec<&'a str>,
    includes: usize,
    directives: usize,
    /// The patterns that no file answers to, each as an absolute path.
    pub(super) missing: Vec<String>,
}

impl<'a> Expansion<'a> {
    /// Nothing read yet.
    pub(super) fn of(files: &'a Files) -> Self {
        Self { files, open: vec![&files.main], includes: 0, directives: 0, missing: Vec::new() }
    }

    /// The directives of the main file, with all that it includes.
    pub(super) fn main(&mut self) -> Vec<Directive> {
        let text = self.files.texts.get(&self.files.main).map_or("", String::as_str);
        let directives = parse(text, &self.files.main);
        self.expand(directives, 0)
    }

    fn expand(&mut self, directives: Vec<Directive>, depth: usize) -> Vec<Directive> {
        let mut expanded = Vec::with_capacity(directives.len());
        for mut directive in directives {
            if let ("include", Some(pattern)) = (directive.name(), directive.arguments().first()) {
                let pattern = pattern.clone();
                expanded.extend(self.included(&pattern, depth));
                continue;
            }
            self.directives += 1;
            if self.directives > MOST_DIRECTIVES {
                break;
            }
            if let Some(block) = directive.block.take() {
                directive.block = Some(self.expand(block, depth));
            }
            expanded.push(directive);
        }
        expanded
    }

    fn included(&mut self, pattern: &str, depth: usize) -> Vec<Directive> {
        let name = pattern.rsplit('/').next().unwrap_or_default();
        if depth >= DEEPEST || self.includes >= MOST_INCLUDES || PLAIN.contains(&name) || pattern.len() > LONGEST {
            return Vec::new();
        }
        let folder = self.files.main.rsplit_once('/').map_or("", |(folder, _)| folder);
        let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("{folder}/{pattern}") };
        let found: Vec<(&String, &String)> =
            self.files.texts.iter().filter(|(path, _)| matches_glob(&pattern, path)).collect();
        if found.is_empty() && !self.missing.contains(&pattern) {
            self.missing.push(pattern);
        }
        let mut directives = Vec::new();
        for (path, text) in found {
            if self.includes >= MOST_INCLUDES {
                break;
            }
            // No nginx starts with a file that includes itself.
            if self.open.contains(&path.as_str()) {
                continue;
            }
            self.includes += 1;
            self.open.push(path);
            let inner = self.expand(parse(text, path), depth + 1);
            self.open.pop();
            directives.extend(inner);
        }
        directives
    }
}

/// Whether a path is one that a pattern means (glob(7)): `*` and `?` stand for all but a slash, and for no dot at the
/// beginning.
fn matches_glob(pattern: &str, path: &str) -> bool {
    let (patterns, parts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    patterns.len() == parts.len() && patterns.iter().zip(&parts).all(|(pattern, part)| matches_part(pattern, part))
}

fn matches_part(pattern: &str, part: &str) -> bool {
    if part.starts_with('.') && pattern.starts_with(['*', '?']) {
        return false;
    }
    let (pattern, part): (Vec<char>, Vec<char>) = (pattern.chars().collect(), part.chars().collect());
    // Where the last star stands, and how much of the part it has taken so far.
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < part.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == part[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_files() {
        assert!(matches_glob("/etc/nginx/conf.d/*.conf", "/etc/nginx/conf.d/a.conf"));
        assert!(!matches_glob("/etc/nginx/*.conf", "/etc/nginx/conf.d/a.conf"));
        assert!(matches_part("a*b?c", "axxbbyc") && !matches_part("a*b?c", "axxb") && matches_part("**", "x"));
    }
}
