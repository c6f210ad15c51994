//! Just enough Rust to tell code from comments and strings, and to follow braces.

/// Rust source, character for character and line for line, in which the contents of comments,
/// strings and character literals are spaces. What is left can be searched for words and braces.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    text: String,
    /// Characters of string contents in each line.
    string_widths: Vec<usize>,
}

impl Code {
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner {
            rest: text.chars().collect(),
            at: 0,
            text: String::with_capacity(text.len()),
            string_widths: vec![0],
        };
        scanner.scan();
        Self { text: scanner.text, string_widths: scanner.string_widths }
    }

    /// Lines counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Characters of a line (counted from 1) that are contents of strings.
    pub(crate) fn string_width(&self, line: usize) -> usize {
        self.string_widths.get(line - 1).copied().unwrap_or(0)
    }

    /// Every function with a body: its name, its first and its last line, counted from 1.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let starts =
            self.text.match_indices("fn ").filter(|(at, _)| !self.text[..*at].ends_with(is_word));
        starts.filter_map(|(at, keyword)| self.function_at(at, at + keyword.len())).collect()
    }

    fn function_at(&self, start: usize, name_at: usize) -> Option<(String, usize, usize)> {
        let rest = &self.text[name_at..];
        let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
        let end = name_at + body_end(rest)?;
        (!name.is_empty()).then(|| (name, self.line_at(start), self.line_at(end)))
    }

    /// Line ranges (both ends included) of the items behind `#[cfg(test)]`.
    pub(crate) fn test_items(&self) -> Vec<(usize, usize)> {
        let marks = self.text.match_indices("#[cfg(test)]");
        marks
            .map(|(at, mark)| {
                let rest = &self.text[at + mark.len()..];
                // `mod tests;` has no body here: its file is judged by its own name.
                let end = body_end(rest).map_or(at, |end| at + mark.len() + end);
                (self.line_at(at), self.line_at(end))
            })
            .collect()
    }

    /// How many inline modules enclose each line, in the order of lines.
    pub(crate) fn module_depths(&self) -> Vec<usize> {
        let mut depths = vec![0; self.text.lines().count()];
        let starts = self.text.match_indices("mod ");
        for (at, keyword) in starts.filter(|(at, _)| !self.text[..*at].ends_with(is_word)) {
            let start = at + keyword.len();
            if let Some(end) = body_end(&self.text[start..]) {
                for depth in &mut depths[self.line_at(at) - 1..self.line_at(start + end)] {
                    *depth += 1;
                }
            }
        }
        depths
    }

    fn line_at(&self, position: usize) -> usize {
        self.text[..position].matches('\n').count() + 1
    }
}

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `words` occurs in `line` on its own, not as a part of a longer name.
pub(crate) fn has_words(line: &str, words: &str) -> bool {
    line.match_indices(words).any(|(at, _)| {
        !line[..at].ends_with(is_word) && !line[at + words.len()..].starts_with(is_word)
    })
}

/// Where the body ends (its closing brace) of an item whose head starts `code`; `None` for an
/// item that ends in `;`. Brackets in the head are skipped: `-> [u8; 4]` does not end it.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' if braces <= 1 => return (braces == 1).then_some(at),
            '}' => braces -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            _ => {}
        }
    }
    None
}

struct Scanner {
    rest: Vec<char>,
    at: usize,
    text: String,
    string_widths: Vec<usize>,
}

impl Scanner {
    fn scan(&mut self) {
        while let Some(c) = self.peek(0) {
            match (c, self.peek(1)) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('\'', _) => self.character_or_lifetime(),
                ('r', _) if self.raw_string_hashes().is_some() => self.raw_string(),
                _ => self.keep(),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    /// Takes one character as it is.
    fn keep(&mut self) {
        if let Some(c) = self.peek(0) {
            self.text.push(c);
            self.at += 1;
            if c == '\n' {
                self.string_widths.push(0);
            }
        }
    }

    /// Takes one character as a space; the ends of lines stay.
    fn blank(&mut self) {
        if self.peek(0) == Some('\n') {
            self.keep();
        } else {
            self.text.push(' ');
            self.at += 1;
        }
    }

    fn blank_in_string(&mut self) {
        if let Some(width) = self.string_widths.last_mut()
            && self.rest.get(self.at).is_some_and(|c| *c != '\n')
        {
            *width += 1;
        }
        self.blank();
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.blank();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some(c) = self.peek(0) {
            let pair = (c, self.peek(1));
            if pair == ('/', Some('*')) {
                depth += 1;
                self.blank();
            } else if pair == ('*', Some('/')) {
                depth -= 1;
                self.blank();
            }
            self.blank();
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep();
        while let Some(c) = self.peek(0) {
            match c {
                '"' => return self.keep(),
                '\\' => {
                    self.blank_in_string();
                    self.blank_in_string();
                }
                _ => self.blank_in_string(),
            }
        }
    }

    /// The number of `#` of a raw string that starts here with `r`; its prefix may be `b` or `c`.
    fn raw_string_hashes(&self) -> Option<usize> {
        let mut before = self.rest[..self.at].iter().rev();
        let in_name = match before.next() {
            Some('b' | 'c') => before.next().is_some_and(|c| is_word(*c)),
            previous => previous.is_some_and(|c| is_word(*c)),
        };
        let hashes = self.rest[self.at + 1..].iter().take_while(|c| **c == '#').count();
        (!in_name && self.peek(1 + hashes) == Some('"')).then_some(hashes)
    }

    fn raw_string(&mut self) {
        let hashes = self.raw_string_hashes().unwrap_or(0);
        for _ in 0..hashes + 2 {
            self.keep();
        }
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                for _ in 0..=hashes {
                    self.keep();
                }
                return;
            }
            self.blank_in_string();
        }
    }

    fn character_or_lifetime(&mut self) {
        let is_escaped = self.peek(1) == Some('\\');
        if !is_escaped && self.peek(2) != Some('\'') {
            return self.keep(); // a lifetime, or a label
        }
        self.keep();
        self.blank();
        if is_escaped {
            self.blank();
        }
        while self.peek(0).is_some_and(|c| c != '\'') {
            self.blank();
        }
        self.keep();
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
