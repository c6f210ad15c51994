//! A section is one map of a file, read key by key. Each key is taken once; what is left over at
//! the end is unknown. Every trouble becomes a finding and reading goes on.

use super::finding::{Findings, Place};
use super::tree::{Node, Tree};
use crate::units::{self, Quantity, Seconds};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// How alike two keys must be for "did you mean" (Jaro-Winkler, 0 to 1).
const ALIKE: f64 = 0.8;

/// One map of a file.
#[derive(Debug)]
pub struct Section<'a> {
    findings: &'a Findings,
    what: String,
    place: Place,
    entries: &'a [(String, Place, Node)],
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Section<'a> {
    /// Opens a map; anything else is a finding.
    #[must_use]
    pub fn open(node: &'a Node, what: impl Into<String>, findings: &'a Findings) -> Option<Self> {
        let (what, place) = (what.into(), node.place);
        match &node.tree {
            Tree::Map(entries) => {
                Some(Self { findings, what, place, entries, known: RefCell::default() })
            }
            other => {
                let message = format!("{what} is {}, and must be a map", other.kind());
                findings.add("wrong-kind", place, message, "write `key: value` lines below it");
                None
            }
        }
    }
    /// Where the section begins.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }
    /// Where the findings go.
    #[must_use]
    pub const fn findings(&self) -> &'a Findings {
        self.findings
    }
    /// Adds a finding about this section.
    pub fn complain(&self, code: &'static str, place: Place, message: impl Display, help: &str) {
        self.findings.add(code, place, format!("{}: {message}", self.what), help);
    }
    /// The node of a key, when it is there.
    pub fn get(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(key);
        let entry = self.entries.iter().find(|(name, _, _)| name == key);
        entry.map(|(_, _, node)| node).filter(|node| node.tree != Tree::Null)
    }
    /// The node of a key that must be there.
    pub fn need(&self, key: &'static str) -> Option<&'a Node> {
        let node = self.get(key);
        if node.is_none() {
            self.complain("missing-key", self.place, format_args!("'{key}' is missing"), "add it");
        }
        node
    }
    /// Reads a scalar with `read`, whose error becomes a finding with `code`.
    pub fn scalar<T, E: Display>(
        &self,
        node: &Node,
        code: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Tree::Scalar(text) = &node.tree else {
            let message = format!("{} stands where a single value should", node.tree.kind());
            self.complain("wrong-kind", node.place, message, "write one value");
            return None;
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(code, node.place, error, "");
                None
            }
        }
    }
    /// A quantity with its unit that must be there.
    pub fn quantity<Q: Quantity>(&self, key: &'static str) -> Option<Q> {
        self.scalar(self.need(key)?, "wrong-unit", units::parse::<Q>)
    }
    /// A quantity with its unit, or a default.
    pub fn quantity_or<Q: Quantity>(&self, key: &'static str, default: Q) -> Q {
        let read = |node| self.scalar(node, "wrong-unit", units::parse::<Q>);
        self.get(key).and_then(read).unwrap_or(default)
    }
    /// A quantity with its unit, when it is there.
    pub fn quantity_maybe<Q: Quantity>(&self, key: &'static str) -> Option<Q> {
        self.scalar(self.get(key)?, "wrong-unit", units::parse::<Q>)
    }
    /// A length of time within bounds, or a default.
    pub fn duration_or(
        &self,
        key: &'static str,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(node) = self.get(key) else { return default };
        let read = |text: &str| units::parse::<Seconds>(text).map(Seconds::duration);
        let Some(duration) = self.scalar(node, "wrong-unit", read) else { return default };
        if !bounds.contains(&duration) {
            let (low, high) = (bounds.start(), bounds.end());
            let message =
                format!("'{key}' is {duration:?}, and must lie between {low:?} and {high:?}");
            self.complain("out-of-range", node.place, message, "");
        }
        duration
    }
    /// Text that must be there.
    pub fn text(&self, key: &'static str) -> Option<String> {
        let node = self.need(key)?;
        self.scalar(node, "wrong-kind", |text| Ok::<_, std::convert::Infallible>(text.to_owned()))
    }
    /// Text, when it is there.
    pub fn text_maybe(&self, key: &'static str) -> Option<String> {
        let node = self.get(key)?;
        self.scalar(node, "wrong-kind", |text| Ok::<_, std::convert::Infallible>(text.to_owned()))
    }
    /// A whole or decimal number within bounds that must be there.
    pub fn number<T>(&self, key: &'static str, bounds: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        self.bounded(key, self.need(key)?, &bounds)
    }
    /// A whole or decimal number within bounds, or a default.
    pub fn number_or<T>(&self, key: &'static str, default: T, bounds: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        self.get(key).and_then(|node| self.bounded(key, node, &bounds)).unwrap_or(default)
    }
    fn bounded<T>(&self, key: &str, node: &Node, bounds: &RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let (low, high) = (bounds.start(), bounds.end());
        let wanted = format!("'{key}' must be a number from {low} to {high}");
        self.scalar(node, "out-of-range", |text| match text.parse::<T>() {
            Ok(number) if bounds.contains(&number) => Ok(number),
            _ => Err(format!("'{text}' stands there, and {wanted}")),
        })
    }
    /// `true` or `false`, or a default.
    pub fn flag_or(&self, key: &'static str, default: bool) -> bool {
        self.choice_maybe(key, &[("true", true), ("false", false)]).unwrap_or(default)
    }
    /// One of a closed set of words that must be there.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.need(key).and_then(|node| self.word(key, node, words))
    }
    /// One of a closed set of words, when it is there.
    pub fn choice_maybe<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.get(key).and_then(|node| self.word(key, node, words))
    }
    fn word<T: Copy>(&self, key: &str, node: &Node, words: &[(&str, T)]) -> Option<T> {
        self.scalar(node, "unknown-word", |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("'{key}' is '{text}', and must be one of: {}", all.join(", "))
            })
        })
    }
    /// A map below a key that must be there.
    pub fn section(&self, key: &'static str) -> Option<Section<'a>> {
        Section::open(self.need(key)?, format!("{} {key}", self.what), self.findings)
    }
    /// A map below a key, when it is there.
    pub fn section_maybe(&self, key: &'static str) -> Option<Section<'a>> {
        Section::open(self.get(key)?, format!("{} {key}", self.what), self.findings)
    }
    /// The named maps below a key (`key: {name: {..}, ..}`), with the place of each name.
    pub fn named(&self, key: &'static str, one: &str) -> Vec<(&'a str, Place, Section<'a>)> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let Tree::Map(entries) = &node.tree else {
            let message = format!("'{key}' is {}, and must be a map of names", node.tree.kind());
            self.complain("wrong-kind", node.place, message, "write `name: {…}` lines below it");
            return Vec::new();
        };
        let open = |(name, place, node): &'a (String, Place, Node)| {
            let section = Section::open(node, format!("{one} {name}"), self.findings)?;
            Some((name.as_str(), *place, section))
        };
        entries.iter().filter_map(open).collect()
    }
    /// The valid names of the map below a key, whether or not what they name can be read.
    pub fn names<T: TryFrom<String>>(&self, key: &'static str) -> Vec<T> {
        let Some(Node { tree: Tree::Map(entries), .. }) = self.get(key) else { return Vec::new() };
        entries.iter().filter_map(|(name, _, _)| T::try_from(name.clone()).ok()).collect()
    }
    /// The nodes of a list below a key; a missing key is an empty list.
    pub fn list(&self, key: &'static str) -> &'a [Node] {
        match self.get(key) {
            None => &[],
            Some(Node { tree: Tree::List(nodes), .. }) => nodes,
            Some(node) => {
                let message = format!("'{key}' is {}, and must be a list", node.tree.kind());
                self.complain("wrong-kind", node.place, message, "write `- …` lines below it");
                &[]
            }
        }
    }
    /// The maps of a list below a key.
    pub fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let open = |(i, node)| {
            Section::open(node, format!("{} {key} no. {}", self.what, i + 1), self.findings)
        };
        self.list(key).iter().enumerate().filter_map(open).collect()
    }
    /// Ends reading: every key that nobody asked for is unknown.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (name, place, _) in self.entries {
            if known.contains(&name.as_str()) {
                continue;
            }
            let alike = known
                .iter()
                .map(|key| (strsim::jaro_winkler(key, name), *key))
                .filter(|(likeness, _)| *likeness > ALIKE)
                .max_by(|a, b| a.0.total_cmp(&b.0));
            let help = match alike {
                Some((_, key)) => format!("did you mean '{key}'?"),
                None => {
                    let mut all = known.clone();
                    all.sort_unstable();
                    all.dedup();
                    format!("known keys here: {}", all.join(", "))
                }
            };
            self.complain("unknown-key", *place, format_args!("'{name}' is not known"), &help);
        }
    }
}
