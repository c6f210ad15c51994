//! From others' register lists to a profile of Régie: a Telegraf configuration, or a table in CSV.
//!
//! Text in, text out; no files, no devices. What cannot be taken over is told with line and reason:
//! nothing is lost in silence. What comes out passes [`drivers::profile::read`].

mod draft;
mod list;
mod numbering;
mod telegraf;
mod words;

pub use numbering::Numbering;

use draft::Draft;
use std::path::Path;

/// The largest file that is read: a register list of thousands of lines has some hundred kB.
pub const IMPORT_BYTES_MAX: usize = 4 << 20;

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A configuration of Telegraf with inputs.modbus
    Telegraf,
    /// A register list: a table with headings
    Csv,
}

impl Format {
    /// What a file's name tells.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "conf" | "toml" => Some(Self::Telegraf),
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// A line of the file, and what there is to say about it. Line 0 is the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The line, from 1; 0 for the whole file.
    pub line: u64,
    /// What there is to say.
    pub text: String,
}

/// What was made of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// Profiles, each with its name and its YAML.
    pub profiles: Vec<(String, String)>,
    /// How many points they have together.
    pub points: usize,
    /// The `devices:` section for a site file.
    pub devices: String,
    /// What was not taken over, and why.
    pub lost: Vec<Remark>,
    /// What was taken over, and how it was understood.
    pub notes: Vec<Remark>,
}

/// What is asked of an import.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What kind of file it is.
    pub format: Format,
    /// What the profile is called; more than one are numbered.
    pub name: &'a str,
    /// Where the file's addresses begin.
    pub numbering: Numbering,
    /// The file's name, for comments.
    pub file: &'a str,
}

/// Makes profiles and devices of a file's text.
///
/// # Errors
/// When nothing of it can be understood: where, and why.
pub fn import(text: &str, request: Request<'_>) -> Result<Import, Remark> {
    let text = text.trim_start_matches('\u{feff}');
    let mut journal = Journal::default();
    let groups = match request.format {
        Format::Telegraf => telegraf::read(text, &mut journal)?,
        Format::Csv => list::read(text, request.numbering, &mut journal)?,
    };
    let mut import = Import::default();
    let mut devices = Vec::new();
    let mut known: Vec<(String, String)> = Vec::new();
    for mut group in groups {
        let body = draft::settle(std::mem::take(&mut group.drafts), &mut journal);
        let Some((body, points)) = body else {
            let text = format!("{}: no point is left, so there is no profile", group.device);
            journal.lose(group.line, text);
            continue;
        };
        // Devices with the same registers share one profile.
        let profile = match known.iter().find(|(_, known)| *known == body) {
            Some((name, _)) => name.clone(),
            None => {
                let name = numbered(request.name, known.len());
                let text = draft::profile(&name, &group.description, request.file, &body);
                import.profiles.push((name.clone(), text));
                import.points += points;
                known.push((name.clone(), body));
                name
            }
        };
        devices.push((group, profile));
    }
    import.devices = snippet(&devices);
    (import.lost, import.notes) = journal.into_sorted();
    if import.profiles.is_empty() {
        let text = "nothing of it could be taken over".to_owned();
        return Err(import.lost.into_iter().next().unwrap_or(Remark { line: 0, text }));
    }
    Ok(import)
}

/// A profile's name after a file's.
#[must_use]
pub fn profile_name(stem: &str) -> String {
    words::name(stem)
}

fn numbered(name: &str, others: usize) -> String {
    if others == 0 { name.to_owned() } else { format!("{name}-{}", others + 1) }
}

/// One device: where it is, and its registers.
#[derive(Debug, Default)]
struct Group {
    /// Where it stands in the file.
    line: u64,
    /// What it is called.
    device: String,
    /// What its profile is for.
    description: String,
    /// Its address, when the file has one.
    connect: Option<String>,
    /// Its Modbus unit.
    unit: u8,
    /// How often it is read, and how long it may take, as the file says.
    poll: Option<String>,
    timeout: Option<String>,
    drafts: Vec<Draft>,
}

fn snippet(devices: &[(Group, String)]) -> String {
    let mut text = "devices:\n".to_owned();
    let mut taken = words::Names::default();
    for (group, profile) in devices {
        let name = taken.take(&group.device);
        let (connect, remark) = match &group.connect {
            Some(connect) => (connect.as_str(), ""),
            None => ("tcp://192.0.2.10:502", "  # put in its address and unit"),
        };
        let keys = [("poll", &group.poll), ("timeout", &group.timeout)];
        let keys = keys.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let keys: String = keys.map(|(key, value)| format!(", {key}: {value}")).collect();
        text.push_str(&format!(
            "  {name}: {{profile: {profile}, profile_file: {profile}.yaml, connect: \"{connect}\", \
             unit: {}{keys}}}{remark}\n",
            group.unit
        ));
    }
    text
}

/// What there is to say, collected on the way.
#[derive(Debug, Default)]
struct Journal {
    lost: Vec<Remark>,
    notes: Vec<Remark>,
}

impl Journal {
    /// Something is not taken over.
    fn lose(&mut self, line: u64, text: impl Into<String>) {
        self.lost.push(Remark { line, text: text.into() });
    }
    /// Something is taken over, in a way that should be known.
    fn note(&mut self, line: u64, text: impl Into<String>) {
        self.notes.push(Remark { line, text: text.into() });
    }

    fn into_sorted(mut self) -> (Vec<Remark>, Vec<Remark>) {
        for remarks in [&mut self.lost, &mut self.notes] {
            remarks.sort();
            remarks.dedup();
        }
        (self.lost, self.notes)
    }
}
