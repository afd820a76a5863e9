//! Compact JSON laid out on lines, as Python's `json.dumps(…, indent=n)` does.

/// Lays out compact JSON. Empty lists and objects stay on one line.
pub(crate) fn indented(compact: &str, blanks: usize) -> String {
    let mut layout = Layout {
        text: String::with_capacity(compact.len() * 2),
        blanks,
        depth: 0,
    };
    let mut quoted = Quoted::No;
    let mut rest = compact.chars().peekable();
    while let Some(c) = rest.next() {
        let follows = rest.peek().copied();
        if quoted == Quoted::No {
            layout.push(c, follows);
        } else {
            layout.text.push(c);
        }
        quoted = quoted.after(c);
    }
    layout.text
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoted {
    No,
    Yes,
    /// A backslash came before.
    Escaped,
}

impl Quoted {
    const fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::No, '"') | (Self::Escaped, _) => Self::Yes,
            (Self::Yes, '"') | (Self::No, _) => Self::No,
            (Self::Yes, '\\') => Self::Escaped,
            (Self::Yes, _) => Self::Yes,
        }
    }
}

struct Layout {
    text: String,
    blanks: usize,
    depth: usize,
}

impl Layout {
    /// Writes what stands outside of strings; `follows` is the character behind it.
    fn push(&mut self, c: char, follows: Option<char>) {
        match c {
            '{' | '[' => {
                self.text.push(c);
                self.depth += 1;
                if !matches!(follows, Some('}' | ']')) {
                    self.new_line();
                }
            }
            '}' | ']' => {
                self.depth = self.depth.saturating_sub(1);
                if !self.text.ends_with(['{', '[']) {
                    self.new_line();
                }
                self.text.push(c);
            }
            ',' => {
                self.text.push(c);
                self.new_line();
            }
            ':' => self.text.push_str(": "),
            _ => self.text.push(c),
        }
    }

    fn new_line(&mut self) {
        self.text.push('\n');
        let blanks = self.blanks.saturating_mul(self.depth);
        self.text.extend(std::iter::repeat_n(' ', blanks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_pythons() {
        let compact = r#"{"a":["x, {y}: \" z",1],"b":{},"c":[]}"#;
        let expected =
            "{\n  \"a\": [\n    \"x, {y}: \\\" z\",\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}";
        assert_eq!(indented(compact, 2), expected);
    }
}
