//! A mean year of hourly weather.

use std::path::Path;

use jiff::civil::Date;

use super::DaysError;
use super::calendar::{LocalInstant, place};
use super::sheet::{Row, Sheet};

const HOURS: usize = 24;
const SECONDS_IN_HOUR: i64 = 3600;
/// Lowest and highest believed, from the records of Europe with room to spare.
const AIR_TEMPERATURE_C: (f64, f64) = (-60.0, 60.0);
/// More than the sun gives above the atmosphere cannot be.
const RADIATION_W_M2: (f64, f64) = (0.0, 1400.0);
const WIND_M_S: (f64, f64) = (0.0, 75.0);
const RELATIVE_HUMIDITY_PCT: (f64, f64) = (0.0, 100.0);

/// The weather of one hour: means over the hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Air temperature in degrees Celsius, -60 to 60.
    pub air_temperature_c: f64,
    /// Direct radiation on the horizontal in W/m², 0 to 1400.
    pub direct_horizontal_w_m2: f64,
    /// Diffuse radiation on the horizontal in W/m², 0 to 1400.
    pub diffuse_horizontal_w_m2: f64,
    /// Wind speed in m/s, 0 to 75.
    pub wind_m_s: f64,
    /// Relative humidity in percent, 0 to 100.
    pub relative_humidity_pct: f64,
}

impl Weather {
    /// All radiation on the horizontal, direct and diffuse, in W/m².
    pub fn global_horizontal_w_m2(&self) -> f64 {
        self.direct_horizontal_w_m2 + self.diffuse_horizontal_w_m2
    }
}

/// Every hour of a year with 29 February.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MeanYear {
    days: Vec<[Weather; HOURS]>,
}

/// One day while it is read.
type Slots = [Option<Weather>; HOURS];

impl MeanYear {
    pub(super) fn load(file: &Path) -> Result<MeanYear, DaysError> {
        let sheet = Sheet::read(file)?;
        let columns = Columns::find(&sheet)?;
        let mut slots = vec![[None; HOURS]; leap_year().count()];
        for row in sheet.rows() {
            let (date, hour) = columns.hour(row)?;
            let slot = &mut slots[place(date)][hour];
            if slot.is_some() {
                return Err(row.fault(columns.hour, "is there twice; keep one row for each hour"));
            }
            *slot = Some(columns.weather(row)?);
        }
        let mut days: Vec<[Weather; HOURS]> = Vec::with_capacity(slots.len());
        for (date, slots) in leap_year().zip(&slots) {
            days.push(match (whole(slots), days.last()) {
                (Ok(day), _) => day,
                // A mean year has no 29 February; the day before stands for it.
                (Err(_), Some(eve)) if is_unknown_leap_day(date, slots) => *eve,
                (Err(hour), _) => return Err(missing(&sheet, date, hour)),
            });
        }
        Ok(MeanYear { days })
    }

    pub(super) fn at(&self, at: LocalInstant) -> Weather {
        let (date, second) = at.standard_date_and_second();
        let hour = usize::try_from(second / SECONDS_IN_HOUR).expect("0 to 23");
        self.days[place(date)][hour]
    }
}

/// A day of which all hours are known, or the first unknown one as its column counts it.
fn whole(slots: &Slots) -> Result<[Weather; HOURS], usize> {
    let hours: Vec<Weather> = slots.iter().copied().map_while(|slot| slot).collect();
    <[Weather; HOURS]>::try_from(hours).map_err(|known| known.len() + 1)
}

fn is_unknown_leap_day(date: Date, slots: &Slots) -> bool {
    date.month() == 2 && date.day() == 29 && slots.iter().all(Option::is_none)
}

fn leap_year() -> impl Iterator<Item = Date> {
    Date::constant(2016, 1, 1)
        .series(jiff::Span::new().days(1))
        .take_while(|date| date.year() == 2016)
}

fn missing(sheet: &Sheet, date: Date, hour: usize) -> DaysError {
    let (month, day) = (date.month(), date.day());
    sheet.incomplete(format!(
        "no row for month {month}, day {day}, hour {hour}; add it: every hour of the year is needed"
    ))
}

/// Where the columns stand.
struct Columns {
    month: usize,
    day: usize,
    hour: usize,
    air_temperature: usize,
    direct_horizontal: usize,
    diffuse_horizontal: usize,
    wind: usize,
    relative_humidity: usize,
}

impl Columns {
    fn find(sheet: &Sheet) -> Result<Columns, DaysError> {
        Ok(Columns {
            month: sheet.column("month")?,
            day: sheet.column("day")?,
            hour: sheet.column("hour_cet")?,
            air_temperature: sheet.column("air_temperature_c")?,
            direct_horizontal: sheet.column("direct_horizontal_w_m2")?,
            diffuse_horizontal: sheet.column("diffuse_horizontal_w_m2")?,
            wind: sheet.column("wind_m_s")?,
            relative_humidity: sheet.column("relative_humidity_pct")?,
        })
    }

    /// The date, in a leap year, and the hour's number from 0.
    fn hour(&self, row: Row<'_>) -> Result<(Date, usize), DaysError> {
        let month = row.whole(self.month, 1..=12)?;
        let day = row.whole(self.day, 1..=31)?;
        let date = Date::new(2016, month, day)
            .map_err(|_| row.fault(self.day, "is not a day of this month; correct it"))?;
        let ending = row.whole(self.hour, 1..=24)?;
        Ok((date, usize::try_from(ending - 1).expect("1 to 24, less one")))
    }

    fn weather(&self, row: Row<'_>) -> Result<Weather, DaysError> {
        let number = |column, (low, high): (f64, f64)| row.number(column, low..=high);
        Ok(Weather {
            air_temperature_c: number(self.air_temperature, AIR_TEMPERATURE_C)?,
            direct_horizontal_w_m2: number(self.direct_horizontal, RADIATION_W_M2)?,
            diffuse_horizontal_w_m2: number(self.diffuse_horizontal, RADIATION_W_M2)?,
            wind_m_s: number(self.wind, WIND_M_S)?,
            relative_humidity_pct: number(self.relative_humidity, RELATIVE_HUMIDITY_PCT)?,
        })
    }
}
