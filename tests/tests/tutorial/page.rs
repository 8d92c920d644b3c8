//! The page, taken apart.

use std::fmt::Write as _;

/// What a page is made of, in order.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) blocks: Vec<Block>,
}

#[derive(Debug)]
pub(crate) enum Block {
    /// Everything that is not typed.
    Text(String),
    /// A block ```` ```sh ````: commands, and whether the last of them fails, which `<!-- fails -->` before it says.
    Commands { text: String, fails: bool },
    /// A block ```` ```console ````: commands with what they print.
    Session(Vec<Step>),
}

/// A line `$ COMMAND`, and what is printed below it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) output: String,
}

/// The line before a block whose last command fails.
const FAILS: &str = "<!-- fails -->\n";

impl Page {
    /// Takes it apart.
    pub(crate) fn read(text: &str) -> Self {
        let mut blocks = Vec::new();
        let mut prose = String::new();
        let mut lines = text.split_inclusive('\n');
        while let Some(line) = lines.next() {
            prose.push_str(line);
            let language = line.trim_end();
            if language != "```sh" && language != "```console" {
                continue;
            }
            let inside: String = lines.by_ref().take_while(|line| line.trim_end() != "```").collect();
            let fails = prose.strip_suffix("```sh\n").is_some_and(|before| before.ends_with(FAILS));
            blocks.push(Block::Text(std::mem::take(&mut prose)));
            blocks.push(if language == "```sh" {
                Block::Commands { text: inside, fails }
            } else {
                Block::Session(steps(&inside))
            });
            prose.push_str("```\n");
        }
        blocks.push(Block::Text(prose));
        Self { blocks }
    }

    /// Puts it together again.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            match block {
                Block::Text(part) | Block::Commands { text: part, .. } => text.push_str(part),
                Block::Session(steps) => {
                    for (number, step) in steps.iter().enumerate() {
                        let gap = if number == 0 { "" } else { "\n" };
                        let _ = writeln!(text, "{gap}$ {}", step.command);
                        // Nothing is printed by some, and not yet known of others.
                        for line in step.output.trim_end().lines() {
                            let _ = writeln!(text, "{line}");
                        }
                    }
                }
            }
        }
        text
    }
}

fn steps(inside: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in inside.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), output: String::new() });
        } else if let Some(step) = steps.last_mut() {
            let _ = writeln!(step.output, "{line}");
        }
    }
    steps
}
