//! JavaScript without comments and indents, which no page needs.
use anyhow::{Result, ensure};

/// `text` without lines that are comments or empty, and without indents. What tells tools something stays.
///
/// # Errors
/// Code stands behind a comment at the beginning of its line, or a text in backticks has several lines.
pub(super) fn without_comments(text: &str) -> Result<String> {
    let (mut code, mut is_inside) = (String::with_capacity(text.len()), false);
    for line in text.lines().map(str::trim) {
        let begins = !is_inside && line.starts_with("/*");
        if (is_inside || begins) && !line.contains("@ts-") {
            is_inside = !line.contains("*/");
            ensure!(is_inside || line.ends_with("*/"), "code stands behind a comment: {line}");
        } else if !line.is_empty() && !line.starts_with("//") {
            ensure!(line.matches('`').count() % 2 == 0, "a text has several lines: {line}");
            code.extend([line, "\n"]);
        }
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indents_are_left_out_and_code_stays() {
        let text = "/* @ts-self-types=\"x\" */\n\n/**\n * Says `a`.\n * b*c\n */\nlet x = {\n\
                    // one\n  *b() {}, // two\n  /** Three. */\n  c: `d`,\n};\n";
        let code = "/* @ts-self-types=\"x\" */\nlet x = {\n*b() {}, // two\nc: `d`,\n};\n";
        assert_eq!(without_comments(text).unwrap(), code);
        assert_eq!(without_comments(code).unwrap(), code);
    }

    #[test]
    fn what_would_be_changed_is_refused() {
        assert!(without_comments("/* a */ b();\n").is_err());
        assert!(without_comments("a(`\n  b`);\n").is_err());
    }
}
