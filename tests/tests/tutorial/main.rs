//! `docs/tutorial.md`: every command of it, typed in order, and what dprobe says held against the page.
//!
//! The page uses names and ports that anybody may have. Here they are replaced by others, in what is typed and in the compose
//! files, and put back in what is printed. `DPROBE_BLESS=1` types the page as it stands, and writes what is printed into it.

mod names;
mod page;
mod shape;
mod shell;

use dprobe_tests::Stack;
use names::Names;
use page::{Block, Page};
use shell::Shell;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tutorial.md");

#[test]
fn the_page_says_what_dprobe_says() {
    let Some(stack) = Stack::with_servers() else { return };
    let bless = std::env::var_os("DPROBE_BLESS").is_some();
    let names = if bless { Names::of_the_page(&stack) } else { Names::replaced(&stack) };
    let shell = Shell::new(&stack, &names);
    let mut page = Page::read(&std::fs::read_to_string(PAGE).expect("the page"));
    let mut wrong = Vec::new();
    for block in &mut page.blocks {
        match block {
            Block::Text(_) => {}
            Block::Commands { text, fails } => shell.types(text, *fails),
            Block::Session(steps) => {
                for step in steps {
                    let said = shell.asks(&step.command);
                    if !bless && shape::of(&said) != shape::of(&step.output) {
                        wrong.push(format!("$ {}\n-- the page:\n{}\n-- dprobe:\n{said}", step.command, step.output));
                    }
                    step.output = said;
                }
            }
        }
    }
    if bless {
        std::fs::write(PAGE, page.text()).expect("the page");
    }
    assert!(wrong.is_empty(), "the page differs (DPROBE_BLESS=1 renews it):\n{}", wrong.join("\n\n"));
}

#[test]
fn the_page_has_stories() {
    let text = std::fs::read_to_string(PAGE).expect("the page");
    let page = Page::read(&text);
    assert_eq!(page.text(), text, "read and written");
    let steps = page.blocks.iter().filter(|block| matches!(block, Block::Session(_))).count();
    assert!(steps > 10, "{steps} sessions");
}
