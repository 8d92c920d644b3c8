//! The grammar of nginx's configuration: directives of words, with a `;` or a block at their end (nginx.org, Beginner's
//! Guide, "Configuration File's Structure").

use std::iter::Peekable;
use std::rc::Rc;
use std::str::Chars;

/// How deep blocks are nested at most, and how many directives of a file are read. What is beyond is left out.
const DEEPEST: usize = 32;
const MOST: usize = 10_000;

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its name and its arguments, without quotes. There is at least one.
    pub words: Vec<String>,
    /// The file that it stands in.
    pub file: Rc<str>,
    /// The line that it begins on, from 1.
    pub line: u32,
    /// What stands in its braces; none where it ends with a `;`.
    pub block: Option<Vec<Directive>>,
}

impl Directive {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Its arguments.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// A block that is not closed yet.
struct Open {
    /// What it belongs to; none for the file itself.
    head: Option<(Vec<String>, u32)>,
    directives: Vec<Directive>,
}

/// Reads a file. What is no configuration at all, or cut off, gives what could be made of it.
#[must_use]
pub fn parse(text: &str, file: &str) -> Vec<Directive> {
    let file: Rc<str> = file.into();
    let mut reader = Reader { chars: text.chars().peekable(), line: 1 };
    let mut open = vec![Open { head: None, directives: Vec::new() }];
    let mut words: Vec<String> = Vec::new();
    let mut began = 1;
    let mut count = 0;
    while let Some(token) = reader.token() {
        if count >= MOST {
            break;
        }
        match token {
            Token::Word(word) => {
                if words.is_empty() {
                    began = reader.line;
                }
                words.push(word);
            }
            Token::End if words.is_empty() => {}
            Token::End => {
                count += 1;
                add(
                    &mut open,
                    Directive { words: std::mem::take(&mut words), file: Rc::clone(&file), line: began, block: None },
                );
            }
            Token::Open if open.len() > DEEPEST || words.is_empty() || holds_code(&words) => {
                words.clear();
                reader.skip_block();
            }
            Token::Open => {
                count += 1;
                open.push(Open { head: Some((std::mem::take(&mut words), began)), directives: Vec::new() });
            }
            Token::Close => {
                words.clear();
                close(&mut open, &file);
            }
        }
    }
    while open.len() > 1 {
        close(&mut open, &file);
    }
    open.pop().map(|file| file.directives).unwrap_or_default()
}

/// Adds a directive to the innermost block.
fn add(open: &mut [Open], directive: Directive) {
    if let Some(innermost) = open.last_mut() {
        innermost.directives.push(directive);
    }
}

/// Closes the innermost block. A brace too many closes nothing.
fn close(open: &mut Vec<Open>, file: &Rc<str>) {
    if open.len() < 2 {
        return;
    }
    if let Some(Open { head: Some((words, line)), directives }) = open.pop() {
        add(open, Directive { words, file: Rc::clone(file), line, block: Some(directives) });
    }
}

/// Whether the block of a directive is a program in another language (`OpenResty`'s `content_by_lua_block`).
fn holds_code(words: &[String]) -> bool {
    words.first().is_some_and(|name| name.ends_with("_by_lua_block"))
}

/// A part of the text that means something.
enum Token {
    Word(String),
    /// `;`
    End,
    /// `{`
    Open,
    /// `}`
    Close,
}

/// Takes the text apart.
struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    /// The line that it has come to.
    line: u32,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        if next == Some('\n') {
            self.line = self.line.saturating_add(1);
        }
        next
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            match *self.chars.peek()? {
                c if c.is_whitespace() => {
                    self.next();
                }
                '#' => self.skip_line(),
                ';' => {
                    self.next();
                    return Some(Token::End);
                }
                '{' => {
                    self.next();
                    return Some(Token::Open);
                }
                '}' => {
                    self.next();
                    return Some(Token::Close);
                }
                quote @ ('"' | '\'') => {
                    self.next();
                    return Some(Token::Word(self.quoted(quote)));
                }
                _ => return Some(Token::Word(self.word())),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// The rest of a word in quotes. A backslash takes a quote's meaning away.
    fn quoted(&mut self, quote: char) -> String {
        let mut word = String::new();
        while let Some(c) = self.next() {
            match c {
                '\\' if self.chars.peek().is_some_and(|next| *next == quote || *next == '\\') => {
                    word.extend(self.next());
                }
                c if c == quote => break,
                c => word.push(c),
            }
        }
        word
    }

    /// A word without quotes. `${name}` is part of it.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(&c) = self.chars.peek() {
            if c == '{' && word.ends_with('$') {
                while let Some(c) = self.next() {
                    word.push(c);
                    if c == '}' {
                        break;
                    }
                }
                continue;
            }
            if c.is_whitespace() || matches!(c, ';' | '{' | '}') {
                break;
            }
            self.next();
            word.push(c);
            if c == '\\' {
                word.extend(self.next());
            }
        }
        word
    }

    /// Goes behind the brace that closes a block whose first brace has been read.
    fn skip_block(&mut self) {
        let mut depth = 1_usize;
        while let Some(c) = self.next() {
            match c {
                '{' => depth = depth.saturating_add(1),
                '}' => depth -= 1,
                quote @ ('"' | '\'') => {
                    self.quoted(quote);
                }
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(directives: &[Directive]) -> String {
        let one = |directive: &Directive| {
            let words = directive.words.join("·");
            match &directive.block {
                None => format!("{}:{words};", directive.line),
                Some(block) => format!("{}:{words}{{{}}}", directive.line, shown(block)),
            }
        };
        directives.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn read(text: &str) -> String {
        shown(&parse(text, "nginx.conf"))
    }

    #[test]
    fn directives_and_blocks_with_their_lines() {
        let text = "user www-data; # who\nhttp {\n  server {\n    listen 80;\n    location /api/ {\n      proxy_pass \
                    http://router_one:8080/;\n    }\n  }\n}\n";
        assert_eq!(
            read(text),
            "1:user·www-data; 2:http{3:server{4:listen·80; 5:location·/api/{6:proxy_pass·http://router_one:8080/;}}}"
        );
    }

    #[test]
    fn quotes_variables_and_patterns() {
        assert_eq!(read(r#"log_format main '$host "x; {y}" \'z\'';"#), r#"1:log_format·main·$host "x; {y}" 'z';"#);
        assert_eq!(read("set $up ${name}.test;"), "1:set·$up·${name}.test;");
        assert_eq!(read(r"location ~ \.php$ { return 1; }"), r"1:location·~·\.php${1:return·1;}");
        assert_eq!(read("location ~ ^/a#b$ { }"), "1:location·~·^/a#b${}");
    }

    #[test]
    fn programs_in_other_languages_are_left_out() {
        let text = "location / { content_by_lua_block { if a then b = {1} ngx.say(\"}\") end } proxy_pass http://a; }";
        assert_eq!(read(text), "1:location·/{1:proxy_pass·http://a;}");
    }

    #[test]
    fn what_is_broken_gives_what_there_is() {
        assert_eq!(read("http { server { listen 80;"), "1:http{1:server{1:listen·80;}}");
        assert_eq!(read("} } a; {b;} c"), "1:a;");
        assert_eq!(read("a \"never closed; b; c {"), "");
        assert_eq!(read(""), "");
    }

    fn depth(directives: &[Directive]) -> usize {
        directives
            .iter()
            .filter_map(|directive| directive.block.as_ref())
            .map(|block| depth(block) + 1)
            .max()
            .unwrap_or(0)
    }

    #[test]
    fn no_depth_and_no_length_is_too_much() {
        assert_eq!(depth(&parse(&"a {".repeat(100_000), "f")), DEEPEST);
        assert_eq!(parse(&"a;".repeat(100_000), "f").len(), MOST);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "[a-z ;{}#$\"'\\\\\n]{0,200}", other: String) {
            for text in [text, other] {
                let read = parse(&text, "f");
                prop_assert!(depth(&read) <= DEEPEST);
                prop_assert!(read.iter().all(|directive| !directive.words.is_empty()));
            }
        }
    }
}
