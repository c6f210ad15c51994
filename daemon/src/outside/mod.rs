//! The outside forecast's file: read when it changes, refused whole when a line of it is wrong.

mod read;

pub use read::{FileError, parse};

use jiff::Timestamp;
use policies::forecast::outside::Outside;
use site::Site;
use site::model::OutsideForecast;
use site::plan::Forecast;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// The largest file that is read, bytes: a year of quarters of an hour for a few columns.
const BYTES_MAX: u64 = 4 << 20;

/// What is known of the file. Its path and limits are the site's.
#[derive(Debug, Default)]
pub struct OutsideFile {
    /// When the file was last changed, as of the last look; none when there was none.
    modified: Option<SystemTime>,
    looked: bool,
    forecast: Option<Outside>,
    refused: Option<FileError>,
}

impl OutsideFile {
    /// Reads the file again when it has changed, and lays it over one's own forecast. A file that
    /// is missing or wrong changes nothing in the forecast; it is said once.
    pub fn lay_over(&mut self, site: &Site, now: Timestamp, forecast: &mut Forecast) {
        let Some(settings) = &site.outside else { return };
        self.look(site, settings);
        if let Some(outside) = &self.forecast {
            outside.lay_over(site, settings, now, forecast);
        }
    }

    /// Why the file is not used; none when it is, or when there is none.
    #[must_use]
    pub const fn refused(&self) -> Option<&FileError> {
        self.refused.as_ref()
    }

    fn look(&mut self, site: &Site, settings: &OutsideForecast) {
        let metadata = std::fs::metadata(&settings.file);
        let modified = metadata.and_then(|metadata| metadata.modified()).ok();
        if self.looked && modified == self.modified {
            return;
        }
        (self.looked, self.modified) = (true, modified);
        let path = &settings.file;
        match read(site, path) {
            Ok(outside) => {
                tracing::info!(file = %path.display(), from = %outside.begins(), "outside forecast");
                (self.forecast, self.refused) = (Some(outside), None);
            }
            Err(error) => {
                tracing::warn!("{error}; one's own forecast goes on");
                (self.forecast, self.refused) = (None, Some(error));
            }
        }
    }
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or anything in it is wrong.
fn read(site: &Site, path: &Path) -> Result<Outside, FileError> {
    let fail = |error: std::io::Error| FileError::Unreadable {
        path: path.to_owned(),
        why: error.to_string(),
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(fail)?;
    if text.len() as u64 == BYTES_MAX {
        let why = format!("it has more than {BYTES_MAX} bytes");
        return Err(FileError::Unreadable { path: path.to_owned(), why });
    }
    parse(site, path, &text)
}

#[cfg(test)]
mod tests;
