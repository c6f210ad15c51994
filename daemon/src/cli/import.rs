//! `regie import`: a profile and a `devices:` section from others' register lists.

use super::exit;
use crate::import::{self, Format, IMPORT_BYTES_MAX, Import, Numbering, Remark, Request};
use clap::Args;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes that Windows' western code page has where Latin-1 has control characters.
const EURO: u8 = 0x80;

/// What to take over, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ImportArguments {
    /// A Telegraf configuration with inputs.modbus, or a register list in CSV
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What kind of file it is, when its name does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Where the addresses of a register list begin
    #[arg(long, value_enum, value_name = "FROM", default_value = "auto")]
    pub addresses: Numbering,
    /// Write the profiles and devices.yaml into this folder; nothing there is written over
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// What the profile is called; after the file when left out
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: Option<String>,
}

fn name(text: &str) -> Result<String, String> {
    site::DeviceId::new(text).map(|name| name.to_string()).map_err(|error| error.to_string())
}

/// Takes it over; returns the exit code. Everything has been printed.
#[must_use]
pub fn run(arguments: &ImportArguments) -> u8 {
    let file = &arguments.file;
    let Some(format) = arguments.format.or_else(|| Format::of(file)) else {
        eprintln!("regie: what '{}' is cannot be told from its name: say --format", file.display());
        return exit::USAGE;
    };
    let (text, latin) = match read(file) {
        Ok(read) => read,
        Err(error) => {
            eprintln!("regie: '{}' cannot be read: {error}", file.display());
            return exit::PERMISSION;
        }
    };
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("device");
    let own = import::profile_name(stem);
    let name = arguments.name.as_deref().unwrap_or(&own);
    let shown = file.file_name().and_then(|name| name.to_str()).unwrap_or("a file");
    let request = Request { format, name, numbering: arguments.addresses, file: shown };
    match import::import(&text, request) {
        Ok(mut import) => {
            if latin {
                let text = "it is no UTF-8: letters are taken for Latin-1".to_owned();
                import.notes.insert(0, Remark { line: 0, text });
            }
            finish(&import, file, arguments.out.as_deref())
        }
        Err(remark) => {
            eprintln!("regie: {}", at(file, &remark));
            exit::CONFIGURATION
        }
    }
}

fn finish(import: &Import, file: &Path, out: Option<&Path>) -> u8 {
    if let Err((path, error)) = write(import, out) {
        eprintln!("regie: '{}' cannot be written: {error}", path.display());
        return exit::PERMISSION;
    }
    for remark in &import.notes {
        eprintln!("note  {}", at(file, remark));
    }
    for remark in &import.lost {
        eprintln!("LOST  {}", at(file, remark));
    }
    let count = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {more}"),
    };
    eprintln!(
        "{} in {}; {} not taken over",
        count(import.points, "point", "points"),
        count(import.profiles.len(), "profile", "profiles"),
        count(import.lost.len(), "thing was", "things were"),
    );
    exit::OK
}

/// Writes files, or everything to standard output.
fn write(import: &Import, out: Option<&Path>) -> Result<(), (PathBuf, io::Error)> {
    let Some(folder) = out else {
        let mut text = String::new();
        for (name, profile) in &import.profiles {
            text.push_str(&format!("# --- {name}.yaml\n{profile}\n"));
        }
        text.push_str(&format!("# --- for site.yaml\n{}", import.devices));
        let mut terminal = io::stdout().lock();
        let written = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
        return written.map_err(|error| (PathBuf::from("standard output"), error));
    };
    std::fs::create_dir_all(folder).map_err(|error| (folder.to_owned(), error))?;
    let profiles = import.profiles.iter();
    let mut files: Vec<(PathBuf, &str)> =
        profiles.map(|(name, text)| (folder.join(format!("{name}.yaml")), text.as_str())).collect();
    files.push((folder.join("devices.yaml"), import.devices.as_str()));
    // All or nothing: what is there already is found before anything is written.
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err((path.clone(), io::ErrorKind::AlreadyExists.into()));
    }
    for (path, text) in &files {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| (path.clone(), error))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

fn at(file: &Path, remark: &Remark) -> String {
    let file = file.display();
    match remark.line {
        0 => format!("{file}: {}", remark.text),
        line => format!("{file}:{line}: {}", remark.text),
    }
}

/// The text, and whether it had to be taken for Latin-1.
fn read(path: &Path) -> io::Result<(String, bool)> {
    let mut bytes = Vec::new();
    let most = u64::try_from(IMPORT_BYTES_MAX).unwrap_or(u64::MAX);
    std::fs::File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() > IMPORT_BYTES_MAX {
        let why = format!("it is larger than {IMPORT_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(other) => {
            let letter = |byte: &u8| if *byte == EURO { '€' } else { char::from(*byte) };
            (other.as_bytes().iter().map(letter).collect(), true)
        }
    })
}
