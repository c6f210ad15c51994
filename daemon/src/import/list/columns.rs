//! Which column is what, by its heading.

use drivers::profile::Table;

/// What a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Table,
    Address,
    Kind,
    Count,
    Bit,
    Order,
    Scale,
    Add,
    Unit,
    Access,
    Comment,
}

/// Headings, the likelier ones first: a list may have several that could be the same.
const HEADINGS: [(Column, &[&str]); 12] = [
    (
        Column::Address,
        &[
            "address",
            "addr",
            "registeraddress",
            "modbusaddress",
            "register",
            "registernumber",
            "registerno",
            "reg",
            "startaddress",
            "startregister",
            "adresse",
            "registre",
            "offset",
            "hexaddress",
            "number",
            "no",
        ],
    ),
    (
        Column::Name,
        &[
            "name",
            "point",
            "label",
            "signal",
            "signalname",
            "variable",
            "parameter",
            "tag",
            "registername",
            "measurement",
            "nom",
            "libelle",
            "bezeichnung",
            "value",
        ],
    ),
    (
        Column::Table,
        &[
            "table",
            "registertype",
            "function",
            "functioncode",
            "fc",
            "fonction",
            "modbusfunction",
            "objecttype",
            "memory",
            "area",
            "regtype",
            "readfunction",
        ],
    ),
    (
        Column::Kind,
        &["type", "datatype", "format", "dataformat", "valuetype", "encoding", "datentyp"],
    ),
    (
        Column::Count,
        &[
            "count",
            "length",
            "size",
            "registers",
            "words",
            "noofregisters",
            "quantity",
            "width",
            "numberofregisters",
            "len",
            "qty",
        ],
    ),
    (Column::Bit, &["bit", "bitnumber", "bitposition"]),
    (Column::Order, &["byteorder", "wordorder", "endianness", "endian", "order", "swap"]),
    (
        Column::Scale,
        &[
            "scale",
            "factor",
            "gain",
            "multiplier",
            "scaling",
            "scalefactor",
            "divisor",
            "resolution",
            "facteur",
            "coefficient",
            "divider",
        ],
    ),
    (Column::Add, &["add", "offset", "bias", "addition"]),
    (Column::Unit, &["unit", "units", "unite", "einheit", "uom", "engineeringunit"]),
    (
        Column::Access,
        &["access", "rw", "readwrite", "acces", "permission", "permissions", "mode", "zugriff"],
    ),
    (
        Column::Comment,
        &["description", "comment", "comments", "remarks", "remark", "note", "notes", "details"],
    ),
];

/// Headings under which a number above 1 divides.
const DIVIDES: [&str; 3] = ["gain", "divisor", "divider"];

/// The columns of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    places: Vec<(Column, usize)>,
    /// The heading of the scale divides.
    divides: bool,
    /// The heading of the table speaks of functions.
    functions: bool,
}

impl Columns {
    /// The columns of a line of headings; none when it is no such line.
    pub(super) fn find(cells: &[String]) -> Option<Self> {
        let plain: Vec<String> = cells.iter().map(|cell| plainly(cell)).collect();
        let mut places: Vec<(Column, usize)> = Vec::new();
        for (column, names) in HEADINGS {
            let free = |place: &usize| places.iter().all(|(_, taken)| taken != place);
            let place = names
                .iter()
                .find_map(|name| plain.iter().position(|heading| heading == name).filter(free));
            places.extend(place.map(|place| (column, place)));
        }
        let heading = |column: Column| {
            let place = places.iter().find(|(known, _)| *known == column)?.1;
            plain.get(place).cloned()
        };
        let divides = heading(Column::Scale).is_some_and(|name| DIVIDES.contains(&name.as_str()));
        let functions = heading(Column::Table)
            .is_some_and(|name| name.contains("function") || name == "fc" || name == "fonction");
        let has = |column| places.iter().any(|(known, _)| *known == column);
        let enough = has(Column::Address) && (has(Column::Name) || has(Column::Comment));
        enough.then_some(Self { places, divides, functions })
    }

