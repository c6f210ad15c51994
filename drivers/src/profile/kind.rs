//! What stands in the registers of a point.

/// The kind of number, bit or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One bit of a 16-bit register, 0 to 15.
    Bit(u8),
    /// One bit of a 32-bit value in two registers, 0 to 31.
    BitOf32(u8),
    /// Some bits of a 16-bit register, as an unsigned number.
    Bits {
        /// The lowest of them, 0 to 15.
        bit: u8,
        /// How many, 1 to 16.
        count: u8,
    },
    /// Some bits of a 32-bit value in two registers, as an unsigned number.
    BitsOf32 {
        /// The lowest of them, 0 to 31.
        bit: u8,
        /// How many, 1 to 32.
        count: u8,
    },
    /// A coil or a discrete input.
    Flag,
    /// 16 bits, unsigned.
    U16,
    /// 16 bits, two's complement.
    I16,
    /// 32 bits, unsigned.
    U32,
    /// 32 bits, two's complement.
    I32,
    /// 64 bits, unsigned.
    U64,
    /// 64 bits, two's complement.
    I64,
    /// IEEE 754, single.
    F32,
    /// IEEE 754, double.
    F64,
    /// 4 decimal digits, one in each 4 bits.
    Bcd16,
    /// 8 decimal digits.
    Bcd32,
    /// 16 decimal digits.
    Bcd64,
    /// Two characters in each of so many registers.
    Text(u16),
}

impl Kind {
    /// How many registers (or bits, for a flag) it takes.
    #[must_use]
    pub const fn width(self) -> u16 {
        match self {
            Self::Bit(_) | Self::Bits { .. } | Self::Flag => 1,
            Self::U16 | Self::I16 | Self::Bcd16 => 1,
            Self::BitOf32(_) | Self::BitsOf32 { .. } => 2,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 | Self::Bcd64 => 4,
            Self::Text(registers) => registers,
        }
    }

    /// Whether it is a number, and not a flag or a text.
    #[must_use]
    pub const fn is_number(self) -> bool {
        !matches!(self, Self::Bit(_) | Self::BitOf32(_) | Self::Flag | Self::Text(_))
    }

    /// Whether its numbers are whole before they are scaled.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.is_number() && !matches!(self, Self::F32 | Self::F64)
    }

    /// The bits that are its own, of all bits of its registers. `None` for what has its registers
    /// for itself.
    #[must_use]
    pub const fn bits(self) -> Option<u32> {
        match self {
            Self::Bit(bit) | Self::BitOf32(bit) => Some(1 << bit),
            Self::Bits { bit, count } | Self::BitsOf32 { bit, count } => {
                Some((u32::MAX >> (32 - count)) << bit)
            }
            _ => None,
        }
    }

    /// The lowest and the highest raw number of a kind whose numbers are whole. `None` for all
    /// other kinds.
    #[must_use]
    pub fn extent(self) -> Option<(f64, f64)> {
        let unsigned = |bits: i32| Some((0.0, 2f64.powi(bits) - 1.0));
        let signed = |bits: i32| Some((-2f64.powi(bits - 1), 2f64.powi(bits - 1) - 1.0));
        let digits = |digits: i32| Some((0.0, 10f64.powi(digits) - 1.0));
        match self {
            Self::Bits { count, .. } | Self::BitsOf32 { count, .. } => unsigned(i32::from(count)),
            Self::U16 => unsigned(16),
            Self::U32 => unsigned(32),
            Self::U64 => unsigned(64),
            Self::I16 => signed(16),
            Self::I32 => signed(32),
            Self::I64 => signed(64),
            Self::Bcd16 => digits(4),
            Self::Bcd32 => digits(8),
            Self::Bcd64 => digits(16),
            Self::Bit(_) | Self::BitOf32(_) | Self::Flag => None,
            Self::F32 | Self::F64 | Self::Text(_) => None,
        }
    }
}
