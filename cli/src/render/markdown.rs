//! The little Markdown of the pages of `dprobe explain`, drawn for a terminal: headings, paragraphs, lists, code.

use super::RenderOptions;
use super::layout::{clean, wrap};
use super::paint::{self, Paint};

/// What kind of block the lines that were read last belong to.
enum Block {
    /// None.
    Empty,
    /// A paragraph, or an item of a list with the blanks before its further lines.
    Prose(String, &'static str),
}

/// A page as text, with a newline at its end.
#[must_use]
pub fn render(page: &str, options: &RenderOptions) -> String {
    let paint = Paint(options.color);
    let columns = options.width.clamp(60, 100);
    let mut out = String::new();
    let mut block = Block::Empty;
    let mut fenced = false;
    for line in page.trim_matches('\n').lines() {
        if line.trim_start().starts_with("```") {
            flush(&mut out, &mut block, paint, columns);
            fenced = !fenced;
        } else if fenced || (line.starts_with("    ") && matches!(block, Block::Empty)) {
            let code = clean(line.strip_prefix("    ").unwrap_or(line));
            out.push_str(format!("    {}", paint.paint(paint::CODE, &code)).trim_end());
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut out, &mut block, paint, columns);
            out.push('\n');
        } else if let Some(heading) = line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')) {
            flush(&mut out, &mut block, paint, columns);
            out.push_str(&paint.paint(paint::STRONG, &clean(heading.trim())));
            out.push('\n');
        } else if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
            flush(&mut out, &mut block, paint, columns);
            block = Block::Prose(item.to_owned(), "  ");
        } else {
            match &mut block {
                Block::Prose(text, _) => text.extend([" ", line.trim()]),
                Block::Empty => block = Block::Prose(line.trim().to_owned(), ""),
            }
        }
    }
    flush(&mut out, &mut block, paint, columns);
    out
}

/// Draws what was collected.
fn flush(out: &mut String, block: &mut Block, paint: Paint, columns: usize) {
    let Block::Prose(text, indent) = std::mem::replace(block, Block::Empty) else { return };
    let mut open = false;
    for (n, line) in wrap(&text, 0, columns - indent.len()).iter().enumerate() {
        let before = match (n, indent) {
            (0, "  ") => "- ",
            (_, indent) => indent,
        };
        out.push_str(before);
        out.push_str(&inline(line, paint, &mut open));
        out.push('\n');
    }
}

/// What stands between backticks in a colour; without colours the backticks stay. `open` runs on from line to line.
fn inline(line: &str, paint: Paint, open: &mut bool) -> String {
    if !paint.0 {
        return line.to_owned();
    }
    let mut out = String::new();
    for (n, part) in line.split('`').enumerate() {
        *open ^= n > 0;
        out.push_str(&paint.paint(if *open { paint::CODE } else { paint::PLAIN }, part));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\nA server that is bound to 127.0.0.1 accepts connections over the loopback interface only, and \
                        `mongod --bind_ip_all` helps.\n\n## How to reproduce it\n\n    docker run -d x\n\n- one item that \
                        is so long that it has to go on in a second line of the terminal\n- two\n\n```\nfenced  code\n```\n";

    #[test]
    fn a_page_is_drawn_for_a_terminal() {
        insta::assert_snapshot!(render(PAGE, &RenderOptions::default()));
    }

    #[test]
    fn colours_take_the_place_of_backticks() {
        let text = render(PAGE, &RenderOptions { color: true, ..RenderOptions::default() });
        assert!(text.contains("\x1b[36mmongod --bind_ip_all\x1b[0m"), "{text:?}");
        assert!(!text.contains('`'));
        assert!(text.contains("\x1b[1mHow to reproduce it\x1b[0m"));
    }
}