    /// Where a column is.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places.iter().find(|(known, _)| *known == column).map(|(_, place)| *place)
    }

    /// Headings that mean nothing here, with their places.
    pub(super) fn unknown(&self, cells: &[String]) -> Vec<(String, usize)> {
        let known = |place: usize| self.places.iter().any(|(_, taken)| *taken == place);
        let all = cells.iter().enumerate();
        let unknown = all.filter(|(place, cell)| !known(*place) && !cell.trim().is_empty());
        unknown.map(|(place, cell)| (cell.trim().to_owned(), place)).collect()
    }

    /// Whether a scale divides: a gain of 10 means tenths, one of 0.1 as well.
    pub(super) fn divides(&self, scale: f64) -> bool {
        self.divides && scale.abs() > 1.0
    }

    /// A table, and whether it is said to be written to.
    pub(super) fn table(&self, word: &str) -> Option<(Table, bool)> {
        let plain = plainly(word);
        let named = [
            ("coil", Table::Coil),
            ("discrete", Table::Discrete),
            ("hold", Table::Holding),
            ("input", Table::Input),
        ];
        // "discrete input" and "input register" both say "input": the first one named counts.
        if let Some((_, table)) = named.iter().find(|(name, _)| plain.contains(name)) {
            return Some((*table, false));
        }
        if let Some((_, table)) =
            [("hr", Table::Holding), ("ir", Table::Input), ("di", Table::Discrete)]
                .iter()
                .find(|(name, _)| plain == *name)
        {
            return Some((*table, false));
        }
        if let Some(digit) = plain.strip_suffix('x') {
            return Some((by_digit(digit.parse().ok()?)?, false));
        }
        let numbers: Vec<u8> = word
            .split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        if !self.functions && numbers.len() == 1 && !plain.starts_with('f') {
            return Some((by_digit(numbers[0])?, false));
        }
        let reads = numbers.iter().find_map(|number| function(*number));
        let writes = numbers.iter().find_map(|number| match number {
            5 | 15 => Some(Table::Coil),
            6 | 16 => Some(Table::Holding),
            _ => None,
        });
        reads.or(writes).map(|table| (table, writes.is_some()))
    }
}

/// Modicon's first digit.
const fn by_digit(digit: u8) -> Option<Table> {
    Some(match digit {
        0 => Table::Coil,
        1 => Table::Discrete,
        3 => Table::Input,
        4 => Table::Holding,
        _ => return None,
    })
}

/// The table that a function reads.
const fn function(number: u8) -> Option<Table> {
    Some(match number {
        1 => Table::Coil,
        2 => Table::Discrete,
        3 => Table::Holding,
        4 => Table::Input,
        _ => return None,
    })
}

/// A heading without what people put around it: case, spaces, marks, a unit in brackets.
fn plainly(text: &str) -> String {
    let before = text.split(['(', '[']).next().unwrap_or(text);
    let accents = |letter: char| match letter {
        'é' | 'è' | 'ê' => 'e',
        'à' | 'â' => 'a',
        letter => letter,
    };
    before.to_lowercase().chars().map(accents).filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(headings: &str) -> Columns {
        let cells: Vec<String> = headings.split('|').map(str::to_owned).collect();
        Columns::find(&cells).expect("headings")
    }

    #[test]
    fn headings_are_known_in_many_words() {
        let found = columns("Label|Register Type|Register (dec)|Format|R/W|Offset|Bits");
        for (column, place) in [
            (Column::Name, 0),
            (Column::Table, 1),
            (Column::Address, 2),
            (Column::Kind, 3),
            (Column::Access, 4),
            (Column::Add, 5),
        ] {
            assert_eq!(found.place(column), Some(place), "{column:?}");
        }
        let cells: Vec<String> = "a|b|Bits".split('|').map(str::to_owned).collect();
        assert_eq!(Columns::find(&cells), None);
        let offset = columns("offset|name");
        assert_eq!((offset.place(Column::Address), offset.place(Column::Add)), (Some(0), None));
    }

    #[test]
    fn tables_are_functions_or_digits_as_the_heading_says() {
        let functions = columns("name|address|function code");
        assert_eq!(functions.table("4"), Some((Table::Input, false)));
        assert_eq!(functions.table("0x03"), Some((Table::Holding, false)));
        assert_eq!(functions.table("03, 06, 16"), Some((Table::Holding, true)));
        assert_eq!(functions.table("FC 5"), Some((Table::Coil, true)));
        let tables = columns("name|address|table");
        assert_eq!(tables.table("4"), Some((Table::Holding, false)));
        assert_eq!(tables.table("4x"), Some((Table::Holding, false)));
        assert_eq!(tables.table("Discrete input"), Some((Table::Discrete, false)));
        assert_eq!(tables.table("Input register"), Some((Table::Input, false)));
        assert_eq!(tables.table("FC3"), Some((Table::Holding, false)));
        assert_eq!(tables.table("file"), None);
    }
}
